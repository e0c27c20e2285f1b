package balance

import (
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
)

// line is a pool of four whose sessions are counted by hand.
type line struct {
	t *testing.T
	r cluster.Registry
	h Heirs

	wait func() // lets time pass
}

func (l *line) pool() *cluster.Pool { return l.r.View().Pool("p") }

func (l *line) set(node string, a cluster.Activation) {
	l.t.Helper()
	l.wait()
	if err := l.r.SetActivation("", node, a); err != nil {
		l.t.Fatal(err)
	}
}

// heir is where something that gone had goes, as the Router asks.
func (l *line) heir(gone string) string {
	fits := func(m *cluster.Member) bool { return m.Eligible(cluster.SIP) }
	if m := l.h.Follow(gone, l.pool(), fits); m != nil {
		return m.Name
	}
	return l.h.Choose(gone, cluster.SIP, l.pool().Eligible(nil, cluster.SIP, nil), true).Name
}

func (l *line) want(gone, heir string) {
	l.t.Helper()
	if got := l.heir(gone); got != heir {
		l.t.Errorf("what %s had goes to %s, want %s", gone, got, heir)
	}
}

func newLine(t *testing.T, held map[string]int) *line {
	l := &line{t: t, wait: func() {}}
	poolOf(t, &l.r, []cluster.NodeSpec{node("node1", 1, 1), node("node2", 2, 1), node("node3", 3, 2), node("node4", 4, 1)})
	l.h.Held = func(node string) int { return held[node] }
	return l
}

func TestHeirs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := map[string]int{"node1": 9, "node2": 4, "node3": 6, "node4": 5}
		l := newLine(t, held)
		l.wait = func() { time.Sleep(time.Second) }
		l.set("node1", cluster.Stopped)
		l.want("node1", "node3") // 6 of weight 2 is less than 4 of weight 1
		held["node3"] = 100
		l.want("node1", "node3") // everything follows, whatever it has now
		l.set("node3", cluster.Stopped)
		l.want("node3", "node2")
		l.want("node1", "node2") // and what the first one left follows again
		l.set("node3", cluster.Active)
		l.want("node1", "node3") // it is its heir and can serve
		l.set("node1", cluster.Active)
		held["node3"], held["node4"] = 100, 0
		l.set("node1", cluster.Stopped)
		l.want("node1", "node4") // it had come back: chosen anew
	})
}

// The old balancer chose only among nodes that had calls already, and did
// nothing when there was none.
func TestOldFaultIdleTargetInGroupFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, map[string]int{"node1": 9, "node2": 1, "node3": 2})
		l.set("node1", cluster.Stopped)
		l.want("node1", "node4")
		l = newLine(t, nil)
		l.set("node1", cluster.Stopped)
		l.want("node1", "node2")
	})
}

// A node that is not in the pool any more has an heir, too.
func TestHeirOfAVanishedNode(t *testing.T) {
	l := newLine(t, map[string]int{"node1": 3, "node2": 2, "node3": 8, "node4": 5})
	l.want("node9", "node2")
	l.set("node2", cluster.Stopped)
	l.want("node9", "node1") // node1, in error: 3; node3: 8 of weight 2 is 4
}

// Gateways that do not know each other's loads choose alike.
func TestHeirsByName(t *testing.T) {
	a, b := newLine(t, map[string]int{"node2": 7}), newLine(t, map[string]int{"node3": 7})
	for _, gone := range []string{"x", "y", "z", "node1"} {
		a.h.ByName, b.h.ByName = true, true
		if x, y := a.heir(gone), b.heir(gone); x != y {
			t.Errorf("%s: %s and %s", gone, x, y)
		}
	}
}

// What is only tried in vain has no heir, and lines of heirs end.
func TestHeirsForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, nil)
		if m := l.h.Choose("node1", cluster.SIP, l.pool().Members[1:], false); m.Name != "node2" || len(l.h.of) != 0 {
			t.Errorf("%s, %v", m.Name, l.h.of)
		}
		for i := range 2 * maxHeirs {
			l.heir("gone" + string(rune('a'+i%26)) + string(rune('a'+i/26)))
		}
		if len(l.h.of) > maxHeirs {
			t.Errorf("%d are remembered", len(l.h.of))
		}
		l.h.of = map[string]heir{"x": {"y", time.Now()}, "y": {"x", time.Now()}}
		if m := l.h.Follow("x", l.pool(), func(*cluster.Member) bool { return true }); m != nil {
			t.Errorf("a circle leads to %s", m.Name)
		}
		l.h.Choose("x", cluster.SIP, l.pool().Members, true)
	})
}

// Whoever asks first when an heir dies, all that it had and all that it
// inherited stays together.
func TestHeirOfAnHeir(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := map[string]int{"node2": 4, "node4": 5}
		l := newLine(t, held)
		l.wait = func() { time.Sleep(time.Second) }
		l.set("node1", cluster.Stopped)
		l.want("node1", "node3")
		l.set("node3", cluster.Stopped)
		l.want("node1", "node2")
		held["node2"] = 100
		l.want("node3", "node2")
	})
}

// Whoever asks at the same time is told the same heir, also when loads change
// meanwhile.
func TestHeirsTogether(t *testing.T) {
	for range 50 {
		l := newLine(t, nil)
		l.h.Held = func(string) int { return rand.IntN(100) }
		p := l.pool()
		var got [4]map[string]bool
		var all sync.WaitGroup
		for g := range got {
			got[g] = map[string]bool{}
			all.Go(func() {
				for range 20 {
					m := l.h.Follow("node1", p, func(m *cluster.Member) bool { return m.Name != "node1" })
					if m == nil {
						m = l.h.Choose("node1", cluster.SIP, p.Members[1:], true)
					}
					got[g][m.Name] = true
				}
			})
		}
		all.Wait()
		for g := range got {
			if !maps.Equal(got[g], got[0]) || len(got[g]) != 1 {
				t.Fatalf("%v", got)
			}
		}
	}
}
