package balance

import (
	"sync/atomic"

	"twinhop/gateway/cluster"
)

// Standby gives all work to one member, and to the next in the order of the
// pool when that cannot have any. A member that comes back stands by.
type Standby struct {
	// Failback gives the work back to the first member in the order of the
	// pool as soon as it can have it.
	Failback bool

	current atomic.Pointer[cluster.Member] // of some View
}

// Configure implements Configurable.
func (s *Standby) Configure(p Params) error {
	s.Failback = p.Failback
	return nil
}

// Pick implements Algorithm.
func (s *Standby) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	last := s.current.Load()
	next := s.next(eligible, last)
	if !q.Dry && next != nil && (last == nil || next.Name != last.Name) {
		s.current.CompareAndSwap(last, next) // who was faster has seen the same
	}
	return next
}

// next is who has the work after last, which may have it still.
func (s *Standby) next(eligible []*cluster.Member, last *cluster.Member) *cluster.Member {
	var first, after *cluster.Member
	for _, m := range eligible {
		if last != nil && !s.Failback && m.Name == last.Name {
			return m
		}
		if first == nil || m.Index < first.Index {
			first = m
		}
		if last != nil && m.Index > last.Index && (after == nil || m.Index < after.Index) {
			after = m
		}
	}
	if after != nil && !s.Failback {
		return after
	}
	return first
}

// Home implements Homer.
func (s *Standby) Home(living []*cluster.Member, q *Question) *cluster.Member {
	return s.Pick(living, q)
}

// Strict implements Homer: who stands by does nothing.
func (s *Standby) Strict() bool { return true }
