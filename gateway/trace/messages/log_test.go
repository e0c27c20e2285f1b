package messages

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"twinhop/appsession"
	"twinhop/gateway/trace"
)

var (
	phone = netip.MustParseAddrPort("198.51.100.7:5062")
	door  = netip.MustParseAddrPort("192.0.2.1:5060")
	node  = netip.MustParseAddrPort("10.0.0.2:5080")
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
)

func id(n int) appsession.ID { return appsession.ID{0: byte(n >> 8), 15: byte(n)} }

// clocked is a log whose clock is one millisecond further whenever it is read.
func clocked(max int64) *Log {
	at := noon
	return &Log{MaxBytes: max, Now: func() time.Time { at = at.Add(time.Millisecond); return at }}
}

func invite(call string) *Message {
	return &Message{Call: call, Method: "INVITE", CSeq: 1, Peer: phone, Local: door, Transport: "udp", Data: []byte("INVITE sip:bob@h SIP/2.0\r\nAuthorization: SECRET\r\n\r\n")}
}

func briefs(list []Summary) string {
	var b strings.Builder
	for _, s := range list {
		way := "in"
		if s.Out {
			way = "out"
		}
		fmt.Fprintf(&b, "%s %s %s %d %s %s\n", s.Proto, way, s.Method, s.Status, s.Path, s.Node)
	}
	return b.String()
}

