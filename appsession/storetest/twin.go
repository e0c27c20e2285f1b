package storetest

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"twinhop/appsession"
)

// twin is a Store as one would explain it: a list of sessions, each a list of
// keys, all under one lock. It has no cap.
type twin struct {
	mu    sync.Mutex
	opts  Options
	limit int
	list  []*twinSession
}

type twinSession struct {
	appsession.Binding
	born, seen int64 // whole seconds
	keys       []*twinKey
}

type twinKey struct {
	appsession.Alias
	until int64 // holds the session until then
	early bool  // and ends then
}

func newTwin(o Options) *twin {
	t := &twin{opts: o, limit: o.KeysPerSession}
	if t.limit == 0 {
		t.limit = 64
	}
	return t
}

func (t *twin) now() int64 { return t.opts.Clock().Unix() }

func whole(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// enter locks and forgets what has ended.
func (t *twin) enter() func() {
	t.mu.Lock()
	now := t.now()
	t.list = slices.DeleteFunc(t.list, func(s *twinSession) bool {
		held := false
		for _, k := range s.keys {
			held = held || k.until >= now
		}
		if !held && (now > s.seen+whole(t.opts.Idle) || now > s.born+whole(t.opts.Max)) {
			return true
		}
		s.keys = slices.DeleteFunc(s.keys, func(k *twinKey) bool { return k.early && now > k.until })
		return len(s.keys) == 0
	})
	return t.mu.Unlock
}

func (t *twin) owning(k appsession.Key) (*twinSession, *twinKey) {
	for _, s := range t.list {
		for _, own := range s.keys {
			if own.Key == k {
				return s, own
			}
		}
	}
	return nil, nil
}

func (t *twin) named(id appsession.ID) *twinSession {
	for _, s := range t.list {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (s *twinSession) has(space appsession.Space) bool {
	return slices.ContainsFunc(s.keys, func(k *twinKey) bool { return k.Space == space })
}

func (s *twinSession) aliases() (n int) {
	for _, k := range s.keys {
		if k.Space != appsession.App {
			n++
		}
	}
	return n
}

func (s *twinSession) binding(k *twinKey, found int, now int64) appsession.Binding {
	b := s.Binding
	b.Node, b.Found, b.Anonymous, b.Web = b.Owner, found, !s.has(appsession.App), s.has(appsession.HTTP)
	if k != nil {
		b.Moved, b.Sent, b.Kept = k.Moved, k.Sent, time.Duration(max(k.until-now, 0))*time.Second
		if k.Node != "" {
			b.Node = k.Node
		}
	}
	return b
}

func (t *twin) Find(_ context.Context, keys []appsession.Key) (appsession.Binding, error) {
	defer t.enter()()
	for i, k := range keys {
		if s, own := t.owning(k); s != nil {
			return s.binding(own, i, t.now()), nil
		}
	}
	return appsession.Binding{}, appsession.ErrNotFound
}

func (t *twin) Now(keys []appsession.Key) (appsession.Binding, appsession.Answer) {
	defer t.enter()()
	for i, k := range keys {
		if s, own := t.owning(k); s != nil {
			s.seen = t.now()
			return s.binding(own, i, t.now()), appsession.Bound
		}
	}
	return appsession.Binding{}, appsession.Free
}

func (t *twin) Bind(_ context.Context, b appsession.Binding, keys []appsession.Alias) (appsession.Binding, error) {
	defer t.enter()()
	ident, ok := identity(keys)
	if !ok || b.ID.IsZero() || b.Owner == "" {
		return appsession.Binding{}, appsession.ErrBinding
	}
	s := t.choose(ident, keys)
	fresh := s == nil
	if fresh {
		for t.named(b.ID) != nil {
			b.ID = b.ID.Next()
		}
		s = &twinSession{born: t.now(), Binding: appsession.Binding{ID: b.ID, Owner: b.Owner, Gen: b.Gen, Rev: 1}}
	}
	var unbound []appsession.Alias
	var guests []*twinSession
	aliases := s.aliases()
	for _, k := range keys {
		y, _ := t.owning(k.Key)
		switch {
		case y == nil && !slices.ContainsFunc(unbound, func(u appsession.Alias) bool { return u.Key == k.Key }):
			unbound = append(unbound, k)
			if k.Space != appsession.App {
				aliases++
			}
		case y != nil && y != s && ident.Value != "" && !y.has(appsession.App) && !slices.Contains(guests, y):
			guests = append(guests, y)
			aliases += y.aliases()
		}
	}
	before := s.aliases()
	keys = slices.Clone(keys)
	hot := aliases > t.limit && (aliases > before || len(guests) > 0)
	if !hot {
		for _, y := range guests {
			t.merge(s, y)
			for i := range keys {
				if _, own := t.owning(keys[i].Key); own != nil && slices.Contains(y.keys, own) && own.Space == appsession.Call && keys[i].Node == "" {
					keys[i].Node = own.Node // it came over with its node
				}
			}
		}
	}
	for i, k := range unbound {
		if !hot || k.Space == appsession.App || fresh && ident.Value == "" && i == 0 {
			s.keys = append(s.keys, &twinKey{Alias: appsession.Alias{Key: k.Key}})
			s.keys[len(s.keys)-1].Value = strings.Clone(k.Value)
		}
	}
	if fresh {
		t.list = append(t.list, s)
	}
	return t.renew(s, keys, hot)
}

// identity returns the key of space App, if there is one; ok is false when
// the keys make no sense.
func identity(keys []appsession.Alias) (ident appsession.Key, ok bool) {
	for _, k := range keys {
		if k.Space == appsession.NoSpace || k.Value == "" || k.Space == appsession.App && ident.Value != "" && ident != k.Key {
			return ident, false
		}
		if k.Space == appsession.App {
			ident = k.Key
		}
	}
	return ident, len(keys) > 0
}

func (t *twin) choose(ident appsession.Key, keys []appsession.Alias) *twinSession {
	if s, _ := t.owning(ident); s != nil {
		return s
	}
	for _, k := range keys {
		if s, _ := t.owning(k.Key); s != nil && (ident.Value == "" || !s.has(appsession.App)) {
			return s
		}
	}
	return nil
}

func (t *twin) merge(s, y *twinSession) {
	away := s.Owner != y.Owner
	for _, k := range y.keys {
		if away && k.Space == appsession.Call && k.Node == "" {
			k.Node = y.Owner
		}
	}
	s.keys = append(s.keys, y.keys...)
	if away {
		y.Rev++
	}
	s.Rev = max(s.Rev, y.Rev)
	t.list = slices.DeleteFunc(t.list, func(x *twinSession) bool { return x == y })
}

func (t *twin) renew(s *twinSession, keys []appsession.Alias, hot bool) (out appsession.Binding, err error) {
	s.seen = t.now()
	for _, k := range keys {
		x, own := t.owning(k.Key)
		if x != s {
			continue
		}
		sent := own.Sent
		if k.Sent != nil {
			sent = k.Sent
		}
		switch {
		case k.Life > 0:
			own.until = t.now() + whole(k.Life)
			own.early = k.Space != appsession.App && k.Life < t.opts.Idle
		case k.Sent != nil:
			own.until, own.early = 0, false
		}
		value := own.Value
		own.Alias, own.Sent, own.Value = k, sent, value
	}
	for i, k := range keys {
		if x, own := t.owning(k.Key); x == s {
			out = s.binding(own, i, t.now())
			break
		}
	}
	if hot {
		err = appsession.ErrHot
	}
	return out, err
}

func (t *twin) Move(_ context.Context, id appsession.ID, m appsession.Change) (appsession.Binding, error) {
	defer t.enter()()
	s := t.named(id)
	switch {
	case m.To == "":
		return appsession.Binding{}, appsession.ErrBinding
	case s == nil:
		return appsession.Binding{}, appsession.ErrNotFound
	case s.Owner != m.From:
		return s.binding(nil, 0, t.now()), appsession.ErrMoved
	}
	s.move(m)
	return s.binding(nil, 0, t.now()), nil
}

func (s *twinSession) move(m appsession.Change) {
	s.Owner, s.Gen = m.To, m.Gen
	s.Rev++
	if m.Leave {
		s.Left = s.Left.Add(m.From, m.To)
	} else if s.Left.Has(m.To) {
		s.Left = s.Left.Add("", m.To)
	}
}

func (t *twin) MoveAll(_ context.Context, m appsession.Change) (n int, err error) {
	defer t.enter()()
	if m.From == m.To {
		return 0, nil
	}
	for _, s := range t.list {
		for _, k := range s.keys {
			isCall := k.Space == appsession.Call
			if k.Node == m.From || k.Node == "" && isCall && s.Owner == m.From {
				k.Node, k.Moved = m.To, k.Moved || isCall
			}
		}
		if s.Owner == m.From {
			s.move(m)
			n++
		}
	}
	return n, nil
}

func (t *twin) Drop(_ context.Context, id appsession.ID, keys ...appsession.Key) error {
	defer t.enter()()
	s := t.named(id)
	if s == nil {
		return appsession.ErrNotFound
	}
	s.keys = slices.DeleteFunc(s.keys, func(k *twinKey) bool { return len(keys) == 0 || slices.Contains(keys, k.Key) })
	if len(s.keys) == 0 {
		t.list = slices.DeleteFunc(t.list, func(x *twinSession) bool { return x == s })
	}
	return nil
}

func (t *twin) Count(node string) (n int) {
	defer t.enter()()
	for _, s := range t.list {
		if s.Owner == node {
			n++
		}
	}
	return n
}

func (t *twin) All(context.Context) iter.Seq2[appsession.Session, error] {
	return func(yield func(appsession.Session, error) bool) {
		leave := t.enter()
		var out []appsession.Session
		for _, s := range t.list {
			v := appsession.Session{Binding: s.binding(nil, 0, t.now()), Born: time.Unix(s.born, 0), Seen: time.Unix(s.seen, 0)}
			ends := min(s.seen+whole(t.opts.Idle), s.born+whole(t.opts.Max))
			for _, k := range s.keys {
				a := k.Alias
				a.Life = 0
				if k.until >= t.now() {
					a.Life = time.Duration(k.until-t.now()) * time.Second
				}
				ends = max(ends, k.until)
				v.Keys = append(v.Keys, a)
			}
			v.Expires = time.Unix(ends, 0)
			out = append(out, v)
		}
		leave()
		for _, v := range out {
			if !yield(v, nil) {
				return
			}
		}
	}
}
