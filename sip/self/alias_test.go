package self

import "testing"

func TestFind(t *testing.T) {
	s := Aliases([]Alias{{Host: "SIP.example.com"}, {Host: "*.Example.net"}, {Host: "edge.example.net", Port: 5070}, {Host: "203.0.113.9"},
		{Host: "203.0.113.10", Port: 5080}, {Host: "2001:db8::9"}}, []uint16{5060, 5065})
	for _, c := range []struct {
		host string
		port uint16
		want Kind
	}{
		{"sip.example.com", 5060, Name}, {"Sip.Example.Com", 7777, Name}, {"example.com", 5060, None}, {"xsip.example.com", 5060, None},
		{"a.example.net", 5060, Suffix}, {"a.b.EXAMPLE.net", 1, Suffix}, {"example.net", 5060, None}, {".example.net", 5060, None}, {"aexample.net", 5060, None},
		{"edge.example.net", 5070, Name}, {"edge.example.net", 5060, Suffix},
		{"203.0.113.9", 5060, Address}, {"203.0.113.9", 5065, Address}, {"203.0.113.9", 5061, None},
		{"203.0.113.10", 5080, Address}, {"203.0.113.10", 5060, None}, {"203.0.113.11", 5060, None},
		{"[2001:db8::9]", 5060, Address}, {"[2001:DB8:0::9]", 5065, Address}, {"[2001:db8::a]", 5060, None}, {"", 5060, None},
	} {
		if got := s.Find([]byte(c.host), c.port); got != c.want {
			t.Errorf("%s:%d is %d, want %d", c.host, c.port, got, c.want)
		}
	}
	for _, empty := range []*Set{nil, {}} {
		if empty.Find([]byte("sip.example.com"), 5060) != None {
			t.Error("an empty set has an alias")
		}
	}
	host := []byte("A.b.example.net")
	if n := testing.AllocsPerRun(10, func() { s.Find(host, 5060) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
