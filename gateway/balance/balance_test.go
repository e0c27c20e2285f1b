package balance

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// pool returns a pool of nodes "node1", "node2"… with the given weights.
func pool(t testing.TB, weights ...int) *cluster.Pool {
	t.Helper()
	var nodes []cluster.NodeSpec
	for i, w := range weights {
		nodes = append(nodes, node(fmt.Sprintf("node%d", i+1), i+1, w))
	}
	return poolOf(t, &cluster.Registry{}, nodes)
}

func node(name string, host, weight int) cluster.NodeSpec {
	ip := netip.AddrFrom4([4]byte{10, 0, byte(host >> 8), byte(host)})
	return cluster.NodeSpec{Name: name, Weight: weight, SIP: []cluster.Address{{Scheme: "udp", Addr: netip.AddrPortFrom(ip, 5080)}}}
}

func poolOf(t testing.TB, r *cluster.Registry, nodes []cluster.NodeSpec) *cluster.Pool {
	t.Helper()
	err := r.Apply(cluster.Spec{Nodes: nodes, Pools: []cluster.PoolSpec{{Name: "p", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return r.View().Pool("p")
}

func without(members []*cluster.Member, name string) []*cluster.Member {
	return slices.DeleteFunc(slices.Clone(members), func(m *cluster.Member) bool { return m.Name == name })
}

// give picks and tells the algorithm, as the Router does.
func give(a Algorithm, members []*cluster.Member, q *Question) *cluster.Member {
	m := a.Pick(members, q)
	if o, ok := a.(Observer); ok {
		o.Assigned(m, q)
	}
	return m
}

// sequence gives n new clients and returns the numbers of their nodes.
func sequence(a Algorithm, members []*cluster.Member, n int) string {
	var out []string
	for range n {
		out = append(out, strings.TrimPrefix(give(a, members, &Question{}).Name, "node"))
	}
	return strings.Join(out, " ")
}

func get(t testing.TB, name string) Algorithm {
	t.Helper()
	a, ok := New(name)
	if !ok {
		t.Fatalf("no algorithm %q", name)
	}
	return a
}

// The sequences were read off mod_jk 1.2.48 with the same factors.
func TestSequences(t *testing.T) {
	tests := []struct {
		name, algorithm string
		weights         []int
		want            string
	}{
		{"factors 1:2:3", "requests", []int{1, 2, 3}, "1 2 3 3 2 3 1 2 3 3 2 3"},
		{"factors 1:2:3", "sessions", []int{1, 2, 3}, "1 2 3 3 2 3 1 2 3 3 2 3"},
		{"equal", "requests", []int{1, 1, 1}, "1 2 3 1 2 3"},
		{"equal", "round-robin", []int{1, 1}, "1 2 1 2 1 2"},
		{"two calls, two nodes", "round-robin", []int{7, 7, 7}, "1 2 3 1 2 3"},
		{"weights are interleaved", "round-robin", []int{5, 1, 1}, "1 1 2 1 3 1 1 1 1 2 1 3 1 1"},
		{"one node", "requests", []int{4}, "1 1 1"},
		{"without a key hash takes turns", "hash", []int{1, 1}, "1 2 1 2"},
	}
	for _, tt := range tests {
		t.Run(tt.algorithm+"/"+tt.name, func(t *testing.T) {
			p := pool(t, tt.weights...)
			if got := sequence(get(t, tt.algorithm), p.Members, len(strings.Fields(tt.want))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Six requests follow their sessions to node1, then eight new clients come:
// requests counts the six, sessions does not.
func TestStickyWorkCounts(t *testing.T) {
	for name, want := range map[string]string{"requests": "2 3 3 2 3 2 3 3", "sessions": "1 2 3 3 2 3 1 2"} {
		p := pool(t, 1, 2, 3)
		a := get(t, name)
		for range 6 {
			a.(Observer).Assigned(p.Member("node1"), &Question{Known: true})
		}
		if got := sequence(a, p.Members, 8); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestTiesGoOnAfterTheLastElected(t *testing.T) {
	p := pool(t, 1, 1, 1)
	a := &Requests{}
	first := a.Pick(p.Members, &Question{})
	second := a.Pick(p.Members, &Question{}) // all values are still 0
	if first.Name != "node1" || second.Name != "node2" {
		t.Errorf("got %s, %s", first.Name, second.Name)
	}
	if third := a.Pick(without(p.Members, "node3"), &Question{}); third.Name != "node1" {
		t.Errorf("with node3 away: got %s, want node1", third.Name)
	}
}

// Within a domain ties are the first one's, and nobody loses a turn by it.
func TestTiesInOrder(t *testing.T) {
	for _, a := range []Algorithm{&Requests{}, &Next{}, &Traffic{}, &Busyness{}} {
		members := pool(t, 1, 1, 1).Members
		a.Pick(members, &Question{}) // so that it is node2's turn
		for range 3 {
			if m := a.Pick(members[1:], &Question{InOrder: true}); m != members[1] {
				t.Errorf("%T: a tie in order goes to %s", a, m.Name)
			}
			if m := a.Pick([]*cluster.Member{members[0], members[2]}, &Question{InOrder: true}); m != members[0] {
				t.Errorf("%T: a tie in order goes to %s", a, m.Name)
			}
		}
		if m := a.Pick(members, &Question{}); m != members[1] {
			t.Errorf("%T: then it is the turn of %s, want node2", a, m.Name)
		}
	}
}

func TestMaintenance(t *testing.T) {
	tests := []struct {
		algorithm  string
		was        [3]int64
		n          int
		recovering string
		want       [3]int64
	}{
		{"requests", [3]int64{1000, 501, 3}, 1, "", [3]int64{500, 250, 1}},
		{"requests", [3]int64{1000, 500, 3}, 3, "", [3]int64{125, 62, 0}},
		{"requests", [3]int64{1000, 500, 3}, 100, "", [3]int64{0, 0, 0}},
		{"sessions", [3]int64{1000, 500, 3}, 1, "node3", [3]int64{500, 250, 500}},
		{"traffic", [3]int64{1000, 500, 3}, 1, "node2", [3]int64{500, 500, 1}},
		{"next", [3]int64{1000, 500, 3}, 1, "", [3]int64{997, 497, 0}},
		{"next", [3]int64{1000, 500, 3}, 7, "node3", [3]int64{997, 497, 997}},
		{"busyness", [3]int64{1000, 500, 3}, 1, "", [3]int64{1000, 500, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.algorithm, func(t *testing.T) {
			p := pool(t, 1, 1, 1)
			for i, m := range p.Members {
				m.Load.Value.Store(tt.was[i])
			}
			var recovering []*cluster.Member
			if m := p.Member(tt.recovering); m != nil {
				recovering = append(recovering, m)
			}
			age(get(t, tt.algorithm), p, tt.n, recovering)
			for i, m := range p.Members {
				if v := m.Load.Value.Load(); v != tt.want[i] {
					t.Errorf("%s: %d, want %d", m.Name, v, tt.want[i])
				}
			}
		})
	}
}

func age(a Algorithm, p *cluster.Pool, n int, recovering []*cluster.Member) {
	if ager, ok := a.(Ager); ok {
		ager.Age(p, n, recovering)
	}
}

// Members that nobody is sent to do not hold back what is taken from all.
func TestNextIgnoresWhoIsNotInUse(t *testing.T) {
	off := cluster.Disabled
	r := &cluster.Registry{}
	p := poolOf(t, r, []cluster.NodeSpec{node("node1", 1, 1), node("node2", 2, 1), node("node3", 3, 1)})
	if err := r.Adjust("p", "node3", cluster.MemberWords{Activation: &off}); err != nil {
		t.Fatal(err)
	}
	for i, v := range []int64{9, 7, 2} {
		p.Members[i].Load.Value.Store(v)
	}
	p = r.View().Pool("p")
	(&Next{}).Age(p, 1, nil)
	for i, want := range []int64{2, 0, 0} {
		if v := p.Members[i].Load.Value.Load(); v != want {
			t.Errorf("node%d: %d, want %d", i+1, v, want)
		}
	}
}

// As read off mod_jk: equal answers, one after the other, and requests that
// are still running.
func TestTrafficAndBusyness(t *testing.T) {
	p, a := pool(t, 1, 2, 3), get(t, "traffic")
	var got []string
	for range 12 {
		m := give(a, p.Members, &Question{})
		got = append(got, strings.TrimPrefix(m.Name, "node"))
		a.(Meter).Finished(m, 700)
	}
	if s, want := strings.Join(got, " "), "1 2 3 3 2 3 1 2 3 3 2 3"; s != want {
		t.Errorf("traffic: got %s, want %s", s, want)
	}
	p, a = pool(t, 1, 2, 3), get(t, "busyness")
	if s, want := sequence(a, p.Members, 6), "1 2 3 1 2 3"; s != want { // all idle
		t.Errorf("busyness of idle members: got %s, want %s", s, want)
	}
	p, a, got = pool(t, 1, 2, 3), get(t, "busyness"), nil
	for range 6 {
		m := give(a, p.Members, &Question{})
		got = append(got, strings.TrimPrefix(m.Name, "node"))
		m.Load.Begin()
	}
	if s, want := strings.Join(got, " "), "1 2 3 3 2 3"; s != want {
		t.Errorf("busyness of running requests: got %s, want %s", s, want)
	}
}

func TestStatelessTakesTurns(t *testing.T) {
	p, a := pool(t, 1, 1, 1), get(t, "sessions")
	p.Members[0].Load.Value.Store(5)
	var got []string
	for range 4 {
		got = append(got, strings.TrimPrefix(give(a, p.Members, &Question{Stateless: true}).Name, "node"))
	}
	if s := strings.Join(got, " "); s != "1 2 3 1" || p.Members[1].Load.Value.Load() != 0 {
		t.Errorf("got %s", s)
	}
}

func TestDryAdvancesNothing(t *testing.T) {
	for _, name := range []string{"round-robin", "requests", "sessions", "next", "traffic", "busyness", "hash", "pure-hash", "least-load", "active-standby"} {
		p := pool(t, 1, 2, 3)
		a, twin := get(t, name), get(t, name)
		q := pool(t, 1, 2, 3)
		for i := range 20 {
			dry := &Question{Dry: true}
			want := give(a, p.Members, dry)
			give(a, p.Members, dry)
			if got, undisturbed := give(a, p.Members, &Question{}), give(twin, q.Members, &Question{}); got != want || got.Name != undisturbed.Name {
				t.Fatalf("%s: pick %d: dry said %s, then %s; without asking it is %s", name, i, want.Name, got.Name, undisturbed.Name)
			}
		}
	}
}

// The distribution table: each algorithm is even in proportion to the
// weights, also after a node has left and come back.
func TestDistribution(t *testing.T) {
	const n = 12_000
	for _, name := range Names() {
		if name == "active-standby" {
			continue // gives all to one
		}
		for _, weights := range [][]int{{1, 1, 1}, {1, 2, 3}, {10, 1}, {1, 1, 1, 1, 1, 1, 1, 1}} {
			t.Run(fmt.Sprint(name, weights), func(t *testing.T) {
				p := pool(t, weights...)
				a := get(t, name)
				if r, ok := a.(*Random); ok {
					r.draw = rand.New(rand.NewPCG(1, 2)).Int64N
				}
				key := 0
				round := func(members []*cluster.Member) {
					got, total := map[string]int{}, 0
					for range n {
						key++
						q := &Question{Seed: appsession.Key{Space: appsession.Call, Value: fmt.Sprintf("%d@host", key)}}
						m := give(a, members, q)
						got[m.Name]++
						m.Load.Begin() // for busyness nothing ends
						if meter, ok := a.(Meter); ok {
							meter.Finished(m, 1000)
						}
					}
					for _, m := range members {
						total += m.Weight
					}
					for _, m := range members {
						want := float64(n*m.Weight) / float64(total)
						tolerance := 0.12 * want // hash and random: about 4 standard deviations
						if name != "hash" && name != "pure-hash" && name != "random" {
							tolerance = 12 // one round
						}
						if d := float64(got[m.Name]) - want; d > tolerance || d < -tolerance {
							t.Errorf("%s of %d members: %d of %d, want %.0f", m.Name, len(members), got[m.Name], n, want)
						}
					}
				}
				round(p.Members)
				for _, m := range p.Members { // as much time as it takes
					m.Load.Value.Store(0)
					m.Load.Busy.Store(0)
				}
				round(without(p.Members, "node1"))
				for _, m := range p.Members {
					m.Load.Value.Store(0)
					m.Load.Busy.Store(0)
				}
				round(p.Members)
			})
		}
	}
}

func TestNames(t *testing.T) {
	want := []string{"active-standby", "busyness", "hash", "least-load", "next", "pure-hash", "random", "requests", "resources", "round-robin",
		"sessions", "traffic"}
	if !slices.Equal(Names(), want) {
		t.Errorf("got %v", Names())
	}
	for _, n := range Deterministic() {
		if !slices.Contains(want, n) {
			t.Errorf("%s is deterministic and does not exist", n)
		}
	}
	if _, ok := New("fastest"); ok {
		t.Error("an algorithm nobody wrote was found")
	}
}

// A member that is new, or is back after its node was away, does not get all
// the work until its load value has caught up.
func TestNewMemberGetsNoFlood(t *testing.T) {
	r := &cluster.Registry{}
	nodes := []cluster.NodeSpec{node("node1", 1, 1), node("node2", 2, 1)}
	p := poolOf(t, r, nodes)
	a := &Requests{}
	sequence(a, p.Members, 100)
	p = poolOf(t, r, append(nodes, node("node3", 3, 1)))
	got := sequence(a, p.Members, 9)
	if c := strings.Count(got, "3"); c > 3 {
		t.Errorf("the new node got %d of 9: %s", c, got)
	}
}

func TestRoundRobinOverChangingViews(t *testing.T) {
	r := &cluster.Registry{}
	a := &RoundRobin{}
	n1, n2, n3 := node("node1", 1, 1), node("node2", 2, 1), node("node3", 3, 1)
	for _, nodes := range [][]cluster.NodeSpec{{n1, n2, n3}, {n3, n1}, {n2}, {n1, n2, n3}, {n3, n2, n1}} {
		p := poolOf(t, r, nodes)
		got := map[string]int{}
		for range 300 {
			got[a.Pick(p.Members, &Question{}).Name]++
		}
		for _, n := range nodes {
			if d := got[n.Name] - 300/len(nodes); d < -3 || d > 3 {
				t.Errorf("%d nodes: %s got %d of 300", len(nodes), n.Name, got[n.Name])
			}
		}
	}
}

// Removing a node moves only its keys, adding one moves keys only to it, and
// the order of the members does not count.
func TestRendezvousMinimalDisruption(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 5), 2, 9).Draw(rt, "weights")
		members := pool(t, weights...).Members
		gone := rapid.SampledFrom(members).Draw(rt, "gone")
		shuffled := rapid.Permutation(members).Draw(rt, "order")
		for range 50 {
			key := appsession.Key{Space: appsession.Space(rapid.IntRange(1, 3).Draw(rt, "space")), Value: rapid.String().Draw(rt, "value")}
			with := Rendezvous(members, key)
			if other := Rendezvous(shuffled, key); other != with {
				rt.Fatalf("%q: %s in one order, %s in another", key.Value, with.Name, other.Name)
			}
			if left := Rendezvous(without(members, gone.Name), key); with != gone && left != with {
				rt.Fatalf("%q: moved from %s to %s when %s left", key.Value, with.Name, left.Name, gone.Name)
			}
			key.Realm = 7
			if other := Rendezvous(members, key); other != with {
				rt.Fatalf("%q: the realm counts", key.Value)
			}
		}
	})
}

// What other gateways, of other releases, must find as well.
func TestRendezvousIsStable(t *testing.T) {
	p := pool(t, 1, 1, 2)
	var got []string
	for _, v := range []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "a84b4c76e66710@pc33.example.com", ""} {
		got = append(got, Rendezvous(p.Members, appsession.Key{Space: appsession.App, Value: v}).Name)
	}
	if s := strings.Join(got, " "); s != stable {
		t.Errorf("got  %s\nwant %s", s, stable)
	}
	if Rendezvous(nil, appsession.Key{Space: appsession.App, Value: "x"}) != nil {
		t.Error("a member out of none")
	}
}

const stable = "node3 node3 node2 node3 node3 node2 node1 node2 node3 node3"

func TestPickDoesNotAllocate(t *testing.T) {
	p := pool(t, 1, 2, 3, 4)
	for _, name := range Names() {
		a := get(t, name)
		q := &Question{Seed: appsession.Key{Space: appsession.Call, Value: "a84b4c76e66710@pc33.example.com"}}
		give(a, p.Members, q)
		if n := testing.AllocsPerRun(100, func() { give(a, p.Members, q) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	p := pool(t, 1, 2, 3)
	for _, name := range Names() {
		a := get(t, name)
		var all sync.WaitGroup
		for g := range 4 {
			all.Go(func() {
				for i := range 500 {
					members := p.Members
					if i%2 == 0 {
						members = members[1:]
					}
					if give(a, members, &Question{Dry: g == 0}) == nil {
						t.Error("nobody was picked")
					}
					if h, ok := a.(Homer); ok && h.Home(members, &Question{Seed: appsession.Key{Space: appsession.App, Value: "x"}, Dry: g == 0}) == nil {
						t.Error("nobody has a home")
					}
					age(a, p, 1, nil)
				}
			})
		}
		all.Wait()
	}
}

func BenchmarkPick(b *testing.B) {
	p := pool(b, 1, 2, 3, 4)
	for _, name := range Names() {
		a := get(b, name)
		q := &Question{Seed: appsession.Key{Space: appsession.Call, Value: "a84b4c76e66710@pc33.example.com"}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				give(a, p.Members, q)
			}
		})
	}
}
