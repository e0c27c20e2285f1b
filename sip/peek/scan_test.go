package peek

import (
	"net/netip"
	"strings"
	"testing"
)

const invite = `INVITE sip:bob@biloxi.example.com SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bK776asdhds;rport
Max-Forwards: 70
To: Bob <sip:bob@biloxi.example.com>
From: "Alice, \"A\" <x>" <sip:alice:pw@atlanta.example.com>;tag=1928301774
Call-ID: a84b4c76e66710@pc33.atlanta.example.com
CSeq: 314159 INVITE
Contact: <sip:alice@pc33.atlanta.example.com>
Content-Type: application/sdp
Content-Length: 4

v=0
`

// odd is legal all the same: compact names, folds, blanks, lists, any case.
const odd = `INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
i: wsinv.ndaksdj@192.0.2.1
l   : 0
cseq: 0009
  INVITE
V  : SIP  / 2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>, "a, b" <sip:two.example.com>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
RETRY-after : 0120 (in a meeting);duration=7
user-AGENT:	a scanner
  or two
User-Agent: b
Retry-After: 5
m:"Quoted string \"\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

`

const ok200 = `SIP/2.0 200 OK
Via: SIP/2.0/UDP [2001:db8::9:1]:5065;branch=z9hG4bKa,SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb;received=192.0.2.7;rport=4711
Record-Route: <sip:192.0.2.1;lr>
From: sip:alice@example.com;tag=1
To: <sip:bob@example.com>;tag=2
Call-ID: c@d
CSeq: 1 INVITE
Contact: <sip:bob@192.0.2.4:5080>

`

var corpus = []string{invite, odd, ok200,
	"BYE sip:[2001:db8::10]:5070;x=1?h=v SIP/2.0\nVia: SIP/2.0/UDP 1.2.3.4:5\nFrom: tel:+1234;tag=x\nTo: <tel:+12;ext=5>\nCall-ID: 1\nCSeq: 2 BYE\nContent-Length: 0\n\n",
	"OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\nv: SIP/2.0/UDP a\nf: <sip:a@b>;tag=1;;x\nt: <sip:b@a@c>\ni: 1\nCSeq: 0 OPTIONS\nRoute: <sip:a;lr>\nRoute: <sip:b;lr>,<sip:c>\nRoute: sip:d;lr\n\ntail",
}

func wire(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

func scan(t *testing.T, s string) *Message {
	t.Helper()
	m := new(Message)
	if r := m.Scan(wire(s)); r != OK {
		t.Fatalf("Scan: %v, of\n%s", r, s)
	}
	return m
}

func TestScanAgreesWithTheTwin(t *testing.T) {
	for _, s := range corpus {
		msg := string(wire(s))
		compareWithTwin(t, msg)
		editsKeepTheRest(t, msg)
		for i := range msg { // cut anywhere, and every byte replaced by what matters to a parser
			compareWithTwin(t, msg[:i])
			for _, c := range "\r\n \";,<>:/=@\x00" {
				compareWithTwin(t, msg[:i]+string(c)+msg[i+1:])
				compareWithTwin(t, msg[:i]+string(c)+msg[i:])
			}
		}
	}
}

func TestScanFields(t *testing.T) {
	m := scan(t, odd)
	for _, c := range []struct{ what, got, want string }{
		{"To tag", string(m.Text(m.To.Tag)), "1918181833n"},
		{"From user", string(m.Text(ParseURI(m.Buf, m.From.Bare).User)), "jdrosen"},
		{"From tag", string(m.Text(m.From.Tag)), "98asjd8"},
		{"branch", string(m.Text(m.Via.Branch)), "390skdjuw"},
		{"sent-by", string(m.Text(m.Via.Host)), "192.0.2.2"},
		{"second Route", string(m.Text(m.Routes.At(1).Span)), `"a, b" <sip:two.example.com>`},
		{"third Via", strings.Join(strings.Fields(string(m.Text(m.Vias.At(2).Span))), " "), "SIP / 2.0 / UDP 192.168.255.111 ; branch= z9hG4bK30239"},
	} {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
		}
	}
	if got := string(m.Text(m.UserAgent)); got != "a scanner\r\n  or two" || m.RetryAfter != 120 {
		t.Errorf("agent %q, retry after %d", got, m.RetryAfter)
	}
	if m.MaxForwards != 68 || m.CSeq != 9 || m.CSeqMethod != Invite || m.Vias.Count != 3 || m.ContentLength != 0 {
		t.Errorf("forwards %d, cseq %d %v, vias %d, length %d", m.MaxForwards, m.CSeq, m.CSeqMethod, m.Vias.Count, m.ContentLength)
	}
	m = scan(t, invite)
	if got := string(m.Text(ParseURI(m.Buf, m.From.Bare).User)) + "@" + string(m.Text(ParseURI(m.Buf, m.From.Bare).Host)); got != "alice@atlanta.example.com" {
		t.Errorf("From is %s", got)
	}
	if body := string(m.Buf[m.Body:m.End]); body != "v=0\r" {
		t.Errorf("body %q: what lies beyond Content-Length does not belong to the message", body)
	}
}

