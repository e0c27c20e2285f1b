package cluster

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster/probes"
)

// A node that is up is left alone until traffic raises a doubt, and is probed
// while it is down.
func TestProbedWhenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: time.Second, WhenDown: true})
		defer g.stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(g.sip.times("n1")); n != 1 || !g.Probed() || g.health("n1") != Up {
			t.Fatalf("probed %d times, %s", n, g.health("n1"))
		}
		g.Report(g.node("n1"), SIP, Failed) // a doubt that was none
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(g.sip.times("n1")); n != 2 || g.health("n1") != Up {
			t.Errorf("probed %d times, %s", n, g.health("n1"))
		}
		g.sip.kill("n1", true)
		g.Report(g.node("n1"), SIP, Failed)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := len(g.sip.times("n1")); n < 10 || g.health("n1") != Down {
			t.Errorf("probed %d times, %s", n, g.health("n1"))
		}
		g.sip.kill("n1", false)
		time.Sleep(10 * time.Second)
		n := len(g.sip.times("n1"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if m := len(g.sip.times("n1")); m != n || g.health("n1") != Up {
			t.Errorf("probed %d times more, %s", m-n, g.health("n1"))
		}
	})
}

// Pools may want their nodes to be probed otherwise than all: of several the one
// that wants more counts, and a new word counts at once.
func TestPoolsAskForProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 4, Schedule{Interval: time.Second})
		defer g.stop()
		pool := func(name string, mode probes.Mode, nodes ...string) PoolSpec {
			p := PoolSpec{Name: name, Realm: name, Probes: &probes.Words{Mode: mode}}
			for _, n := range nodes {
				p.Members = append(p.Members, MemberSpec{Node: n})
			}
			return p
		}
		g.spec.Pools = append(g.spec.Pools, pool("never", probes.Never, "n1", "n2", "n3"), pool("down", probes.WhenDown, "n2", "n3"), pool("always", probes.Always, "n3"))
		apply(t, g.Registry, g.spec)
		probed := func() (all [4]int) {
			before := [4]int{}
			for i := range before {
				before[i] = len(g.sip.times(fmt.Sprint("n", i+1)))
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			for i := range all {
				all[i] = len(g.sip.times(fmt.Sprint("n", i+1))) - before[i]
			}
			return all
		}
		if n := probed(); n[0] != 0 || n[1] > 1 || n[2] < 50 || n[3] < 50 {
			t.Errorf("probes in a minute: %v", n)
		}
		v := g.View()
		if m := v.Pool("never").Member("n1"); !m.Unprobed() || v.Pool("never").Member("n2").Unprobed() || v.Pool("p").Member("n1").Unprobed() {
			t.Error("who comes back by a probe")
		}
		if !g.Probed() {
			t.Error("nodes that are not probed are waited for")
		}
		g.spec.Pools = g.spec.Pools[:2]
		apply(t, g.Registry, g.spec)
		if n := probed(); n[0]+n[1]+n[2] != 0 || n[3] < 50 {
			t.Errorf("probes in a minute: %v", n)
		}
	})
}

// An answer that says nothing neither takes a node out nor brings it back.
func TestVoidAnswers(t *testing.T) {
	s := Schedule{Fall: 1, Rise: 1}
	for _, up := range []bool{true, false} {
		c := &Check{}
		was := c.probed(t.Context(), Result{OK: up}, s).is
		for range 3 {
			if ch := c.probed(t.Context(), Result{Void: true, Code: 302}, s); ch.is != was || ch.was != was {
				t.Errorf("%s became %s", was, ch.is)
			}
		}
		if r := c.Record(); r.Last.Code != 302 {
			t.Errorf("%+v", r.Last)
		}
	}
}

// A request that was repeated is a doubt: with it one failed probe is enough, without a probe it is nothing.
func TestRepeatedRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run(t, 1, Schedule{Interval: 10 * time.Second, Fall: 3, WhenDown: true})
		defer g.stop()
		time.Sleep(time.Minute)
		probed := len(g.sip.times("n1"))
		g.Report(g.node("n1"), SIP, Repeated)
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(g.sip.times("n1")) - probed; n != 1 || g.health("n1") != Up {
			t.Fatalf("probed %d times, %s", n, g.health("n1"))
		}
		g.sip.kill("n1", true)
		time.Sleep(time.Minute)
		if g.health("n1") != Up {
			t.Fatal("it is down, and nobody had a doubt")
		}
		g.Report(g.node("n1"), SIP, Repeated)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if g.health("n1") != Down {
			t.Errorf("it is %s", g.health("n1"))
		}
	})
	c := &Check{}
	for range 2 * maxSigns {
		if ch := c.sign(Repeated, false); ch.is != ch.was || c.Record().Signs > 0 {
			t.Fatalf("where nobody probes it became %s", ch.is)
		}
		if ch := c.sign(Repeated, true); ch.is != ch.was {
			t.Fatalf("without a probe it became %s", ch.is)
		}
		c.forgive()
	}
}
