package cluster

import (
	"errors"
	"testing"
	"time"

	"twinhop/gateway/cluster/capacity"
)

func boxes(vm int) Spec {
	one, two := node("node1", 1), node("node2", 2)
	one.Capacity, two.Capacity = map[string]int{"vm": vm, "pstn": 32}, map[string]int{"vm": 10}
	return Spec{Nodes: []NodeSpec{one, two}, Pools: []PoolSpec{
		{Name: "p", Members: []MemberSpec{{Node: "node1"}, {Node: "node2", Capacity: map[string]int{"conf": 3}}}}, all("q")}}
}

func TestCapacities(t *testing.T) {
	r := &Registry{}
	v := apply(t, r, boxes(50))
	p, q := v.Pool("p"), v.Pool("q")
	for _, tt := range []struct {
		pool  *Pool
		names []string
		known bool
	}{
		{p, []string{"vm", "pstn"}, true}, {p, []string{"conf", "vm"}, true}, {p, nil, true},
		{p, []string{"transc"}, false}, {p, []string{"vm", "transc"}, false}, {q, []string{"conf"}, false},
	} {
		if tt.pool.Knows(tt.names) != tt.known {
			t.Errorf("pool %s knows %v: %v", tt.pool.Name, tt.names, !tt.known)
		}
	}
	vm := &Needs{Resources: []string{"vm"}}
	if free, ok := p.Member("node1").Free(vm); free != 50 || !ok {
		t.Errorf("node1 has %d free, %v", free, ok)
	}
	if _, ok := p.Member("node2").Free(vm); ok || p.Member("node2").Room(vm) {
		t.Error("a pool's capacity stands beside the node's instead of in its place")
	}
	if free, ok := q.Member("node2").Free(vm); free != 10 || !ok {
		t.Errorf("node2 has %d free in the other pool, %v", free, ok)
	}
}

// What is in use, and what the operator said, outlives another configuration.
func TestCapacitiesOutliveApply(t *testing.T) {
	r := &Registry{}
	m := apply(t, r, boxes(50)).Pool("p").Member("node1")
	vm := &Needs{Resources: []string{"vm"}}
	for range 4 {
		m.Reserve(vm)
	}
	if err := r.Resize("p", "node1", "vm", 5); err != nil {
		t.Fatal(err)
	}
	if err := r.Resize("p", "node1", "pstn", 6); err != nil {
		t.Fatal(err)
	}
	m = apply(t, r, boxes(60)).Pool("p").Member("node1")
	if free, _ := m.Free(vm); free != 1 || m.Load.Used("vm") != 4 {
		t.Errorf("%d free, %d in use, want 1 and 4", free, m.Load.Used("vm"))
	}
	if free, _ := m.Free(&Needs{Resources: []string{"pstn"}}); free != 6 {
		t.Errorf("the first word for another resource was lost: %d", free)
	}
	if free, _ := r.View().Pool("q").Member("node1").Free(vm); free != 60 {
		t.Errorf("the word counts in another pool: %d", free)
	}
	for _, tt := range []struct {
		pool, node, resource string
		size                 int
		err                  error
	}{
		{"x", "node1", "vm", 1, ErrUnknownPool}, {"p", "x", "vm", 1, ErrUnknownNode},
		{"p", "node1", "x", 1, ErrUnknownResource}, {"p", "node2", "vm", 1, ErrUnknownResource},
	} {
		if err := r.Resize(tt.pool, tt.node, tt.resource, tt.size); !errors.Is(err, tt.err) {
			t.Errorf("%v: %v", tt, err)
		}
	}
	if err := r.Resize("p", "node1", "vm", -1); err == nil {
		t.Error("a negative capacity was taken")
	}
	if free, _ := r.View().Pool("p").Member("node1").Free(vm); free != 1 {
		t.Errorf("a refused word changed something: %d free", free)
	}
}

func TestCapacitiesAreChecked(t *testing.T) {
	many := map[string]int{}
	for i := range maxResources + 1 {
		many["r"+string(rune('A'+i))] = 1
	}
	for name, c := range map[string]map[string]int{"name": {"a b": 1}, "empty": {"": 1}, "negative": {"vm": -1}, "huge": {"vm": maxCapacity + 1}, "many": many} {
		n := node("node1", 1)
		n.Capacity = c
		if err := new(Registry).Apply(Spec{Nodes: []NodeSpec{n}, Pools: []PoolSpec{all("p")}}); err == nil {
			t.Errorf("%s: %v was taken", name, c)
		}
	}
}

func TestFullIsAnEvent(t *testing.T) {
	r := &Registry{}
	m := apply(t, r, boxes(1)).Pool("p").Member("node1")
	events, stop := r.Watch(10)
	defer stop()
	look := func() { r.Maintain(time.Now(), func(*Pool, int, []*Member) {}) }
	look()
	vm := &capacity.Needs{Resources: []string{"vm"}}
	for range 3 {
		m.Reserve(vm)
		look()
	}
	m.Load.Release([]string{"vm"})
	look()
	look()
	for _, want := range []string{"vm of node node1 in pool p is full: 1 of 1 in use", "vm of node node1 in pool p has room again: 0 of 1 in use"} {
		select {
		case e := <-events:
			if e.String() != want || e.What != Filled {
				t.Errorf("told %q, want %q", e, want)
			}
		default:
			t.Errorf("not told: %s", want)
		}
	}
	if len(events) > 0 {
		t.Errorf("told more: %v", <-events)
	}
}