// Each case breaks the INVITE above in one place.
func TestScanReasons(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     Reason
	}{
		{"SIP/2.0\nVia", "SIP/7.0\nVia", BadVersion},
		{"INVITE sip", "INVITE  sip", BadURI},
		{"SIP/2.0\nVia", "SIP/2.0 \nVia", BadStart},
		{"sip:bob@biloxi.example.com SIP", "<sip:bob@biloxi.example.com> SIP", BadURI},
		{"sip:bob@biloxi.example.com SIP", "sip:bob@biloxi.example.com; x SIP", BadURI},
		{"sip:bob@biloxi.example.com SIP", "nobodyKnowsThisScheme:x SIP", UnknownScheme},
		{"sip:bob@biloxi.example.com SIP", "sip:2001:db8::10 SIP", BadURI},
		{"sip:bob@biloxi.example.com SIP", "sip:bob@biloxi.example.com:65536 SIP", BadURI},
		{"sip:bob@biloxi.example.com SIP", "sip:bob@biloxi.example.com:18446744073709556676 SIP", BadURI},
		{"sip:bob@biloxi.example.com SIP", "sip:bob@biloxi.example.com:0 SIP", BadURI},
		{"sip:bob@biloxi.example.com SIP", "sip:" + strings.Repeat("b", MaxURI) + " SIP", URITooLong},
		{"CSeq: 314159 INVITE", "CSeq: 314159 OPTIONS", MethodClash},
		{"CSeq: 314159 INVITE", "CSeq: 36893488147419103232 INVITE", BadCSeq},
		{"CSeq: 314159 INVITE", "CSeq: INVITE", BadCSeq},
		{"CSeq: 314159 INVITE\n", "", Missing},
		{"CSeq: 314159 INVITE\n", "CSeq: 314159 INVITE\nCSeq: 314159 INVITE\n", Duplicate},
		{"Call-ID: a", "i: b\nCall-ID: a", Duplicate},
		{"Content-Length: 4", "Content-Length: 4\nl: 5", Duplicate},
		{"Content-Length: 4", "Content-Length: 400", BodyCut},
		{"Content-Length: 4", "Content-Length: -4", BadLength},
		{"Max-Forwards: 70", "Max-Forwards: 300", BadForwards},
		{"Max-Forwards: 70", "Max-Forwards:", BadForwards},
		{"To: Bob <sip:bob@biloxi.example.com>", `To: "Bob <sip:bob@biloxi.example.com>`, BadAddress},
		{"To: Bob <sip:bob@biloxi.example.com>", "To: Bob <sip:bob@biloxi.example.com", BadAddress},
		{"To: Bob <sip:bob@biloxi.example.com>", "To: Bob <sip:bob@biloxi.example.com>;tag=1;tag=2", BadAddress},
		{"Call-ID: a", "Call-ID: ", OK},
		{"Call-ID: a84b4c76e66710@pc33.atlanta.example.com", "Call-ID: a b", BadCallID},
		{"Via: SIP/2.0/UDP pc33", "Via: SIP/2.0/UDP:pc33", BadVia},
		{"rport", "rport;branch=z9hG4bKtwo", BadVia},
		{"Max-Forwards: 70", "Max-Forwards: 70\nno colon", BadHeader},
		{"Max-Forwards: 70", "Max-Forwards: 70\nX: " + strings.Repeat("x", MaxLine), LineTooLong},
		{"Max-Forwards: 70", "Max-Forwards: 70" + strings.Repeat("\nX: y", MaxHeaders), TooMany},
		{"Max-Forwards: 70", "Max-Forwards: 70\nRoute: " + strings.Repeat("<sip:x;lr>,", MaxRoutes) + "<sip:x>", TooMany},
		{"Max-Forwards: 70", "Max-Forwards: 70\nVia: " + strings.Repeat("SIP/2.0/UDP x,", MaxVias) + "SIP/2.0/UDP x", TooManyHops},
	} {
		if !strings.Contains(invite, c.old) {
			t.Fatalf("%q is not in the message", c.old)
		}
		var m Message
		if r := m.Scan(wire(strings.Replace(invite, c.old, c.new, 1))); r != c.want {
			t.Errorf("%.60q instead of %.60q: %v, want %v", c.new, c.old, r, c.want)
		}
	}
	var m Message
	if r := m.Scan([]byte(strings.Replace(string(wire(invite)), "70\r\n", "70\n", 1))); r != BareLine {
		t.Errorf("LF alone: %v, want %v", r, BareLine)
	}
	if r := m.Scan(make([]byte, MaxMessage+1)); r != TooLong {
		t.Errorf("too long: %v", r)
	}
}

