package sipwords

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"twinhop/gateway/config/form"
	"twinhop/sip/self"
)

// Lookup finds the addresses of a name, as net.Resolver.LookupNetIP does with "ip".
type Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// Extra are the peers beside the nodes, names looked up; a nil Lookup is the system's. A name without an address is an error.
func Extra(ctx context.Context, lookup Lookup, list []string) (all []netip.AddrPort, err error) {
	if lookup == nil {
		lookup = net.DefaultResolver.LookupNetIP
	}
	for _, s := range list {
		host, port, err := form.ParseHost(s)
		if err != nil {
			return nil, err
		}
		ips := []netip.Addr(nil)
		if ip, err := netip.ParseAddr(host); err == nil {
			ips = append(ips, ip)
		} else if ips, err = lookup(ctx, "ip", host); err != nil {
			return nil, fmt.Errorf("host %q has no address: %w", host, err)
		}
		for _, ip := range ips {
			all = append(all, netip.AddrPortFrom(ip.Unmap().WithZone(""), uint16(port)))
		}
	}
	return all, nil
}

// Aliases are the further names and addresses of the gateway.
func Aliases(list []string) (all []self.Alias) {
	for _, s := range list {
		if host, port, err := form.ParseAlias(s); err == nil { // the configuration has checked it
			all = append(all, self.Alias{Host: host, Port: uint16(port)})
		}
	}
	return all
}
