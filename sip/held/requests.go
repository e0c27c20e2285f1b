package held

import (
	"sync"
	"time"
)

// Bounds of what is held. No connection takes a minute to be made.
const (
	maxRequests = 1024
	maxBytes    = 4 << 20
	life        = time.Minute
)

// Requests holds values by name, so many and so much of them and no more: what there is no room for is not held. The zero Requests is ready,
// and may be used by several goroutines.
type Requests[K comparable, V any] struct {
	mu    sync.Mutex
	all   map[K]request[V]
	bytes int
}

type request[V any] struct {
	value V
	size  int
	since time.Time
}

// Keep holds a value of so many bytes, unless there is one of its name already. False: there is no room.
func (r *Requests[K, V]) Keep(now time.Time, k K, size int, value V) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, twice := r.all[k]; twice {
		return true
	}
	if len(r.all) >= maxRequests || r.bytes+size > maxBytes {
		return false
	}
	if r.all == nil {
		r.all = make(map[K]request[V])
	}
	r.all[k] = request[V]{value, size, now}
	r.bytes += size
	return true
}

// Take gives what is held under a name, and holds it no more.
func (r *Requests[K, V]) Take(k K) (value V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, ok := r.all[k]
	if ok {
		r.drop(k, x)
	}
	return x.value, ok
}

// Sweep forgets what was held for a minute: it has left.
func (r *Requests[K, V]) Sweep(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, x := range r.all {
		if now.Sub(x.since) > life {
			r.drop(k, x)
		}
	}
}

func (r *Requests[K, V]) drop(k K, x request[V]) {
	delete(r.all, k)
	r.bytes -= x.size
}
