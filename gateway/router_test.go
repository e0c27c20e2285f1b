package gateway_test

import (
	"errors"
	"strings"
	"testing"

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
