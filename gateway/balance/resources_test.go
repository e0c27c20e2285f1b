package balance

import (
	"math/rand/v2"
	"testing"

	"twinhop/gateway/cluster"
)

// boxes are the four of OpenSIPS' tutorial, in the given state.
func boxes(t testing.TB, loads map[string]map[string]int) *cluster.Pool {
	t.Helper()
	var nodes []cluster.NodeSpec
	for i, c := range []map[string]int{{"transc": 30, "pstn": 32}, {"vm": 100, "transc": 10}, {"vm": 50, "conf": 300},
		{"vm": 10, "conf": 10, "transc": 10, "pstn": 32}} {
		n := node([]string{"box1", "box2", "box3", "box4"}[i], i+1, 1)
		n.Capacity = c
		nodes = append(nodes, n)
	}
	p := poolOf(t, &cluster.Registry{}, nodes)
	for name, load := range loads {
		for resource, n := range load {
			for range n {
				p.Member(name).Load.Hold([]string{resource})
			}
		}
	}
	return p
}

var tutorial = map[string]map[string]int{"box1": {"transc": 10, "pstn": 18}, "box4": {"transc": 9, "pstn": 16}}

func TestResources(t *testing.T) {
	both := []string{"transc", "pstn"}
	tests := []struct {
		name  string
		loads map[string]map[string]int
		needs cluster.Needs
		want  string
	}{
		{"the tutorial: 14 against 1", tutorial, cluster.Needs{Resources: both}, "box1"},
		{"in percent 44 against 10", tutorial, cluster.Needs{Resources: both, Relative: true}, "box1"},
		{"absolute and relative differ", map[string]map[string]int{"box2": {"vm": 60}, "box3": {"vm": 20}, "box4": {"vm": 1}}, cluster.Needs{Resources: []string{"vm"}, Relative: true}, "box4"},
		{"by units it is another", map[string]map[string]int{"box2": {"vm": 60}, "box3": {"vm": 15}}, cluster.Needs{Resources: []string{"vm"}}, "box2"},
		{"only one has all four", nil, cluster.Needs{Resources: []string{"vm", "pstn", "conf", "transc"}}, "box4"},
		{"of equals the first", nil, cluster.Needs{Resources: []string{"pstn"}}, "box1"},
		{"all full", map[string]map[string]int{"box3": {"conf": 300}, "box4": {"conf": 10}}, cluster.Needs{Resources: []string{"conf"}}, ""},
		{"all full, and overload: the least beyond", map[string]map[string]int{"box3": {"conf": 302}, "box4": {"conf": 11}}, cluster.Needs{Resources: []string{"conf"}, Overload: true}, "box4"},
		{"nobody has it", nil, cluster.Needs{Resources: []string{"fax"}, Overload: true}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, got := boxes(t, tt.loads), ""
			if m := (&Resources{}).Pick(p.Members, &Question{Needs: &tt.needs}); m != nil {
				got = m.Name
			}
			if got != tt.want {
				t.Errorf("picked %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEqualsAreSpread(t *testing.T) {
	p, times := boxes(t, nil), map[string]int{}
	a := &Resources{draw: rand.New(rand.NewPCG(1, 2)).IntN}
	q := &Question{Needs: &cluster.Needs{Resources: []string{"pstn"}, Spread: true}}
	for range 1000 {
		times[a.Pick(p.Members, q).Name]++
	}
	if times["box1"] < 400 || times["box4"] < 400 {
		t.Errorf("spread %v", times)
	}
}

func TestResourcesDoNotAllocate(t *testing.T) {
	p, a := boxes(t, tutorial), &Resources{}
	q := &Question{Needs: &cluster.Needs{Resources: []string{"transc", "pstn"}, Spread: true}}
	if n := testing.AllocsPerRun(100, func() { a.Pick(p.Members, q) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
