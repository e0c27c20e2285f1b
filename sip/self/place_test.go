package self

import (
	"net"
	"net/netip"
	"testing"

	"twinhop/sip/peek"
)

func TestPlaces(t *testing.T) {
	local := map[netip.Addr]bool{netip.MustParseAddr("10.0.0.5"): true}
	one := At(netip.MustParseAddrPort("192.0.2.1:5060"), "", 0, local)
	any := At(netip.MustParseAddrPort("0.0.0.0:5060"), "", 0, local)
	named := At(netip.MustParseAddrPort("192.0.2.1:5060"), "Sip.Example.com", 5070, local)
	behind := At(netip.MustParseAddrPort("[::]:5060"), "203.0.113.9", 0, local)
	for _, c := range []struct {
		p    *Place
		host string
		port uint16
		want bool
	}{
		{&one, "192.0.2.1", 5060, true}, {&one, "192.0.2.1", 5061, false}, {&one, "127.0.0.1", 5060, false}, {&one, "", 5060, false},
		{&any, "10.0.0.5", 5060, true}, {&any, "127.0.0.1", 5060, true}, {&any, "10.0.0.6", 5060, false},
		{&named, "sip.example.COM", 5070, true}, {&named, "sip.example.com", 5060, false}, {&named, "192.0.2.1", 5060, true}, {&named, "192.0.2.1", 5070, false},
		{&behind, "203.0.113.9", 5060, true}, {&behind, "[::1]", 5060, true}, {&behind, "203.0.113.10", 5060, false},
	} {
		ip, literal := peek.ParseIP([]byte(c.host))
		if got := c.p.Named([]byte(c.host), ip, literal, c.port); got != c.want {
			t.Errorf("%s:%d is %v: %v", c.host, c.port, c.p.Bound, got)
		}
	}
	if v4, v6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1"); !one.Reaches(v4) || one.Reaches(v6) || !behind.Reaches(v4) || !behind.Reaches(v6) {
		t.Error("who reaches whom")
	}
	for p, want := range map[*Place]string{&one: "10.0.0.5:5060", &named: "Sip.Example.com:5070", &behind: "203.0.113.9:5060"} {
		m := peek.Message{Buf: []byte("x")}
		var e peek.Edits
		p.Write(e.At(0), netip.MustParseAddrPort("10.0.0.5:1"))
		m.End = 1
		if got := string(e.Apply(nil, &m)); got != want+"x" {
			t.Errorf("%v is written %s", p.Bound, got)
		}
	}
	if a := Bound(&net.TCPAddr{IP: net.ParseIP("::ffff:10.0.0.5"), Port: 7}); a != netip.MustParseAddrPort("10.0.0.5:7") {
		t.Error(a)
	}
}
