package cluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
)

// Resolve fills in the IP addresses of the host names in s. A name with
// several addresses becomes several addresses of its node, IPv4 first, so
// that the node is recognised by each of them. A name that cannot be resolved
// now keeps the addresses it had; if it never had any that is an error, which
// names every such host.
func (r *Registry) Resolve(ctx context.Context, s *Spec) error {
	lookup := r.Lookup
	if lookup == nil {
		lookup = net.DefaultResolver.LookupNetIP
	}
	r.mu.Lock()
	known := maps.Clone(r.resolved)
	r.mu.Unlock()
	if known == nil {
		known = map[string][]netip.Addr{}
	}
	fresh := map[string][]netip.Addr{}
	var bad complaints
	expand := func(node string, list []Address) []Address {
		var out []Address
		for _, a := range list {
			if a.Addr.Addr().IsValid() || a.Host == "" {
				out = append(out, a)
				continue
			}
			ips, done := fresh[a.Host]
			if !done {
				found, err := lookup(ctx, "ip", a.Host)
				if ips = ordered(found); err != nil || len(ips) == 0 {
					ips = known[a.Host]
				}
				if len(ips) == 0 {
					bad.add("node %q: host %q has no address: %w", node, a.Host, cmp.Or(err, errNoAddress))
				}
				fresh[a.Host] = ips
			}
			for _, ip := range ips {
				out = append(out, Address{Scheme: a.Scheme, Host: a.Host, Addr: netip.AddrPortFrom(ip, a.Addr.Port())})
			}
		}
		return out
	}
	nodes := slices.Clone(s.Nodes)
	for i := range nodes {
		nodes[i].HTTP, nodes[i].SIP = expand(nodes[i].Name, nodes[i].HTTP), expand(nodes[i].Name, nodes[i].SIP)
	}
	if err := bad.err(); err != nil {
		return fmt.Errorf("resolving host names: %w", err)
	}
	s.Nodes = nodes
	r.mu.Lock()
	defer r.mu.Unlock()
	// The hosts of the present description stay known: this one may never be applied.
	maps.DeleteFunc(known, func(host string, _ []netip.Addr) bool { return !r.spec.names(host) })
	maps.Copy(known, fresh)
	r.resolved = known
	return nil
}

// names tells whether any node has an address at this host.
func (s *Spec) names(host string) bool {
	at := func(a Address) bool { return a.Host == host }
	return slices.ContainsFunc(s.Nodes, func(n NodeSpec) bool {
		return slices.ContainsFunc(n.HTTP, at) || slices.ContainsFunc(n.SIP, at)
	})
}

var errNoAddress = fmt.Errorf("the answer was empty")

func ordered(ips []netip.Addr) []netip.Addr {
	out := make([]netip.Addr, 0, len(ips))
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.IsValid() && ip.Zone() == "" {
			out = append(out, ip)
		}
	}
	slices.SortFunc(out, func(a, b netip.Addr) int {
		if a.Is4() != b.Is4() {
			if a.Is4() {
				return -1
			}
			return 1
		}
		return a.Compare(b)
	})
	return slices.Compact(out)
}
