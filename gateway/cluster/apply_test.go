package cluster

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestWhatOutlivesAView(t *testing.T) {
	r := &Registry{}
	spec := Spec{Nodes: []NodeSpec{node("n1", 1), node("n2", 2)}, Pools: []PoolSpec{all("p")}}
	v := apply(t, r, spec)
	force(v.Named("n1"), SIP, Down)
	force(v.Named("n1"), HTTP, Up)
	v.Named("n1").Load().Served.Add(5)
	v.Pool("p").Member("n1").Load.Elected.Add(7)

	spec.Nodes = []NodeSpec{node("n3", 3), node("n1", 1)} // n2 went, the order changed
	spec.Nodes[1].Weight = 9
	v = apply(t, r, spec)
	n1 := v.Named("n1")
	if n1.Health(SIP) != Down || n1.Health(HTTP) != Up || n1.Load().Served.Load() != 5 || v.Pool("p").Member("n1").Load.Elected.Load() != 7 {
		t.Error("health or counters were lost")
	}
	if v.Named("n2") != nil || v.RouteNode("n2") != "n2" {
		t.Error("the route of a removed node must stay resolvable, the node must not")
	}

	spec.Nodes[1].SIP[0] = at("udp", 1, 5999)
	v = apply(t, r, spec)
	if v.Named("n1").Health(SIP) != Unknown || v.Named("n1").Health(HTTP) != Up {
		t.Error("at a new address nothing is known of SIP; HTTP did not move")
	}

	taker := node("n4", 4)
	taker.Route = "n2"
	spec.Nodes = append(spec.Nodes, taker)
	if v = apply(t, r, spec); v.RouteNode("n2") != "n4" {
		t.Error("a live node's route leads to a dead one")
	}
}

func TestActivation(t *testing.T) {
	draining := Disabled
	base := Spec{Nodes: []NodeSpec{node("n1", 1), node("n2", 2)},
		Pools: []PoolSpec{all("p"), all("q", MemberSpec{Node: "n2", Activation: &draining}), {Name: "solo", Members: []MemberSpec{{Node: "n2"}}}}}
	type say struct {
		pool, node string
		a          Activation
	}
	tests := []struct {
		name string
		said []say
		want string // n1 in p, n1 in q, n2 in p, n2 in q
	}{
		{"configured", nil, "active active active disabled"},
		{"everywhere", []say{{"", "n1", Stopped}}, "stopped stopped active disabled"},
		{"in one pool", []say{{"q", "n1", Disabled}}, "active disabled active disabled"},
		{"one pool after all", []say{{"", "n1", Stopped}, {"p", "n1", Active}}, "active stopped active disabled"},
		{"all after one pool", []say{{"p", "n1", Active}, {"", "n1", Stopped}}, "stopped stopped active disabled"},
		{"over the configuration", []say{{"", "n2", Active}}, "active active active active"},
		{"back to the configuration", []say{{"", "n1", Stopped}, {"", "n1", Active}}, "active active active disabled"},
	}
	look := func(v *View) string {
		var out []string
		for _, n := range []string{"n1", "n2"} {
			for _, p := range []string{"p", "q"} {
				out = append(out, v.Pool(p).Member(n).Activation.String())
			}
		}
		return strings.Join(out, " ")
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &Registry{}
			apply(t, r, base)
			for _, s := range tt.said {
				if err := r.SetActivation(s.pool, s.node, s.a); err != nil {
					t.Fatal(err)
				}
			}
			if got := look(r.View()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			apply(t, r, Spec{Nodes: base.Nodes[1:], Pools: []PoolSpec{all("p")}})
			apply(t, r, base)
			if got := look(r.View()); got != tt.want {
				t.Errorf("after n1 was away: got %s, want %s", got, tt.want)
			}
			if c := r.View().Pool("q").Member("n2").Configured; c != Disabled {
				t.Errorf("n2 is configured %s", c)
			}
		})
	}

	r := &Registry{}
	apply(t, r, base)
	r.SetActivation("", "n1", Disabled)
	r.SetActivation("", "n1", Active)
	changed := base
	changed.Nodes = []NodeSpec{node("n1", 1), node("n2", 2)}
	changed.Nodes[0].Activation = Stopped
	if v := apply(t, r, changed); v.Pool("p").Member("n1").Activation != Stopped {
		t.Error("who says what is configured leaves the word to the configuration")
	}
	for _, bad := range []say{{"x", "n1", Active}, {"p", "x", Active}, {"solo", "n1", Active}, {"", "x", Active}, {"", "n1", 9}} {
		before := r.View()
		if err := r.SetActivation(bad.pool, bad.node, bad.a); err == nil || r.View() != before {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// A member that comes back must not be flooded because others counted on.
func TestLoadValueIsLevelled(t *testing.T) {
	r := &Registry{}
	spec := Spec{Nodes: []NodeSpec{node("n1", 1), node("n2", 2)}, Pools: []PoolSpec{all("p")}}
	p := apply(t, r, spec).Pool("p")
	p.Member("n1").Load.Value.Store(100)
	value := func(name string) int64 { return r.View().Pool("p").Member(name).Load.Value.Load() }

	r.SetActivation("", "n2", Disabled)
	if value("n2") != 0 {
		t.Error("draining changed the load value")
	}
	r.SetActivation("", "n2", Active)
	if value("n2") != 100 {
		t.Errorf("active again with %d", value("n2"))
	}
	spec.Nodes = append(spec.Nodes, node("n3", 3))
	apply(t, r, spec)
	if value("n3") != 100 {
		t.Errorf("new with %d", value("n3"))
	}
	bad := spec
	bad.Nodes = append(spec.Nodes[:3:3], NodeSpec{Name: "serves nothing"})
	p = r.View().Pool("p")
	p.Member("n1").Load.Value.Store(500)
	r.SetActivation("", "n3", Stopped)
	bad.Nodes[2].Activation = Active
	if err := r.Apply(bad); err == nil || value("n3") != 100 {
		t.Errorf("a bad description: %v, load value %d", err, value("n3"))
	}
	force(p.Member("n2").Node, SIP, Down)
	r.healthChanged("n2", SIP, change{was: Down, is: Recovering})
	if value("n2") != 500 || value("n3") != 100 {
		t.Errorf("recovering with %d, steady with %d", value("n2"), value("n3"))
	}
}

func TestWatch(t *testing.T) {
	r := &Registry{}
	events, stop := r.Watch(3)
	spec := Spec{Nodes: []NodeSpec{node("n1", 1)}, Pools: []PoolSpec{all("p")}}
	apply(t, r, spec)
	n1 := r.View().Named("n1")
	for range maxSigns {
		r.Report(n1, SIP, Refused)
	}
	r.SetActivation("", "n1", Stopped)
	r.SetActivation("p", "n1", Disabled) // lost
	apply(t, r, Spec{})                  // lost
	for _, want := range []string{"node n1 was added", "sip of node n1 was unknown and is down: connections were refused", "node n1 is stopped in pool p"} {
		e := <-events
		if e.String() != want || e.Lost != 0 || e.At.IsZero() {
			t.Errorf("got %q (lost %d), want %q", e, e.Lost, want)
		}
	}
	apply(t, r, spec)
	if e := <-events; e.What != Joined || e.Lost != 2 {
		t.Errorf("got %q, lost %d, want 2", e, e.Lost)
	}
	stop()
	stop()
	for e := range events {
		t.Logf("left in the buffer: %s", e)
	}
	apply(t, r, Spec{}) // nobody listens
}

// What traffic says of an address that a node has left is not said of the node.
func TestSignsOfAnOldAddress(t *testing.T) {
	r := &Registry{}
	old := apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 1)}}).Named("n1")
	apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 2)}})
	events, stop := r.Watch(1)
	for range maxSigns {
		r.Report(old, SIP, Refused)
	}
	stop()
	for e := range events {
		t.Errorf("told that %s", e)
	}
	if h := r.View().Named("n1").Health(SIP); h != Unknown {
		t.Errorf("at its new address the node is %s", h)
	}
}

