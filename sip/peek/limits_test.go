package peek

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Each limit, of a message that is as long as allowed there: it passes with that limit, with none, and not with one less.
func TestLimits(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, c := range []struct {
		what     string
		old, new string
		at       int
		limit    func(*Limits) *int
		want     Reason
	}{
		{"message", "v=0\n", "v=0\n", len(wire(invite)), func(l *Limits) *int { return &l.Message }, TooLong},
		{"headers", "CSeq", "X: y\nCSeq", 10, func(l *Limits) *int { return &l.Headers }, TooMany},
		{"line", "CSeq", "X: " + long + "\n z\nCSeq", 3009, func(l *Limits) *int { return &l.Line }, LineTooLong},
		{"vias", "CSeq", "v: SIP/2.0/UDP a, SIP/2.0/UDP b\nCSeq", 3, func(l *Limits) *int { return &l.Vias }, TooManyHops},
		{"routes", "CSeq", "Route: <sip:a>,<sip:b>\nCSeq", 2, func(l *Limits) *int { return &l.Routes }, TooMany},
		{"record-routes", "CSeq", "Record-Route: <sip:a>,<sip:b>\nCSeq", 2, func(l *Limits) *int { return &l.Routes }, TooMany},
		{"Request-URI", "bob@biloxi.example.com SIP", long + " SIP", 3004, func(l *Limits) *int { return &l.URI }, URITooLong},
		{"To URI", "sip:bob@biloxi.example.com>", "sip:" + long + ">", 3004, func(l *Limits) *int { return &l.URI }, BadAddress},
		{"tag", "tag=1928301774", "tag=" + long, 3000, func(l *Limits) *int { return &l.Token }, BadAddress},
		{"branch", "z9hG4bK776asdhds", long, 3000, func(l *Limits) *int { return &l.Token }, BadVia},
		{"Call-ID", "a84b4c76e66710@pc33.atlanta.example.com", long, 3000, func(l *Limits) *int { return &l.CallID }, BadCallID},
	} {
		if !strings.Contains(invite, c.old) {
			t.Fatalf("%q is not in the message", c.old)
		}
		msg := wire(strings.Replace(invite, c.old, c.new, 1))
		for _, n := range []struct {
			limit int
			want  Reason
		}{{c.at, OK}, {0, OK}, {c.at - 1, c.want}} {
			var l Limits
			*c.limit(&l) = n.limit
			m := Message{Limits: &l}
			if r := m.Scan(msg); r != n.want {
				t.Errorf("%s, limit %d: %v, want %v", c.what, n.limit, r, n.want)
			}
		}
	}
	var m Message
	if r := m.Scan(wire(strings.Replace(invite, "a84b4c76e66710", long, 1))); r != OK {
		t.Errorf("a Call-ID of 3000 bytes: %v; by default there is no limit", r)
	}
	if DefaultLimits() != (Limits{65535, 200, 8192, 70, 50, 1024, 256, 0}) {
		t.Errorf("defaults %v", DefaultLimits())
	}
}

