package balance

import (
	"sync"

	"twinhop/gateway/cluster"
)

// RoundRobin gives every member its turn, in proportion to the weights, and
// spreads the turns of a heavy member instead of giving them in a row. With
// equal weights the members simply follow one another.
type RoundRobin struct {
	mu    sync.Mutex
	turns []turn // by Member.Index
}

// turn is what a member is owed. The load pointer names the member across
// Views, in which its place may change.
type turn struct {
	load *cluster.MemberLoad
	owed int64
}

// Pick implements Algorithm.
func (r *RoundRobin) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	return r.take(eligible, q.Dry, weight)
}

// take lets the next one have its turn: each member is owed its weight more,
// who is owed most is picked and pays the sum of what the others got. Who
// weighs nothing has no turn unless that is said of all.
func (r *RoundRobin) take(eligible []*cluster.Member, dry bool, weight func(*cluster.Member) int64) *cluster.Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	var best *cluster.Member
	var most, total int64
	for _, m := range eligible {
		w := weight(m)
		total += w
		if owed := r.turn(m).owed + w; w > 0 && (best == nil || owed > most) {
			best, most = m, owed
		}
	}
	if best == nil && len(eligible) > 0 {
		best = eligible[0]
	}
	if dry {
		return best
	}
	for _, m := range eligible {
		r.turn(m).owed += weight(m)
	}
	r.turn(best).owed -= total
	return best
}

// turn returns the account of m. It allocates only when the pool has changed.
func (r *RoundRobin) turn(m *cluster.Member) *turn {
	if m.Index < len(r.turns) && r.turns[m.Index].load == m.Load {
		return &r.turns[m.Index]
	}
	owed := int64(0)
	for _, t := range r.turns {
		if t.load == m.Load {
			owed = t.owed
		}
	}
	for m.Index >= len(r.turns) {
		r.turns = append(r.turns, turn{})
	}
	r.turns[m.Index] = turn{m.Load, owed}
	return &r.turns[m.Index]
}

// scale is what a weight is multiplied by, so that a part of it is a whole
// number.
const scale = 1000

// weight is what a member counts with: less than its own while it ramps up.
func weight(m *cluster.Member) int64 {
	step, steps := m.Share()
	return int64(max(m.Weight, 1)) * scale * step / steps
}
