package legs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"twinhop/sip/locate"
	"twinhop/sip/peek"
	"twinhop/sip/self"
	"twinhop/sip/stream"
	"twinhop/sip/wire"
)

// Listener is one address that is served: its sockets are opened and later closed by the caller.
type Listener struct {
	Conn   net.PacketConn   // UDP
	Shards []net.PacketConn // UDP: further sockets on Conn's address, each with a goroutine of its own
	Stream net.Listener     // all others; what tls and wss accept is *tls.Conn whose handshake is done
	// Transport is a word of Words; "": udp for a Conn, tcp for a Stream.
	Transport string
	// Addr is the address of one that has neither Conn nor Stream: others accept its connections.
	Addr net.Addr
	// Host and Port replace what Record-Route says, for a gateway behind an address translation or an IP load balancer. An empty Host:
	// the local address the system uses toward the peer. Port 0: the socket's.
	Host      string
	Port      int
	InVia     bool // Via says Host and Port, too
	InContact bool // and so does the Contact of what nodes send by this address, instead of the node's own
}

// transport of the listener.
func (l *Listener) transport() (Transport, error) {
	usual := "udp"
	if l.Conn == nil {
		usual = "tcp"
	}
	word := cmp.Or(l.Transport, usual)
	t, ok := Read([]byte(word))
	switch {
	case !ok:
		return t, errors.New("sip listener: there is no transport " + word)
	case t.Stream() && l.Conn != nil, !t.Stream() && l.Conn == nil, l.Conn == nil && l.Stream == nil && l.Addr == nil:
		return t, errors.New("sip listener: not the socket of transport " + word)
	}
	return t, nil
}

// Hop is where a message goes next.
type Hop struct {
	Transport
	Addr netip.AddrPort
	Name string // over TLS: the host that its certificate must be for; "": its address
}

// Peer is who a connection is to.
func (h Hop) Peer() stream.Peer { return stream.Peer{Addr: h.Addr, Name: h.Name} }

// To is a hop to an address as the configuration has it: a transport, an address, and the host that it is of.
func To(scheme string, addr netip.AddrPort, host string) Hop {
	h := Hop{Transport: Named(scheme), Addr: addr}
	if h.Secure() {
		if _, literal := peek.ParseIP([]byte(host)); !literal {
			h.Name = host
		}
	}
	return h
}

// Leg is one address that the gateway serves, with the names it goes by.
type Leg struct {
	Index  int
	Inside bool // nodes are on this side: false in single-port mode
	Transport
	Socks   []*wire.Socket // UDP: one or more on the address
	Streams *stream.Pool   // all others
	self.Place
	InVia, InContact bool // Via, and the Contact of what nodes send, say what others see
}

// errGone is what sending by WebSocket gives to who is not connected.
var errGone = fmt.Errorf("who came by WebSocket has gone, and cannot be called: %w", net.ErrClosed)

// Uncalled is the Dial of who cannot be called.
func Uncalled(context.Context, stream.Peer) (net.Conn, error) { return nil, errGone }

// Connected tells whether there is a connection to a peer.
func (g *Leg) Connected(to Hop) bool { return g.Streams.Connected(to.Peer()) }

// Send sends by a connection to a peer, if need be a new one; what it does not get, the pool tells.
func (g *Leg) Send(b []byte, to Hop) error {
	if g.Web() && !g.Connected(to) {
		return errGone
	}
	return g.Streams.SendTo(b, to.Peer())
}

// Set is all legs: those toward the world first, then those toward the nodes.
type Set struct {
	All     []*Leg
	Inner   int // index of the first one toward the nodes; 0 in single-port mode: they are the same
	outer   int // how many are toward the world
	aliases *self.Set
}

// Plan is what a Set is made of.
type Plan struct {
	External, Internal []Listener
	Aliases            []self.Alias
	Local              map[netip.Addr]bool // addresses of this machine, for sockets bound to all of them
	// Socket and Pool make what serves a listener; reports: somebody wants to hear what did not arrive.
	Socket func(c net.PacketConn, reports bool) *wire.Socket
	Pool   func(l Listener, t Transport) *stream.Pool // its name is set here
}

