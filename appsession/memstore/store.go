package memstore

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/appsession"
)

const shards = 256

// Options of a Store. The zero value is fit for use.
type Options struct {
	MaxKeys        int              // hard cap on the keys in the table; 0: 4,000,000
	KeysPerSession int              // aliases a session may have; 0: 64; negative: any number
	Idle           time.Duration    // a session unseen for longer ends; 0: 30 min; negative: never
	Max            time.Duration    // a session older than that ends; 0: 12 h; negative: never
	Clock          func() time.Time // nil: time.Now
}

// Store is the table. It implements appsession.Store, Near, Counter, Mover,
// Gauge and Viewer. Make it with New.
type Store struct {
	clock     func() time.Time
	start     time.Time
	startUnix int64
	now       atomic.Uint32 // seconds since 1970, advanced by Tick alone

	seed      maphash.Seed
	idle, max uint32 // seconds; 0: never
	limit     uint32 // aliases of a session

	keys    [shards]shard
	ids     [shards]index
	merging sync.Mutex // held by whoever holds several sessions
	nodes   nodes

	room
	sweeper
}

type shard struct {
	mu sync.Mutex
	table[entry]
	_ [16]byte // two shards never share a cache line's worth of locks
}

type index struct {
	mu sync.Mutex
	table[session]
	_ [16]byte
}

var _ interface {
	appsession.Store
	appsession.Near
	appsession.Counter
	appsession.Mover
	appsession.Gauge
	appsession.Viewer
} = (*Store)(nil)

// New returns an empty Store. Its clock stands still until Run or Tick.
func New(o Options) *Store {
	s := &Store{clock: o.Clock, seed: maphash.MakeSeed()}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.start = s.clock()
	s.startUnix = s.start.Unix()
	s.now.Store(uint32(s.startUnix))
	s.idle, s.max = seconds(or(o.Idle, 30*time.Minute)), seconds(or(o.Max, 12*time.Hour))
	s.limit = uint32(min(or(o.KeysPerSession, 64), 1<<31))
	if o.KeysPerSession < 0 {
		s.limit = 1 << 31
	}
	s.room.init(or(o.MaxKeys, 4_000_000))
	return s
}

// or returns v, or the default for its zero value.
func or[T comparable](v, absent T) T {
	var zero T
	if v == zero {
		return absent
	}
	return v
}

// Find implements appsession.Store.
func (s *Store) Find(_ context.Context, keys []appsession.Key) (appsession.Binding, error) {
	var b appsession.Binding
	if !s.look(keys, &b, false) {
		return appsession.Binding{}, appsession.ErrNotFound
	}
	return b, nil
}

// Now implements appsession.Near; its answer is never Ask.
func (s *Store) Now(keys []appsession.Key) (b appsession.Binding, _ appsession.Answer) {
	if !s.look(keys, &b, true) {
		return b, appsession.Free
	}
	return b, appsession.Bound
}

func (s *Store) look(keys []appsession.Key, b *appsession.Binding, touch bool) bool {
	for i := range keys {
		hash := s.hash(&keys[i])
		sh := &s.keys[hash>>56]
		sh.mu.Lock()
		e := sh.entry(hash, &keys[i])
		if e == nil {
			sh.mu.Unlock()
			continue
		}
		x := e.sess
		sh.mu.Unlock()
		now := s.now.Load()
		x = enter(x)
		ok := s.lives(x, now) && !e.has(dead)
		if ok {
			x.fill(b, e, now)
			b.Found = i
			if touch && x.seen < now { // once a second at most: the clock knows no less
				x.seen = now
			}
		}
		x.mu.Unlock()
		if ok {
			return true
		}
	}
	return false
}

func (s *Store) hash(k *appsession.Key) uint64 {
	// The seed is secret, so adding what is not hashed aims at nothing.
	return maphash.String(s.seed, k.Value) + (uint64(k.Space)<<16|uint64(k.Realm))*0x9e3779b97f4a7c15
}

// entry returns the entry of k, whether it still lives or not.
func (sh *shard) entry(hash uint64, k *appsession.Key) *entry {
	for i := sh.first(hash); i >= 0; i = sh.next(i, hash) {
		if e := sh.slots[i].p; e.is(k) {
			return e
		}
	}
	return nil
}

// enter locks x, or the session that took it over.
func enter(x *session) *session {
	x.mu.Lock()
	for x.into != nil {
		y := x.into
		x.mu.Unlock()
		x = y
		x.mu.Lock()
	}
	return x
}

// lives brings the locked x up to date and tells whether it still is a session.
func (s *Store) lives(x *session, now uint32) bool {
	switch {
	case x.dead || x.into != nil:
		return false
	case s.expired(x, now):
		s.end(x)
	case x.soon != 0 && now > x.soon:
		x.tidy(now)
		if x.keys == nil {
			s.end(x)
		}
	}
	return !x.dead
}

func (s *Store) expired(x *session, now uint32) bool {
	if now <= x.hold {
		return false
	}
	return s.idle != 0 && now > x.seen+s.idle || s.max != 0 && now > x.born+s.max
}

// end forgets the locked x. Its keys read as unbound from now on; their slots
// are cleared by others.
func (s *Store) end(x *session) {
	x.dead, x.keys = true, nil
	s.unname(x)
}

// unname takes x out of the index and of all counts.
func (s *Store) unname(x *session) {
	x.owner.sessions.Add(-1)
	s.sessions.Add(-1)
	hash, ix := s.index(x.id)
	ix.mu.Lock()
	ix.remove(hash, x)
	ix.mu.Unlock()
}

func (s *Store) index(id appsession.ID) (uint64, *index) {
	hash := maphash.Bytes(s.seed, id[:])
	return hash, &s.ids[hash>>56]
}

// locked returns the session of that name, locked, or nil.
func (s *Store) locked(id appsession.ID) *session {
	hash, ix := s.index(id)
	ix.mu.Lock()
	x := ix.session(hash, id)
	ix.mu.Unlock()
	if x == nil {
		return nil
	}
	x.mu.Lock()
	if !s.lives(x, s.now.Load()) {
		x.mu.Unlock()
		return nil
	}
	return x
}

func (ix *index) session(hash uint64, id appsession.ID) *session {
	for i := ix.first(hash); i >= 0; i = ix.next(i, hash) {
		if x := ix.slots[i].p; x.id == id {
			return x
		}
	}
	return nil
}

// Count implements appsession.Counter. A session whose time is over counts
// until somebody asks for it or the sweeper comes by, within a minute.
func (s *Store) Count(name string) int {
	if n := s.nodes.known(name); n != nil {
		return int(n.sessions.Load())
	}
	return 0
}
