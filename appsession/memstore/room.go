package memstore

import (
	"slices"
	"sync"
	"sync/atomic"

	"twinhop/appsession"
)

// room counts what is in the table and keeps it under the cap.
type room struct {
	roof, low int64 // overflow begins at roof and ends at low
	used      atomic.Int64
	sessions  atomic.Int64
	overflow  atomic.Bool
	searched  atomic.Uint32 // the second in which a Bind last looked for ended keys

	drops struct {
		sync.Mutex
		list []*entry // inserted as droppable, oldest first; some have gone since
		full int      // length at which those are taken out
	}
}

func (r *room) init(limit int) {
	r.roof = int64(max(limit, 1))
	r.low = r.roof - max(1, r.roof/32)
	r.drops.full = 64
}

// reserve takes n slots if they are free. A new session gets none while the
// table overflows.
func (r *room) reserve(n int, fresh bool) bool {
	if fresh && r.overflowing() {
		return false
	}
	for {
		used := r.used.Load()
		if used+int64(n) > r.roof {
			return false
		}
		if r.used.CompareAndSwap(used, used+int64(n)) {
			return true
		}
	}
}

func (r *room) release(n int) { r.used.Add(-int64(n)) }

// overflowing tells whether new sessions are refused. It ends only when a
// part of the table has become free, so that it does not flicker.
func (r *room) overflowing() bool {
	if r.overflow.Load() && r.used.Load() <= r.low {
		r.overflow.Store(false)
	}
	return r.overflow.Load()
}

// makeRoom makes place for n keys: first of keys whose time is over, then of
// those kept for listings only. It tells whether it is worth trying again;
// if not, the table overflows. No lock is held.
func (s *Store) makeRoom(n int) bool {
	goal := s.roof
	if s.overflow.Load() {
		goal = s.low
	}
	full := func() bool { return s.used.Load()+int64(n) > goal }
	// Once a second at most, and a slice only: a flood of new keys must not
	// make each of them pay for a search. The sweeper hurries meanwhile.
	if now := s.now.Load(); !s.overflow.Load() || s.searched.Swap(now) != now {
		s.sweep(searchSlots)
	}
	for full() && s.discard() {
	}
	if full() {
		s.overflow.Store(true)
		return false
	}
	return true
}

// noteDroppable remembers which entries of a Bind may be dropped at the cap.
func (s *Store) noteDroppable(wants []want) {
	for i := range wants {
		if w := &wants[i]; w.Droppable && w.same < 0 && w.home != nil {
			d := &s.drops
			d.Lock()
			d.list = append(d.list, w.entry)
			full := len(d.list) >= d.full
			d.Unlock()
			if full {
				s.compact()
			}
		}
	}
}

// compact takes out of the list what has left the table. It holds the list
// only to swap it, since shards come before it.
func (s *Store) compact() {
	d := &s.drops
	d.Lock()
	list := d.list
	d.list, d.full = nil, 1<<31
	d.Unlock()
	seen := make(map[*entry]bool, len(list))
	list = slices.DeleteFunc(list, func(e *entry) bool {
		sh := &s.keys[e.hash>>56]
		sh.mu.Lock()
		defer sh.mu.Unlock()
		twice := seen[e]
		seen[e] = true
		return twice || sh.at(e.hash, e) < 0
	})
	d.Lock()
	d.list = append(list, d.list...)
	d.full = max(64, 2*len(d.list))
	d.Unlock()
}

// discard drops the oldest droppable key. It returns false when there is none.
func (s *Store) discard() bool {
	for {
		d := &s.drops
		d.Lock()
		if len(d.list) == 0 {
			d.Unlock()
			return false
		}
		e := d.list[0]
		d.list[0], d.list = nil, d.list[1:]
		d.Unlock()
		if s.drop(e) {
			return true
		}
	}
}

func (s *Store) drop(e *entry) bool {
	sh := &s.keys[e.hash>>56]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.at(e.hash, e) < 0 {
		return false
	}
	now := s.now.Load()
	x := enter(e.sess)
	defer x.mu.Unlock()
	if s.lives(x, now) && !e.has(dead) {
		if !e.has(droppable) {
			return false
		}
		e.flags |= dead
		x.tidy(now)
		if x.keys == nil {
			s.end(x)
		}
	}
	sh.remove(e.hash, e)
	s.release(1)
	return true
}

// Usage implements appsession.Gauge. Keys and sessions whose time is over
// count until they are swept.
func (s *Store) Usage() appsession.Usage {
	return appsession.Usage{Sessions: int(s.sessions.Load()), Keys: int(s.used.Load()), MaxKeys: int(s.roof),
		Overflow: s.overflowing()}
}
