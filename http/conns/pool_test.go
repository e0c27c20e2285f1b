package conns

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is a connection that does as it is told.
type line struct {
	loud   bool // the peer said something, or closed
	closed int
}

func (l *line) Quiet() bool  { return !l.loud }
func (l *line) Close() error { l.closed++; return nil }

type pools = Pools[*line, string]

func one(l Limits) *Pool[*line, string] { return new(pools).Add("n", l, "words") }

// take is a place with a connection in it: a kept one, or new.
func take(t *testing.T, p *Pool[*line, string]) *line {
	t.Helper()
	x, ok, err := p.Acquire(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		x = &line{}
	}
	return x
}

func wants(t *testing.T, p *Pool[*line, string], busy, idle int) {
	t.Helper()
	if b, i := p.count(); b != busy || i != idle {
		t.Errorf("%d busy, %d idle, want %d and %d", b, i, busy, idle)
	}
}

func TestTheWarmestIsTakenFirst(t *testing.T) {
	p, now := one(Limits{}), time.Now()
	a, b := take(t, p), take(t, p)
	p.Put(a, now, time.Hour)
	p.Put(b, now, time.Hour)
	wants(t, p, 0, 2)
	if take(t, p) != b || take(t, p) != a {
		t.Error("not the last used one")
	}
	wants(t, p, 2, 0)
	if x, ok, err := p.Acquire(t.Context(), true); ok || err != nil || x != nil {
		t.Error(x, ok, err)
	}
	wants(t, p, 3, 0)
}

// What the peer closed or spoilt, or what is too old, is closed and not given
// out; fresh asks for none that is kept.
func TestUnfitOnesAreClosed(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*line)
		idle  time.Duration
		min   int
		kept  bool
	}{
		{"fit", func(*line) {}, time.Hour, 0, true},
		{"for ever", func(*line) {}, 0, 0, true},
		{"loud", func(l *line) { l.loud = true }, time.Hour, 0, false},
		{"too old", func(*line) {}, time.Nanosecond, 0, false},
		{"too old, but one is to stay open", func(*line) {}, time.Nanosecond, 1, true},
		{"loud, although one is to stay open", func(l *line) { l.loud = true }, time.Hour, 1, false},
	} {
		p := one(Limits{MinOpen: c.min})
		x := take(t, p)
		p.Put(x, time.Now().Add(-time.Second), c.idle)
		c.spoil(x)
		if got := take(t, p); (got == x) != c.kept || (x.closed == 1) == c.kept {
			t.Errorf("%s: kept %v, closed %d times", c.name, got == x, x.closed)
		}
		wants(t, p, 1, 0)
	}
}

func TestMaxIdle(t *testing.T) {
	for limit, want := range map[int]int{-1: 0, 0: DefaultMaxIdle, 2: 2} {
		p, open := one(Limits{MaxIdle: limit}), []*line{}
		for range 300 {
			open = append(open, take(t, p))
		}
		for i, x := range open {
			if p.Put(x, time.Now(), time.Hour) != (i < want) {
				t.Errorf("limit %d: Put %d", limit, i)
			}
		}
		wants(t, p, 300-want, want)
	}
}

// connection_pool_minsize counts the open connections, those in use as well;
// of the others the longest unused go first.
func TestMinOpenCountsThoseInUse(t *testing.T) {
	now := time.Now()
	for _, c := range []struct{ busy, idle, min, left int }{
		{0, 4, 0, 0}, {0, 4, 2, 2}, {1, 4, 2, 1}, {3, 4, 2, 0}, {0, 1, 2, 1}, {2, 2, 4, 2}, {0, 3, -1, 0},
	} {
		var s pools
		p := s.Add("n", Limits{MinOpen: c.min}, "")
		var idle []*line
		for range c.busy + c.idle {
			idle = append(idle, take(t, p))
		}
		for i, x := range idle[c.busy:] {
			p.Put(x, now.Add(time.Duration(i)), time.Second)
		}
		s.Sweep(now)
		wants(t, p, c.busy, c.idle)
		s.Sweep(now.Add(time.Minute))
		wants(t, p, c.busy, c.left)
		for i, x := range idle[c.busy:] {
			if (x.closed == 1) != (i < c.idle-c.left) {
				t.Errorf("%+v: connection %d closed %d times", c, i, x.closed)
			}
		}
		s.Sweep(time.Time{})
		wants(t, p, c.busy, 0)
	}
}

