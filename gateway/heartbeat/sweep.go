package heartbeat

import (
	"context"
	"slices"
	"sync"
	"time"

	"twinhop/gateway/cluster"
)

// Run looks for silent nodes until ctx is done, and returns nil. A node that
// gave no sign of life for Settings.Timeout is probed once: one that answers
// may be silent for as long again, then it departs.
func (r *Roster) Run(ctx context.Context) error {
	r.mu.Lock()
	changed := r.wake()
	r.mu.Unlock()
	var all sync.WaitGroup
	defer all.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-timer.C:
		}
		timer.Reset(r.sweep(ctx, &all))
	}
}

// wake returns the channel Run waits on. The lock is held.
func (r *Roster) wake() chan struct{} {
	if r.changed == nil {
		r.changed = make(chan struct{}, 1)
	}
	return r.changed
}

// sweep looks at every record once and returns when to look again.
func (r *Roster) sweep(ctx context.Context, all *sync.WaitGroup) time.Duration {
	now, gone := time.Now(), map[*record]bool{}
	r.mu.Lock()
	for _, x := range r.records {
		if x.was != "" {
			was, is := x.was, x.name()
			x.was = ""
			all.Go(func() { r.move(ctx, was, is) })
		}
		switch {
		case x.probing:
		case now.Sub(x.last) > r.timeout() && r.elsewhere(x, now):
			gone[x] = true
			r.log().Info("node gave up an address", "node", x.name(), "place", x.IP)
		case now.Sub(r.last(x)) <= r.timeout():
			x.grace = time.Time{}
		case now.Before(x.grace):
		case !x.grace.IsZero():
			gone[x] = true
			r.expired(x, now.Sub(r.last(x)), "node was silent and is removed")
		default:
			x.probing = true
			all.Go(func() { r.probe(ctx, x) })
		}
	}
	pause := r.settings.Sweep
	r.mu.Unlock()
	if len(gone) > 0 {
		if err := r.drop(gone); err != nil {
			r.log().Error("silent nodes stay", "err", err)
		}
	}
	if pause <= 0 {
		return DefaultSweep
	}
	return pause
}

func (r *Roster) timeout() time.Duration {
	if r.settings.Timeout <= 0 {
		return DefaultTimeout
	}
	return r.settings.Timeout
}

// elsewhere tells whether the node of a record announces itself at another
// address, and only there. The lock is held.
func (r *Roster) elsewhere(x *record, now time.Time) bool {
	return slices.ContainsFunc(r.records, func(o *record) bool {
		return o != x && o.name() == x.name() && now.Sub(o.last) <= r.timeout()
	})
}

// probe asks a silent node for a sign of life, and lets it depart if there is
// none.
func (r *Roster) probe(ctx context.Context, x *record) {
	up := r.answers(ctx, x)
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	x.probing = false
	silent := time.Since(r.last(x))
	stays := !slices.Contains(r.records, x) || silent <= r.timeout()
	if !stays && up {
		stays, x.grace = true, time.Now().Add(r.timeout())
		r.log().Info("node is silent, but answers", "node", x.name(), "silent", silent)
	}
	r.mu.Unlock()
	if stays {
		return
	}
	r.expired(x, silent, "node was silent, gave no answer and is removed")
	if err := r.drop(map[*record]bool{x: true}); err != nil {
		r.log().Error("a silent node stays", "node", x.name(), "err", err)
	}
}

// expired tells of a node that departs for its silence.
func (r *Roster) expired(x *record, silent time.Duration, text string) {
	r.log().Warn(text, "node", x.name(), "silent", silent)
	r.say(Event{What: Expired, Node: x.name(), Text: silent.Truncate(time.Millisecond).String()})
}

// answers tells whether a service of the node answers now.
func (r *Roster) answers(ctx context.Context, x *record) bool {
	n := r.Registry.View().Named(x.name())
	if n == nil || !n.Announced {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience())
	defer cancel()
	begin := time.Now()
	_ = r.Registry.Probe(ctx, n.Name) // whoever answered in time counts
	for _, s := range cluster.Services() {
		if c := n.Check(s); c != nil {
			if rec := c.Record(); rec.At.After(begin) && rec.Last.OK {
				return true
			}
		}
	}
	return false
}

// patience is how long a probe may take.
func (r *Roster) patience() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.timeout()
}

// move lets sessions follow their node to its new route.
func (r *Roster) move(ctx context.Context, was, is string) {
	if r.Moves == nil {
		return
	}
	if err := r.Moves.Switchover(ctx, was, is); err != nil {
		r.log().Error("the sessions of a node did not follow it", "node", is, "was", was, "err", err)
	}
}
