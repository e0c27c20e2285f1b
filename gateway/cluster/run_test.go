package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// fake is a service whose nodes answer as told.
type fake struct {
	mu    sync.Mutex
	dead  map[string]bool
	hangs bool // never answers before the probe is given up
	asked map[string][]time.Time
	busy  int // probes under way
}

func (f *fake) Probe(ctx context.Context, n *Node) Result {
	f.mu.Lock()
	if f.asked == nil {
		f.asked = map[string][]time.Time{}
	}
	f.asked[n.Name] = append(f.asked[n.Name], time.Now())
	dead, hangs := f.dead[n.Name], f.hangs
	f.busy++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.busy--
		f.mu.Unlock()
	}()
	start := time.Now()
	if hangs {
		<-ctx.Done()
		return Result{Detail: "timeout", Took: time.Since(start)}
	}
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Millisecond):
	}
	return Result{OK: !dead, Code: 200, Detail: "refused", Took: time.Since(start)}
}

func (f *fake) kill(name string, dead bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead == nil {
		f.dead = map[string]bool{}
	}
	f.dead[name] = dead
}

func (f *fake) times(name string) []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Time(nil), f.asked[name]...)
}

// rig is a running registry in a bubble of time.
type rig struct {
	*Registry
	sip  *fake
	spec Spec
	stop func()
}

// run starts a registry with nodes n1… that only SIP probes look after.
func run(t *testing.T, nodes int, s Schedule) *rig {
	t.Helper()
	g := &rig{sip: &fake{}, spec: Spec{Checks: map[Service]Schedule{SIP: s}, Pools: []PoolSpec{all("p")}}}
	for i := range nodes {
		g.spec.Nodes = append(g.spec.Nodes, NodeSpec{Name: fmt.Sprint("n", i+1), SIP: []Address{at("udp", i+1, 5080)}})
	}
	g.Registry = &Registry{Probers: map[Service]Prober{SIP: g.sip}}
	apply(t, g.Registry, g.spec)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	g.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	synctest.Wait()
	return g
}

func (g *rig) health(name string) Health { return g.View().Named(name).Health(SIP) }
func (g *rig) node(name string) *Node    { return g.View().Named(name) }

func TestProbesFellAndRaise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 2, Schedule{Interval: 10 * time.Second})
		defer g.stop()
		if g.Probed() {
			t.Error("probed before any probe")
		}
		time.Sleep(spreadFirst + 20*time.Millisecond)
		synctest.Wait()
		if !g.Probed() || g.health("n1") != Up || g.health("n2") != Up {
			t.Fatalf("after the first probes: %s, %s", g.health("n1"), g.health("n2"))
		}
		rec := g.node("n1").Check(SIP).Record()
		if rec.Last.Code != 200 || rec.Last.Took != 10*time.Millisecond || rec.OK != 1 || rec.Next.IsZero() || rec.Next.Before(time.Now()) {
			t.Errorf("record %+v", rec)
		}
		g.sip.kill("n1", true)
		killed := time.Now()
		for g.health("n1") != Down {
			time.Sleep(50 * time.Millisecond)
		}
		if d := time.Since(killed); d > 14*time.Second {
			t.Errorf("down only after %v: the second probe must not wait a whole interval", d)
		}
		if g.health("n2") != Up {
			t.Error("the other node suffers")
		}
		g.sip.kill("n1", false)
		raised := time.Now()
		for g.health("n1") != Up {
			time.Sleep(50 * time.Millisecond)
		}
		if d := time.Since(raised); d > 14*time.Second {
			t.Errorf("up only after %v", d)
		}
	})
}

// Probes of many nodes do not come in one burst, neither at first nor later.
func TestProbesAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 100
		g := run(t, nodes, Schedule{Interval: 5 * time.Second})
		time.Sleep(60 * time.Second)
		g.stop()
		at, gaps := map[time.Time]int{}, map[time.Duration]int{}
		for i := range nodes {
			times := g.sip.times(fmt.Sprint("n", i+1))
			if len(times) < 10 || len(times) > 14 {
				t.Fatalf("n%d was probed %d times in 60 s", i+1, len(times))
			}
			for j, x := range times {
				at[x.Truncate(10*time.Millisecond)]++
				if j > 0 {
					gap := x.Sub(times[j-1])
					gaps[gap.Truncate(time.Millisecond)]++
					if gap < 4*time.Second || gap > 6*time.Second {
						t.Fatalf("%v between two probes", gap)
					}
				}
			}
		}
		for _, n := range at {
			if n > nodes/4 {
				t.Errorf("%d probes within 10 ms", n)
			}
		}
		if len(gaps) < 50 {
			t.Errorf("only %d different pauses: no jitter", len(gaps))
		}
	})
}