// The functions have the limits of the defaults, the methods those of the message.
func TestLimitsOfParts(t *testing.T) {
	branch, uri := strings.Repeat("x", MaxToken+1), "sip:"+strings.Repeat("x", MaxURI)
	m := Message{Buf: []byte("SIP/2.0/UDP a;branch=" + branch)}
	s := Span{0, len(m.Buf)}
	if _, ok := ParseVia(m.Buf, s); ok {
		t.Error("ParseVia took a long branch")
	}
	for _, c := range []struct {
		l    *Limits
		want bool
	}{{nil, false}, {&Limits{}, true}, {&Limits{Token: MaxToken + 1}, true}, {&Limits{Token: MaxToken}, false}} {
		m.Limits = c.l
		if v, ok := m.ParseVia(s); ok != c.want || ok && string(m.Text(v.Branch)) != branch {
			t.Errorf("limits %v: %v", c.l, ok)
		}
	}
	m = Message{Buf: []byte("<" + uri + ">;tag=1")}
	s = Span{0, len(m.Buf)}
	if _, ok := ParseAddr(m.Buf, s); ok || AddrURI(m.Buf, s).OK {
		t.Error("ParseAddr took a long URI")
	}
	for _, c := range []struct {
		l    *Limits
		want bool
	}{{nil, false}, {&Limits{}, true}, {&Limits{URI: MaxURI + 4}, true}, {&Limits{URI: MaxURI + 3}, false}} {
		m.Limits = c.l
		if a, ok := m.ParseAddr(s); ok != c.want || m.AddrURI(s).OK != c.want || ok && string(m.Text(a.Tag)) != "1" {
			t.Errorf("limits %v: %v", c.l, ok)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		value string
		want  int
	}{
		{"5", 5}, {"0", 0}, {"007", 7}, {"18000;duration=3600", 18000}, {"120 (I'm in a meeting)", 120}, {"3(x)", 3}, {"1\n ;x", 1},
		{"99999999999999999999", 1<<31 - 1}, {"", -1}, {"-1", -1}, {"soon", -1}, {"5s", -1}, {"5,6", -1}, {"1.5", -1},
	} {
		m := scan(t, strings.Replace(invite, "CSeq", "Retry-After: "+c.value+"\nCSeq", 1))
		if m.RetryAfter != c.want {
			t.Errorf("%q is %d, want %d", c.value, m.RetryAfter, c.want)
		}
		if m = scan(t, invite); m.RetryAfter != -1 || !m.UserAgent.Empty() {
			t.Errorf("absent, and yet %d, %v", m.RetryAfter, m.UserAgent)
		}
	}
}

func TestParamIsExact(t *testing.T) {
	for _, c := range []struct {
		uri, name, want string
		found           bool
	}{
		{"sip:a;lr", "lr", "", true},
		{"sip:a;LR", "lr", "", true},
		{"sip:a;lr=on", "lr", "on", true},
		{"sip:a;lrx", "lr", "", false},
		{"sip:a;xlr", "lr", "", false},
		{"sip:a;x=lr", "lr", "", false},
		{"sip:a;x=\";lr\"", "lr", "", false},
		{"sip:a?lr=1", "lr", "", false},
		{"sip:a;x=1?lr;lr", "lr", "", false},
		{"sip:u;lr@a", "lr", "", false},
		{"sip:a;;lr", "lr", "", true},
		{"sip:a;transport=tcp;lr", "transport", "tcp", true},
		{"sip:a;Transport=TCP", "transport", "TCP", true},
		{"sip:a;transports=tcp", "transport", "", false},
		{"sip:a;transport", "transport", "", true},
		{"sip:a;transport=;maddr=1", "transport", "", true},
		{"sip:a;maddr=[2001:db8::1];lr", "maddr", "[2001:db8::1]", true},
		{"sip:a;maddr=192.0.2.1?lr", "maddr", "192.0.2.1", true},
		{"sip:a;transport=tcp;transport=udp", "transport", "tcp", true}, // the first one
		{"tel:+1;lr", "lr", "", true},
		{"sip:a", "lr", "", false},
	} {
		b := []byte(c.uri)
		u := ParseURI(b, Span{0, len(b)})
		got, found := Param(b, u.Params, c.name)
		if !u.OK || found != c.found || string(b[got.From:got.To]) != c.want {
			t.Errorf("%s in %s: %q, %v", c.name, c.uri, b[got.From:got.To], found)
		}
	}
}

// What looks at eight bytes together must see what looking at each sees.
func TestEightBytesTogether(t *testing.T) {
	odd := rapid.SampledFrom([]byte("\x00\t\n\r\v\x1f !\";<=>?~\x7f\x80\x8d\xa0\xbb\xff"))
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(strings.Repeat("a", 24))[:rapid.IntRange(0, 24).Draw(t, "len")]
		for range rapid.IntRange(0, 3).Draw(t, "odd ones") {
			if len(b) > 0 {
				b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = odd.Draw(t, "byte")
			}
		}
		first := strings.IndexAny(string(b), "; \t\r\n")
		if first < 0 {
			first = len(b)
		}
		if got := wordEnd(b, 0, len(b)); got != first {
			t.Fatalf("wordEnd of %q is %d, want %d", b, got, first)
		}
		bad := func(more string) (found bool) {
			for _, c := range b {
				found = found || c <= ' ' || c == 0x7f || strings.IndexByte(more, c) >= 0
			}
			return found
		}
		if got := solid(b); got == bad("") {
			t.Fatalf("solid(%q) is %v", b, got)
		}
		if got := solidURI(b); got == bad("<>\"") {
			t.Fatalf("solidURI(%q) is %v", b, got)
		}
		if got, want := breaks(b), strings.ContainsAny(string(b), "\r\n\x00"); got != want {
			t.Fatalf("breaks(%q) is %v", b, got)
		}
	})
}
