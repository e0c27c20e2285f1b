package trace

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

const (
	shards  = 16      // a power of two; all events of a session are in one
	minRing = 64      // entries of a shard
	maxRing = 1 << 17 // entries of a shard
)

// Log is the gateway.Observer that remembers. Its zero value counts and
// remembers nothing. Fields are set before first use. All methods are safe
// for concurrent use.
type Log struct {
	// MaxBytes bounds the memory for events: a quarter for the rings, the
	// rest for timelines. 0: nothing is remembered, only counted.
	MaxBytes int64
	// Linked hears of each event that names a session and a call of it, by its
	// mark. It must not wait. nil: nobody does.
	Linked func(id appsession.ID, call uint64)
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	once   sync.Once
	rings  [shards]ring
	detail atomic.Pointer[detail] // nil while Run is not running
	tally  tally

	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

// ring holds the last entries of a shard.
type ring struct {
	mu   sync.Mutex
	list []entry
	seq  uint64 // of the last entry written; entry n is at (n-1) % len(list)
	read uint64 // of the last entry collected; the collector's own
	_    [64]byte
}

func (l *Log) ready() {
	l.once.Do(func() {
		if l.MaxBytes <= 0 {
			return
		}
		n := l.MaxBytes / 4 / shards / int64(unsafe.Sizeof(entry{}))
		for i := range l.rings {
			l.rings[i].list = make([]entry, min(max(n, minRing), maxRing))
		}
	})
}

func (l *Log) now() int64 {
	if l.Now != nil {
		return l.Now().UnixNano()
	}
	return time.Now().UnixNano()
}

// shardOf spreads sessions over shards, and what has no session by time.
func shardOf(id appsession.ID, at int64) int {
	if id.IsZero() {
		return int(at>>10) & (shards - 1)
	}
	return int(id[15]) & (shards - 1)
}

// slot returns the next entry of a ring, which stays locked, emptied but for
// its place and time; nil when nothing is remembered.
func (l *Log) slot(id appsession.ID) (*ring, *entry) {
	l.ready()
	at := l.now()
	r := &l.rings[shardOf(id, at)]
	if len(r.list) == 0 {
		return nil, nil
	}
	r.mu.Lock()
	e := &r.list[r.seq%uint64(len(r.list))]
	r.seq++
	*e = entry{seq: r.seq, at: at, session: id}
	return r, e
}

func (e *entry) ask(a *gateway.Ask) {
	e.kind, e.sip = a.Kind, a.Wants == cluster.SIP
	e.source = a.Hint.Source
	if a.Hint.Node != "" {
		e.hint.set(a.Hint.Node)
	} else {
		e.hint.set(a.Hint.Route)
	}
	n := min(len(a.Evidence), entryKeys)
	for i := range n {
		e.keys[i].set(&a.Evidence[i])
	}
	e.more = uint8(min(len(a.Evidence)-n, 255))
	for i := range a.Evidence {
		if a.Evidence[i].Space == appsession.Call {
			e.call = CallMark(a.Evidence[i].Value)
			break
		}
	}
}

// Decided implements gateway.Observer. It does not allocate.
func (l *Log) Decided(a *gateway.Ask, d *gateway.Decision, err error) {
	l.tally.decided(proto(a.Wants == cluster.SIP), d.Rule, err != nil)
	r, e := l.slot(d.Session)
	if e == nil {
		return
	}
	e.typ, e.rule = Decision, d.Rule
	if d.Member != nil {
		e.node = d.Member.Name
	}
	if d.Guest {
		e.flags |= flagGuest
	}
	if d.Moved {
		e.flags |= flagMoved
	}
	if err != nil {
		e.flags |= flagFailed
	}
	e.ask(a)
	call := e.call
	r.mu.Unlock()
	l.linked(d.Session, call)
}

// Learned implements gateway.Observer. It does not allocate.
func (l *Log) Learned(from *cluster.Node, a *gateway.Ask, id appsession.ID) {
	l.tally.learned(proto(a.Wants == cluster.SIP), a.Kind)
	r, e := l.slot(id)
	if e == nil {
		return
	}
	e.typ, e.rule = Learned, gateway.FromNode
	if from != nil {
		e.node = from.Name
	}
	e.ask(a)
	call := e.call
	r.mu.Unlock()
	l.linked(id, call)
}

func (l *Log) linked(id appsession.ID, call uint64) {
	if call != 0 && l.Linked != nil && !id.IsZero() {
		l.Linked(id, call)
	}
}

// Moved implements gateway.Observer. It does not allocate.
func (l *Log) Moved(id appsession.ID, c appsession.Change, why gateway.Rule) {
	l.tally.moved(why)
	r, e := l.slot(id)
	if e == nil {
		return
	}
	e.typ, e.rule, e.node, e.from = Moved, why, c.To, c.From
	r.mu.Unlock()
}

// Timeline returns what is remembered of a session, oldest first. Like
// events in a row are one Event with a Count.
func (l *Log) Timeline(id appsession.ID) []Event {
	var list []Event
	var first, last uint64
	if d := l.detail.Load(); d != nil {
		list = d.get(id)
	}
	if len(list) > 0 {
		first, last = list[0].seq, list[len(list)-1].last
	}
	var before, after []Event
	for _, v := range l.ringOf(id) {
		switch {
		case v.seq > last:
			after = add(after, v)
		case v.seq < first:
			before = add(before, v)
		}
	}
	for _, v := range append(list, after...) {
		before = add(before, v)
	}
	return before
}

// ringOf returns the session's events that are still in its ring.
func (l *Log) ringOf(id appsession.ID) []Event {
	if id.IsZero() {
		return nil
	}
	r := &l.rings[shardOf(id, 0)]
	var found []entry
	r.mu.Lock()
	r.each(func(e *entry) {
		if e.session == id {
			found = append(found, *e)
		}
	})
	r.mu.Unlock()
	list := make([]Event, len(found))
	for i := range found {
		list[i] = found[i].event()
	}
	return list
}

// each visits the entries, oldest first. The lock is held.
func (r *ring) each(visit func(*entry)) {
	n := uint64(len(r.list))
	for seq := r.seq - min(r.seq, n); seq < r.seq; seq++ {
		visit(&r.list[seq%n])
	}
}

// Recent returns the last n events of all sessions, newest first.
func (l *Log) Recent(n int) []Event {
	var found []entry
	for i := range l.rings {
		r := &l.rings[i]
		r.mu.Lock()
		for k := range min(uint64(max(n, 0)), r.seq, uint64(len(r.list))) {
			found = append(found, r.list[(r.seq-1-k)%uint64(len(r.list))])
		}
		r.mu.Unlock()
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(b.at, a.at) })
	list := make([]Event, min(n, len(found)))
	for i := range list {
		list[i] = found[i].event()
	}
	return list
}