// A refused connection is settled by a probe at once, whatever the interval.
func TestTrafficAsksForAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Hour})
		defer g.stop()
		time.Sleep(time.Second)
		synctest.Wait()
		g.sip.kill("n1", true)
		g.Report(g.node("n1"), SIP, Refused)
		if g.health("n1") != Up {
			t.Error("one refused connection is enough")
		}
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		if g.health("n1") != Down {
			t.Errorf("20 ms later: %s", g.health("n1"))
		}
	})
}

// A node that is down and goes on with what it was given is not up for that, but it is probed, and not again and again.
func TestAnswersAskForAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Hour})
		defer g.stop()
		time.Sleep(time.Second)
		g.sip.kill("n1", true)
		for range maxSigns {
			g.Report(g.node("n1"), SIP, Refused)
		}
		time.Sleep(time.Minute)
		before := len(g.sip.times("n1"))
		for range 1000 {
			g.Report(g.node("n1"), SIP, Answered)
			time.Sleep(time.Millisecond)
		}
		if n := len(g.sip.times("n1")) - before; n < 1 || n > 8 || g.health("n1") != Down {
			t.Fatalf("%s after %d probes", g.health("n1"), n)
		}
		g.sip.kill("n1", false)
		time.Sleep(time.Second)
		g.Report(g.node("n1"), SIP, Answered)
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		if g.health("n1") == Down {
			t.Error("it answers probes, and is not asked")
		}
	})
}

// Traffic that fails again and again does not make a storm of probes.
func TestAskedProbesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Hour})
		defer g.stop()
		time.Sleep(time.Second)
		for range 1000 {
			g.Report(g.node("n1"), SIP, Failed)
			g.Report(g.node("n1"), SIP, Good)
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if n := len(g.sip.times("n1")); n < 3 || n > 8 {
			t.Errorf("%d probes in a second", n)
		}
		if g.health("n1") != Up {
			t.Errorf("a node that answers every probe is %s", g.health("n1"))
		}
	})
}

func TestHangingNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: 5 * time.Second, Timeout: time.Second})
		defer g.stop()
		g.sip.mu.Lock()
		g.sip.hangs = true
		g.sip.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		rec := g.node("n1").Check(SIP).Record()
		if rec.State != Down || rec.Last.Took != time.Second || rec.Last.Detail != "timeout" {
			t.Errorf("record %+v", rec)
		}
	})
}

func TestNobodyProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 2, Schedule{})
		defer g.stop()
		if !g.Probed() {
			t.Error("waits for probes that never come")
		}
		for range 2 { // the second time as well
			for range maxSigns {
				g.Report(g.node("n1"), SIP, Refused)
			}
			if g.health("n1") != Down || g.health("n2") != Unknown {
				t.Fatalf("%s, %s", g.health("n1"), g.health("n2"))
			}
			synctest.Wait()
			if next := g.node("n1").Check(SIP).Record().Next; !next.Equal(time.Now().Add(DefaultRecover)) {
				t.Errorf("next try at %v", next)
			}
			time.Sleep(DefaultRecover - time.Millisecond)
			synctest.Wait()
			if g.health("n1") != Down {
				t.Error("tried again too early")
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if g.health("n1") != Recovering {
				t.Errorf("after its time: %s", g.health("n1"))
			}
		}
		g.Report(g.node("n1"), SIP, Good)
		if g.health("n1") != Up {
			t.Error("traffic was answered")
		}
		if n := len(g.sip.times("n1")); n != 0 {
			t.Errorf("probed %d times", n)
		}
	})
}

// Switching probes off while one is under way: its answer does not count,
// what was known stays, and a node that is down is tried again with traffic.
func TestSwitchingOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Second, Timeout: time.Second})
		defer g.stop()
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		g.sip.mu.Lock()
		g.sip.hangs = true
		g.sip.mu.Unlock()
		for busy := false; !busy; {
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			g.sip.mu.Lock()
			busy = g.sip.busy > 0
			g.sip.mu.Unlock()
		}
		before := g.node("n1").Check(SIP).Record()
		g.spec.Checks = nil
		apply(t, g.Registry, g.spec)
		time.Sleep(time.Minute)
		synctest.Wait()
		if rec := g.node("n1").Check(SIP).Record(); rec.State != Up || !rec.At.Equal(before.At) || rec.Fail != 0 || !rec.Next.IsZero() {
			t.Errorf("after switching off: %+v", rec)
		}
		force(g.node("n1"), SIP, Down)
		g.spec.Checks = map[Service]Schedule{SIP: {Recover: 3 * time.Second}}
		apply(t, g.Registry, g.spec)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if g.health("n1") != Recovering {
			t.Errorf("down when switched off: %s", g.health("n1"))
		}
		g.sip.mu.Lock()
		g.sip.hangs = false
		g.sip.mu.Unlock()
		g.spec.Checks = map[Service]Schedule{SIP: {Interval: time.Second}}
		apply(t, g.Registry, g.spec)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if g.health("n1") != Up {
			t.Errorf("switched on again: %s", g.health("n1"))
		}
	})
}

func TestNodesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 2, Schedule{Interval: time.Second})
		defer g.stop()
		time.Sleep(2 * time.Second)
		nodes := g.spec.Nodes
		g.spec.Nodes = nodes[:1]
		apply(t, g.Registry, g.spec)
		synctest.Wait()
		was := len(g.sip.times("n2"))
		time.Sleep(10 * time.Second)
		if n := len(g.sip.times("n2")); n != was {
			t.Errorf("a removed node was probed %d times", n-was)
		}
		g.spec.Nodes = nodes
		apply(t, g.Registry, g.spec)
		time.Sleep(time.Second)
		synctest.Wait()
		if g.health("n2") != Up {
			t.Errorf("back again: %s", g.health("n2"))
		}
	})
}

// Applying the same again does not disturb the probes.
func TestApplyKeepsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: 10 * time.Second})
		defer g.stop()
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			apply(t, g.Registry, g.spec)
		}
		if n := len(g.sip.times("n1")); n < 5 || n > 8 {
			t.Errorf("%d probes in a minute", n)
		}
	})
}

func TestRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Second})
		if err := g.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("a second Run: %v", err)
		}
		g.stop()
		n := len(g.sip.times("n1"))
		time.Sleep(time.Minute)
		if len(g.sip.times("n1")) != n {
			t.Error("probes after the end")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := g.Run(ctx); err != nil || len(g.sip.times("n1")) == n {
			t.Errorf("run again: %v", err)
		}
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 2, Schedule{Interval: time.Second})
		g.sip.kill("n2", true)
		time.Sleep(800 * time.Millisecond)
		g.stop()
		g.SetActivation("", "n1", Disabled)
		reg := prometheus.NewPedanticRegistry()
		reg.MustRegister(g.Collector())
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				name := f.GetName()
				for _, l := range m.GetLabel() {
					name += " " + l.GetValue()
				}
				got[name] = m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
		for name, want := range map[string]float64{
			"twinhop_node_health n1 sip":            1,
			"twinhop_node_health n2 sip":            0,
			"twinhop_node_activation n1 p disabled": 1,
			"twinhop_node_activation n1 p active":   0,
			"twinhop_node_activation n2 p active":   1,
		} {
			if v, ok := got[name]; !ok || v != want {
				t.Errorf("%s is %v (%v), want %v", name, v, ok, want)
			}
		}
		if got["twinhop_node_probe_duration_seconds n1 sip"] < 1 {
			t.Error("probes were not measured")
		}
	})
}

// Services of one kind that speak another protocol may be probed at another
// pace, or not at all.
func TestScheduleOfAScheme(t *testing.T) {
	for _, c := range []struct {
		ajp    time.Duration
		probes int
	}{{0, 0}, {2 * time.Second, 15}, {30 * time.Second, 1}} {
		synctest.Test(t, func(t *testing.T) {
			web := &fake{}
			g := &Registry{Probers: map[Service]Prober{HTTP: web}}
			apply(t, g, Spec{Checks: map[Service]Schedule{HTTP: {Interval: 10 * time.Second}}, Schemes: map[string]Schedule{"ajp": {Interval: c.ajp}},
				Nodes: []NodeSpec{{Name: "n1", HTTP: []Address{at("http", 1, 80)}}, {Name: "n2", HTTP: []Address{at("ajp", 2, 8009)}}}})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- g.Run(ctx) }()
			time.Sleep(time.Second)
			synctest.Wait()
			if !g.Probed() {
				t.Error("waits for probes that never come")
			}
			time.Sleep(28 * time.Second)
			if n, m := len(web.times("n1")), len(web.times("n2")); n < 3 || n > 4 || m < c.probes-2 || m > c.probes+2 || c.probes == 0 && m > 0 {
				t.Errorf("ajp every %v: %d probes of http, %d of ajp", c.ajp, n, m)
			}
			cancel()
			<-done
		})
	}
}
