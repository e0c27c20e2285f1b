package balance

import (
	"math"
	"sync/atomic"

	"twinhop/gateway/cluster"
)

// rotation finds the member with the least value. Members with equal values
// take turns, beginning after the one picked last (mod_jk's next_offset).
type rotation struct {
	next atomic.Int64 // Member.Index to begin with
}

func (r *rotation) least(eligible []*cluster.Member, q *Question, value func(*cluster.Member) int64) *cluster.Member {
	next := 0
	if !q.InOrder {
		next = int(r.next.Load())
	}
	var best *cluster.Member
	least, first := int64(math.MaxInt64), math.MaxInt
	for _, m := range eligible {
		turn := m.Index - next
		if turn < 0 {
			turn += math.MaxInt32 // after all that are still to come in this round
		}
		v := int64(0)
		if !q.Stateless {
			v = value(m)
		}
		if v < least || v == least && turn < first {
			best, least, first = m, v, turn
		}
	}
	if !q.Dry && !q.InOrder && best != nil {
		r.next.Store(int64(best.Index) + 1)
	}
	return best
}

func value(m *cluster.Member) int64 { return m.Load.Value.Load() }

// halve halves the load values n times.
func halve(p *cluster.Pool, n int) {
	for _, m := range p.Members {
		update(m, func(v int64) int64 { return v >> min(max(n, 0), 63) })
	}
}

// level raises the load values of the members that recover to the greatest of
// the pool.
func level(p *cluster.Pool, recovering []*cluster.Member) {
	most := int64(0)
	for _, m := range p.Members {
		most = max(most, value(m))
	}
	for _, m := range recovering {
		m.Load.Value.Store(most)
	}
}

// update replaces the load value of m, which others change meanwhile.
func update(m *cluster.Member, f func(int64) int64) {
	v := &m.Load.Value
	for old := v.Load(); !v.CompareAndSwap(old, f(old)); {
		old = v.Load()
	}
}
