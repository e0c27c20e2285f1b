package gateway_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

const twoNodes = "-- nodes --\nnode1\nnode2\n"

// Deciding on what is known must not allocate: it happens on every message.
func TestTryDoesNotAllocate(t *testing.T) {
	s := newStage(t, txtar.Parse([]byte(twoNodes)))
	s.do("http cookie=AAA.node1 appsession=alice")
	s.do("sip from.user=alice call=c1")
	view := s.registry.View()
	for _, c := range []struct {
		name string
		fill func(*gateway.Ask)
	}{
		{"http sticky", func(a *gateway.Ask) {
			a.Wants = cluster.HTTP
			a.Add(appsession.Key{Space: appsession.App, Value: "alice"}, gateway.SourceQuery)
			a.Add(appsession.Key{Space: appsession.HTTP, Value: "AAA"}, gateway.SourceCookie)
			a.Hint = gateway.Hint{Route: "node1", Source: gateway.SourceCookie}
		}},
		{"sip retransmission", func(a *gateway.Ask) {
			a.Wants = cluster.SIP
			a.Add(appsession.Key{Space: appsession.App, Value: "alice"}, gateway.SourceFromUser)
			a.Add(appsession.Key{Space: appsession.Call, Value: "c1"}, gateway.SourceCallID)
		}},
		{"sip in dialog", func(a *gateway.Ask) {
			a.Kind, a.Wants = gateway.Within, cluster.SIP
			a.Add(appsession.Key{Space: appsession.Call, Value: "c1"}, gateway.SourceCallID)
			a.Hint = gateway.Hint{Node: "node1", Source: gateway.SourceRoute}
		}},
		{"sip cancel", func(a *gateway.Ask) {
			a.Kind, a.Wants = gateway.Same, cluster.SIP
			a.Add(appsession.Key{Space: appsession.Call, Value: "c1"}, gateway.SourceCallID)
		}},
	} {
		var a gateway.Ask
		try := func() {
			a.Reset()
			a.View, a.Pool = view, view.Pool("default")
			c.fill(&a)
			d, err := s.router.Try(&a)
			if err != nil || d.Member.Name != "node1" {
				t.Fatalf("%s: %v, %v", c.name, d, err)
			}
			d.Done(gateway.OK, gateway.Usage{})
		}
		try()
		if n := testing.AllocsPerRun(200, try); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

// Try never waits for a shared table.
func TestTryAsks(t *testing.T) {
	s := newStage(t, txtar.Parse([]byte(twoNodes)))
	s.broken.down = true
	s.fill(words("from.user=alice call=c1"))
	if _, err := s.router.Try(&s.ask); !errors.Is(err, gateway.ErrAsk) {
		t.Fatalf("got %v, want ErrAsk", err)
	}
}

func TestRulesAndSourcesHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range gateway.Rules() {
		if w := r.String(); w == "" || seen[w] {
			t.Errorf("rule %d: word %q is empty or taken", r, w)
		} else {
			seen[w] = true
		}
	}
}

// What a client may put into keys and hints never makes the Router panic or
// serve a node that is not usable.
func FuzzDecide(f *testing.F) {
	f.Add("AAA", "node1", "alice", "c1", "node1", uint8(0))
	f.Add("", "node9", "", "", "", uint8(3))
	f.Add("x.y", "east.node2", "\x00", string(make([]byte, 600)), "node2", uint8(13))
	f.Fuzz(func(t *testing.T, id, route, app, call, node string, flags uint8) {
		s := newStage(t, txtar.Parse([]byte("-- nodes --\nnode1 redirect=node2\nnode2 domain=east\nnode3 stopped\n")))
		for range 3 {
			a := &s.ask
			a.Reset()
			a.View = s.registry.View()
			a.Pool = a.View.Pool("default")
			a.Kind, a.Wants, a.Adopt = gateway.Kind(flags%3), cluster.Service(flags>>2%2), flags&8 != 0
			a.Add(appsession.Key{Space: appsession.App, Value: app}, gateway.SourceQuery)
			a.Add(appsession.Key{Space: appsession.HTTP, Value: id}, gateway.SourceCookie)
			a.Add(appsession.Key{Space: appsession.Call, Value: call}, gateway.SourceCallID)
			a.Hint = gateway.Hint{Route: route, Source: gateway.SourceCookie}
			if flags&16 != 0 {
				a.Hint = gateway.Hint{Node: node, Source: gateway.SourceTarget}
			}
			d, err := s.router.Route(t.Context(), a)
			if err == nil && !d.Member.Usable(a.Wants) {
				t.Fatalf("served by %s, which is not usable", d.Member.Name)
			}
			d.Done(gateway.OK, gateway.Usage{})
			flags = flags>>1 | flags<<7
		}
	})
}

func BenchmarkTry(b *testing.B) {
	s := newStage(&testing.T{}, txtar.Parse([]byte(twoNodes)))
	s.do("sip from.user=alice call=c1")
	view := s.registry.View()
	var a gateway.Ask
	b.ReportAllocs()
	for b.Loop() {
		a.Reset()
		a.Kind, a.Wants, a.View, a.Pool = gateway.Within, cluster.SIP, view, view.Pool("default")
		a.Add(appsession.Key{Space: appsession.Call, Value: "c1"}, gateway.SourceCallID)
		a.Hint = gateway.Hint{Node: "node1", Source: gateway.SourceRoute}
		if _, err := s.router.Try(&a); err != nil {
			b.Fatal(err)
		}
	}
}

// A value that is too long to be kept is known by its hash, wherever it comes.
func TestLongIDIsWithdrawn(t *testing.T) {
	s := newStage(t, txtar.Parse([]byte(twoNodes)))
	id := strings.Repeat("A", appsession.MaxValue+1)
	s.do("http cookie=" + id + ".node2")
	s.do("learn from=node2 cookie=" + id + ".node2 gone=" + id)
	for session := range s.store.All(t.Context()) {
		if len(session.Keys) != 1 || session.Keys[0].Life == 0 {
			t.Errorf("the id still lives as long as the session: %v", session.Keys)
		}
	}
}

// bindings counts what is written, and can withhold how long a key is kept, as a store may that does not know.
type bindings struct {
	appsession.Store
	binds int
	mute  bool
}

func (b *bindings) Find(ctx context.Context, keys []appsession.Key) (appsession.Binding, error) {
	found, err := b.Store.Find(ctx, keys)
	if b.mute {
		found.Kept = 0
	}
	return found, err
}

func (b *bindings) Bind(ctx context.Context, to appsession.Binding, keys []appsession.Alias) (appsession.Binding, error) {
	b.binds++
	return b.Store.Bind(ctx, to, keys)
}

// The answers of a call after the first one say nothing new: the table is only written when the call shall be kept for another time, or is
// on another node.
func TestAnswersThatChangeNothing(t *testing.T) {
	for name, mute := range map[string]bool{"a store that tells": false, "a store that does not": true} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, txtar.Parse([]byte(twoNodes)))
			s.do("sip call=c1")
			store := &bindings{Store: s.router.Store, mute: mute}
			s.router.Store = store
			view := s.registry.View()
			first, err := store.Find(t.Context(), []appsession.Key{{Space: appsession.Call, Value: "c1"}})
			if err != nil {
				t.Fatal(err)
			}
			store.binds = 0
			other := "node1"
			if first.Node == other {
				other = "node2"
			}
			for i, c := range []struct {
				node  string
				life  time.Duration
				binds int
			}{
				{first.Node, time.Hour, 1}, // ringing
				{first.Node, time.Hour, 0}, // answered
				{first.Node, time.Minute, 1},
				{first.Node, time.Minute, 0},
				{other, time.Minute, 1}, // a late word of another node counts
				{other, time.Minute, 0},
				{other, time.Hour, 1},
			} {
				var a gateway.Ask
				a.Kind, a.Wants, a.View, a.Pool = gateway.Within, cluster.SIP, view, view.Pool("default")
				a.Add(appsession.Key{Space: appsession.Call, Value: "c1"}, gateway.SourceCallID)
				a.Evidence[0].Life = c.life
				before := store.binds
				id, err := s.router.Learn(t.Context(), view.Named(c.node), &a)
				if err != nil || id != first.ID {
					t.Fatalf("%d: %v, %v", i, id, err)
				}
				want := c.binds
				if mute {
					want = 1
				}
				if n := store.binds - before; n != want {
					t.Errorf("answer %d: written %d times, want %d", i, n, want)
				}
				b, err := s.router.Store.(*bindings).Store.Find(t.Context(), []appsession.Key{{Space: appsession.Call, Value: "c1"}})
				if err != nil || b.Node != c.node || b.Kept < c.life-time.Second || b.Kept > c.life {
					t.Errorf("answer %d: %+v, %v", i, b, err)
				}
			}
		})
	}
}
