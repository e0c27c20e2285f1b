package balance

import (
	"math"
	"sync/atomic"

	"twinhop/gateway/cluster"
)

// Requests picks the member with the smallest load value, as mod_jk's methods
// Request and Session do. Work given to a member raises its value by lbmult;
// Tick halves the values as time passes. Members with equal values take turns,
// beginning after the one picked last.
type Requests struct {
	// OnlyNew counts only work that begins a session (method=Session).
	OnlyNew bool

	next atomic.Int64 // Member.Index to begin with
}

// Pick implements Algorithm.
func (r *Requests) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	next := int(r.next.Load())
	var best *cluster.Member
	least, first := int64(math.MaxInt64), math.MaxInt
	for _, m := range eligible {
		turn := m.Index - next
		if turn < 0 {
			turn += math.MaxInt32 // after all that are still to come in this round
		}
		if v := m.Load.Value.Load(); v < least || v == least && turn < first {
			best, least, first = m, v, turn
		}
	}
	if !q.Dry && best != nil {
		r.next.Store(int64(best.Index) + 1)
	}
	return best
}

// Assigned implements Observer.
func (r *Requests) Assigned(m *cluster.Member, q *Question) {
	if q.Dry || r.OnlyNew && q.Known {
		return
	}
	m.Load.Value.Add(max(m.Mult, 1))
}

// Tick lets seconds pass for the load values of a pool: each second halves
// them (mod_jk's worker.maintain). Called once a second for every pool,
// whatever its algorithms.
func Tick(p *cluster.Pool, seconds int) {
	for _, m := range p.Members {
		v := &m.Load.Value
		for seconds > 0 {
			old := v.Load()
			if v.CompareAndSwap(old, old>>min(seconds, 63)) {
				break
			}
		}
	}
}
