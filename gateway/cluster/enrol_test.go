package cluster

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func enrol(t *testing.T, r *Registry, nodes ...NodeSpec) *View {
	t.Helper()
	if err := r.Enrol(nodes); err != nil {
		t.Fatal(err)
	}
	return r.View()
}

func memberNames(p *Pool) (all []string) {
	for _, m := range p.Members {
		all = append(all, m.Name)
	}
	return all
}

func TestEnrolledNodesAreBesideTheConfigured(t *testing.T) {
	r := &Registry{}
	spec := Spec{Nodes: []NodeSpec{node("n1", 1)}, Pools: []PoolSpec{all("p"), {Name: "one", Members: []MemberSpec{{Node: "n1"}}}}}
	apply(t, r, spec)
	b := node("b", 3)
	b.Instance = "ID7"
	v := enrol(t, r, b, node("a", 2))
	if got := memberNames(v.Pool("p")); !slices.Equal(got, []string{"n1", "a", "b"}) {
		t.Errorf("members %v", got)
	}
	if got := memberNames(v.Pool("one")); !slices.Equal(got, []string{"n1"}) {
		t.Errorf("who is not asked for is a member: %v", got)
	}
	if v.Instance("ID7") != v.Named("b") || v.Instance("ID8") != nil || v.Instance("") != nil {
		t.Error("not found by its instance")
	}
	if !v.Named("a").Announced || v.Named("n1").Announced {
		t.Error("who announced itself?")
	}
	spec.Nodes = append(spec.Nodes, node("n2", 4))
	if v = apply(t, r, spec); v.Named("a") == nil || v.Named("n2") == nil {
		t.Error("Apply forgot the announced")
	}
	if v = enrol(t, r); len(v.Nodes) != 2 || v.RouteNode("a") != "a" {
		t.Error("who departed is there, or its route is forgotten")
	}
	if err := r.Enrol([]NodeSpec{{Name: "no good"}}); err == nil || r.View() != v {
		t.Errorf("taken: %v", err)
	}
}

func TestConfiguredNodesWin(t *testing.T) {
	r := &Registry{}
	apply(t, r, Spec{Pools: []PoolSpec{all("p")}})
	other := node("x", 1) // at the SIP address of n1
	routed := node("y", 3)
	routed.Route = "n1"
	v := enrol(t, r, node("n1", 2), other, routed)
	if len(v.Nodes) != 3 || v.Pool("p").Routed("n1").Name != "n1" || v.Pool("p").Member("y") != nil {
		t.Fatalf("%d nodes", len(v.Nodes))
	}
	v = apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 1)}, Pools: []PoolSpec{all("p")}})
	if v.Named("n1").Announced || v.Named("x") != nil || v.Named("y") == nil || len(v.Pool("p").Members) != 1 {
		t.Error("an announced node got in the way of a configured one")
	}
	if v = apply(t, r, Spec{Pools: []PoolSpec{all("p")}}); !v.Named("n1").Announced || v.Named("x") == nil {
		t.Error("who was left out is not back")
	}
}

func TestDrainingCountsWhateverTheOperatorSaid(t *testing.T) {
	r := &Registry{}
	apply(t, r, Spec{Pools: []PoolSpec{all("p")}})
	events, stop := r.Watch(10)
	defer stop()
	n := node("a", 1)
	enrol(t, r, n)
	n.Draining = true
	v := enrol(t, r, n)
	if a := v.Pool("p").Member("a").Activation; a != Disabled {
		t.Errorf("it is %s", a)
	}
	if <-events; (<-events).What != Activated {
		t.Error("nobody was told")
	}
	if err := r.SetActivation("", "a", Stopped); err != nil {
		t.Fatal(err)
	}
	if a := r.View().Pool("p").Member("a").Activation; a != Stopped {
		t.Errorf("stopped by the operator it is %s", a)
	}
	if err := r.SetActivation("", "a", Active); err != nil {
		t.Fatal(err)
	}
	if a := r.View().Pool("p").Member("a").Activation; a != Disabled {
		t.Errorf("made active by the operator it is %s", a)
	}
}

