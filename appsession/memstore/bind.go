package memstore

import (
	"context"
	"errors"
	"strings"

	"twinhop/appsession"
)

// errRoom: some more room is needed than there is. It never leaves the package.
var errRoom = errors.New("no room")

// Bind implements appsession.Store. It does not wait for anything but locks.
func (s *Store) Bind(_ context.Context, b appsession.Binding, keys []appsession.Alias) (appsession.Binding, error) {
	var some [8]want // on the stack for as many keys as a message usually has
	p := plan{b: &b, ident: -1, wants: some[:min(len(keys), len(some))]}
	if len(keys) > len(some) {
		p.wants = make([]want, len(keys))
	}
	if err := s.read(&p, keys); err != nil {
		return appsession.Binding{}, err
	}
	var shelf shelf
	for i := range p.wants {
		shelf.mark(p.wants[i].hash)
	}
	for range 3 {
		s.lock(&shelf)
		out, err := s.bind(&p)
		s.unlock(&shelf)
		if err != errRoom {
			s.noteDroppable(p.wants)
			return out, err
		}
		if !s.makeRoom(len(keys)) {
			break
		}
	}
	return appsession.Binding{}, appsession.ErrFull
}

func (s *Store) read(p *plan, keys []appsession.Alias) error {
	if len(keys) == 0 || p.b.ID.IsZero() || p.b.Owner == "" {
		return appsession.ErrBinding
	}
	for i := range keys {
		w := want{Alias: &keys[i], hash: s.hash(&keys[i].Key), same: -1}
		for j := range i {
			if p.wants[j].same < 0 && p.wants[j].hash == w.hash && p.wants[j].Key == w.Key {
				w.same = j
			}
		}
		if w.Space == appsession.NoSpace || w.Value == "" ||
			w.Space == appsession.App && w.same < 0 && p.ident >= 0 {
			return appsession.ErrBinding
		}
		if w.Space == appsession.App && p.ident < 0 {
			p.ident = i
		}
		p.wants[i] = w
	}
	return nil
}

// bind works under the locks of the shards of all keys: none of them can
// become bound meanwhile, but sessions may still move, merge and end. When
// one did so between the survey and the deed, the survey is repeated.
func (s *Store) bind(p *plan) (appsession.Binding, error) {
	for {
		s.survey(p)
		x := p.choose()
		if x == nil {
			return s.create(p)
		}
		merge := p.merges(x)
		if merge {
			s.merging.Lock()
		}
		out, again, err := s.join(p, x)
		if merge {
			s.merging.Unlock()
		}
		if !again {
			return out, err
		}
	}
}

// survey finds out to which session each key belongs.
func (s *Store) survey(p *plan) {
	p.now = s.now.Load()
	for i := range p.wants {
		w := &p.wants[i]
		w.home, w.named, w.kept = nil, false, nil
		if w.same >= 0 {
			w.entry, w.home, w.named = p.wants[w.same].entry, p.wants[w.same].home, p.wants[w.same].named
			continue
		}
		w.entry = s.keys[w.hash>>56].entry(w.hash, &w.Key)
		if w.entry == nil {
			continue
		}
		x := enter(w.entry.sess)
		w.entry.sess = x // its shard is locked: spares the detour next time
		if s.lives(x, p.now) && !w.entry.has(dead) {
			w.home, w.named = x, x.named
		}
		x.mu.Unlock()
	}
}

// steady tells whether the locked x still is what the survey saw.
func (s *Store) steady(p *plan, x *session) bool {
	if !s.lives(x, p.now) {
		return false
	}
	for i := range p.wants {
		if w := &p.wants[i]; w.home == x && (w.entry.has(dead) || w.named != x.named) {
			return false
		}
	}
	return true
}

