package pace

import (
	"sync/atomic"
	"time"
)

// Reported is what a node says of itself.
type Reported struct {
	Weight int       // what it would count with when idle; 0: it does not say
	Load   int       // 0 idle to 100 full; negative: it does not say
	Free   int       // calls or requests it could still take; negative: it does not say
	At     time.Time // when that was; zero: now
}

// maxNumber bounds Weight and Free, so that no sum overflows.
const maxNumber = 1_000_000

// Reports keeps the last report of a node. It is safe for concurrent use.
type Reports struct{ last atomic.Pointer[Reported] }

// Put takes a report and tells whether it counts: one that is older than the
// last, or from the future, does not. What is out of bounds is cut to them.
func (r *Reports) Put(x Reported) bool {
	now := time.Now()
	if x.At.IsZero() {
		x.At = now
	}
	if x.At.After(now.Add(time.Second)) {
		return false
	}
	x.Weight = min(max(x.Weight, 0), maxNumber)
	x.Load, x.Free = min(max(x.Load, -1), 100), min(max(x.Free, -1), maxNumber)
	for {
		old := r.last.Load()
		if old != nil && x.At.Before(old.At) {
			return false
		}
		if r.last.CompareAndSwap(old, &x) {
			return true
		}
	}
}

// Fresh returns the last report if it is not older than most at now.
func (r *Reports) Fresh(now time.Time, most time.Duration) (Reported, bool) {
	x := r.last.Load()
	if x == nil || now.Sub(x.At) > most {
		return Reported{}, false
	}
	return *x, true
}
