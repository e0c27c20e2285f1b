package cluster

import (
	"testing"
	"testing/synctest"
	"time"
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
