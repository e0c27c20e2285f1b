package wire

import (
	"net"
	"net/netip"
)

// LocalAddrs are the addresses of this machine, as far as the system tells.
func LocalAddrs() map[netip.Addr]bool {
	local := make(map[netip.Addr]bool)
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return local
	}
	for _, a := range addrs {
		if p, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(p.IP); ok {
				local[ip.Unmap()] = true
			}
		}
	}
	return local
}

// LocalToward asks the system which address it would use toward a peer; no packet is sent. The zero Addr: none.
func LocalToward(peer netip.Addr) netip.Addr {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, 5060)))
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}
