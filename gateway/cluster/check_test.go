package cluster

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The letters of a story: g, r, f are signs of traffic (good, refused,
// failed), + and - are answers to probes. Behind each, where it changes, the
// state that follows.
func TestStates(t *testing.T) {
	tests := []struct {
		name   string
		probed bool
		story  string
	}{
		{"first probe good", true, "+=up"},
		{"first probe bad: nothing good is known of it", true, "-=down"},
		{"traffic tells too", true, "g=up"},
		{"two failed probes", true, "+=up - -=down"},
		{"a good probe between", true, "+=up - + - + - -=down"},
		{"comes back by degrees", true, "-=down +=recovering +=up"},
		{"falls back", true, "-=down +=recovering -=down + +=recovering +=up"},
		{"refused traffic and a failed probe", true, "+=up r -=down"},
		{"timed-out traffic and a failed probe", true, "+=up f -=down"},
		{"refused traffic and a good probe", true, "+=up r r + r r + - -=down"},
		{"three refused connections", true, "+=up r r r=down"},
		{"three refused before any probe", true, "r r r=down"},
		{"good traffic clears the count", true, "+=up r r g r r g r r r=down"},
		{"failures of another kind break the row", true, "+=up r r f r r r=down"},
		{"slowness alone does not fell a probed node", true, "+=up f f f f f f"},
		{"a late answer does not raise the dead", true, "-=down g g g g"},
		{"recovering, refused once", true, "-=down +=recovering r=down"},
		{"recovering: traffic does not replace probes", true, "-=down +=recovering g g g +=up"},
		{"down stays down", true, "-=down - - r f -"},

		{"unprobed: three failures of any kind", false, "g=up r f f=down"},
		{"unprobed: good traffic clears the count", false, "g=up f f g f f g f f f=down"},
		{"unprobed: from the beginning", false, "f f f=down"},
		{"unprobed: a late answer does not raise the dead", false, "r r r=down g g"},
		{"unprobed: traffic raises it after its time", false, "r r r=down w=recovering g=up"},
		{"unprobed: and fells it at once", false, "r r r=down w=recovering f=down w=recovering r=down"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, want, changes := &Check{}, Unknown, 0
				for i, step := range strings.Fields(tt.story) {
					time.Sleep(time.Second)
					if _, state, ok := strings.Cut(step, "="); ok {
						want = map[string]Health{"up": Up, "down": Down, "recovering": Recovering}[state]
						changes++
					}
					was := c.Health()
					var ch change
					switch step[0] {
					case 'g', 'r', 'f':
						ch = c.sign(Sign(strings.IndexByte("grf", step[0])), tt.probed)
					case 'w':
						time.Sleep(DefaultRecover)
						ch, _ = c.recover(t.Context(), DefaultRecover)
					default:
						ch = c.probed(t.Context(), Result{OK: step[0] == '+', Detail: "no answer"}, Schedule{}.withDefaults())
					}
					rec := c.Record()
					if c.Health() != want || ch.was != was || ch.is != want || rec.State != want {
						t.Fatalf("after %s (step %d): %s, told %s to %s; want %s", step, i+1, c.Health(), ch.was, ch.is, want)
					}
					if was != want && (!rec.Since.Equal(time.Now()) || rec.Why == "" || ch.why == "") {
						t.Errorf("after %s (step %d): since %v, why %q", step, i+1, time.Since(rec.Since), rec.Why)
					}
					if rec.Changes != changes {
						t.Errorf("after %s (step %d): %d changes, want %d", step, i+1, rec.Changes, changes)
					}
				}
			})
		})
	}
}

func TestThresholds(t *testing.T) {
	c, s := &Check{}, Schedule{Fall: 4, Rise: 3}.withDefaults()
	feed := func(ok bool, n int) Health {
		for range n {
			c.probed(t.Context(), Result{OK: ok}, s)
		}
		return c.Health()
	}
	feed(true, 1)
	for i, step := range []struct {
		ok   bool
		n    int
		want Health
	}{{false, 3, Up}, {false, 1, Down}, {true, 1, Recovering}, {true, 1, Recovering}, {true, 1, Up}} {
		if got := feed(step.ok, step.n); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
	c, s.Rise = &Check{}, 1
	feed(false, 1)
	if got := feed(true, 1); got != Up {
		t.Errorf("rise 1: %s", got)
	}
}

func TestLateAnswerIsNobodys(t *testing.T) {
	c := &Check{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.probed(ctx, Result{}, Schedule{}.withDefaults())
	if rec := c.Record(); rec.State != Unknown || !rec.At.IsZero() || rec.Fail != 0 {
		t.Errorf("the answer counted: %+v", rec)
	}
}

func TestGoodTrafficIsCheap(t *testing.T) {
	r := &Registry{}
	n := apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 1)}}).Named("n1")
	r.Report(n, SIP, Good)
	if a := testing.AllocsPerRun(100, func() { r.Report(n, SIP, Good) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
	n.Check(SIP).mu.Lock() // a good sign of a good node waits for nobody
	r.Report(n, SIP, Good)
	n.Check(SIP).mu.Unlock()
	r.Report(&Node{Name: "stranger"}, SIP, Refused) // no such service: no harm
}

// A node that is there for a second and away for the next is let in less and
// less often; one that stayed long enough is as good as new.
func TestFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := &Check{}, Schedule{Interval: time.Second, Fall: 1, Rise: 1}
		let, longest, since := 0, time.Duration(0), time.Now()
		for i := range 240 {
			time.Sleep(500 * time.Millisecond)
			ch := c.probed(t.Context(), Result{OK: i%4 < 2}, s)
			if ch.was == Down && ch.is != Down {
				let++
				longest = max(longest, time.Since(since))
			} else if ch.is == Down && ch.was != Down {
				since = time.Now()
			}
		}
		if let > 8 || longest < 30*time.Second {
			t.Errorf("in two minutes it was let in %d times, after %v at most", let, longest)
		}
		time.Sleep(mostAway)
		c.probed(t.Context(), Result{OK: true}, s)
		time.Sleep(steady)
		c.probed(t.Context(), Result{}, s)
		time.Sleep(time.Second)
		if ch := c.probed(t.Context(), Result{OK: true}, s); ch.was != Down || ch.is == Down {
			t.Errorf("after a long time up it fell once and was %s", ch.is)
		}
	})
}
