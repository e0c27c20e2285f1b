package memstore

import (
	"math/bits"

	"twinhop/appsession"
)

// want is one key of a Bind and what was found for it.
type want struct {
	*appsession.Alias
	hash  uint64
	entry *entry   // in the table; nil: none
	home  *session // that the living entry belongs to; nil: the key is unbound
	named bool     // home has an identity
	same  int      // index of an earlier want of the same key, else -1
	kept  *node    // of a call that was taken over: where it stays
}

// plan is one Bind under way.
type plan struct {
	b     *appsession.Binding
	wants []want
	ident int // index of the identity, -1: none
	now   uint32
}

// shelf is a set of shards.
type shelf [shards / 64]uint64

func (f *shelf) mark(hash uint64) { f[hash>>62] |= 1 << (hash >> 56 & 63) }

func (s *Store) lock(f *shelf) {
	for i, word := range f {
		for ; word != 0; word &= word - 1 {
			s.keys[i*64+bits.TrailingZeros64(word)].mu.Lock()
		}
	}
}

func (s *Store) unlock(f *shelf) {
	for i, word := range f {
		for ; word != 0; word &= word - 1 {
			s.keys[i*64+bits.TrailingZeros64(word)].mu.Unlock()
		}
	}
}

// choose returns the session that the keys are to be names of, nil for a new one.
func (p *plan) choose() *session {
	if p.ident >= 0 && p.wants[p.ident].home != nil {
		return p.wants[p.ident].home
	}
	for i := range p.wants {
		w := &p.wants[i]
		if w.home != nil && (p.ident < 0 || !w.named) {
			return w.home
		}
	}
	return nil
}

// comes tells whether the session of w is to be taken over by x.
func (p *plan) comes(w *want, x *session) bool {
	return p.ident >= 0 && w.home != nil && w.home != x && !w.named && w.same < 0
}

func (p *plan) merges(x *session) bool {
	for i := range p.wants {
		if p.comes(&p.wants[i], x) {
			return true
		}
	}
	return false
}

// guests lists the sessions to be taken over by x, each once.
func (p *plan) guests(x *session) []*session {
	var list []*session
	for i := range p.wants {
		if !p.comes(&p.wants[i], x) {
			continue
		}
		known := false
		for _, y := range list {
			known = known || y == p.wants[i].home
		}
		if !known {
			list = append(list, p.wants[i].home)
		}
	}
	return list
}

// missing counts the aliases that must be inserted, and the slots this takes,
// the identity's included. A slot whose key has ended is used again.
func (p *plan) missing(aliases bool) (fresh, slots int) {
	for i := range p.wants {
		w := &p.wants[i]
		if w.home != nil || w.same >= 0 || !aliases && w.Space != appsession.App {
			continue
		}
		if w.Space != appsession.App {
			fresh++
		}
		if w.entry == nil {
			slots++
		}
	}
	return fresh, slots
}

// namer is the index of the key that a new session is named by.
func (p *plan) namer() int {
	if p.ident >= 0 {
		return p.ident
	}
	return 0
}

// report speaks of the first key that is one of x.
func (p *plan) report(x *session, b *appsession.Binding) {
	for i := range p.wants {
		if w := &p.wants[i]; w.home == x {
			x.fill(b, w.entry, p.now)
			b.Found = i
			return
		}
	}
	x.fill(b, nil, 0)
}
