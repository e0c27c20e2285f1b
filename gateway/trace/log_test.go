package trace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	node1 = &cluster.Member{Node: &cluster.Node{Name: "node1"}}
	node2 = &cluster.Member{Node: &cluster.Node{Name: "node2"}}
	alice = appsession.Key{Space: appsession.App, Value: "alice"}
	webID = appsession.Key{Space: appsession.HTTP, Value: "3F9A11223344556677889900AABBCCC1"}
)

// clock is a time that moves one second with every look.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { c.t = c.t.Add(time.Second); return c.t }

func newLog() *Log {
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return &Log{MaxBytes: 1 << 20, Now: c.now}
}

func ask(service cluster.Service, keys ...appsession.Key) *gateway.Ask {
	a := &gateway.Ask{Wants: service}
	for _, k := range keys {
		a.Add(k, gateway.SourceQuery)
	}
	return a
}

func id(n int) appsession.ID { return appsession.Namer{}.ID(appsession.Key{Value: fmt.Sprint(n)}) }

func (v Event) brief() string {
	s := fmt.Sprintf("%s %s %s>%s %s x%d", v.Type, v.Proto, v.From, v.Node, v.Rule, v.Count)
	for _, k := range v.Keys {
		s += " " + k.Space.String() + "=" + k.Text
	}
	return s
}

func briefs(list []Event) string {
	var b strings.Builder
	for _, v := range list {
		b.WriteString(v.brief() + "\n")
	}
	return b.String()
}

func TestTimeline(t *testing.T) {
	const want = `decision http >node1 balance x1 app=ali…e http=3F9A…C1
learned http >node1 from_node x1 http=3F9A…C1
decision http >node1 cookie_route x5 http=3F9A…C1
moved  node1>node2 failover_down x1
decision sip >node2 failover_down x1 app=ali…e
decision sip > no_node x1 app=ali…e
`
	write := func(l *Log) {
		l.Decided(ask(cluster.HTTP, alice, webID), &gateway.Decision{Member: node1, Session: id(1), Rule: gateway.Balance}, nil)
		l.Learned(node1.Node, ask(cluster.HTTP, webID), id(1))
		for range 5 {
			l.Decided(ask(cluster.HTTP, webID), &gateway.Decision{Member: node1, Session: id(1), Rule: gateway.CookieRoute}, nil)
			l.Decided(ask(cluster.HTTP, webID), &gateway.Decision{Member: node1, Session: id(2), Rule: gateway.CookieRoute}, nil)
		}
		l.Moved(id(1), appsession.Change{From: "node1", To: "node2"}, gateway.FailoverDown)
		l.Decided(ask(cluster.SIP, alice), &gateway.Decision{Member: node2, Session: id(1), Rule: gateway.FailoverDown, Moved: true}, nil)
		l.Decided(ask(cluster.SIP, alice), &gateway.Decision{Session: id(1), Rule: gateway.NoNode}, gateway.ErrNoNode)
	}
	t.Run("from the rings", func(t *testing.T) {
		l := newLog()
		write(l)
		if got := briefs(l.Timeline(id(1))); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if got := l.Timeline(id(3)); len(got) != 0 {
			t.Errorf("a stranger has a timeline: %v", got)
		}
	})
	t.Run("collected, then overwritten", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLog()
			ctx, stop := context.WithCancel(context.Background())
			done := make(chan error)
			go func() { done <- l.Run(ctx) }()
			synctest.Wait()
			write(l)
			time.Sleep(collectEvery + time.Millisecond)
			synctest.Wait()
			r := &l.rings[shardOf(id(1), 0)]
			other := id(1)
			other[0]++ // another session of the same shard
			for range 3 * len(r.list) {
				l.Decided(ask(cluster.HTTP, webID), &gateway.Decision{Member: node1, Session: other, Rule: gateway.CookieRoute}, nil)
			}
			if n := len(l.ringOf(id(1))); n != 0 {
				t.Errorf("%d entries are still in the ring: the test proves nothing", n)
			}
			if got := briefs(l.Timeline(id(1))); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if c := l.Counts(); c.Lost == 0 {
				t.Error("what was overwritten before it was collected was not counted")
			}
		})
	})
	t.Run("half collected", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLog()
			ctx, stop := context.WithCancel(context.Background())
			done := make(chan error)
			go func() { done <- l.Run(ctx) }()
			synctest.Wait()
			d := &gateway.Decision{Member: node1, Session: id(1), Rule: gateway.CookieRoute}
			for range 3 {
				l.Decided(ask(cluster.HTTP, webID), d, nil)
			}
			time.Sleep(collectEvery + time.Millisecond)
			synctest.Wait()
			for range 2 {
				l.Decided(ask(cluster.HTTP, webID), d, nil)
			}
			list := l.Timeline(id(1))
			if len(list) != 1 || list[0].Count != 5 {
				t.Errorf("got %s", briefs(list))
			}
			if got := list[0].Until.Sub(list[0].At); got != 4*time.Second {
				t.Errorf("from first to last %v", got)
			}
			stop()
			<-done
		})
	})
}

