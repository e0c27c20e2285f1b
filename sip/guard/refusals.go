package guard

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// RefusalSettings bound the gateway's own error answers.
type RefusalSettings struct {
	Rate   int            // answers a second to one source; 0 = no limit per source
	Burst  int            // answers at once to one source; 0 = as many as Rate
	Total  int            // answers a second to all; one second's worth may leave at once; 0 = no limit
	Max    int            // sources known at a time, the latest; 0 = no limit per source
	Exempt []netip.Prefix // these are answered always, and not counted
}

// DefaultRefusals are the settings of Refusals to which none were applied.
func DefaultRefusals() RefusalSettings {
	return RefusalSettings{Rate: 20, Burst: 40, Total: 2000, Max: 100_000}
}

// Refusals is the budget of the gateway's own error answers: who sends under the address of another must not have the other flooded. Half
// of the total is kept for sources met before: a flood from ever new addresses takes only the other half.
type Refusals struct {
	state atomic.Pointer[refusalState]
	full  atomic.Int64 // the moment the bucket of all is full again
	mu    sync.Mutex   // one Apply at a time
}

type refusalState struct {
	set    RefusalSettings
	pace   pace // of one source
	total  pace // the zero pace: no limit
	exempt Prefixes
	table  *table // nil = no limit per source
}

// Apply replaces the settings; what is known of the sources stays, as far as there is room for it.
func (r *Refusals) Apply(set RefusalSettings) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.apply(set)
}

func (r *Refusals) apply(set RefusalSettings) *refusalState {
	n := &refusalState{set: set, exempt: NewPrefixes(set.Exempt)}
	n.total, _ = newPace(set.Total, 0)
	var on bool
	if n.pace, on = newPace(set.Rate, set.Burst); on && set.Max > 0 {
		var old refusalState
		if p := r.state.Load(); p != nil {
			old = *p
		}
		n.table = sized(old.table, old.set.Max, set.Max)
	}
	r.state.Store(n)
	return n
}

func (r *Refusals) load() *refusalState {
	if p := r.state.Load(); p != nil {
		return p
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.state.Load(); p != nil {
		return p
	}
	return r.apply(DefaultRefusals())
}

// Take spends one answer on a source. False: the answer must not be sent.
func (r *Refusals) Take(now time.Time, ip netip.Addr) bool {
	set := r.load()
	if set.exempt.Contains(ip) {
		return true
	}
	m, known := at(now), true
	if set.table != nil {
		sh, src := set.table.locked(keyOf(ip), true)
		known = src.seen != 0
		src.seen = max(src.seen, m)
		var ok bool
		src.full, ok = set.pace.take(src.full, src.seen, 0)
		sh.mu.Unlock()
		if !ok {
			return false
		}
	}
	return set.total.step == 0 || r.takeTotal(set.total, m, known)
}

func (r *Refusals) takeTotal(total pace, m moment, known bool) bool {
	var keep moment
	if !known {
		keep = total.full / 2
	}
	for {
		old := r.full.Load()
		next, ok := total.take(moment(old), m, keep)
		if !ok {
			return false
		}
		if r.full.CompareAndSwap(old, int64(next)) {
			return true
		}
	}
}
