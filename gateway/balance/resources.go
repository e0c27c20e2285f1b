package balance

import (
	"math/rand/v2"

	"twinhop/gateway/cluster"
)

// Resources picks the member with the most left of what the work needs: of
// each member counts the scarcest of the resources needed (OpenSIPS'
// load_balancer). Of equals the first one in the pool gets it or, if that is
// wanted, any. Work that needs nothing is given to all in turn.
type Resources struct {
	turns RoundRobin
	draw  func(n int) int // in [0,n); nil: the global generator
}

// Pick implements Algorithm. nil: there is not enough anywhere.
func (r *Resources) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	if q.Needs == nil || len(q.Needs.Resources) == 0 {
		return r.turns.Pick(eligible, q)
	}
	var best *cluster.Member
	most, equals := int64(0), 0
	for _, m := range eligible {
		free, has := m.Free(q.Needs)
		switch {
		case !has || free <= 0 && !q.Needs.Overload:
		case best == nil || free > most:
			best, most, equals = m, free, 1
		case free == most && q.Needs.Spread:
			if equals++; r.among(equals) == 0 {
				best = m
			}
		}
	}
	return best
}

func (r *Resources) among(n int) int {
	if r.draw != nil {
		return r.draw(n)
	}
	return rand.IntN(n)
}
