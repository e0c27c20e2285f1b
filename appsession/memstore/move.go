package memstore

import (
	"context"
	"iter"
	"slices"
	"time"

	"twinhop/appsession"
)

// Move implements appsession.Store.
func (s *Store) Move(_ context.Context, id appsession.ID, m appsession.Change) (b appsession.Binding, err error) {
	if m.To == "" {
		return b, appsession.ErrBinding
	}
	x := s.locked(id)
	if x == nil {
		return b, appsession.ErrNotFound
	}
	defer x.mu.Unlock()
	if x.owner.name != m.From {
		x.fill(&b, nil, 0)
		return b, appsession.ErrMoved
	}
	s.shift(x, m)
	x.fill(&b, nil, 0)
	return b, nil
}

// shift gives the locked x another owner.
func (s *Store) shift(x *session, m appsession.Change) {
	to := s.nodes.named(m.To)
	x.owner.sessions.Add(-1)
	to.sessions.Add(1)
	x.owner, x.gen = to, m.Gen
	x.rev++
	switch {
	case m.Leave:
		x.left = x.left.Add(m.From, m.To)
	case x.left.Has(m.To):
		x.left = x.left.Add("", m.To) // it came back
	}
}

// MoveAll implements appsession.Mover. A session bound to m.From while it
// runs may be missed.
func (s *Store) MoveAll(ctx context.Context, m appsession.Change) (int, error) {
	if m.To == "" {
		return 0, appsession.ErrBinding
	}
	if m.From == m.To {
		return 0, nil
	}
	from, to, n := s.nodes.named(m.From), s.nodes.named(m.To), 0
	for x := range s.each() {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		x.mu.Lock()
		if s.lives(x, s.now.Load()) {
			for e := x.keys; e != nil; e = e.next {
				call := e.space == appsession.Call
				if e.node == from || call && e.node == nil && x.owner == from {
					e.node = to
					if call {
						e.flags |= moved
					}
				}
			}
			if x.owner == from {
				s.shift(x, m)
				n++
			}
		}
		x.mu.Unlock()
	}
	return n, nil
}

// Drop implements appsession.Store.
func (s *Store) Drop(_ context.Context, id appsession.ID, keys ...appsession.Key) error {
	x := s.locked(id)
	if x == nil {
		return appsession.ErrNotFound
	}
	var gone []*entry
	if len(keys) == 0 {
		for e := x.keys; e != nil; e = e.next {
			gone = append(gone, e)
		}
		s.end(x)
	} else {
		for i := range keys {
			if e := x.find(&keys[i]); e != nil && !e.has(dead) {
				e.flags |= dead
				gone = append(gone, e)
			}
		}
		x.tidy(s.now.Load())
		if x.keys == nil {
			s.end(x)
		}
	}
	x.mu.Unlock()
	for _, e := range gone {
		sh := &s.keys[e.hash>>56]
		sh.mu.Lock()
		if sh.remove(e.hash, e) {
			s.release(1)
		}
		sh.mu.Unlock()
	}
	return nil
}

// each lists the sessions, a shard of the index at a time and none twice.
func (s *Store) each() iter.Seq[*session] {
	return func(yield func(*session) bool) {
		var list []*session
		for i := range s.ids {
			ix := &s.ids[i]
			list = list[:0]
			ix.mu.Lock()
			for _, slot := range ix.slots {
				if slot.p != nil {
					list = append(list, slot.p)
				}
			}
			ix.mu.Unlock()
			for _, x := range list {
				if !yield(x) {
					return
				}
			}
			clear(list)
		}
	}
}

// All implements appsession.Store.
func (s *Store) All(ctx context.Context) iter.Seq2[appsession.Session, error] {
	return func(yield func(appsession.Session, error) bool) {
		for x, err := range s.Walk(ctx) {
			v := *x
			v.Keys = slices.Clone(v.Keys)
			if !yield(v, err) {
				return
			}
		}
	}
}

// Walk implements appsession.Walker.
func (s *Store) Walk(ctx context.Context) iter.Seq2[*appsession.Session, error] {
	return func(yield func(*appsession.Session, error) bool) {
		var v appsession.Session
		for x := range s.each() {
			if err := ctx.Err(); err != nil {
				yield(&appsession.Session{}, err)
				return
			}
			x.mu.Lock()
			ok := s.lives(x, s.now.Load())
			if ok {
				v = s.view(x, v.Keys[:0])
			}
			x.mu.Unlock()
			if ok && !yield(&v, nil) {
				return
			}
		}
	}
}

// Session implements appsession.Viewer.
func (s *Store) Session(_ context.Context, id appsession.ID) (appsession.Session, error) {
	x := s.locked(id)
	if x == nil {
		return appsession.Session{}, appsession.ErrNotFound
	}
	defer x.mu.Unlock()
	return s.view(x, nil), nil
}

// view copies the locked x for a listing, keys in the order they came, which
// are appended to keys.
func (s *Store) view(x *session, keys []appsession.Alias) appsession.Session {
	v := appsession.Session{Keys: keys, Born: time.Unix(int64(x.born), 0), Seen: time.Unix(int64(x.seen), 0)}
	x.fill(&v.Binding, nil, 0)
	now := s.now.Load()
	for e := x.keys; e != nil; e = e.next {
		if e.has(dead) || e.has(early) && now > e.until {
			continue // ended, though nobody swept it yet
		}
		a := appsession.Alias{Moved: e.has(moved), Sent: e.sent, Droppable: e.has(droppable)}
		a.Key = appsession.Key{Space: e.space, Realm: e.realm, Value: e.value}
		if e.node != nil {
			a.Node = e.node.name
		}
		if e.until >= now && e.until != 0 {
			a.Life = time.Duration(e.until-now) * time.Second
		}
		v.Keys = append(v.Keys, a)
	}
	slices.Reverse(v.Keys)
	if s.idle != 0 || s.max != 0 {
		v.Expires = time.Unix(int64(s.deadline(x)), 0)
	}
	return v
}

// deadline is the last second of x if nobody asks for it any more.
func (s *Store) deadline(x *session) uint32 {
	at := uint32(1<<32 - 1)
	if s.idle != 0 {
		at = x.seen + s.idle
	}
	if s.max != 0 {
		at = min(at, x.born+s.max)
	}
	return max(at, x.hold)
}
