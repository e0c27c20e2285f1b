package specimens

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	perSecond = 200   // see PerSecond
	slots     = 20    // of a second: a burst takes no more than its slot
	most      = 10000 // specimens
	maxNames  = 4096  // names that are shared; strangers invent them
)

// Recorder keeps the last specimens. A nil *Recorder, and its zero value, keep
// nothing. MaxBytes is set before first use. All methods are safe for
// concurrent use.
type Recorder struct {
	// MaxBytes bounds the memory, beside 10,000 specimens. 0: none are kept.
	MaxBytes int
	// PerSecond is how many messages are kept at most; 0 means 200.
	PerSecond int

	slot atomic.Uint64 // the number of the slot at hand, and how many it took: see Wants

	mu    sync.Mutex
	list  []Specimen // a ring: the oldest is at next once it is full
	first int        // the oldest
	n     int
	bytes int
	names map[string]string
}

// Wants tells, before any work is done, whether a message is to be kept: at
// most so many of a second, spread over it.
func (r *Recorder) Wants(now time.Time) bool {
	if r == nil || r.MaxBytes <= 0 {
		return false
	}
	room := uint64(perSecond / slots)
	if r.PerSecond > 0 {
		room = uint64(min(max(r.PerSecond/slots, 1), 0xffff))
	}
	slot := uint64(now.UnixNano()) / (uint64(time.Second) / slots)
	for {
		was := r.slot.Load()
		at, taken := was>>16, was&0xffff
		switch {
		case slot > at || slot+slots < at: // the next one, or the clock was put back; who looked at his a moment ago brings no old one back
			at, taken = slot, 0
		case taken >= room:
			return false
		}
		if r.slot.CompareAndSwap(was, at<<16|taken+1) {
			return true
		}
	}
}

// Keep keeps a specimen, which is not changed any more. The oldest give way.
func (r *Recorder) Keep(s *Specimen) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range s.Keys {
		s.Keys[i].Name = r.name(s.Keys[i].Name)
	}
	size := s.size()
	for r.n > 0 && (r.n == most || r.bytes+size > r.MaxBytes) {
		old := &r.list[r.first]
		r.bytes -= old.size()
		*old = Specimen{}
		r.first, r.n = (r.first+1)%most, r.n-1
	}
	if size > r.MaxBytes {
		return
	}
	at := (r.first + r.n) % most
	if at == len(r.list) {
		r.list = append(r.list, Specimen{})
	}
	r.list[at] = *s
	r.n, r.bytes = r.n+1, r.bytes+size
}

// name is the one copy of a name. The lock is held.
func (r *Recorder) name(s string) string {
	if known, ok := r.names[s]; ok {
		return known
	}
	if r.names == nil || len(r.names) >= maxNames {
		r.names = map[string]string{}
	}
	r.names[s] = s
	return s
}

// Last returns the last n specimens, oldest first. They must not be changed.
func (r *Recorder) Last(n int) []Specimen {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n = max(min(n, r.n), 0)
	list := make([]Specimen, n)
	for i := range list {
		list[i] = r.list[(r.first+r.n-n+i)%most]
	}
	return list
}
