package balance

import (
	"sync"

	"twinhop/gateway/cluster"
)

// Standby gives all work to one member, and to the next in the order of the
// pool when that cannot have any. A member that comes back stands by.
type Standby struct {
	// Failback gives the work back to the first member in the order of the
	// pool as soon as it can have it.
	Failback bool

	mu      sync.RWMutex
	current map[int]*cluster.Member // by version; of some View
}

// Configure implements Configurable.
func (s *Standby) Configure(p Params) error {
	s.Failback = p.Failback
	return nil
}

// Pick implements Algorithm. Whom a message may be given to does not decide
// who is active: nothing changes by it.
func (s *Standby) Pick(eligible []*cluster.Member, _ *Question) *cluster.Member {
	if len(eligible) == 0 {
		return nil
	}
	return s.next(eligible, s.active(eligible[0].Version))
}

// Home implements Homer: of those that live one is active, for each version.
func (s *Standby) Home(living []*cluster.Member, q *Question) *cluster.Member {
	last := s.active(living[0].Version)
	next := s.next(living, last)
	if q.Dry || last != nil && last.Name == next.Name {
		return next
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current[next.Version] != last { // somebody was faster
		return s.next(living, s.current[next.Version])
	}
	if s.current == nil {
		s.current = map[int]*cluster.Member{}
	}
	s.current[next.Version] = next
	return next
}

// Strict implements Homer: who stands by does nothing.
func (s *Standby) Strict() bool { return true }

func (s *Standby) active(version int) *cluster.Member {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current[version]
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

// Value implements Inspector: 1 of the active member, 0 of the others.
func (s *Standby) Value(m *cluster.Member) int64 {
	if active := s.active(m.Version); active != nil && active.Name == m.Name {
		return 1
	}
	return 0
}