func BenchmarkReportGood(b *testing.B) {
	r := &Registry{}
	n := apply(b, r, Spec{Nodes: []NodeSpec{node("n1", 1)}}).Named("n1")
	b.ReportAllocs()
	for b.Loop() {
		r.Report(n, SIP, Good)
	}
}

func BenchmarkEligible(b *testing.B) {
	r := &Registry{}
	spec := Spec{Pools: []PoolSpec{all("p")}}
	for i := range 8 {
		spec.Nodes = append(spec.Nodes, node(fmt.Sprint("n", i), i+1))
	}
	p := apply(b, r, spec).Pool("p")
	into := make([]*Member, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		into = p.Eligible(into[:0], SIP, nil)
	}
}

func TestConcurrentUse(t *testing.T) {
	r := &Registry{}
	specs := []Spec{
		{Nodes: []NodeSpec{node("n1", 1), node("n2", 2)}, Pools: []PoolSpec{all("p")}},
		{Nodes: []NodeSpec{node("n2", 2), node("n3", 3), node("n1", 1)}, Pools: []PoolSpec{all("p")}},
	}
	apply(t, r, specs[0])
	_, stop := r.Watch(1)
	defer stop()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				switch (g + i) % 4 {
				case 0:
					if err := r.Apply(specs[i%2]); err != nil {
						t.Error(err)
					}
				case 1:
					if err := r.SetActivation("", "n1", Activation(i%3)); err != nil {
						t.Error(err)
					}
				case 2:
					v := r.View()
					r.Report(v.Named("n2"), SIP, Sign(i%3))
					v.Pool("p").Eligible(nil, SIP, nil)
				case 3:
					for _, n := range r.View().Nodes {
						n.Check(SIP).Record()
					}
				}
			}
		})
	}
	wg.Wait()
}