func TestPop(t *testing.T) {
	head := "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 2 BYE\r\n"
	for _, c := range []struct {
		routes, want string
		n            int
	}{
		{"Route: <sip:1>,<sip:2>\r\nX: y\r\nRoute: <sip:3> , <sip:4>,<sip:5>\r\n", "Route: <sip:2>\r\nX: y\r\nRoute: <sip:3> , <sip:4>,<sip:5>\r\n", 1},
		{"Route: <sip:1>,<sip:2>\r\nX: y\r\nRoute: <sip:3> , <sip:4>,<sip:5>\r\n", "X: y\r\nRoute: <sip:3> , <sip:4>,<sip:5>\r\n", 2},
		{"Route: <sip:1>,<sip:2>\r\nX: y\r\nRoute: <sip:3> , <sip:4>,<sip:5>\r\n", "X: y\r\nRoute: <sip:5>\r\n", 4},
		{"Route: <sip:1>,<sip:2>\r\nX: y\r\nRoute: <sip:3> , <sip:4>,<sip:5>\r\n", "X: y\r\n", 5},
		{"Route: \"q, r\" <sip:1,x>\r\n ,\r\n <sip:2>\r\n", "Route: <sip:2>\r\n", 1},
	} {
		var m Message
		if r := m.Scan([]byte(head + c.routes + "\r\n")); r != OK {
			t.Fatal(r)
		}
		var e Edits
		e.Pop(&m.Routes, c.n)
		if got := string(e.Apply(nil, &m)); got != head+c.want+"\r\n" {
			t.Errorf("pop %d of %q: %q, want %q", c.n, c.routes, got[len(head):], c.want)
		}
	}
}

