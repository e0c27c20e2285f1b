package self

import (
	"net"
	"net/netip"

	"twinhop/sip/peek"
)

// Place is one address that the gateway serves, with the names it goes by.
type Place struct {
	Bound netip.AddrPort
	Port  uint16 // that others see
	host  string // that others see; "" = the address toward the peer
	ip    netip.Addr
	local map[netip.Addr]bool
}

// At is the place of a socket. host and port are what others see instead; "" and 0: the same. local are the addresses of this machine.
func At(bound netip.AddrPort, host string, port int, local map[netip.Addr]bool) Place {
	p := Place{Bound: bound, Port: bound.Port(), host: host, local: local}
	if port > 0 {
		p.Port = uint16(port)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		p.ip = ip.Unmap()
	}
	return p
}

// Bound reads the address of a listener.
func Bound(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		p := t.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	p, _ := netip.ParseAddrPort(a.String()) // of a test
	return p
}

// Is tells whether an address is this place, as a peer may write it.
func (p *Place) Is(ip netip.Addr, port uint16) bool {
	switch {
	case port == p.Port && p.ip.IsValid() && ip == p.ip:
		return true
	case port != p.Bound.Port():
		return false
	case p.Bound.Addr().IsUnspecified():
		return p.local[ip] || ip.IsLoopback()
	}
	return ip == p.Bound.Addr()
}

// Named tells whether a host and port mean this place. ip is the host where that is a literal.
func (p *Place) Named(host []byte, ip netip.Addr, literal bool, port uint16) bool {
	return literal && p.Is(ip, port) || !literal && port == p.Port && p.host != "" && peek.FoldEqual(host, p.host)
}

// Reaches tells whether a socket here can send to ip.
func (p *Place) Reaches(ip netip.Addr) bool {
	own := p.Bound.Addr()
	return own.Is4() == ip.Is4() || own.Is6() && own.IsUnspecified() // a socket on [::] speaks IPv4, too
}

// Write writes host:port as the world is to see them; toward is the address that a peer sees of the socket.
func (p *Place) Write(e *peek.Edits, toward netip.AddrPort) {
	switch {
	case p.ip.IsValid():
		e.Addr(netip.AddrPortFrom(p.ip, p.Port))
	case p.host != "":
		e.Text(p.host).Text(":").Int(int(p.Port))
	default:
		e.Addr(netip.AddrPortFrom(toward.Addr(), p.Port))
	}
}
