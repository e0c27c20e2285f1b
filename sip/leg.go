package sip

import (
	"errors"
	"net"
	"net/netip"

	"twinhop/sip/peek"
	"twinhop/sip/self"
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
	socks   []*wire.Socket // UDP: one or more on the address
	streams *stream.Pool   // TCP
	self.Place
	inVia, inContact bool // Via, and the Contact of what nodes send, say what others see
}

func newLeg(f *Front, index int, l Listener) *leg {
	g := &leg{index: index, inside: f.inner > 0 && index >= f.inner, inVia: l.InVia && l.Host != "", inContact: l.InContact && l.Host != ""}
	if l.Stream != nil {
		g.transport = tcp
		g.streams = &stream.Pool{Listener: l.Stream, Log: f.Log, Limits: f.Streams, Budget: &f.files, Exempt: f.knows}
		g.Place = self.At(self.Bound(l.Stream.Addr()), l.Host, l.Port, f.local)
		return g
	}
	for _, c := range append([]net.PacketConn{l.Conn}, l.Shards...) {
		g.socks = append(g.socks, &wire.Socket{Conn: c, Log: f.Log, Errors: g.inside || f.inner == 0})
	}
	g.Place = self.At(g.socks[0].Local(), l.Host, l.Port, f.local)
	return g
}

// leave chooses the leg that messages to a peer leave by.
func (f *Front) leave(inside bool, to hop) *leg {
	for _, g := range f.legs {
		if g.transport == to.transport && (g.inside == inside || f.inner == 0) && g.Reaches(to.addr.Addr()) {
			return g
		}
	}
	return nil
}

// isSelf tells whether host:port is one of our sockets, as bound or as advertised.
func (f *Front) isSelf(host []byte, port uint16) bool {
	ip, literal := peek.ParseIP(host)
	for _, g := range f.legs {
		if g.Named(host, ip, literal, port) {
			return true
		}
	}
	return f.aliases.Find(host, port) == self.Address
}

// legOf is the first of our sockets that a URI of ours stands for.
func (f *Front) legOf(host []byte, port uint16, t transport) *leg {
	ip, literal := peek.ParseIP(host)
	for _, g := range f.legs {
		if g.transport == t && g.Named(host, ip, literal, port) {
			return g
		}
	}
	return nil
}

// isLeg tells whether a transport's address is one of our sockets; ports of UDP and TCP have nothing to do with each other.
func (f *Front) isLeg(t transport, ip netip.Addr, port uint16) bool {
	for _, g := range f.legs {
		if g.transport == t && g.Is(ip, port) {
			return true
		}
	}
	return false
}

// isFull tells that a message was not sent because we have no room for it; isSize that it is too large for its transport. Neither says
// anything about the peer.
func isFull(err error) bool { return errors.Is(err, wire.ErrFull) || errors.Is(err, stream.ErrFull) }

func isSize(err error) bool { return errors.Is(err, wire.ErrSize) || errors.Is(err, stream.ErrSize) }
