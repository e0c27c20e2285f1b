package cluster

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster/pace"
)

func share(m *Member) [2]int64 {
	step, steps := m.Share()
	return [2]int64{step, steps}
}

// A member that is new, was down, was stopped or in error gets its weight in
// steps; who was there from the begin has it at once.
func TestRampUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole, first := [2]int64{1, 1}, [2]int64{1, 5}
		r := &Registry{}
		pool := all("p")
		pool.RampUp, pool.Recovery = pace.Ramp{Over: 10 * time.Second, Steps: 5}, &Recovery{}
		spec := Spec{Nodes: []NodeSpec{node("n1", 1)}, Pools: []PoolSpec{pool}}
		apply(t, r, spec)
		spec.Nodes = append(spec.Nodes, node("n2", 2))
		apply(t, r, spec)
		n := func(name string) *Member { return r.View().Pool("p").Member(name) }
		if share(n("n1")) != whole || share(n("n2")) != first || n("n2").Since().IsZero() || !n("n1").Since().IsZero() {
			t.Errorf("n1 %v, n2 %v", share(n("n1")), share(n("n2")))
		}
		if n("n1").Cost() != 60 || n("n2").Cost() != 300 {
			t.Errorf("cost: n1 %d, n2 %d", n("n1").Cost(), n("n2").Cost())
		}
		time.Sleep(5 * time.Second)
		if got := share(n("n2")); got != [2]int64{3, 5} {
			t.Errorf("after half the time: %v", got)
		}
		apply(t, r, spec) // nothing new
		if got := share(n("n2")); got != [2]int64{3, 5} {
			t.Errorf("a reload began it anew: %v", got)
		}
		time.Sleep(5 * time.Second)
		if share(n("n2")) != whole {
			t.Errorf("at the end: %v", share(n("n2")))
		}
		for why, back := range map[string]func(){
			"down": func() {
				force(n("n1").Node, SIP, Down)
				r.healthChanged("n1", SIP, change{was: Down, is: Recovering})
			},
			"stopped": func() {
				for _, a := range []Activation{Stopped, Active} {
					if err := r.SetActivation("p", "n1", a); err != nil {
						t.Fatal(err)
					}
				}
			},
			"error": func() {
				r.Judge(n("n1"), Unfit)
				r.Judge(n("n1"), Good)
			},
		} {
			if share(n("n1")) != whole {
				t.Fatalf("before %s: %v", why, share(n("n1")))
			}
			if back(); share(n("n1")) != first {
				t.Errorf("after %s: %v", why, share(n("n1")))
			}
			time.Sleep(10 * time.Second)
		}
	})
}

func TestReportLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Registry{}
		if err := r.ReportLoad("n1", Reported{}); !errors.Is(err, ErrUnknownNode) {
			t.Errorf("of nobody: %v", err)
		}
		spec := Spec{Nodes: []NodeSpec{node("n1", 1)}, Pools: []PoolSpec{all("p")}}
		apply(t, r, spec)
		if err := r.ReportLoad("n1", Reported{Load: 40, Free: -1}); err != nil {
			t.Fatal(err)
		}
		apply(t, r, spec) // it is kept
		n := r.View().Named("n1")
		if x, ok := n.Reported(time.Now(), time.Second); !ok || x.Load != 40 || x.Free != -1 {
			t.Errorf("%+v %v", x, ok)
		}
		time.Sleep(2 * time.Second)
		if _, ok := n.Reported(time.Now(), time.Second); ok {
			t.Error("it does not age")
		}
	})
}
