package balance

import (
	"maps"
	"slices"
	"sync"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Heirs remembers who gets what a node leaves that cannot serve: one other
// node gets all of it, so that what belongs together stays together (group
// failover). It is shared by all services of a pool and safe for concurrent
// use.
type Heirs struct {
	// Held tells how many sessions live on a node; nil: nobody knows, only
	// what runs now counts.
	Held func(node string) int
	// ByName chooses by a hash of the name of the node that is left, instead
	// of the least load: for gateways that do not know each other's loads.
	ByName bool

	mu sync.RWMutex
	of map[string]heir // by the node that was left
}

// heir is valid until the node that was left comes back.
type heir struct {
	name string
	at   time.Time
}

// maxHeirs bounds how long a line of heirs is followed, each of whom was left
// in turn, and how many nodes that are in no pool any more are remembered.
const maxHeirs = 256

// Follow, also of nil, returns who got what node gone left, if that is a member that fits;
// who is dead meanwhile leaves it to its own heir.
func (h *Heirs) Follow(gone string, p *cluster.Pool, fits func(*cluster.Member) bool) *cluster.Member {
	if h == nil {
		return nil
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for range maxHeirs {
		e, ok := h.valid(gone, p)
		if !ok {
			return nil
		}
		if m := p.Member(e.name); m != nil && fits(m) {
			return m
		}
		gone = e.name
	}
	return nil
}

// valid is the heir of a node that has not come back since it was chosen.
func (h *Heirs) valid(gone string, p *cluster.Pool) (heir, bool) {
	e, ok := h.of[gone]
	if m := p.Member(gone); ok && m != nil && m.Since().After(e.at) {
		return heir{}, false
	}
	return e, ok
}

// Choose picks who of among, at least one, gets what gone leaves of service s:
// the one with the least to do in proportion to its weight, idle ones
// included. With remember everything that is left later follows.
func (h *Heirs) Choose(gone string, s cluster.Service, among []*cluster.Member, remember bool) *cluster.Member {
	best := among[0]
	if h.ByName {
		best = Rendezvous(among, appsession.Key{Space: appsession.App, Value: gone})
	} else {
		for _, m := range among[1:] {
			a, b := h.load(m)*int64(max(best.Weight, 1)), h.load(best)*int64(max(m.Weight, 1))
			if a < b || a == b && m.Name < best.Name {
				best = m
			}
		}
	}
	if !remember {
		return best
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p := best.Pool
	for range maxHeirs { // the last of a line of heirs is who is left now
		e, ok := h.valid(gone, p)
		if !ok {
			break
		}
		if i := slices.IndexFunc(among, func(m *cluster.Member) bool { return m.Name == e.name }); i >= 0 {
			return among[i] // somebody was faster
		}
		if m := p.Member(e.name); m != nil && m.Activation == cluster.Active && m.Alive(s) {
			return best // who got it lives, and is only busy, or was tried in vain
		}
		gone = e.name
	}
	if gone == best.Name { // who was left long ago inherits what it left then
		return best
	}
	if h.of == nil {
		h.of = map[string]heir{}
	}
	if len(h.of) >= maxHeirs {
		maps.DeleteFunc(h.of, func(name string, _ heir) bool { return p.Member(name) == nil })
	}
	h.of[gone] = heir{best.Name, time.Now()}
	return best
}

func (h *Heirs) load(m *cluster.Member) int64 {
	n := m.Load.Calls.Load() + m.Load.Busy.Load()
	if h.Held != nil {
		n += int64(h.Held(m.Name))
	}
	return n
}