func TestOneClockForBothProtocols(t *testing.T) {
	l := clocked(1 << 20)
	l.Exchange(&Exchange{Session: id(1), Method: "POST", Target: "/call?to=bob", Status: 302, Node: "node1", Began: noon.Add(-time.Second), Took: 5 * time.Millisecond})
	l.Message(invite("a@x"))
	out := invite("a@x")
	out.Out, out.Inside, out.Node, out.Peer = true, true, "node1", node
	l.Message(out)
	l.Message(&Message{Call: "a@x", Method: "INVITE", Status: 180, CSeq: 1, Inside: true, Node: "node1", Peer: node})
	l.Message(invite("of somebody else"))
	l.Exchange(&Exchange{Session: id(2), Method: "GET", Target: "/other", Status: 200, Began: noon})
	l.Exchange(&Exchange{Session: id(1), Method: "GET", Target: "/state", Status: 200, Node: "node1", Began: noon.Add(time.Second)})
	got := briefs(l.Of(id(1), []uint64{trace.CallMark("a@x"), trace.CallMark("a@x"), 0}))
	want := `http out POST 302 /call node1
sip in INVITE 0  
sip out INVITE 0  node1
sip in INVITE 180  node1
http out GET 200 /state node1
`
	if want = strings.ReplaceAll(want, "http out", "http in"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestNumbersAreUniqueAndGrow(t *testing.T) {
	l := clocked(1 << 20)
	var marks []uint64
	for n := range 40 {
		call := fmt.Sprint("call ", n)
		marks = append(marks, trace.CallMark(call))
		l.Message(invite(call))
		l.Message(invite(call))
	}
	seen := map[uint64]bool{}
	for _, m := range marks {
		list := l.Of(appsession.ID{}, []uint64{m})
		if len(list) != 2 || list[0].N >= list[1].N {
			t.Fatalf("%+v", list)
		}
		for _, s := range list {
			if s.N == 0 || seen[s.N] {
				t.Errorf("number %d given twice", s.N)
			}
			seen[s.N] = true
		}
	}
}

func TestSessionIDsInTargetsAreNotKept(t *testing.T) {
	for target, want := range map[string]string{
		"/shop/cart;jsessionid=3F9A11223344.node1?x=1": "/shop/cart",
		"/shop/cart%3bjsessionid=3F9A11223344":         "/shop/cart",
		"/shop/cart%3Bjsessionid=3F9A11223344":         "/shop/cart",
		"/a?appsession=secret":                         "/a",
		"*":                                            "*",
		"":                                             "",
		"/100%25":                                      "/100%25",
		"/tail%3":                                      "/tail%3",
		"/\x1b[31m":                                    "/.[31m",
		"/" + strings.Repeat("x", 300):                 "/" + strings.Repeat("x", pathBytes-1),
	} {
		l := clocked(1 << 20)
		l.Exchange(&Exchange{Session: id(1), Method: "GET", Target: target})
		if got := l.Of(id(1), nil); len(got) != 1 || got[0].Path != want {
			t.Errorf("%q: got %+v, want %q", target, got, want)
		}
	}
}

func TestMemoryIsBoundedAndTheOldestGoFirst(t *testing.T) {
	l := clocked(1)
	for n := range 10 * minRing {
		m := invite("a@x")
		m.CSeq = uint32(n)
		l.Message(m)
	}
	got := l.Of(appsession.ID{}, []uint64{trace.CallMark("a@x")})
	if len(got) != minRing || got[0].CSeq != 9*minRing || got[minRing-1].CSeq != 10*minRing-1 {
		t.Errorf("%d left, from %d", len(got), got[0].CSeq)
	}
}

func TestNothingIsRememberedWhenOff(t *testing.T) {
	var none *Log
	for _, l := range []*Log{none, {}} {
		l.Message(invite("a@x"))
		l.Exchange(&Exchange{Session: id(1)})
		if got := l.Of(id(1), []uint64{trace.CallMark("a@x")}); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	}
	l := clocked(1 << 20)
	l.Message(invite(""))
	l.Exchange(&Exchange{Method: "GET"})
	if got := l.Of(appsession.ID{}, []uint64{0}); len(got) != 0 {
		t.Errorf("of no session: %+v", got)
	}
}

func TestOddNumbersDoNoHarm(t *testing.T) {
	l := clocked(1 << 20)
	l.Exchange(&Exchange{Session: id(1), Status: -1, Began: noon})
	l.Exchange(&Exchange{Session: id(1), Status: 99999, Began: noon})
	for _, s := range l.Of(id(1), nil) {
		if s.Status != 0 {
			t.Errorf("%+v", s)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	l := &Log{MaxBytes: 1 << 18}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			call := fmt.Sprint("call ", g%2)
			for range 2000 {
				l.Message(invite(call))
				l.Exchange(&Exchange{Session: id(g), Method: "GET", Target: "/", Status: 200})
			}
			if len(l.Of(id(g), []uint64{trace.CallMark(call)})) == 0 {
				t.Error("nothing found")
			}
		})
	}
	all.Wait()
}

func TestWritingDoesNotAllocate(t *testing.T) {
	l := &Log{MaxBytes: 8 << 20}
	m, x := invite("a84b4c76e66710@pc33.atlanta.com"), &Exchange{Session: id(1), Method: "GET", Target: "/shop/cart;jsessionid=1", Status: 200, Began: noon}
	l.Message(m)
	if n := testing.AllocsPerRun(1000, func() { l.Message(m) }); n != 0 {
		t.Errorf("%v allocations for a message", n)
	}
	exported := 0
	for _, export := range []func(Message){nil, func(m Message) { exported += len(m.Data) }} {
		l.Export = export
		// Fronts make each anew: it must not outlive the call.
		if n := testing.AllocsPerRun(1000, func() {
			own := Message{Call: m.Call, Method: m.Method, Peer: m.Peer, Local: m.Local, Data: m.Data}
			l.Message(&own)
		}); n != 0 {
			t.Errorf("%v allocations for a message that is made anew, exported: %v", n, export != nil)
		}
	}
	if exported == 0 {
		t.Error("nothing exported")
	}
	if n := testing.AllocsPerRun(1000, func() { l.Exchange(x) }); n != 0 {
		t.Errorf("%v allocations for an exchange", n)
	}
}

func BenchmarkMessage(b *testing.B) {
	l := &Log{MaxBytes: 64 << 20}
	calls := make([]string, 1024)
	for i := range calls {
		calls[i] = fmt.Sprintf("a84b4c76e66710-%d@pc33.atlanta.com", i)
	}
	m, n := invite(""), 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		m.Call = calls[n&1023]
		l.Message(m)
	}
}

