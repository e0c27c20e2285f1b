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

// Pick implements Algorithm: each member is owed its weight more, who is owed
// most is picked and pays the sum of what the others got.
func (r *RoundRobin) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	var best *cluster.Member
	var most, total int64
	for _, m := range eligible {
		w := weight(m)
		total += w
		if owed := r.turn(m).owed + w; best == nil || owed > most {
			best, most = m, owed
		}
	}
	if q.Dry {
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

func weight(m *cluster.Member) int64 { return int64(max(m.Weight, 1)) }
