package messages

import (
	"cmp"
	"slices"
	"sync"
	"time"
	"unsafe"

	"twinhop/appsession"
	"twinhop/gateway/trace"
)

const (
	shards  = 16      // all messages of a call are in one
	minRing = 64      // entries of a shard
	maxRing = 1 << 16 // entries of a shard
)

// Log remembers what passed. A nil *Log, and its zero value, remember
// nothing. Fields are set before first use. All methods are safe for
// concurrent use.
type Log struct {
	// MaxBytes bounds the memory. 0: nothing is remembered.
	MaxBytes int64
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	once  sync.Once
	rings [shards]ring
	tapes tapes
}

// ring holds the last entries of a shard.
type ring struct {
	mu   sync.Mutex
	list []entry
	seq  uint64 // of the last entry written; entry n is at (n-1) % len(list)
	_    [64]byte
}

func (l *Log) ready() {
	l.once.Do(func() {
		if l.MaxBytes <= 0 {
			return
		}
		l.tapes.budget = l.MaxBytes / 2
		n := l.MaxBytes / 2 / shards / int64(unsafe.Sizeof(entry{}))
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

// slot returns the next entry for what belongs to who. Its ring stays locked.
// It is nil when nothing is remembered.
func (l *Log) slot(who uint64) (*ring, *entry) {
	l.ready()
	r := &l.rings[who%shards]
	if len(r.list) == 0 {
		return nil, nil
	}
	r.mu.Lock()
	e := &r.list[r.seq%uint64(len(r.list))]
	r.seq++
	e.seq, e.who = r.seq, who
	return r, e
}

// Exchange remembers an exchange. It does not allocate.
func (l *Log) Exchange(x *Exchange) {
	if l == nil || x.Session.IsZero() {
		return
	}
	r, e := l.slot(trace.SessionMark(x.Session))
	if e == nil {
		return
	}
	e.at, e.took, e.node, e.transport = x.Began.UnixNano(), int64(x.Took), x.Node, ""
	e.peer, e.local, e.size, e.cseq, e.flags = x.Peer, x.Local, 0, 0, 0
	e.status = 0
	if x.Status >= 100 && x.Status < 1000 {
		e.status = uint16(x.Status)
	}
	e.methodLen, e.pathLen = copyPrintable(e.method[:], x.Method), copyPrintable(e.path[:], shownPath(x.Target))
	if !l.tapes.follow.Load() || x.Heads == nil {
		r.mu.Unlock()
		return
	}
	s := e.summary(int(e.who % shards))
	r.mu.Unlock()
	l.tapes.exchange(l.now(), x, s)
}

// Message remembers a message. It does not allocate.
func (l *Log) Message(m *Message) {
	if l == nil || m.Call == "" {
		return
	}
	r, e := l.slot(trace.CallMark(m.Call))
	if e == nil {
		return
	}
	e.at, e.took, e.node, e.transport = l.now(), 0, m.Node, m.Transport
	e.peer, e.local, e.size, e.cseq, e.status = m.Peer, m.Local, int32(min(len(m.Data), 1<<30)), m.CSeq, uint16(m.Status)
	e.flags = flagSIP
	if m.Out {
		e.flags |= flagOut
	}
	if m.Inside {
		e.flags |= flagInside
	}
	e.methodLen, e.pathLen = copyPrintable(e.method[:], m.Method), 0
	if !l.tapes.follow.Load() {
		r.mu.Unlock()
		return
	}
	who := e.who
	s := e.summary(int(who % shards))
	before, found := r.cause(who, m)
	r.mu.Unlock()
	l.tapes.message(m, pair{s, before, found}, who)
}

// cause finds the message whose forwarding m is: the last one of the call that
// came, if its size is right. The lock is held.
func (r *ring) cause(who uint64, m *Message) (s Summary, found bool) {
	if !m.Out || m.Came == nil {
		return s, false
	}
	n := uint64(len(r.list))
	for seq := r.seq - 1; seq > 0 && seq+n > r.seq && seq+maxBack > r.seq; seq-- {
		if e := &r.list[(seq-1)%n]; e.who == who && e.flags&flagOut == 0 {
			return e.summary(int(who % shards)), int(e.size) == len(m.Came)
		}
	}
	return s, false
}

// maxBack is how far back cause looks.
const maxBack = 64

// Of returns what is remembered of a session and of calls, by their marks
// (trace.CallMark), in the order of time.
func (l *Log) Of(id appsession.ID, calls []uint64) []Summary {
	if l == nil {
		return nil
	}
	l.ready()
	var of [shards][]uint64
	add := func(who uint64) {
		if s := &of[who%shards]; !slices.Contains(*s, who) {
			*s = append(*s, who)
		}
	}
	if !id.IsZero() {
		add(trace.SessionMark(id))
	}
	for _, c := range calls {
		if c != 0 {
			add(c)
		}
	}
	var list []Summary
	for i := range of {
		if len(of[i]) > 0 {
			list = l.rings[i].find(list, of[i], i)
		}
	}
	slices.SortStableFunc(list, func(a, b Summary) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.N, b.N)) })
	return list
}

// find appends the entries of any of those.
func (r *ring) find(list []Summary, who []uint64, shard int) []Summary {
	var found []entry
	r.mu.Lock()
	n := uint64(len(r.list))
	for seq := r.seq - min(r.seq, n); seq < r.seq; seq++ {
		if e := &r.list[seq%n]; slices.Contains(who, e.who) {
			found = append(found, *e)
		}
	}
	r.mu.Unlock()
	for i := range found {
		list = append(list, found[i].summary(shard))
	}
	return list
}