// A rule that lists a node as active does not call back one that drains.
func TestDrainingCountsInVariants(t *testing.T) {
	r := &Registry{}
	p := all("p")
	n := node("a", 1)
	p.Variants = []Variant{{Name: "v", Activation: map[string]Activation{n.Name: Active}}, {Name: "w", Activation: map[string]Activation{n.Name: Stopped}}}
	apply(t, r, Spec{Nodes: []NodeSpec{n}, Pools: []PoolSpec{p}})
	is := func(variant string) Activation { return r.View().Pool("p").Variant(variant).Member("a").Activation }
	if is("v") != Active || is("w") != Stopped {
		t.Fatalf("before it drains: %s, %s", is("v"), is("w"))
	}
	n.Draining = true
	enrol(t, r, n)
	if is("v") != Disabled || is("w") != Stopped {
		t.Errorf("while it drains: %s, %s", is("v"), is("w"))
	}
}

// A configured node that heart-beats drains while it says so; the rest is as configured.
func TestConfiguredNodesDrainWhenTheySaySo(t *testing.T) {
	r := &Registry{}
	n1, n2 := node("n1", 1), node("n2", 2)
	n1.Weight, n1.Capacity = 3, map[string]int{"pstn": 5}
	spec := Spec{Nodes: []NodeSpec{n1, n2}, Pools: []PoolSpec{all("p")}}
	apply(t, r, spec)
	want := func(v *View, disabled ...string) {
		t.Helper()
		for _, m := range v.Pool("p").Members {
			drains := slices.Contains(disabled, m.Name)
			if m.Node.Draining != drains || (m.Activation == Disabled) != drains || m.Configured != Active {
				t.Errorf("%s draining %t, %s, configured %s", m.Name, m.Node.Draining, m.Activation, m.Configured)
			}
		}
		m := v.Pool("p").Member("n1")
		if most, _ := m.Capacity.Max("pstn"); len(v.Nodes) != 2 || m.Weight != 3 || most != 5 || m.Gen != 0 || m.Announced {
			t.Errorf("%d nodes, n1 has weight %d and sizes %v", len(v.Nodes), m.Weight, m.Capacity)
		}
	}
	named, placed := node("n1", 7), node("x", 2) // by its name, by its SIP address
	named.Draining, named.Weight, named.Gen, named.Capacity = true, 9, 7, map[string]int{"pstn": 1}
	placed.Draining = true
	want(enrol(t, r, named), "n1")
	want(apply(t, r, spec), "n1")
	want(enrol(t, r, named, placed), "n1", "n2")
	if err := r.SetActivation("", "n1", Active); err != nil {
		t.Fatal(err)
	}
	want(r.View(), "n1", "n2")
	named.Draining = false
	want(enrol(t, r, named, placed), "n2")
	want(enrol(t, r))
}

func TestAnotherIncarnationBeginsAnew(t *testing.T) {
	r := &Registry{}
	apply(t, r, Spec{Pools: []PoolSpec{all("p")}})
	n := node("a", 1)
	n.Gen = 7
	v := enrol(t, r, n)
	force(v.Named("a"), SIP, Down)
	v.Named("a").Rest(HTTP, time.Now().Add(time.Hour))
	v.Named("a").Load().Requests.Add(3)
	m := v.Pool("p").Member("a")
	m.Load.Errors.Add(2)
	m.Load.recovery.Failed(time.Now())
	n.Weight = 5
	if v = enrol(t, r, n); v.Named("a").Health(SIP) != Down || !v.Named("a").Resting(HTTP) || v.Pool("p").Member("a").Load.Errors.Load() != 2 {
		t.Fatal("the same process lost what was known of it")
	}
	n.Gen = 8
	v = enrol(t, r, n)
	now := v.Pool("p").Member("a")
	if now.Health(SIP) != Unknown || now.Resting(HTTP) || now.Node.Load().Requests.Load() != 0 || now.Load.Errors.Load() != 0 || now.State() != StateIdle {
		t.Error("what is known of the old process is held against the new one")
	}
	if now.Load.start.At().IsZero() {
		t.Error("it does not warm up")
	}
}

