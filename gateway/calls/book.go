package calls

import (
	"hash/maphash"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// The defaults of a Book.
const (
	DefaultMax    = 1 << 20
	DefaultRing   = 3*time.Minute + 5*time.Second // RFC 3261 section 16.6: Timer C is more than 3 minutes
	DefaultDialog = 12 * time.Hour
)

// Book counts the calls in progress. The zero Book is ready for use; the
// fields are set before that. All methods are safe for concurrent use, and
// the changing ones may be repeated: a retransmission counts nothing twice.
type Book struct {
	Ring   time.Duration // an unanswered call is forgotten after this; 0: DefaultRing
	Dialog time.Duration // an answered call without a message is forgotten after this; 0: DefaultDialog
	Max    int           // calls kept; more are not counted; 0: DefaultMax

	stripes [stripes]stripe
	total   atomic.Int64
	missed  atomic.Int64
	lost    atomic.Int64 // calls of nodes that died
	changed atomic.Int64 // how often calls changed that take resources

	mu    sync.RWMutex
	nodes map[string]*atomic.Int64
}

const stripes = 64

type stripe struct {
	mu    sync.Mutex
	calls map[appsession.Key]*entry
	_     [48]byte // keeps the locks of neighbours on different cache lines
}

type entry struct {
	node     string
	pool     string
	count    *atomic.Int64 // of node
	load     *cluster.MemberLoad
	born     time.Time
	until    time.Time
	answered bool
	lost     bool     // its node died: it is not counted there any more
	needs    []string // resources that it takes
}

// Call is one call, for listings. Its Key is a secret.
type Call struct {
	Key      appsession.Key
	Node     string
	Born     time.Time
	Answered bool
}

var seed = maphash.MakeSeed()

func (b *Book) stripe(call appsession.Key) *stripe {
	return &b.stripes[maphash.String(seed, call.Value)%stripes]
}

func (b *Book) life(answered bool) time.Duration {
	d, def := b.Ring, DefaultRing
	if answered {
		d, def = b.Dialog, DefaultDialog
	}
	if d <= 0 {
		return def
	}
	return d
}

func (b *Book) counter(node string) *atomic.Int64 {
	b.mu.RLock()
	c := b.nodes[node]
	b.mu.RUnlock()
	if c != nil {
		return c
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c = b.nodes[node]; c == nil {
		if b.nodes == nil {
			b.nodes = map[string]*atomic.Int64{}
		}
		c = new(atomic.Int64)
		b.nodes[strings.Clone(node)] = c
	}
	return c
}

// Open counts a call on m from its INVITE on. Of a call that is counted
// already it renews the time until it is forgotten, and while it is unanswered
// takes it to m: the INVITE was tried again elsewhere. It reports whether the
// call is in the book now; it is not when the book is full. The key is cloned
// when kept.
func (b *Book) Open(call appsession.Key, m *cluster.Member) bool {
	count, now := b.counter(m.Name), time.Now()
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.calls[call]; e != nil {
		e.until = now.Add(b.life(e.answered))
		if !e.answered {
			b.shift(e, m, count)
		}
		return true
	}
	if !b.admit() {
		return false
	}
	s.add(call, &entry{born: now, until: now.Add(b.life(false))}).join(m, count)
	return true
}

// admit takes a place in the book for one more call.
func (b *Book) admit() bool {
	most := int64(b.Max)
	if most <= 0 {
		most = DefaultMax
	}
	if b.total.Add(1) > most {
		b.total.Add(-1)
		b.missed.Add(1)
		return false
	}
	return true
}

// add puts an entry into the stripe, which is locked.
func (s *stripe) add(call appsession.Key, e *entry) *entry {
	if s.calls == nil {
		s.calls = map[appsession.Key]*entry{}
	}
	call.Value = strings.Clone(call.Value)
	s.calls[call] = e
	return e
}

// shift moves the entry to another member, with what it takes. The stripe is
// locked.
func (b *Book) shift(e *entry, to *cluster.Member, count *atomic.Int64) {
	if e.load == to.Load && !e.lost {
		return
	}
	b.leave(e)
	e.join(to, count)
	b.hold(e)
}

// join counts the call on a member, but not what it takes there.
func (e *entry) join(m *cluster.Member, count *atomic.Int64) {
	e.node, e.pool, e.count, e.load = m.Name, m.Pool.Name, count, m.Load
	e.enter()
}

func (e *entry) enter() {
	e.count.Add(1)
	e.load.Calls.Add(1)
}

// leave takes the call off the counts of its member. The stripe is locked.
func (b *Book) leave(e *entry) {
	if e.lost {
		e.lost = false
		b.lost.Add(-1)
		return
	}
	e.count.Add(-1)
	e.load.Calls.Add(-1)
	if len(e.needs) > 0 {
		e.load.Release(e.needs)
		b.changed.Add(1)
	}
}

// Answer says that the call was answered with a 2xx: it is no longer bound by
// Timer C. It reports whether the call is in the book.
func (b *Book) Answer(call appsession.Key) bool { return b.touch(call, true) }

// Touch says that the call is alive: a provisional response (RFC 3261 section
// 16.7: resets Timer C) or a message within the dialog. It reports whether
// the call is in the book.
func (b *Book) Touch(call appsession.Key) bool { return b.touch(call, false) }

func (b *Book) touch(call appsession.Key, answered bool) bool {
	now := time.Now()
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.calls[call]
	if e == nil {
		return false
	}
	e.answered = e.answered || answered
	b.revive(e)
	e.until = now.Add(b.life(e.answered))
	return true
}

// Shift says that another node carries the call now. It reports whether the
// call is in the book: a call that is not is not opened by this.
func (b *Book) Shift(call appsession.Key, to *cluster.Member) bool {
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.calls[call]
	if e == nil {
		return false
	}
	e.until = time.Now().Add(b.life(e.answered))
	b.shift(e, to, b.counter(to.Name))
	return true
}

// Close forgets a call: its BYE was answered with anything but 401 or 407, or
// its INVITE failed or was cancelled. It reports whether the call was in the
// book.
func (b *Book) Close(call appsession.Key) bool {
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.calls[call]
	if e == nil {
		return false
	}
	b.drop(s, call, e)
	return true
}

// drop removes an entry. The stripe is locked.
func (b *Book) drop(s *stripe, call appsession.Key, e *entry) {
	delete(s.calls, call)
	b.leave(e)
	b.total.Add(-1)
}

// Has reports whether the call is in the book.
func (b *Book) Has(call appsession.Key) bool {
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[call] != nil
}

// Pool returns the pool that the call was placed in, "" when it is not in the
// book.
func (b *Book) Pool(call appsession.Key) string {
	s := b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.calls[call]; e != nil {
		return e.pool
	}
	return ""
}

// Count returns how many calls node carries.
func (b *Book) Count(node string) int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if c := b.nodes[node]; c != nil {
		return int(c.Load())
	}
	return 0
}

// Total returns how many calls are in the book.
func (b *Book) Total() int { return int(b.total.Load()) }

// Missed returns how many calls were ever not counted because the book was
// full.
func (b *Book) Missed() int64 { return b.missed.Load() }

// Sweep forgets the calls whose time is over at now and returns how many
// there were. Somebody calls it every few seconds; it holds one of many locks
// at a time.
func (b *Book) Sweep(now time.Time) int {
	gone := 0
	for i := range b.stripes {
		s := &b.stripes[i]
		s.mu.Lock()
		for call, e := range s.calls {
			if !now.Before(e.until) {
				b.drop(s, call, e)
				gone++
			}
		}
		s.mu.Unlock()
	}
	return gone
}

// All lists the calls in no order. What changes meanwhile may or may not be
// seen.
func (b *Book) All() iter.Seq[Call] {
	return func(yield func(Call) bool) {
		var batch []Call
		for i := range b.stripes {
			s := &b.stripes[i]
			batch = batch[:0]
			s.mu.Lock()
			for call, e := range s.calls {
				batch = append(batch, Call{call, e.node, e.born, e.answered})
			}
			s.mu.Unlock()
			for _, c := range batch {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Oldest returns when the longest call on node began, of all nodes when node
// is ""; the zero Time when there is none. It looks at every call.
func (b *Book) Oldest(node string) time.Time {
	var oldest time.Time
	for c := range b.All() {
		if (node == "" || c.Node == node) && (oldest.IsZero() || c.Born.Before(oldest)) {
			oldest = c.Born
		}
	}
	return oldest
}

// counts returns the calls of every node that ever had one.
func (b *Book) counts() map[string]int64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make(map[string]int64, len(b.nodes))
	for node, c := range b.nodes {
		all[node] = c.Load()
	}
	return all
}
