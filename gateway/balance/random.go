package balance

import (
	"math/rand/v2"

	"twinhop/gateway/cluster"
)

// Random draws a member, in proportion to the weights.
type Random struct {
	draw func(n int64) int64 // in [0,n); nil: the global generator
}

// Pick implements Algorithm. A dry question draws as well: there is nothing
// to advance.
func (r *Random) Pick(eligible []*cluster.Member, _ *Question) *cluster.Member {
	total := int64(0)
	for _, m := range eligible {
		total += weight(m)
	}
	if total == 0 {
		return nil
	}
	var n int64
	if r.draw != nil {
		n = r.draw(total)
	} else {
		n = rand.Int64N(total)
	}
	for _, m := range eligible {
		if n -= weight(m); n < 0 {
			return m
		}
	}
	return nil // the weights sum up to total
}
