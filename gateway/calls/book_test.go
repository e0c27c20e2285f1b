package calls

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func members(t testing.TB, n int) []*cluster.Member {
	t.Helper()
	var nodes []cluster.NodeSpec
	for i := range n {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 5080)
		nodes = append(nodes, cluster.NodeSpec{Name: fmt.Sprintf("node%d", i+1), SIP: []cluster.Address{{Scheme: "udp", Addr: at}}})
	}
	r := &cluster.Registry{}
	err := r.Apply(cluster.Spec{Nodes: nodes, Pools: []cluster.PoolSpec{{Name: "p", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return r.View().Pool("p").Members
}

func call(id string) appsession.Key { return appsession.Key{Space: appsession.Call, Value: id} }

func expect(t *testing.T, b *Book, want ...int) {
	t.Helper()
	total := 0
	for i, n := range want {
		total += n
		if got := b.Count(fmt.Sprintf("node%d", i+1)); got != n {
			t.Errorf("node%d carries %d calls, want %d", i+1, got, n)
		}
	}
	if b.Total() != total {
		t.Errorf("total %d, want %d", b.Total(), total)
	}
}

func TestLifeOfACall(t *testing.T) {
	m := members(t, 2)
	b := &Book{}
	expect(t, b, 0, 0)
	for range 2 {
		if !b.Open(call("a"), m[0]) {
			t.Error("a call was not counted")
		}
	}
	expect(t, b, 1, 0)
	b.Open(call("a"), m[1]) // the INVITE was tried elsewhere
	expect(t, b, 0, 1)
	b.Answer(call("a"))
	b.Open(call("a"), m[0]) // an answered call does not wander by an INVITE
	expect(t, b, 0, 1)
	for range 2 {
		if !b.Shift(call("a"), m[0]) {
			t.Error("a call was not shifted")
		}
	}
	expect(t, b, 1, 0)
	if !b.Close(call("a")) || b.Close(call("a")) {
		t.Error("closing is reported wrongly")
	}
	expect(t, b, 0, 0)
	if b.Answer(call("a")) || b.Touch(call("a")) || b.Shift(call("a"), m[1]) || b.Has(call("a")) {
		t.Error("a closed call is still known")
	}
	expect(t, b, 0, 0)
}

func TestRealmsKeepCallsApart(t *testing.T) {
	m := members(t, 1)
	b := &Book{}
	one, two := call("a"), call("a")
	two.Realm = 1
	b.Open(one, m[0])
	b.Open(two, m[0])
	expect(t, b, 2)
}

func TestKeysAreCloned(t *testing.T) {
	m := members(t, 1)
	b := &Book{}
	buf := []byte("call-in-a-packet-buffer")
	b.Open(appsession.Key{Space: appsession.Call, Value: unsafe.String(&buf[0], len(buf))}, m[0])
	copy(buf, strings.Repeat("x", len(buf)))
	if !b.Has(call("call-in-a-packet-buffer")) {
		t.Error("the key changed with the buffer")
	}
}

func TestSweep(t *testing.T) {
	touch := func(b *Book) { b.Touch(call("a")) }
	answer := func(b *Book) { b.Answer(call("a")) }
	tests := []struct {
		name         string
		first, later func(b *Book) // the second after wait
		wait, lives  time.Duration
	}{
		{name: "unanswered: Timer C", lives: DefaultRing},
		{name: "a provisional response resets Timer C", wait: 2 * time.Minute, later: touch, lives: DefaultRing},
		{name: "answered: the dialog's time", first: answer, lives: DefaultDialog},
		{name: "a message in the dialog keeps it", first: answer, wait: 11 * time.Hour, later: touch, lives: DefaultDialog},
		{name: "a re-INVITE keeps it", first: answer, wait: 11 * time.Hour, lives: DefaultDialog,
			later: func(b *Book) { b.Open(call("a"), members(t, 1)[0]) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := members(t, 1)
				b := &Book{}
				b.Open(call("a"), m[0])
				if tt.first != nil {
					tt.first(b)
				}
				time.Sleep(tt.wait)
				if tt.later != nil {
					tt.later(b)
				}
				time.Sleep(tt.lives - time.Second)
				if n := b.Sweep(time.Now()); n != 0 || b.Total() != 1 {
					t.Fatalf("swept %d too early", n)
				}
				time.Sleep(time.Second)
				if n := b.Sweep(time.Now()); n != 1 {
					t.Fatalf("swept %d, want 1", n)
				}
				expect(t, b, 0)
			})
		})
	}
}

func TestFullBook(t *testing.T) {
	m := members(t, 1)
	b := &Book{Max: 2}
	for i, want := range []bool{true, true, false} {
		if got := b.Open(call(fmt.Sprint(i)), m[0]); got != want {
			t.Errorf("call %d counted: %v", i, got)
		}
	}
	if expect(t, b, 2); b.Missed() != 1 {
		t.Errorf("missed %d", b.Missed())
	}
	if !b.Open(call("0"), m[0]) {
		t.Error("a call in a full book is not known any more")
	}
	b.Close(call("0"))
	if !b.Open(call("2"), m[0]) {
		t.Error("a place that became free is not used")
	}
}

func TestOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := members(t, 2)
		b := &Book{}
		if !b.Oldest("").IsZero() {
			t.Error("an oldest call in an empty book")
		}
		start := time.Now()
		b.Open(call("a"), m[0])
		time.Sleep(time.Minute)
		b.Open(call("b"), m[1])
		if got := b.Oldest(""); !got.Equal(start) {
			t.Errorf("oldest of all: %v", got.Sub(start))
		}
		if got := b.Oldest("node2"); !got.Equal(start.Add(time.Minute)) {
			t.Errorf("oldest of node2: %v", got.Sub(start))
		}
	})
}

