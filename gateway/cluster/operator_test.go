package cluster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Words for all pools are said in all of them or in none.
func TestAdjustInAllPools(t *testing.T) {
	r := &Registry{}
	route := "taken"
	other := all("b")
	other.Members = append(other.Members, MemberSpec{Node: "n2", Route: &route})
	apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 1), node("n2", 2)}, Pools: []PoolSpec{all("a"), other}})
	weight := 7
	if err := r.Adjust("", "n1", MemberWords{Weight: &weight, Route: &route}); err == nil {
		t.Error("a route that another has in one of the pools")
	}
	m := func(pool string) *Member { return r.View().Pool(pool).Member("n1") }
	if m("a").Weight != 1 || m("b").Weight != 1 || m("a").Route != "n1" {
		t.Errorf("half of it was done: %+v %+v", m("a"), m("b"))
	}
	act := Disabled
	if err := r.Adjust("", "n1", MemberWords{Weight: &weight, Activation: &act}); err != nil {
		t.Fatal(err)
	}
	if m("a").Weight != 7 || m("b").Weight != 7 || m("a").Activation != Disabled || m("b").Activation != Disabled {
		t.Errorf("%+v %+v", m("a"), m("b"))
	}
	if err := r.Adjust("", "n9", MemberWords{Weight: &weight}); !errors.Is(err, ErrUnknownNode) {
		t.Error(err)
	}
}

// What is set back follows the configuration again where it was as configured,
// in pools that came meanwhile as well.
func TestRestore(t *testing.T) {
	r := &Registry{}
	spec := Spec{Nodes: []NodeSpec{node("n1", 1)}, Pools: []PoolSpec{all("a"), all("b")}}
	apply(t, r, spec)
	say := func(pool string, a Activation) {
		t.Helper()
		if err := r.SetActivation(pool, "n1", a); err != nil {
			t.Fatal(err)
		}
	}
	say("b", Stopped)
	say("", Disabled)
	spec.Pools = append(spec.Pools, all("c"))
	apply(t, r, spec)
	is := func(pool string) Activation { return r.View().Pool(pool).Member("n1").Activation }
	if is("c") != Disabled {
		t.Errorf("in a new pool it is %s", is("c"))
	}
	if err := r.Restore("n1", map[string]Activation{"a": Active, "b": Stopped, "gone": Stopped}); err != nil {
		t.Fatal(err)
	}
	if is("a") != Active || is("b") != Stopped || is("c") != Active {
		t.Errorf("%s %s %s", is("a"), is("b"), is("c"))
	}
	disabled := Disabled
	spec.Pools[0].Members[0].Activation = &disabled
	apply(t, r, spec)
	if is("a") != Disabled || is("b") != Stopped {
		t.Errorf("with another configuration: %s %s", is("a"), is("b"))
	}
	if err := r.Restore("n9", nil); !errors.Is(err, ErrUnknownNode) {
		t.Error(err)
	}
}

// A node that was taken away for good takes what was said of it along.
func TestForget(t *testing.T) {
	r := &Registry{}
	spec := Spec{Nodes: []NodeSpec{node("n1", 1), node("n2", 2)}, Pools: []PoolSpec{all("a")}}
	apply(t, r, spec)
	weight := 7
	for _, n := range []string{"n1", "n2"} {
		if err := errors.Join(r.SetActivation("", n, Stopped), r.Adjust("a", n, MemberWords{Weight: &weight})); err != nil {
			t.Fatal(err)
		}
	}
	apply(t, r, Spec{Nodes: spec.Nodes[1:], Pools: spec.Pools})
	if err := r.Forget("n1"); err != nil {
		t.Fatal(err)
	}
	apply(t, r, spec)
	if m := r.View().Pool("a").Member("n1"); m.Activation != Active || m.Weight != 1 {
		t.Errorf("n1 %+v", m)
	}
	if m := r.View().Pool("a").Member("n2"); m.Activation != Stopped || m.Weight != 7 {
		t.Errorf("n2 %+v", m)
	}
}

// A node that stays down is asked less and less often, till somebody wants to
// know.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Second})
		defer g.stop()
		g.sip.kill("n1", true)
		count := func(d time.Duration) int {
			before := len(g.sip.times("n1"))
			time.Sleep(d)
			synctest.Wait()
			return len(g.sip.times("n1")) - before
		}
		if n := count(5 * time.Second); n < 5 {
			t.Errorf("%d probes at first", n)
		}
		time.Sleep(20 * time.Second)
		if n := count(time.Minute); n < 9 || n > 12 {
			t.Errorf("%d probes in a minute of a node that is down for long", n)
		}
		if n := count(0); n != 0 {
			t.Error(n)
		}
		for what, ask := range map[string]func(){
			"traffic":     func() { g.Report(g.node("n1"), SIP, Answered) },
			"an operator": func() { g.Probe(t.Context(), "n1") },
			"activation":  func() { g.SetActivation("", "n1", Active) },
		} {
			ask()
			if n := count(4 * time.Second); n < 3 {
				t.Errorf("after %s asked: %d probes", what, n)
			}
			time.Sleep(30 * time.Second)
		}
		g.sip.kill("n1", false)
		if err := g.Probe(t.Context(), "n1"); err != nil || g.health("n1") == Down {
			t.Errorf("it is back and %s: %v", g.health("n1"), err)
		}
	})
}

func TestProbeNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Hour})
		defer g.stop()
		time.Sleep(2 * time.Second)
		begin := time.Now()
		if err := g.Probe(t.Context(), "n1"); err != nil || !g.node("n1").Check(SIP).Record().At.After(begin) || time.Since(begin) > time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if err := g.Probe(t.Context(), "n9"); !errors.Is(err, ErrUnknownNode) {
			t.Error(err)
		}
		g.sip.mu.Lock()
		g.sip.hangs = true
		g.sip.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := g.Probe(ctx, "n1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("of a node that hangs: %v", err)
		}
	})
}

// Who an operator says is active has no rest any more, whatever it had failed
// or asked for.
func TestAnActiveNodeIsNotResting(t *testing.T) {
	r := &Registry{}
	n := apply(t, r, boxes(1)).Named("node1")
	active, weight := Active, 3
	for what, x := range map[string]struct {
		say  func() error
		over bool
	}{
		"set":      {func() error { return r.SetActivation("", "node1", Active) }, true},
		"adjusted": {func() error { return r.Adjust("p", "node1", MemberWords{Activation: &active}) }, true},
		"disabled": {func() error { return r.SetActivation("p", "node1", Disabled) }, false},
		"weighed":  {func() error { return r.Adjust("p", "node1", MemberWords{Weight: &weight}) }, false},
	} {
		n.Rest(SIP, time.Now().Add(time.Hour))
		if err := x.say(); err != nil || n.Resting(SIP) == x.over {
			t.Errorf("%s: resting %v, %v", what, n.Resting(SIP), err)
		}
	}
}
