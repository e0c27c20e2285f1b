package legs

import (
	"net"
	"net/netip"
	"testing"

	"twinhop/sip/locate"
	"twinhop/sip/self"
	"twinhop/sip/stream"
	"twinhop/sip/wire"
)

func TestWords(t *testing.T) {
	for i, want := range []struct {
		config, via, sip, sips string
		port                   uint16
		stream, secure, web    bool
	}{
		{"udp", "UDP", "udp", "udp", 5060, false, false, false},
		{"tcp", "TCP", "tcp", "tcp", 5060, true, false, false},
		{"tls", "TLS", "tls", "tcp", 5061, true, true, false},
		{"ws", "WS", "ws", "ws", 80, true, false, true},
		{"wss", "WSS", "ws", "ws", 443, true, true, true},
	} {
		tr := Transport(i)
		if tr.String() != want.config || tr.Via() != want.via || tr.URI(false) != want.sip || tr.URI(true) != want.sips || tr.DefaultPort() != want.port ||
			tr.Stream() != want.stream || tr.Secure() != want.secure || tr.Web() != want.web {
			t.Errorf("%v is not %+v", tr, want)
		}
		if got, ok := Read([]byte(want.via)); got != tr || !ok {
			t.Errorf("%s read as %v, %v", want.via, got, ok)
		}
		if got, ok := Located(tr.Locate()); ok == want.web || ok && got != tr {
			t.Errorf("%v is located as %v, %v", tr, got, ok)
		}
	}
	if _, ok := Read([]byte("sctp")); ok {
		t.Error("nobody serves SCTP")
	}
}

func TestAsked(t *testing.T) {
	for _, c := range []struct {
		word          string
		given, secure bool
		want          Transport
		ok            bool
	}{
		{"", false, false, UDP, true},
		{"", false, true, TLS, true},
		{"TCP", true, false, TCP, true},
		{"tcp", true, true, TLS, true},
		{"tls", true, false, TLS, true},
		{"tls", true, true, TLS, true},
		{"ws", true, false, WS, true},
		{"ws", true, true, WSS, true},
		{"wss", true, false, WSS, true},
		{"udp", true, true, UDP, false},
		{"sctp", true, false, UDP, false},
	} {
		if got, ok := Asked([]byte(c.word), c.given, c.secure); ok != c.ok || ok && got != c.want {
			t.Errorf("%q %v %v: %v %v", c.word, c.given, c.secure, got, ok)
		}
	}
}

func tcpAt(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

// conn and listener are at an address and do nothing.
type conn struct {
	net.PacketConn
	at string
}

func (c conn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(c.at)) }

type listener struct {
	net.Listener
	at string
}

func (l listener) Addr() net.Addr { return tcpAt(l.at) }

func plan(external, internal []Listener) Plan {
	return Plan{External: external, Internal: internal, Aliases: []self.Alias{{Host: "192.0.2.200"}},
		Socket: func(c net.PacketConn, reports bool) *wire.Socket { return &wire.Socket{Conn: c, Errors: reports} },
		Pool:   func(l Listener, _ Transport) *stream.Pool { return &stream.Pool{Listener: l.Stream} }}
}

func five(t *testing.T) *Set {
	s, err := New(plan([]Listener{
		{Conn: conn{at: "192.0.2.1:5060"}},
		{Stream: listener{at: "192.0.2.1:5060"}},
		{Stream: listener{at: "192.0.2.1:5061"}, Transport: "tls", Host: "sip.example.com", Port: 443, InVia: true},
		{Stream: listener{at: "192.0.2.1:5066"}, Transport: "ws"},
		{Addr: tcpAt("192.0.2.1:8443"), Transport: "wss"},
	}, []Listener{{Conn: conn{at: "10.0.0.100:5065"}}, {Stream: listener{at: "10.0.0.100:5061"}, Transport: "tls"}}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLegs(t *testing.T) {
	s := five(t)
	for i, want := range []struct {
		Transport
		inside, udp bool
	}{{UDP, false, true}, {TCP, false, false}, {TLS, false, false}, {WS, false, false}, {WSS, false, false}, {UDP, true, true}, {TLS, true, false}} {
		g := s.All[i]
		if g.Index != i || g.Transport != want.Transport || g.Inside != want.inside || len(g.Socks) > 0 != want.udp || g.Streams != nil == want.udp {
			t.Errorf("leg %d is %+v", i, g)
		}
	}
	if g := s.All[2]; !g.InVia || g.InContact || g.Port != 443 {
		t.Errorf("%+v is not advertised", g)
	}
	if g := s.All[4]; g.Bound != netip.MustParseAddrPort("192.0.2.1:8443") {
		t.Errorf("a leg without sockets is at %v", g.Bound)
	}
	if can := s.Speaks(); can != locate.UDP|locate.TCP|locate.TLS {
		t.Errorf("speaks %b", can)
	}
	if s.Single() || s.Inner != 5 {
		t.Errorf("the first leg toward the nodes is %d", s.Inner)
	}
}

func TestFindLeg(t *testing.T) {
	s := five(t)
	peer := netip.MustParseAddrPort("10.0.0.1:5080")
	if g := s.Leave(true, Hop{Transport: TLS, Addr: peer}); g != s.All[6] {
		t.Errorf("leaves by %+v", g)
	}
	if g := s.Leave(true, Hop{Transport: TCP, Addr: peer}); g != nil {
		t.Errorf("leaves by %+v", g)
	}
	if g := s.Leave(false, Hop{Transport: TLS, Addr: netip.MustParseAddrPort("[2001:db8::1]:5061")}); g != nil {
		t.Errorf("leaves by %+v", g)
	}
	if g := s.Of([]byte("192.0.2.1"), 8443, WS); g != s.All[4] {
		t.Errorf("ws on the port of wss is %+v", g)
	}
	if g := s.Of([]byte("sip.example.com"), 443, TLS); g != s.All[2] {
		t.Errorf("the name is %+v", g)
	}
	if g := s.Of([]byte("192.0.2.1"), 5061, TCP); g != nil {
		t.Errorf("TCP on the port of TLS is %+v", g)
	}
	if !s.Is(TLS, netip.MustParseAddr("192.0.2.1"), 5066) || s.Is(UDP, netip.MustParseAddr("192.0.2.1"), 5066) {
		t.Error("all transports with connections share their ports, and not with UDP")
	}
	if !s.Self([]byte("192.0.2.1"), 5066) || !s.Self([]byte("192.0.2.200"), 5060) || s.Self([]byte("192.0.2.1"), 5067) {
		t.Error("does not know itself")
	}
}

// What does not fit together is a fault of who made the listener, and said at once.
func TestBadListener(t *testing.T) {
	for name, l := range map[string]Listener{
		"no such transport":   {Stream: listener{at: "192.0.2.1:1"}, Transport: "sctp"},
		"a packet conn":       {Conn: conn{at: "192.0.2.1:1"}, Transport: "tls"},
		"connections for udp": {Stream: listener{at: "192.0.2.1:1"}, Transport: "udp"},
		"no address":          {Transport: "ws"},
		"nothing":             {},
	} {
		if _, err := New(plan([]Listener{l}, nil)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
