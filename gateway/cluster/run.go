package cluster

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// The pace of probes that cannot wait for their turn.
const (
	spreadFirst = 500 * time.Millisecond // the first probes of many nodes are spread over this
	kickGap     = 200 * time.Millisecond // between two probes of one service that traffic asks for
)

// watch is one goroutine that looks after one check.
type watch struct {
	registry *Registry
	node     string
	service  Service
	check    *Check
	schedule Schedule
	probed   bool // else nobody asks, only time passes
}

// Run probes the nodes until ctx is done and returns nil once every goroutine
// has ended; ErrRunning when it runs already.
func (r *Registry) Run(ctx context.Context) error {
	r.mu.Lock()
	if r.running {
		r.mu.Unlock()
		return ErrRunning
	}
	r.running = true
	changed := r.wake()
	r.mu.Unlock()

	var all sync.WaitGroup
	events, unwatch := r.Watch(logBuffer)
	all.Go(func() { r.log(events) })
	running := map[watch]func(){}
	defer func() {
		for _, stop := range running {
			stop()
		}
		unwatch()
		all.Wait()
		r.mu.Lock()
		r.running = false
		r.mu.Unlock()
	}()
	for {
		wanted := r.wanted()
		for w, stop := range running {
			if !wanted[w] {
				stop()
				delete(running, w)
			}
		}
		for w := range wanted {
			if running[w] == nil {
				inner, stop := context.WithCancel(ctx)
				running[w] = func() {
					w.check.mu.Lock() // from here on no answer counts
					defer w.check.mu.Unlock()
					stop()
				}
				all.Go(func() { w.run(inner) })
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// logBuffer is how many events may wait for a slow log. Traffic reports what
// it sees and never waits.
const logBuffer = 256

func (r *Registry) log(events <-chan Event) {
	log := cmp.Or(r.Log, slog.New(slog.DiscardHandler))
	for e := range events {
		level := slog.LevelInfo
		if e.What == HealthChanged && e.Health == Down {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, e.String(), "node", e.Node)
		if e.Lost > 0 {
			log.Warn("events of the cluster were not logged", "lost", e.Lost)
		}
	}
}

// wanted lists the goroutines that the present View needs.
func (r *Registry) wanted() map[watch]bool {
	v, all := r.View(), map[watch]bool{}
	for s := range services {
		for _, n := range v.Nodes {
			if c := n.Check(s); c != nil {
				all[watch{r, n.Name, s, c, v.schedule(n, s), v.probed(n, s)}] = true
			}
		}
	}
	return all
}

func (w watch) run(ctx context.Context) {
	if w.probed {
		w.probe(ctx)
	} else {
		w.wait(ctx)
	}
}

// wait lets time pass: a node that is down is tried again after a while.
func (w watch) wait(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.check.kicked():
		case <-timer.C:
		}
		ch, left := w.check.recover(ctx, w.schedule.Recover)
		if ch.was != ch.is {
			w.registry.healthChanged(w.node, w.service, ch)
		}
		if left > 0 {
			timer.Reset(left)
		}
	}
}

// probe asks the node again and again.
func (w watch) probe(ctx context.Context) {
	pause := rand.N(min(spreadFirst, w.schedule.Interval))
	timer := time.NewTimer(pause)
	defer timer.Stop()
	var last time.Time
	asked := false
	for {
		w.check.plan(time.Now().Add(pause))
		select {
		case <-ctx.Done():
			w.check.plan(time.Time{})
			return
		case <-w.check.kicked():
			asked = true
			if left := kickGap - time.Since(last); !last.IsZero() && left > 0 {
				pause = left
				timer.Reset(pause)
				continue
			}
		case <-timer.C:
		}
		last = time.Now()
		w.ask(ctx, asked)
		pause = w.pause(w.check.off(asked))
		asked = false
		timer.Reset(pause)
	}
}

// ask makes one probe. asked: somebody wants it now.
func (w watch) ask(ctx context.Context, asked bool) {
	v := w.registry.View()
	if !v.checks(w.check, w.node, w.service) {
		return // it was removed a moment ago; Run is about to end this
	}
	if w.schedule.WhenDown && !asked && w.check.Health() == Up && !w.check.doubtful() {
		return
	}
	n := v.Named(w.node)
	one, cancel := context.WithTimeout(ctx, w.schedule.Timeout)
	start := time.Now()
	res := w.registry.Probers[w.service].Probe(one, n)
	cancel()
	if res.Took <= 0 {
		res.Took = time.Since(start)
	}
	if ch := w.check.probed(ctx, res, w.schedule); ch.was != ch.is {
		w.registry.healthChanged(w.node, w.service, ch)
	}
}

// pause is the time until the next probe: sooner when in doubt, later when the
// node is down for long, and never in step with other nodes and other gateways.
func (w watch) pause(off time.Duration) time.Duration {
	d := w.schedule.Interval * off
	if w.check.doubtful() {
		d = min(d, max(d/5, kickGap))
	}
	return d - d/10 + rand.N(d/5+1)
}

// Nudge asks for probes of a node now, if it is down: somebody thinks of it, or
// heard of it. It does not wait for them.
func (r *Registry) Nudge(node string) {
	for s := range services {
		if n := r.View().Named(node); n != nil && n.Health(s) == Down {
			n.Check(s).kick()
		}
	}
}

// Probe probes every service of a node now and returns when the answers are
// there, or ctx is done. ErrUnknownNode: there is no such node. Services that
// nobody probes are left alone.
func (r *Registry) Probe(ctx context.Context, node string) error {
	v := r.View()
	n := v.Named(node)
	if n == nil {
		return fmt.Errorf("probing node %q: %w", node, ErrUnknownNode)
	}
	tick, begin := time.NewTicker(probeLook), time.Now()
	defer tick.Stop()
	for s := range services {
		if n.Has(s) && v.probed(n, s) {
			n.Check(s).kick()
		}
	}
	for s := range services {
		for n.Has(s) && v.probed(n, s) && !n.Check(s).Record().At.After(begin) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("probing node %q: %w", node, ctx.Err())
			case <-tick.C:
			}
		}
	}
	return nil
}

// probeLook is how often Probe looks for the answer.
const probeLook = 10 * time.Millisecond
