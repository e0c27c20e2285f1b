package pending

import (
	"sync"
	"sync/atomic"
	"time"

	"twinhop/gateway/cluster"
)

// stripes is how many locks the table has; the low bits of a key choose one.
const stripes = 64

// Table holds the unanswered INVITEs. All its methods may be called from any goroutine; now is always the time of the event, and a step back
// counts as no time at all.
type Table struct {
	epoch time.Time
	rules atomic.Pointer[rules]
	live  atomic.Int64
	due   [stripes]atomic.Int64 // when Tick has to look at a stripe, at the latest
	all   [stripes]stripe
}

// stripe is a part of the table with a lock of its own.
type stripe struct {
	mu      sync.Mutex
	buckets []*Invite // a power of two, by the key's bits above those that chose the stripe
	live    int
	wheel   wheel
	spare   spare
	tally   tally
	done    *[maxDone]Key // accepted and forgotten lately; nil: none ever was
	_       [64]byte      // neighbours must not share a cache line
}

// New returns an empty table with the zero Settings; now is any time that is not after the first event.
func New(now time.Time) *Table {
	t := &Table{epoch: now}
	t.Apply(Settings{})
	for i := range t.all {
		t.due[i].Store(never)
		t.all[i].buckets = make([]*Invite, 16)
	}
	return t
}

// Apply replaces the settings. INVITEs in the table go on with the new ones, but for timers that run.
func (t *Table) Apply(s Settings) { t.rules.Store(s.rules()) }

// Live is how many INVITEs are known now, answered ones that are kept for their repetitions included.
func (t *Table) Live() int { return int(t.live.Load()) }

// Where tells which node and attempt the caller's answers come from, while no final one went up; early: see Invite.Early.
func (t *Table) Where(k Key) (n *cluster.Node, attempt int, early bool) {
	s := t.stripe(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(k)
	if x == nil || !x.open() {
		return nil, 0, false
	}
	return x.nodes[x.current], int(x.current), x.Early(int(x.current))
}

func (t *Table) stripe(k Key) *stripe { return &t.all[k%stripes] }

// turn is one event while it is worked at, under the lock of its stripe.
type turn struct {
	t     *Table
	s     *stripe
	stage Stage
	rules *rules
	now   int64
	gone  bool // the INVITE was forgotten
}

// turn takes the lock of the key's stripe.
func (t *Table) turn(now time.Time, k Key, st Stage) turn {
	s := t.stripe(k)
	s.mu.Lock()
	return turn{t: t, s: s, stage: st, rules: t.rules.Load(), now: t.since(now)}
}

func (t *Table) since(now time.Time) int64 { return max(0, int64(now.Sub(t.epoch))) }

func (s *stripe) bucket(k Key) *(*Invite) {
	return &s.buckets[int(k/stripes)&(len(s.buckets)-1)]
}

func (s *stripe) find(k Key) *Invite {
	for x := *s.bucket(k); x != nil; x = x.chain {
		if x.key == k {
			return x
		}
	}
	return nil
}

// maxDone is how many accepted INVITEs a stripe remembers by name alone.
const maxDone = 1024

// bury remembers an accepted INVITE that is forgotten: its node answers repetitions that are still under way with silence (RFC 6026
// section 7.1), and nobody must take that for a reason to try another one.
func (s *stripe) bury(k Key) {
	if s.done == nil {
		s.done = new([maxDone]Key)
	}
	s.done[k/stripes%maxDone] = k
}

// buried tells whether an INVITE was accepted lately.
func (s *stripe) buried(k Key) bool { return s.done != nil && s.done[k/stripes%maxDone] == k }

// enter makes a record and puts it into the table; nil: the table is full.
func (c *turn) enter(k Key, r *Request) *Invite {
	if c.t.live.Add(1) > c.rules.limit {
		c.t.live.Add(-1)
		return nil
	}
	s := c.s
	if s.live++; s.live > 2*len(s.buckets) {
		s.grow()
	}
	x := s.spare.invite()
	x.key, x.origin, x.born, x.early = k, r.Origin, c.now, c.rules.early
	x.deadline, x.unheard, x.again, x.pull = never, never, never, never
	s.spare.keep(x, r)
	b := s.bucket(k)
	x.chain, *b = *b, x
	return x
}

func (s *stripe) grow() {
	old := s.buckets
	s.buckets = make([]*Invite, 2*len(old))
	for _, x := range old {
		for x != nil {
			next, b := x.chain, s.bucket(x.key)
			x.chain, *b = *b, x
			x = next
		}
	}
}

// forget takes a record out of the table.
func (c *turn) forget(x *Invite) {
	s := c.s
	c.gone = true
	p := s.bucket(x.key)
	for *p != x {
		p = &(*p).chain
	}
	*p = x.chain
	s.wheel.drop(x)
	s.live--
	c.t.live.Add(-1)
	s.spare.leave(x, s.live)
}

// schedule sees to it that Tick looks at x in time. A time that was put off needs nothing: the INVITE is put back when it is looked at.
func (c *turn) schedule(x *Invite) {
	if c.gone {
		return
	}
	next := x.next()
	if x.slot >= 0 {
		if x.due <= next {
			return
		}
		c.s.wheel.drop(x)
	}
	c.s.wheel.put(x, next, c.now)
	if due := &c.t.due[x.key%stripes]; next < due.Load() {
		due.Store(next)
	}
}

// after is a time from now on, or never.
func (c *turn) after(d int64) int64 { return later(c.now, d) }

func later(t, d int64) int64 {
	if d > never-t {
		return never
	}
	return t + d
}
