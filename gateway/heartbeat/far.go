package heartbeat

import (
	"errors"
	"net"
	"net/netip"
)

var errFar = errors.New("a loopback address, announced from another machine")

// far tells whether ip is a loopback address that was said from another
// machine: a node that listens on all addresses announces that one, too, but
// there is another process behind it here, or none.
func (r *Roster) far(from, ip netip.Addr) bool {
	if !ip.IsLoopback() || from.IsLoopback() {
		return false
	}
	if r.Here != nil {
		return !r.Here(from)
	}
	return !ofInterface(from)
}

// ofInterface tells whether an interface of this machine has that address.
func ofInterface(ip netip.Addr) bool {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			if own, ok := netip.AddrFromSlice(n.IP); ok && own.Unmap() == ip.WithZone("") {
				return true
			}
		}
	}
	return false
}
