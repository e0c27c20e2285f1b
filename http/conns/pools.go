package conns

import (
	"context"
	"sync"
	"time"
)

// Pools are the pools of one client, by address. The zero value is ready. Safe
// for concurrent use.
type Pools[C Conn, W any] struct {
	mu  sync.Mutex // guards all; each pool has its own lock
	all map[string]*Pool[C, W]
}

// Get is the pool of addr, nil when there is none.
func (s *Pools[C, W]) Get(addr string) *Pool[C, W] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[addr]
}

// Add makes the pool of addr, unless there is one by now, which then counts.
func (s *Pools[C, W]) Add(addr string, l Limits, words W) *Pool[C, W] {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.all[addr]
	if p == nil {
		if s.all == nil {
			s.all = make(map[string]*Pool[C, W])
		}
		p = newPool[C](addr, l, words)
		s.all[addr] = p
	}
	return p
}

// All are the pools there are now.
func (s *Pools[C, W]) All() []*Pool[C, W] {
	s.mu.Lock()
	defer s.mu.Unlock()
	pools := make([]*Pool[C, W], 0, len(s.all))
	for _, p := range s.all {
		pools = append(pools, p)
	}
	return pools
}

// Conns counts the connections to addr: in use and unused.
func (s *Pools[C, W]) Conns(addr string) (busy, idle int) {
	if p := s.Get(addr); p != nil {
		return p.count()
	}
	return 0, 0
}

// Retire forgets the pool of addr, so that the next one there is made anew:
// unused connections are closed, those in use when they come back.
func (s *Pools[C, W]) Retire(addr string) {
	s.mu.Lock()
	p := s.all[addr]
	delete(s.all, addr)
	s.mu.Unlock()
	if p != nil {
		p.retire()
	}
}

// Keep retires the pools of addresses that are not wanted any more.
func (s *Pools[C, W]) Keep(wanted func(addr string) bool) {
	for _, p := range s.All() {
		if !wanted(p.Addr) {
			s.Retire(p.Addr)
		}
	}
}

// Sweep closes unused connections past their time at now, all for a zero now,
// and forgets addresses without connections.
func (s *Pools[C, W]) Sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for addr, p := range s.all {
		if p.sweep(now) {
			delete(s.all, addr)
		}
	}
}

// Run sweeps, and calls also unless it is nil, again and again, until ctx
// ends; then it closes all unused connections. Each time it asks how long to
// wait. Without Run they are closed only when their address is used again.
func (s *Pools[C, W]) Run(ctx context.Context, pause func() time.Duration, also func()) {
	timer := time.NewTimer(pause())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			s.Sweep(time.Time{})
			return
		case now := <-timer.C:
			s.Sweep(now)
			if also != nil {
				also()
			}
			timer.Reset(pause())
		}
	}
}
