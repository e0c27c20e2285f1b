package gateway_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// recovery reads "60s": the recover_time of the pool.
func recovery(t *testing.T, s string) *cluster.Recovery {
	if s == "" {
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatalf("settings: recovery=%s: %v", s, err)
	}
	return &cluster.Recovery{Time: d}
}

// variant reads "nostick,stateless,node1:disabled".
func variant(t *testing.T, s string) []cluster.Variant {
	if s == "" {
		return nil
	}
	v := cluster.Variant{Name: "v", Activation: map[string]cluster.Activation{}}
	for _, word := range strings.Split(s, ",") {
		switch node, state, _ := strings.Cut(word, ":"); {
		case word == "nostick":
			v.NoStick = true
		case word == "stateless":
			v.Stateless = true
		default:
			a, ok := cluster.ParseActivation(state)
			if !ok {
				t.Fatalf("settings: variant=%s: %q", s, word)
			}
			v.Activation[node] = a
		}
	}
	return []cluster.Variant{v}
}

var outcomes = []gateway.Outcome{gateway.OK, gateway.NotSent, gateway.Refused, gateway.Reset, gateway.Timeout, gateway.Overload, gateway.ServerError,
	gateway.ClientGone, gateway.Unasked, gateway.Garbled, gateway.Declined, gateway.StatusFailed}

// end tells how a message ended: well, or as its word "ended" says; with
// "runs" it does not end.
func (s *stage) end(d gateway.Decision, w map[string]string) {
	if _, ok := w["runs"]; ok {
		return
	}
	how := gateway.OK
	for _, o := range outcomes {
		if o.String() == w["ended"] {
			how = o
		}
	}
	if w["ended"] != "" && w["ended"] != how.String() {
		s.t.Fatalf("ended=%s", w["ended"])
	}
	d.Done(how, gateway.Usage{})
}

// The outcomes that a pool with Recovery holds against its members, and what
// they do not do: none of them makes a node down.
func TestOutcomesOfARecoveringPool(t *testing.T) {
	want := map[gateway.Outcome]string{gateway.NotSent: "ERR", gateway.Reset: "ERR", gateway.Timeout: "ERR", gateway.StatusFailed: "ERR",
		gateway.Overload: "OK/IDLE", gateway.Garbled: "OK/IDLE", gateway.Unasked: "OK/IDLE"}
	for _, o := range outcomes {
		s := stageOf(t, "-- nodes --\nnode1\n-- settings --\nrecovery=60s\n")
		for range 5 {
			s.do("http runs")
			m := s.registry.View().Pool("default").Member("node1")
			d := s.decide("http")
			m.Load.Busy.Store(1)
			d.Done(o, gateway.Usage{})
		}
		m := s.registry.View().Pool("default").Member("node1")
		state := want[o]
		if state == "" {
			state = "OK"
		}
		if m.State().String() != state || m.Health(cluster.HTTP) != cluster.Unknown && o != gateway.OK && o != gateway.Declined {
			t.Errorf("%s: the member is %s, its node %s", o, m.State(), m.Health(cluster.HTTP))
		}
	}
}

// Sticky is what the message named, and the only member of a pool.
func TestStickyDecision(t *testing.T) {
	s := stageOf(t, "-- nodes --\nnode1 domain=d\nnode2 domain=d\n")
	for line, want := range map[string]bool{"http": false, "http cookie=A.node2": true, "http cookie=.node2": true, "http cookie=B": false,
		"http cookie=C.node9": false, "http cookie=D.d": false} {
		if d := s.decide(line); d.Sticky != want {
			t.Errorf("%s: sticky %v", line, d.Sticky)
		}
	}
	if d := stageOf(t, "-- nodes --\nnode1\n").decide("http cookie=A.node9"); !d.Sticky {
		t.Error("the only member of a pool is not sticky")
	}
}

func stageOf(t *testing.T, text string) *stage {
	t.Helper()
	return newStage(t, txtar.Parse([]byte(text)))
}

// decide plays a message without ending it.
func (s *stage) decide(line string) gateway.Decision {
	s.t.Helper()
	_, rest, _ := strings.Cut(line, " ")
	s.fill(words(rest))
	d, err := s.router.Route(s.t.Context(), &s.ask)
	if err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	return d
}