func TestTimelineIsBounded(t *testing.T) {
	tl := &timeline{}
	for i := range 10 * timelineMost {
		tl.add(Event{Type: Moved, seq: uint64(i + 1), last: uint64(i + 1), Node: fmt.Sprint(i)})
	}
	if len(tl.events) != timelineMost {
		t.Fatalf("%d events", len(tl.events))
	}
	if tl.events[0].Node != "0" || tl.events[timelineMost-1].Node != fmt.Sprint(10*timelineMost-1) {
		t.Error("the first and the last are to be kept")
	}
	sum := int64(0)
	for i := range tl.events {
		sum += tl.events[i].size()
	}
	if tl.bytes != sum {
		t.Errorf("bytes %d, counted again %d", tl.bytes, sum)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	l := newLog()
	l.MaxBytes = 1 << 19
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	for l.detail.Load() == nil {
	}
	d := l.detail.Load()
	for n := range 20000 {
		l.Decided(ask(cluster.HTTP, alice, webID), &gateway.Decision{Member: node1, Session: id(n), Rule: gateway.Balance}, nil)
		if n%500 == 0 {
			l.collect(&detail{d.cache})
		}
	}
	c := l.Counts()
	if c.Bytes > l.MaxBytes*11/10 {
		t.Errorf("%d bytes held, %d allowed", c.Bytes, l.MaxBytes)
	}
	if c.Refused+c.Evicted == 0 {
		t.Error("not every timeline can have found room, and nothing was counted")
	}
	stop()
	<-done
}

// Writers, readers and the collector do not wait for one another's mistakes.
func TestManyAtOnce(t *testing.T) {
	l := &Log{MaxBytes: 1 << 20}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { l.Run(ctx) })
	sub := l.Subscribe(10)
	defer sub.Close()
	group.Go(func() {
		for {
			if _, _, err := sub.Next(ctx); err != nil {
				return
			}
		}
	})
	var work sync.WaitGroup
	for g := range 4 {
		work.Go(func() {
			a := ask(cluster.SIP, alice, webID)
			for n := range 5000 {
				l.Decided(a, &gateway.Decision{Member: node1, Session: id(n % 50), Rule: gateway.Balance}, nil)
				if n%50 == g {
					l.Moved(id(n%50), appsession.Change{From: "node1", To: "node2"}, gateway.Switchover)
					l.Timeline(id(n % 50))
					l.Recent(5)
					l.Counts()
				}
			}
		})
	}
	work.Wait()
	stop()
	group.Wait()
	if c := l.Counts(); c.SIP.Total != 20000 || c.Moves[gateway.Switchover] != 400 {
		t.Errorf("%+v", c)
	}
}