func TestListing(t *testing.T) {
	m := members(t, 2)
	b := &Book{}
	for i := range 200 {
		b.Open(call(fmt.Sprint(i)), m[i%2])
	}
	b.Answer(call("7"))
	var ids []string
	for c := range b.All() {
		ids = append(ids, c.Key.Value)
		if c.Answered != (c.Key.Value == "7") {
			t.Errorf("call %s answered: %v", c.Key.Value, c.Answered)
		}
		b.Close(c.Key) // a listing may be acted on
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 200 {
		t.Errorf("listed %d calls", len(ids))
	}
	expect(t, b, 0, 0)
	for range b.All() {
		t.Error("a call in an empty book")
	}
}

// The book agrees with a plain map whatever is done in whatever order.
func TestAgainstModel(t *testing.T) {
	m := members(t, 3)
	rapid.Check(t, func(rt *rapid.T) {
		b, model, answered := &Book{}, map[string]string{}, map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			id := rapid.StringOfN(rapid.RuneFrom([]rune("abcd")), 1, 1, -1).Draw(rt, "call")
			to := rapid.SampledFrom(m).Draw(rt, "member")
			_, known := model[id]
			var got, want bool
			switch rapid.IntRange(0, 3).Draw(rt, "op") {
			case 0:
				got, want = b.Open(call(id), to), true
				if !known || !answered[id] {
					model[id] = to.Name
				}
			case 1:
				got, want = b.Answer(call(id)), known
				answered[id] = known
			case 2:
				got, want = b.Shift(call(id), to), known
				if known {
					model[id] = to.Name
				}
			case 3:
				got, want = b.Close(call(id)), known
				delete(model, id)
				delete(answered, id)
			}
			if got != want {
				rt.Fatalf("call %s: reported %v, want %v", id, got, want)
			}
			counts := map[string]int{}
			for _, node := range model {
				counts[node]++
			}
			for _, x := range m {
				if b.Count(x.Name) != counts[x.Name] {
					rt.Fatalf("%s carries %d, want %d", x.Name, b.Count(x.Name), counts[x.Name])
				}
			}
			if b.Total() != len(model) {
				rt.Fatalf("total %d, want %d", b.Total(), len(model))
			}
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	m := members(t, 3)
	b := &Book{Max: 50}
	var all sync.WaitGroup
	for g := range 6 {
		all.Go(func() {
			for i := range 400 {
				k := call(fmt.Sprint(i % 70))
				switch (g + i) % 6 {
				case 0, 1:
					b.Open(k, m[i%3])
				case 2:
					b.Answer(k)
				case 3:
					b.Shift(k, m[(i+1)%3])
				case 4:
					b.Close(k)
				case 5:
					b.Sweep(time.Now())
				}
				if n := b.Total(); n > 50+6 { // a refused one is counted for an instant
					t.Errorf("%d calls in a book of 50", n)
				}
			}
		})
	}
	all.Wait()
	for c := range b.All() {
		b.Close(c.Key)
	}
	expect(t, b, 0, 0, 0)
}

func TestMetrics(t *testing.T) {
	m := members(t, 2)
	b := &Book{}
	b.Open(call("secret-call-id"), m[1])
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(b)
	got, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(got)
	if strings.Contains(text, "secret") {
		t.Error("a metric names a call")
	}
	if !strings.Contains(text, "twinhop_calls") || !strings.Contains(text, "node2") {
		t.Errorf("calls are not shown: %s", text)
	}
}

func BenchmarkOpenClose(b *testing.B) {
	m := members(b, 1)
	book := &Book{}
	b.ReportAllocs()
	k := call("a84b4c76e66710@pc33.example.com")
	for b.Loop() {
		book.Open(k, m[0])
		book.Close(k)
	}
}
