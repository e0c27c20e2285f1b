package whose

import (
	"net/netip"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

// On finds the node on a host, if it is the only one there.
func On(v *cluster.View, ip netip.Addr) (one *cluster.Node, several bool) {
	for _, n := range v.Nodes {
		for _, a := range n.Addrs(cluster.SIP) {
			if a.Addr.Addr() == ip {
				if one != nil && one != n {
					return one, true
				}
				one = n
			}
		}
	}
	return one, false
}

// At finds the node a URI or Via names, alive or not.
func At(v *cluster.View, host []byte, port uint16) *cluster.Node {
	if ip, ok := peek.ParseIP(host); ok {
		return v.At(netip.AddrPortFrom(ip, port), cluster.SIP)
	}
	for _, n := range v.Nodes {
		for _, a := range n.Addrs(cluster.SIP) {
			if a.Addr.Port() == port && peek.FoldEqual(host, a.Host) {
				return n
			}
		}
	}
	return nil
}