func TestAnnouncedNodesAreProbedAtFirstAndInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Second})
		defer g.stop()
		enrol(t, g.Registry, NodeSpec{Name: "a", SIP: []Address{at("udp", 9, 5080)}})
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(g.sip.times("a")); n != 1 || g.health("a") != Up || len(g.sip.times("n1")) < 50 {
			t.Fatalf("probed %d times, %s", n, g.health("a"))
		}
		if err := g.Probe(t.Context(), "a"); err != nil || len(g.sip.times("a")) != 2 {
			t.Errorf("asked for: %v, probed %d times", err, len(g.sip.times("a")))
		}
		g.sip.kill("a", true)
		g.Report(g.node("a"), SIP, Failed)
		time.Sleep(10 * time.Second)
		if g.health("a") != Down {
			t.Errorf("in doubt it is %s", g.health("a"))
		}
	})
}

func TestSeenByTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Registry{}
		apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 1)}, Pools: []PoolSpec{all("p")}})
		v := enrol(t, r, node("a", 2))
		static, a := v.Named("n1"), v.Named("a")
		if r.Saw(static); !static.Seen().IsZero() || !a.Seen().IsZero() {
			t.Error("seen without a message, or configured")
		}
		r.Saw(a)
		first := time.Now()
		if !a.Seen().Equal(first) {
			t.Errorf("seen at %v", a.Seen())
		}
		time.Sleep(time.Second)
		if !a.Seen().Equal(first) {
			t.Errorf("seen at %v", a.Seen())
		}
		r.Heard(v.At(netip.AddrPortFrom(a.Addr(SIP).Addr.Addr(), a.Addr(SIP).Addr.Port()), SIP), SIP, 200)
		if !a.Seen().Equal(time.Now()) {
			t.Errorf("an answer is no sign of life: %v", a.Seen())
		}
		if n := testing.AllocsPerRun(100, func() { r.Saw(a) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// Of nodes that told of themselves their release and domain are remembered in
// the pool when they leave, until they are back; of boundedly many.
func TestFormerMembers(t *testing.T) {
	r := &Registry{}
	apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 1)}, Pools: []PoolSpec{all("p")}})
	a := node("a", 2)
	a.Version, a.Domain, a.Gen = 1, "east", 7
	enrol(t, r, a)
	if f := enrol(t, r).Pool("p").Former("a"); f == nil || f.Version != 1 || f.Domain != "east" || f.Gen != 7 || !f.Left ||
		f.Usable(SIP) || f.Alive(SIP) || f.Eligible(SIP) {
		t.Errorf("who left: %+v", f)
	}
	if p := r.View().Pool("p"); p.Releases(1, SIP) || !p.Releases(0, SIP) {
		t.Error("who is there of a release?")
	}
	if f := enrol(t, r, a).Pool("p").Former("a"); f != nil {
		t.Errorf("it is back: %+v", f)
	}
	b := a
	b.Version, b.Gen = 2, 8
	if f := enrol(t, r, b).Pool("p").Former("a"); f == nil || f.Gen != 7 {
		t.Errorf("another release is in its place: %+v", f)
	}
	apply(t, r, Spec{Pools: []PoolSpec{all("p")}})
	if f := r.View().Pool("p").Former("n1"); f != nil {
		t.Errorf("who is not configured any more is remembered: %+v", f)
	}
	for i := range 300 {
		x := node("x"+string(rune('a'+i%26))+string(rune('a'+i/26)), 3)
		enrol(t, r, x)
	}
	if p := r.View().Pool("p"); len(p.former) != maxFormer || p.Former("a") != nil {
		t.Errorf("%d are remembered", len(p.former))
	}
}

// A node whose sessions end with every misunderstanding has dialogs that go by
// its release.
func TestLifeOfUnsteadyNodes(t *testing.T) {
	one, other := Node{Gen: 7, Version: 1}, Node{Gen: 8, Version: 1}
	if one.Life() == other.Life() || (&Node{}).Life() != 0 {
		t.Error("another incarnation is the same life, or a static node has one")
	}
	one.Unsteady, other.Unsteady = true, true
	if one.Life() != other.Life() || one.Life() == 0 {
		t.Error("another session is another life")
	}
	if other.Version = 2; one.Life() == other.Life() {
		t.Error("another release is the same life")
	}
}
