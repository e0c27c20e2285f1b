package pace

import (
	"sync/atomic"
	"time"
)

// Ramp says how a member that is new, or came back, gets its weight: in equal
// steps over a time. The zero Ramp: at once.
type Ramp struct {
	Over  time.Duration // from the first step to the whole weight; 0: at once
	Steps int           // 0: DefaultSteps
}

// DefaultSteps is how many steps a Ramp has that does not say.
const DefaultSteps = 10

// Start is when a member was last new. The zero Start: it always was there.
// All methods are safe for concurrent use.
type Start struct{ at atomic.Int64 } // Unix nanoseconds

// Begin says that the member is new, or came back, now.
func (s *Start) Begin(now time.Time) { s.at.Store(now.UnixNano()) }

// At is when the member was last new, or the zero time.
func (s *Start) At() time.Time {
	if n := s.at.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Share is the part of its weight that a member counts with now: step of
// steps, 1 of 1 when it is warm.
func (s *Start) Share(r Ramp) (step, steps int64) {
	if r.Over <= 0 {
		return 1, 1
	}
	at := s.at.Load()
	if at == 0 {
		return 1, 1
	}
	since := time.Since(time.Unix(0, at))
	if since >= r.Over {
		return 1, 1
	}
	if steps = int64(r.Steps); steps <= 0 {
		steps = DefaultSteps
	}
	return 1 + int64(float64(max(since, 0))/float64(r.Over)*float64(steps)), steps
}

// maxMult bounds the least common multiple, so that load values, which grow
// by it with every request, never overflow.
const maxMult = 1 << 32

// scale is what multipliers are multiplied by where members ramp up, so that
// parts of them are whole numbers.
const scale = 60

// Multipliers returns lbmult of members with these weights, as mod_jk has it:
// the least common multiple of all weights, divided by the member's own.
func (r Ramp) Multipliers(weights []int) []int64 {
	lcm := int64(1)
	for _, w := range weights {
		n := max(int64(w), 1)
		lcm = min(lcm/gcd(lcm, n)*n, maxMult)
	}
	all := make([]int64, len(weights))
	for i, w := range weights {
		all[i] = max(lcm/max(int64(w), 1), 1)
		if r.Over > 0 {
			all[i] *= scale
		}
	}
	return all
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