// join adds the keys to x. again: the survey is out of date, nothing was done.
func (s *Store) join(p *plan, x *session) (out appsession.Binding, again bool, err error) {
	guests := p.guests(x)
	x.mu.Lock()
	defer x.mu.Unlock()
	steady := s.steady(p, x)
	total := x.aliases
	for _, y := range guests {
		y.mu.Lock()
		defer y.mu.Unlock()
		steady = steady && s.steady(p, y)
		total += y.aliases
	}
	if !steady {
		return out, true, nil
	}
	fresh, slots := p.missing(true)
	total += uint32(fresh)
	hot := total > s.limit && (fresh > 0 || len(guests) > 0)
	if hot {
		_, slots = p.missing(false)
	}
	if slots > 0 && !s.reserve(slots, false) {
		return out, false, errRoom
	}
	if hot {
		err = appsession.ErrHot
	} else {
		for _, y := range guests {
			x.absorb(y)
			s.unname(y)
		}
	}
	for i := range p.wants {
		w := &p.wants[i]
		switch {
		case w.same >= 0:
			s.renew(p, x, w)
		case w.home == nil:
			if !hot || w.Space == appsession.App {
				s.insert(p, x, w)
			}
		case w.home.into == x && w.home != x:
			w.home, w.entry.sess = x, x
			if w.Space == appsession.Call {
				w.kept = w.entry.node
			}
			s.renew(p, x, w)
		case w.home == x:
			s.renew(p, x, w)
		}
	}
	x.tidy(p.now)
	x.seen = p.now
	p.report(x, &out)
	return out, false, err
}

// create makes a new session of the keys, all of which are unbound or stay
// elsewhere.
func (s *Store) create(p *plan) (out appsession.Binding, err error) {
	all := true
	fresh, slots := p.missing(true)
	if uint32(fresh) > s.limit {
		// Only what names the session is kept.
		all, err, slots = false, appsession.ErrHot, 0
		if p.wants[p.namer()].entry == nil {
			slots = 1
		}
	}
	if !s.reserve(slots, true) {
		return out, errRoom
	}
	x := &session{owner: s.nodes.named(p.b.Owner), gen: p.b.Gen, rev: 1, born: p.now, seen: p.now}
	// As long as nobody can find x, nothing of it needs a lock. The slots are
	// filled last; their shards are locked.
	for i := range p.wants {
		w := &p.wants[i]
		switch {
		case w.same >= 0:
			s.renew(p, x, w)
		case w.home == nil && (all || i == p.namer()):
			s.insert(p, x, w)
		}
	}
	x.tidy(p.now)
	p.report(x, &out)
	x.owner.sessions.Add(1)
	s.sessions.Add(1)
	s.name(x, p.b.ID)
	out.ID = x.id
	return out, err
}

// name enters x in the index under id. When a living session has that name
// because it was once named by a key it has lost since, the next free one is
// taken.
func (s *Store) name(x *session, id appsession.ID) {
	for {
		hash, ix := s.index(id)
		ix.mu.Lock()
		y := ix.session(hash, id)
		if y == nil {
			x.id = id
			ix.add(hash, x)
			ix.mu.Unlock()
			return
		}
		ix.mu.Unlock()
		y.mu.Lock()
		lives := s.lives(y, s.now.Load())
		y.mu.Unlock()
		if lives {
			id = id.Next()
		}
	}
}

// insert makes the key of w a key of x. Only here is a value copied.
func (s *Store) insert(p *plan, x *session, w *want) {
	e := &entry{value: strings.Clone(w.Value), hash: w.hash, realm: w.Realm, space: w.Space, sess: x, next: x.keys}
	x.keys = e
	sh := &s.keys[w.hash>>56]
	if w.entry != nil {
		sh.slots[sh.at(w.hash, w.entry)].p = e // it has ended; nobody else uses it
	} else {
		sh.add(w.hash, e)
	}
	w.entry, w.home = e, x
	s.renew(p, x, w)
}

// renew gives the entry of w, if it is one of x, the data of w.
func (s *Store) renew(p *plan, x *session, w *want) {
	if w.same >= 0 {
		first := &p.wants[w.same]
		w.entry, w.home, w.kept = first.entry, first.home, first.kept
		if w.home != x {
			return
		}
	}
	e := w.entry
	e.node = w.kept
	if w.Node != "" {
		e.node = s.nodes.named(w.Node)
	}
	e.set(moved, w.Moved)
	e.set(droppable, w.Droppable)
	if w.Sent != nil {
		e.sent = w.Sent
	}
	switch life := seconds(w.Life); {
	case life > 0:
		e.until = p.now + life
		e.set(early, w.Space != appsession.App && (s.idle == 0 || life < s.idle))
	case w.Sent != nil: // given out anew
		e.until = 0
		e.set(early, false)
	}
}
