package pace

import (
	"sync/atomic"
	"time"
)

// Rhythm is something that is due again and again. It is safe for concurrent
// use.
type Rhythm struct{ last atomic.Int64 } // Unix nanoseconds

// Last is when it last was due, or the zero time.
func (r *Rhythm) Last() time.Time {
	if n := r.last.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Due tells how many intervals have passed since it last was due, and notes
// that it is now if any has. The first call begins the first one.
func (r *Rhythm) Due(now time.Time, interval time.Duration) int {
	last := r.last.Load()
	if last == 0 {
		r.last.CompareAndSwap(0, now.UnixNano())
		return 0
	}
	n := int(now.Sub(time.Unix(0, last)) / max(interval, time.Millisecond))
	if n <= 0 || !r.last.CompareAndSwap(last, now.UnixNano()) {
		return 0
	}
	return n
}
