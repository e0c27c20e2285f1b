package memstore

import (
	"context"
	"sync"
	"time"
)

const (
	step        = 200 * time.Millisecond // of the clock
	round       = int(time.Minute / step)
	hurry       = int(5 * time.Second / step) // a round while the table overflows
	leastSlots  = 4096                        // visited in a step
	searchSlots = 8192                        // visited by a Bind that finds the table full
	sliceSlots  = 512                         // visited under one lock
)

// sweeper remembers where it goes on.
type sweeper struct {
	sweeping    sync.Mutex
	shard, slot int // under sweeping
}

// Run advances the clock and clears what has ended, a slice at a time, so
// that the whole table is visited about once a minute. It returns nil when
// ctx ends. It is started once.
func (s *Store) Run(ctx context.Context) error {
	t := time.NewTicker(step)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			s.Tick()
		}
	}
}

// Tick is one step of Run, for whoever advances the clock himself.
func (s *Store) Tick() {
	s.advance()
	n := 2 * int(s.used.Load())
	if s.overflowing() {
		n /= hurry
	} else {
		n /= round
	}
	s.sweep(max(n, leastSlots))
}

// advance moves the clock. Ages come from the monotonic reading, so that
// setting the wall clock ends nothing.
func (s *Store) advance() {
	now := uint32(s.startUnix + int64(s.clock().Sub(s.start)/time.Second))
	for {
		old := s.now.Load()
		if now <= old || s.now.CompareAndSwap(old, now) {
			return
		}
	}
}

// sweep visits n slots and clears those whose keys have ended. When another
// sweep is under way there is nothing to do.
func (s *Store) sweep(n int) {
	if !s.sweeping.TryLock() {
		return
	}
	defer s.sweeping.Unlock()
	for shardsLeft := shards; n > 0 && shardsLeft > 0; {
		done, last := s.sweepSlice(&s.keys[s.shard], min(n, sliceSlots))
		n -= done
		if last {
			s.shard, s.slot = (s.shard+1)%shards, 0
			shardsLeft--
		}
	}
}

// sweepSlice visits some slots of a shard under its lock.
func (s *Store) sweepSlice(sh *shard, n int) (done int, last bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := s.now.Load()
	for ; done < n && s.slot < len(sh.slots); done++ {
		e := sh.slots[s.slot].p
		if e == nil || s.stays(e, now) {
			s.slot++
			continue
		}
		sh.clear(s.slot) // something else may stand there now: look again
		s.release(1)
	}
	if s.slot < len(sh.slots) {
		return done, false
	}
	sh.shrink()
	return done, true
}

func (s *Store) stays(e *entry, now uint32) bool {
	x := enter(e.sess)
	defer x.mu.Unlock()
	e.sess = x
	return s.lives(x, now) && !e.has(dead)
}