func TestAnswerable(t *testing.T) {
	for _, c := range []struct{ via, src, want string }{
		{"192.0.2.1;branch=b", "192.0.2.1:5060", "192.0.2.1;branch=b"},
		{"192.0.2.1;branch=b", "192.0.2.9:5060", "192.0.2.1;branch=b;received=192.0.2.9"},
		{"192.0.2.1;rport;branch=b", "192.0.2.1:7000", "192.0.2.1;rport=7000;branch=b;received=192.0.2.1"},
		{"192.0.2.1;RPORT = 1 ;branch=b;received=198.51.100.1", "192.0.2.1:7000", "192.0.2.1;RPORT=7000 ;branch=b;received=192.0.2.1"},
		{"client.example.com;branch=b", "[2001:db8::1]:7000", "client.example.com;branch=b;received=2001:db8::1"},
		{"[2001:db8::1]:7000;branch=b", "[2001:db8::1]:7000", "[2001:db8::1]:7000;branch=b"},
	} {
		var m Message
		if r := m.Scan([]byte("BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP " + c.via + ", SIP/2.0/UDP z\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 2 BYE\r\n\r\n")); r != OK {
			t.Fatal(c.via, r)
		}
		var e Edits
		e.Answerable(&m, netip.MustParseAddrPort(c.src))
		_, line, _ := strings.Cut(string(e.Apply(nil, &m)), "UDP ")
		if got, _, _ := strings.Cut(line, ", SIP"); got != c.want {
			t.Errorf("%s from %s became %s, want %s", c.via, c.src, got, c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ addr, host, ip string }{
		{"0.0.0.0:1", "0.0.0.0:1", "0.0.0.0"},
		{"9.10.99.100:65535", "9.10.99.100:65535", "9.10.99.100"},
		{"255.249.200.101:5060", "255.249.200.101:5060", "255.249.200.101"},
		{"[::ffff:192.0.2.1]:5060", "192.0.2.1:5060", "192.0.2.1"},
		{"[2001:db8::1]:5060", "[2001:db8::1]:5060", "2001:db8::1"},
		{"[fe80::1%eth0]:5060", "[fe80::1]:5060", "fe80::1"},
	} {
		var e Edits
		m := Message{}
		a := netip.MustParseAddrPort(c.addr)
		if got := string(e.At(0).Addr(a).Text(" ").IP(a.Addr()).Apply(nil, &m)); got != c.host+" "+c.ip {
			t.Errorf("%s: %q", c.addr, got)
		}
	}
}

func TestNothingOfALineEndGetsIn(t *testing.T) {
	m := scan(t, invite)
	var e Edits
	e.At(m.HeadEnd).Text("X: a\r\nEvil: 1\x00").Bytes([]byte("\r\n\r\nb")).EndLine()
	out := string(e.Apply(nil, m))
	if !strings.Contains(out, "\r\nX: aEvil: 1b\r\n\r\n") {
		t.Errorf("%q", out)
	}
}

func TestNoAllocations(t *testing.T) {
	b, src := wire(odd), netip.MustParseAddrPort("[2001:db8::1]:7000")
	var m Message
	var e Edits
	out := make([]byte, 0, 4096)
	forward := func() {
		if m.Scan(b) != OK {
			t.Fatal("refused")
		}
		e.Reset()
		e.Answerable(&m, src)
		e.Hop(&m)
		e.Pop(&m.Routes, 1)
		e.At(m.Vias.At(0).Line).Text("Via: SIP/2.0/UDP ").Addr(src).EndLine()
		out = e.Apply(out[:0], &m)
		ParseIP(m.Text(m.Via.Host))
	}
	forward()
	if n := testing.AllocsPerRun(100, forward); n != 0 {
		t.Errorf("%v allocations per message, want 0", n)
	}
}

func BenchmarkForward(b *testing.B) {
	msg, src := wire(invite), netip.MustParseAddrPort("192.0.2.1:7000")
	var m Message
	var e Edits
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		m.Scan(msg)
		e.Reset()
		e.Answerable(&m, src)
		e.Hop(&m)
		e.At(m.Vias.At(0).Line).Text("Via: SIP/2.0/UDP ").Addr(src).EndLine()
		out = e.Apply(out[:0], &m)
	}
}

func BenchmarkSlowTwin(b *testing.B) {
	msg := string(wire(invite))
	for b.Loop() {
		slowScan(msg)
	}
}
