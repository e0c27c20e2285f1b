package calls

import (
	"slices"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Reserve is Open for a call that takes resources: it also reserves them, and
// reports whether the call is on m with all of them. A call that is there
// already has what it needs. Where something is not free nothing changes; an
// unanswered call that was on another member stays there then.
func (b *Book) Reserve(call appsession.Key, m *cluster.Member, n *cluster.Needs) bool {
	count, now := b.counter(m.Name), time.Now()
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.calls[call]
	if e != nil && (e.answered || e.load == m.Load && !e.lost) {
		e.until = now.Add(b.life(e.answered))
		return true
	}
	if e == nil && !b.admit() {
		return false
	}
	if !m.Reserve(n) {
		if e == nil {
			b.total.Add(-1)
		}
		return false
	}
	if e == nil {
		e = s.add(call, &entry{born: now})
	} else {
		b.leave(e)
	}
	e.until, e.needs = now.Add(b.life(false)), slices.Clone(n.Resources)
	e.join(m, count)
	b.changed.Add(1)
	return true
}

// Hold is Open for a call that is on m already, for the node itself began it:
// what it takes is counted, whatever is free.
func (b *Book) Hold(call appsession.Key, m *cluster.Member, resources []string) bool {
	if !b.Open(call, m) {
		return false
	}
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.calls[call]; e != nil && len(e.needs) == 0 && !e.lost {
		e.needs = slices.Clone(resources)
		b.hold(e)
	}
	return true
}

// hold counts what the call takes. The stripe is locked.
func (b *Book) hold(e *entry) {
	if len(e.needs) > 0 {
		e.load.Hold(e.needs)
		b.changed.Add(1)
	}
}

// On returns the member that carries the call and counts what it takes, by its
// Load; nil when the call is not in the book, or its node has died.
func (b *Book) On(call appsession.Key) *cluster.MemberLoad {
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.calls[call]; e != nil && !e.lost {
		return e.load
	}
	return nil
}

// Lose says that a node has died: what its calls took there is free again. They
// stay in the book, and are counted again where they are next seen. It returns
// how many there were.
func (b *Book) Lose(node string) int {
	if b.Count(node) == 0 {
		return 0
	}
	gone := 0
	for i := range b.stripes {
		s := &b.stripes[i]
		s.mu.Lock()
		for _, e := range s.calls {
			if e.node == node && !e.lost {
				b.leave(e)
				e.lost = true
				b.lost.Add(1)
				gone++
			}
		}
		s.mu.Unlock()
	}
	return gone
}

// Bereft tells whether there are calls whose node has died: who sees one of
// them says so by Shift.
func (b *Book) Bereft() bool { return b.lost.Load() > 0 }

// revive counts a call again where it was, for it is alive. The stripe is
// locked.
func (b *Book) revive(e *entry) {
	if e.lost {
		b.leave(e)
		e.enter()
		b.hold(e)
	}
}
