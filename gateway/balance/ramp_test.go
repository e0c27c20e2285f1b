package balance

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
	"twinhop/gateway/cluster/pace"
)

// A third node of equal weight comes: of the new work it gets, in each of ten
// steps, so many tenths of what the others get each. A hash gives it its keys
// at once, or two gateways would not agree.
func TestRampUpOfEveryAlgorithm(t *testing.T) {
	for _, name := range Names() {
		if name == "active-standby" {
			continue // gives all to one
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { rampUp(t, name, func() { time.Sleep(10 * time.Second) }) })
		})
	}
}

// rampUp looks at each step; wait lets its time pass.
func rampUp(t *testing.T, name string, wait func()) {
	r, a := &cluster.Registry{}, get(t, name)
	if x, ok := a.(*Random); ok {
		x.draw = rand.New(rand.NewPCG(1, 2)).Int64N
	}
	spec := cluster.Spec{Nodes: []cluster.NodeSpec{node("node1", 1, 1), node("node2", 2, 1)}, Pools: []cluster.PoolSpec{{Name: "p",
		RampUp: pace.Ramp{Over: 100 * time.Second, Steps: 10}, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	apply := func() *cluster.Pool {
		if err := r.Apply(spec); err != nil {
			t.Fatal(err)
		}
		return r.View().Pool("p")
	}
	p := apply()
	sequence(a, p.Members, 100)
	spec.Nodes = append(spec.Nodes, node("node3", 3, 1))
	p = apply()
	const n, tenth = 2100, 0.1
	for step := 1; step <= 11; step++ {
		part := min(float64(step)*tenth, 1)
		hash := name == "hash" || name == "pure-hash"
		if hash {
			part = 1
		}
		got := map[string]int{}
		for i := range n {
			m := give(a, p.Members, &Question{Seed: appsession.Key{Space: appsession.Call, Value: fmt.Sprint(step, "/", i)}})
			got[m.Name]++
			m.Load.Begin()
			if meter, ok := a.(Meter); ok {
				meter.Finished(m, 1000)
			}
		}
		for _, m := range p.Members { // each step is looked at for itself
			m.Load.Value.Store(0)
			m.Load.Busy.Store(0)
		}
		want := n * part / (2 + part)
		tolerance := 25.0
		if hash || name == "random" {
			tolerance = 90
		}
		if d := float64(got["node3"]) - want; d > tolerance || d < -tolerance {
			t.Errorf("step %d: %v, want %.0f for node3", step, got, want)
		}
		wait()
	}
}