func TestAddressesWithoutConnectionsAreForgotten(t *testing.T) {
	var s pools
	if s.Get("n") != nil {
		t.Error("there was none")
	}
	p := s.Add("n", Limits{}, "first")
	if s.Add("n", Limits{}, "second") != p || s.Get("n") != p || p.Words != "first" || p.Addr != "n" || len(s.All()) != 1 {
		t.Errorf("%+v", p)
	}
	x := take(t, p)
	s.Sweep(time.Now())
	if b, i := s.Conns("n"); b != 1 || i != 0 || s.Get("n") != p {
		t.Error("forgotten although one is in use")
	}
	p.Release()
	s.Sweep(time.Now())
	if b, i := s.Conns("n"); b+i != 0 || s.Get("n") != nil {
		t.Error("not forgotten")
	}
	p.reserve()
	if p.Put(x, time.Now(), time.Hour) {
		t.Error("a forgotten pool keeps a connection that nobody would ever close")
	}
}

// Who finds all in use waits, but not for ever; 0 does not wait.
func TestAcquireTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, wait := range []time.Duration{0, time.Second} {
			p := one(Limits{MaxBusy: 1, Wait: wait})
			take(t, p)
			start := time.Now()
			if _, _, err := p.Acquire(t.Context(), false); err != ErrFull || time.Since(start) != wait {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		}
		p := one(Limits{MaxBusy: 1, Wait: time.Second})
		x := take(t, p)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errors.New("tired"))
		defer cancel()
		if _, _, err := p.Acquire(ctx, false); err == nil || err.Error() != "tired" {
			t.Error(err)
		}
		time.AfterFunc(500*time.Millisecond, func() { p.Put(x, time.Now(), time.Hour) })
		if take(t, p) != x {
			t.Error("what came free is not what the next got")
		}
	})
}

// Nobody waits while a place is free, however many come free at once.
func TestEverybodyIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := one(Limits{MaxBusy: 3, Wait: time.Minute})
		start := time.Now()
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				x := take(t, p)
				time.Sleep(time.Second)
				if i%3 > 0 {
					p.Put(x, time.Now(), time.Hour)
				} else {
					p.Release()
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("ten rounds of three took %v", took)
		}
	})
}

// Two come free before anybody woke: whoever takes one wakes the next.
func TestWakingIsPassedOn(t *testing.T) {
	p := one(Limits{MaxBusy: 2, Wait: time.Minute})
	a, b := take(t, p), take(t, p)
	select { // the second was free when the first was taken
	case <-p.room:
	default:
	}
	p.Put(a, time.Now(), time.Hour)
	p.Put(b, time.Now(), time.Hour)
	for i := range 2 {
		select {
		case <-p.room:
		default:
			t.Errorf("nobody wakes waiter %d", i+1)
		}
		take(t, p)
	}
	select {
	case <-p.room:
		t.Error("woken for nothing")
	default:
	}
}

// Those not heard of for a while are asked, once each; after a silent one the
// rest go unasked. Asking makes nobody younger.
func TestAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := one(Limits{})
		var all []*line
		for range 4 {
			all = append(all, take(t, p))
		}
		for _, x := range all {
			p.Put(x, time.Now(), time.Minute)
			time.Sleep(time.Second)
		}
		var asked []*line
		p.Ask(2*time.Second, func(x *line) bool { wants(t, p, 1, 3); asked = append(asked, x); return true })
		if len(asked) != 3 || asked[0] != all[0] || asked[2] != all[2] {
			t.Errorf("asked %d", len(asked))
		}
		wants(t, p, 0, 4)
		time.Sleep(55 * time.Second)
		for n := range 3 {
			p.sweep(time.Now().Add(time.Duration(n) * time.Second))
			wants(t, p, 0, 4-n)
		}
		all[2].loud = true
		p.Ask(time.Second, func(*line) bool { return false })
		wants(t, p, 0, 0)
		for i, x := range all {
			if x.closed != 1 {
				t.Errorf("connection %d closed %d times", i, x.closed)
			}
		}
	})
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s pools
		p, also := s.Add("n", Limits{}, ""), 0
		x, y := take(t, p), take(t, p)
		p.Put(x, time.Now(), 3*time.Second)
		p.Put(y, time.Now(), time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx, func() time.Duration { return time.Second }, func() { also++ }); close(done) }()
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		wants(t, p, 0, 1)
		if x.closed != 1 || y.closed != 0 || also != 3 {
			t.Error(x.closed, y.closed, also)
		}
		cancel()
		<-done
		wants(t, p, 0, 0)
	})
}

// Taking a kept connection and putting it back allocates nothing.
func TestAllocationBudget(t *testing.T) {
	var s pools
	s.Add("n", Limits{MaxBusy: 5, Wait: time.Second}, "")
	x := take(t, s.Get("n"))
	s.Get("n").Put(x, time.Now(), time.Hour)
	ctx := t.Context()
	if got := testing.AllocsPerRun(1000, func() {
		p := s.Get("n")
		x, ok, err := p.Acquire(ctx, false)
		if !ok || err != nil || !p.Put(x, time.Now(), time.Hour) {
			t.Fatal(ok, err)
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