// New makes the legs. Nothing is opened, nothing starts.
func New(p Plan) (*Set, error) {
	s := &Set{outer: len(p.External)}
	if len(p.Internal) > 0 {
		s.Inner = len(p.External)
	}
	for i, l := range append(p.External[:len(p.External):len(p.External)], p.Internal...) {
		t, err := l.transport()
		if err != nil {
			return nil, err
		}
		g := &Leg{Index: i, Inside: s.Inner > 0 && i >= s.Inner, Transport: t, InVia: l.InVia && l.Host != "", InContact: l.InContact && l.Host != ""}
		at := l.Addr
		switch {
		case l.Conn != nil:
			for _, c := range append([]net.PacketConn{l.Conn}, l.Shards...) {
				g.Socks = append(g.Socks, p.Socket(c, g.Inside || s.Inner == 0))
			}
		case l.Stream != nil:
			at = l.Stream.Addr()
			fallthrough
		default:
			g.Streams = p.Pool(l, t)
			g.Streams.Name = t.String() + "://" + at.String()
		}
		bound := netip.AddrPort{}
		if l.Conn != nil {
			bound = g.Socks[0].Local()
		} else {
			bound = self.Bound(at)
		}
		g.Place = self.At(bound, l.Host, l.Port, p.Local)
		s.All = append(s.All, g)
	}
	s.aliases = self.Aliases(p.Aliases, s.ports())
	return s, nil
}

// ports are those that others may name when they mean us.
func (s *Set) ports() (all []uint16) {
	for _, g := range s.All {
		all = append(all, g.Bound.Port(), g.Port)
	}
	return all
}

// Single tells that nodes and the world come by the same addresses.
func (s *Set) Single() bool { return s.Inner == 0 }

// Leave chooses the leg that messages to a peer leave by; nil: none.
func (s *Set) Leave(inside bool, to Hop) *Leg {
	for _, g := range s.All {
		if g.Transport == to.Transport && (g.Inside == inside || s.Inner == 0) && g.Reaches(to.Addr.Addr()) {
			return g
		}
	}
	return nil
}

// Self tells whether host:port is one of our sockets, as bound or as advertised, or as good as one.
func (s *Set) Self(host []byte, port uint16) bool {
	ip, literal := peek.ParseIP(host)
	for _, g := range s.All {
		if g.Named(host, ip, literal, port) {
			return true
		}
	}
	return s.aliases.Find(host, port) == self.Address
}

// Alias tells what host:port is that no socket has.
func (s *Set) Alias(host []byte, port uint16) self.Kind { return s.aliases.Find(host, port) }

// Of is the first of our sockets that a URI of ours stands for. What a URI calls ws may be either kind of WebSocket.
func (s *Set) Of(host []byte, port uint16, t Transport) *Leg {
	ip, literal := peek.ParseIP(host)
	for _, g := range s.All {
		if (g.Transport == t || t == WS && g.Transport == WSS) && g.Named(host, ip, literal, port) {
			return g
		}
	}
	return nil
}

// Is tells whether a transport's address is one of our sockets; ports of UDP and TCP have nothing to do with each other.
func (s *Set) Is(t Transport, ip netip.Addr, port uint16) bool {
	for _, g := range s.All {
		if g.Transport.Stream() == t.Stream() && g.Place.Is(ip, port) {
			return true
		}
	}
	return false
}

// Speaks is the set of transports toward the world.
func (s *Set) Speaks() (can locate.Transport) {
	for _, g := range s.All[:s.outer] {
		can |= g.Locate()
	}
	return can
}

// Leads tells whether any socket reaches an address of the world.
func (s *Set) Leads(ip netip.Addr) bool {
	for _, g := range s.All[:s.outer] {
		if g.Reaches(ip.Unmap()) {
			return true
		}
	}
	return false
}

// Full tells that a message was not sent because we have no room for it; Size that it is too large for its transport. Neither says anything
// about the peer.
func Full(err error) bool { return errors.Is(err, wire.ErrFull) || errors.Is(err, stream.ErrFull) }

// Size is described with Full.
func Size(err error) bool { return errors.Is(err, wire.ErrSize) || errors.Is(err, stream.ErrSize) }