func TestSecretsAreShortened(t *testing.T) {
	for _, x := range []struct {
		space       appsession.Space
		value, want string
	}{
		{appsession.HTTP, "3F9A11223344556677889900AABBCCC1", "3F9A…C1"},
		{appsession.HTTP, "abc", "…"},
		{appsession.HTTP, "1234567890ab", "12…b"},
		{appsession.App, "alice", "ali…e"},
		{appsession.App, "al", "a…"},
		{appsession.App, "", ""},
		{appsession.Call, "a84b4c76e66710@pc33.atlanta.com", "a84b4c76e667….com"},
		{appsession.App, "\x1b[31m\r\nred", ".[3…d"},
		{appsession.App, "<script>alert(1)</script>", "<sc…>"},
		{appsession.Call, strings.Repeat("é", 300), "............…...."},
	} {
		got := Mask(appsession.Key{Space: x.space, Value: x.value})
		if got != x.want {
			t.Errorf("%v %q: got %q, want %q", x.space, x.value, got, x.want)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add(uint8(3), "3F9A11223344556677889900AABBCCC1")
	f.Add(uint8(1), "é")
	f.Add(uint8(2), "")
	f.Fuzz(func(t *testing.T, space uint8, value string) {
		s := appsession.Space(space % 4)
		head, tail := Shown(s, len(value))
		if head < 0 || tail < 0 || head+tail > len(value) || head > headBytes || tail > tailBytes {
			t.Fatalf("shows %d and %d of %d", head, tail, len(value))
		}
		if s == appsession.HTTP && 4*(head+tail) > len(value) {
			t.Fatalf("shows %d of a secret of %d", head+tail, len(value))
		}
		for _, c := range Mask(appsession.Key{Space: s, Value: value}) {
			if c != '…' && (c < ' ' || c > '~') {
				t.Fatalf("control character %q", c)
			}
		}
	})
}

func TestSubscriptionLosesAndTells(t *testing.T) {
	l := newLog()
	slow, fast := l.Subscribe(3), l.Subscribe(100)
	batch := make([]Event, 10)
	for i := range batch {
		batch[i].seq = uint64(i)
	}
	l.publish(batch)
	ctx := context.Background()
	if got, lost, err := slow.Next(ctx); len(got) != 3 || lost != 7 || err != nil || got[2].seq != 9 {
		t.Errorf("slow: %d events, %d lost, %v", len(got), lost, err)
	}
	if got, lost, _ := fast.Next(ctx); len(got) != 10 || lost != 0 {
		t.Errorf("fast: %d events, %d lost", len(got), lost)
	}
	fast.Close()
	slow.Close()
	l.publish(batch)
	over, stop := context.WithCancel(ctx)
	stop()
	if _, _, err := fast.Next(over); !errors.Is(err, context.Canceled) {
		t.Errorf("after Close: %v", err)
	}
}

func TestRecent(t *testing.T) {
	l := newLog()
	for n := range 50 {
		l.Decided(ask(cluster.SIP, alice), &gateway.Decision{Member: node1, Session: id(n), Rule: gateway.Balance}, nil)
	}
	list := l.Recent(10)
	if len(list) != 10 {
		t.Fatalf("%d events", len(list))
	}
	for i, v := range list {
		if v.Session != id(49-i) {
			t.Errorf("%d: not the newest first", i)
		}
	}
}

func TestOffCountsOnly(t *testing.T) {
	l := &Log{}
	l.Decided(ask(cluster.SIP), &gateway.Decision{Rule: gateway.Balance, Session: id(1)}, nil)
	l.Learned(nil, ask(cluster.SIP), id(1))
	l.Moved(id(1), appsession.Change{}, gateway.Switchover)
	c := l.Counts()
	if c.SIP.Total != 1 || c.Moves[gateway.Switchover] != 1 || c.Bytes != 0 || len(l.Timeline(id(1)))+len(l.Recent(5)) != 0 {
		t.Errorf("%+v", c)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := l.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestMetrics(t *testing.T) {
	l := newLog()
	l.Decided(ask(cluster.HTTP), &gateway.Decision{Rule: gateway.CookieRoute}, nil)
	l.Moved(id(1), appsession.Change{}, gateway.FailoverDown)
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(l.Metrics()); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, p := range m.Label {
				name += " " + p.GetValue()
			}
			found[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"twinhop_route_decisions_total http cookie_route": 1,
		"twinhop_route_decisions_total sip cookie_route":  0,
		"twinhop_session_moves_total failover_down":       1,
		"twinhop_trace_lost_total":                        0,
	} {
		if got, ok := found[name]; !ok || got != want {
			t.Errorf("%s = %v (%v), want %v", name, got, ok, want)
		}
	}
	if found["twinhop_trace_bytes"] == 0 {
		t.Error("no bytes")
	}
}

func TestDecidedDoesNotAllocate(t *testing.T) {
	l := &Log{MaxBytes: 64 << 20}
	a := ask(cluster.SIP, alice, webID)
	a.Hint.Route = "node1"
	d := &gateway.Decision{Member: node1, Session: id(1), Rule: gateway.CookieRoute}
	l.Decided(a, d, nil)
	if n := testing.AllocsPerRun(1000, func() { l.Decided(a, d, nil) }); n != 0 {
		t.Errorf("%v allocations per decision", n)
	}
	if n := testing.AllocsPerRun(1000, func() { l.Learned(node1.Node, a, d.Session) }); n != 0 {
		t.Errorf("%v allocations per lesson", n)
	}
}

func BenchmarkDecided(b *testing.B) {
	l := &Log{MaxBytes: 64 << 20}
	a := ask(cluster.SIP, alice, webID, appsession.Key{Space: appsession.Call, Value: "a84b4c76e66710@pc33.atlanta.com"})
	a.Hint.Route = "node1"
	ids := make([]appsession.ID, 1024)
	for i := range ids {
		ids[i] = id(i)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		d := gateway.Decision{Member: node1, Session: ids[n&1023], Rule: gateway.CookieRoute}
		l.Decided(a, &d, nil)
	}
}

func TestWhatNodesBeginIsCounted(t *testing.T) {
	l := newLog()
	begin := ask(cluster.SIP, alice)
	begin.Kind = gateway.Open
	answer := ask(cluster.SIP, alice)
	answer.Kind = gateway.Within
	cookie := ask(cluster.HTTP, webID)
	cookie.Kind = gateway.Open
	for _, a := range []*gateway.Ask{begin, begin, answer, cookie} {
		l.Learned(node1.Node, a, id(1))
	}
	if c := l.Counts(); c.SIP.Begun != 2 || c.HTTP.Begun != 0 || c.SIP.Total != 0 {
		t.Errorf("%+v", c)
	}
}

func TestLikeLessonsTakeOneLine(t *testing.T) {
	l := newLog()
	a := ask(cluster.SIP, alice)
	a.Kind = gateway.Within
	l.Learned(node1.Node, a, id(1))
	l.Learned(node1.Node, a, id(1))
	l.Learned(node2.Node, a, id(1))
	got := l.Timeline(id(1))
	if len(got) != 2 || got[0].Count != 2 || got[0].Node != "node1" || got[1].Count != 1 {
		t.Errorf("%+v", got)
	}
}
