package held

import (
	"cmp"
	"sync"
	"time"
)

// Bounds of what is held. No connection takes a minute to be made.
const (
	maxRequests = 1024
	maxBytes    = 4 << 10 // of each, on average
	life        = time.Minute
	quiet       = 4 * time.Second // repetitions of what was taken come within this time; later ones are meant
)

// Requests holds values by name, so many and so much of them and no more: what there is no room for is not held. The zero Requests is ready,
// and may be used by several goroutines.
type Requests[K comparable, V any] struct {
	Life time.Duration // that something is held; 0: a minute
	Max  int           // that are held, of 4 KiB each; 0: 1024

	mu    sync.Mutex
	all   map[K]request[V]
	bytes int
}

type request[V any] struct {
	value V
	size  int
	since time.Time
	taken bool
}

// Keep holds a value of so many bytes, unless there is, or a moment ago was, one of its name. False: there is no room.
func (r *Requests[K, V]) Keep(now time.Time, k K, size int, value V) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x, twice := r.all[k]; twice && (!x.taken || now.Sub(x.since) < quiet) {
		return true
	}
	if limit := cmp.Or(r.Max, maxRequests); len(r.all) >= limit || r.bytes+size > limit*maxBytes {
		return false
	}
	if r.all == nil {
		r.all = make(map[K]request[V])
	}
	r.all[k] = request[V]{value: value, size: size, since: now}
	r.bytes += size
	return true
}

// Take gives what is held under a name, once. again: it was taken before, and this is about a repetition of the request.
func (r *Requests[K, V]) Take(k K) (value V, again, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, ok := r.all[k]
	if ok && !x.taken {
		r.bytes -= x.size
		r.all[k] = request[V]{since: x.since, taken: true}
	}
	return x.value, x.taken, ok
}

// Sweep forgets what came long ago: it has left.
func (r *Requests[K, V]) Sweep(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, x := range r.all {
		if now.Sub(x.since) > cmp.Or(r.Life, life) {
			delete(r.all, k)
			r.bytes -= x.size
		}
	}
}
