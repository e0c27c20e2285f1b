package sip

import (
	"errors"
	"net"
	"net/netip"

	"twinhop/sip/alias"
	"twinhop/sip/peek"
	"twinhop/sip/stream"
	"twinhop/sip/wire"
)

// transport is a way of carrying messages.
type transport uint8

// The transports.
const (
	udp transport = iota
	tcp
	transports // how many there are
)

var (
	viaWords = [transports]string{"UDP", "TCP"} // as Via and SRV names have them
	uriWords = [transports]string{"udp", "tcp"} // as URIs and the configuration have them
)

// transportOf reads a word of a URI or Via; ok is false for one that is not served.
func transportOf(word []byte) (transport, bool) {
	for t := range transports {
		if peek.FoldEqual(word, uriWords[t]) {
			return t, true
		}
	}
	return udp, false
}

// named is transportOf for words of the configuration, which was checked.
func named(word string) transport {
	t, _ := transportOf([]byte(word))
	return t
}

// hop is where a message goes next.
type hop struct {
	transport
	addr netip.AddrPort
}

// leg is one address that the gateway serves, with the names it goes by.
type leg struct {
	index  int
	inside bool // nodes are on this side: false in single-port mode
	transport
	socks            []*wire.Socket // UDP: one or more on the address
	streams          *stream.Pool   // TCP
	bound            netip.AddrPort
	host             string     // what Record-Route says; "" = the address toward the peer
	hostIP           netip.Addr // host, when it is a literal
	port             uint16     // of Record-Route
	inVia, inContact bool       // so do Via, and the Contact of what nodes send
	local            map[netip.Addr]bool
}

func newLeg(f *Front, index int, l Listener) *leg {
	g := &leg{index: index, inside: f.inner > 0 && index >= f.inner, host: l.Host, local: f.local,
		inVia: l.InVia && l.Host != "", inContact: l.InContact && l.Host != ""}
	if l.Stream != nil {
		g.transport = tcp
		g.streams = &stream.Pool{Listener: l.Stream, Log: f.Log, Limits: f.Streams, Budget: &f.files, Exempt: f.knows}
		g.bound = bound(l.Stream.Addr())
	} else {
		for _, c := range append([]net.PacketConn{l.Conn}, l.Shards...) {
			g.socks = append(g.socks, &wire.Socket{Conn: c, Log: f.Log, Errors: g.inside || f.inner == 0})
		}
		g.bound = g.socks[0].Local()
	}
	g.port = g.bound.Port()
	if l.Port > 0 {
		g.port = uint16(l.Port)
	}
	if ip, err := netip.ParseAddr(l.Host); err == nil {
		g.hostIP = ip.Unmap()
	}
	return g
}

func bound(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		p := t.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	p, _ := netip.ParseAddrPort(a.String()) // of a test
	return p
}

// is tells whether an address is this leg's, as a peer may write it.
func (g *leg) is(ip netip.Addr, port uint16) bool {
	switch {
	case port == g.port && g.hostIP.IsValid() && ip == g.hostIP:
		return true
	case port != g.bound.Port():
		return false
	case g.bound.Addr().IsUnspecified():
		return g.local[ip] || ip.IsLoopback()
	}
	return ip == g.bound.Addr()
}

// reaches tells whether the leg can send to ip.
func (g *leg) reaches(ip netip.Addr) bool {
	own := g.bound.Addr()
	return own.Is4() == ip.Is4() || own.Is6() && own.IsUnspecified() // a socket on [::] speaks IPv4, too
}

// leave chooses the leg that messages to a peer leave by.
func (f *Front) leave(inside bool, to hop) *leg {
	for _, g := range f.legs {
		if g.transport == to.transport && (g.inside == inside || f.inner == 0) && g.reaches(to.addr.Addr()) {
			return g
		}
	}
	return nil
}

// isSelf tells whether host:port is one of our sockets, as bound or as advertised.
func (f *Front) isSelf(host []byte, port uint16) bool {
	ip, literal := peek.ParseIP(host)
	for _, g := range f.legs {
		if g.named(host, ip, literal, port) {
			return true
		}
	}
	return f.aliases.Find(host, port) == alias.Address
}

// legOf is the first of our sockets that a URI of ours stands for.
func (f *Front) legOf(host []byte, port uint16, t transport) *leg {
	ip, literal := peek.ParseIP(host)
	for _, g := range f.legs {
		if g.transport == t && g.named(host, ip, literal, port) {
			return g
		}
	}
	return nil
}

func (g *leg) named(host []byte, ip netip.Addr, literal bool, port uint16) bool {
	return literal && g.is(ip, port) || !literal && port == g.port && g.host != "" && peek.FoldEqual(host, g.host)
}

// isLeg tells whether a transport's address is one of our sockets; ports of UDP and TCP have nothing to do with each other.
func (f *Front) isLeg(t transport, ip netip.Addr, port uint16) bool {
	for _, g := range f.legs {
		if g.transport == t && g.is(ip, port) {
			return true
		}
	}
	return false
}

// isFull tells that a message was not sent because we have no room for it; isSize that it is too large for its transport. Neither says
// anything about the peer.
func isFull(err error) bool { return errors.Is(err, wire.ErrFull) || errors.Is(err, stream.ErrFull) }

func isSize(err error) bool { return errors.Is(err, wire.ErrSize) || errors.Is(err, stream.ErrSize) }