func BenchmarkExchange(b *testing.B) {
	l := &Log{MaxBytes: 64 << 20}
	x, n := &Exchange{Method: "GET", Target: "/shop/cart;jsessionid=3F9A?x=1", Status: 200, Node: "node1", Began: noon}, 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		x.Session = id(n & 1023)
		l.Exchange(x)
	}
}

// An entry is a cache line or two, and the garbage collector has nothing to
// follow in it: what is written for each message is what it costs.
func TestEntriesAreSmall(t *testing.T) {
	if m, x := unsafe.Sizeof(entry{}), unsafe.Sizeof(exchange{}); m != 64 || x != 128 {
		t.Errorf("%d bytes for a message, %d for an exchange", m, x)
	}
	for _, e := range []reflect.Type{reflect.TypeFor[entry](), reflect.TypeFor[exchange]()} {
		for i := range e.NumField() {
			f := e.Field(i)
			if f.Type.Kind() == reflect.Array {
				f.Type = f.Type.Elem()
			}
			if k := f.Type.Kind(); f.Type != reflect.TypeFor[entry]() && (k < reflect.Int || k > reflect.Uint64) {
				t.Errorf("%v.%s is a %v", e, f.Name, f.Type)
			}
		}
	}
}

func TestAddressesAndNamesComeBack(t *testing.T) {
	l := clocked(1 << 20)
	var peers []netip.AddrPort
	for i, text := range []string{"198.51.100.7:5062", "[2001:db8::1]:5060", "[::ffff:198.51.100.7]:5060", "0.0.0.0:0"} {
		peers = append(peers, netip.MustParseAddrPort(text))
		m := invite("a@x")
		m.Peer, m.Node, m.Local = peers[i], fmt.Sprint("node", i), netip.AddrPortFrom(door.Addr(), uint16(i+1))
		l.Message(m)
		l.Exchange(&Exchange{Session: id(1), Method: "GET", Target: "/", Peer: m.Peer, Local: m.Local, Node: m.Node, Took: time.Hour, Began: noon})
	}
	nobody := invite("a@x")
	nobody.Peer, nobody.Local, nobody.Transport = netip.AddrPort{}, netip.AddrPort{}, ""
	l.Message(nobody)
	list := l.Of(appsession.ID{}, []uint64{trace.CallMark("a@x")})
	for i, x := range append(l.Of(id(1), nil), list[:4]...) {
		n := i % 4
		if want := fmt.Sprint("node", n); x.Peer != peers[n] || x.Node != want || x.Local.Port() != uint16(n+1) || i < 4 && x.Took != time.Hour || i >= 4 && x.Transport != "udp" {
			t.Errorf("%d: %+v", i, x)
		}
	}
	if x := list[4]; x.Peer.IsValid() || x.Local.IsValid() || x.Transport != "" || x.Node != "" {
		t.Errorf("%+v", x)
	}
}

// Nodes come and go for ever; the list of their names does not grow for ever.
func TestNumbersAreBounded(t *testing.T) {
	var n numbers[int]
	for k := range maxNames + 9 {
		i := n.number(k)
		if got := n.name(i); k < maxNames && got != k || k >= maxNames && i != 0 {
			t.Fatalf("%d has the number %d, which is %d's", k, i, got)
		}
	}
	if len(n.known.Load().list) != maxNames {
		t.Error("more than the most")
	}
	if i := n.number(maxNames - 1); n.name(i) != maxNames-1 {
		t.Error("forgotten")
	}
}

// A message came when its batch did, not when it was looked at.
func TestMessagesKnowWhenTheyCame(t *testing.T) {
	l := clocked(1 << 20)
	m := invite("a@x")
	m.At = noon.Add(-time.Second)
	l.Message(m)
	l.Message(invite("a@x"))
	if got := l.Of(appsession.ID{}, []uint64{trace.CallMark("a@x")}); !got[0].At.Equal(m.At) || !got[1].At.After(noon) {
		t.Errorf("%v, %v", got[0].At, got[1].At)
	}
}
