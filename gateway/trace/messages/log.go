package messages

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"
	"unsafe"

	"twinhop/appsession"
	"twinhop/gateway/trace"
)

// Log remembers what passed. A nil *Log, and its zero value, remember
// nothing. Fields are set before first use. All methods are safe for
// concurrent use.
type Log struct {
	// MaxBytes bounds the memory. 0: nothing is remembered.
	MaxBytes int64
	// Sample is the share of all sessions whose texts are kept though nobody
	// watches them, 0 to 1.
	Sample float64
	// Bodies keeps the bodies of exchanges, where they are text, with what came
	// of them.
	Bodies bool
	// Export is given every message, remembered or not. It must not wait, and
	// keeps nothing of it. nil: nobody is.
	Export func(Message)
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	once       sync.Once
	messages   [shards]ring[entry]
	exchanges  [shards]ring[exchange]
	nodes      numbers[string]
	transports numbers[string]
	locals     numbers[netip.AddrPort]
	tapes      tapes
}

func (l *Log) ready() {
	l.once.Do(func() {
		if l.MaxBytes <= 0 {
			return
		}
		l.tapes.budget = l.MaxBytes / 2
		l.tapes.sample(l.Sample)
		room := l.MaxBytes / 4 / shards
		entries := func(size uintptr) int64 { return min(max(room/int64(size), minRing), maxRing) }
		for i := range shards {
			l.messages[i].list = make([]entry, entries(unsafe.Sizeof(entry{})))
			l.exchanges[i].list = make([]exchange, entries(unsafe.Sizeof(exchange{})))
		}
	})
}

func (l *Log) now() int64 {
	if l.Now != nil {
		return l.Now().UnixNano()
	}
	return time.Now().UnixNano()
}

// Exchange remembers an exchange. It does not allocate.
func (l *Log) Exchange(x *Exchange) {
	if l == nil || x.Session.IsZero() {
		return
	}
	l.ready()
	who := trace.SessionMark(x.Session)
	shard := int(who % shards)
	r := &l.exchanges[shard]
	if len(r.list) == 0 {
		return
	}
	node, local := l.nodes.number(x.Node), l.locals.number(x.Local)
	r.mu.Lock()
	e := r.next()
	e.at, e.who, e.took, e.node, e.local, e.flags = x.Began.UnixNano(), who, int64(x.Took), node, local, 0
	e.setPeer(x.Peer)
	e.status = 0
	if x.Status >= 100 && x.Status < 1000 {
		e.status = uint16(x.Status)
	}
	e.methodLen, e.pathLen = copyPrintable(e.method[:], x.Method), copyPrintable(e.path[:], shownPath(x.Target))
	if !l.tapes.follow.Load() || x.Heads == nil {
		r.mu.Unlock()
		return
	}
	s := e.summary(l)
	s.N = numberOf(r.seq-1, shard, kindExchange)
	r.mu.Unlock()
	l.tapes.exchange(l.now(), x, s, l.Bodies)
}

// Message remembers a message. It does not allocate.
func (l *Log) Message(m *Message) {
	if l == nil || m.Call == "" {
		return
	}
	if l.Export != nil {
		l.Export(*m) // by value: what a pointer is given to that nobody knows is allocated for each message
	}
	l.ready()
	who := trace.CallMark(m.Call)
	shard := int(who % shards)
	r := &l.messages[shard]
	if len(r.list) == 0 {
		return
	}
	node, local, transport := l.nodes.number(m.Node), l.locals.number(m.Local), l.transports.number(m.Transport)
	flags := uint8(0)
	if m.Out {
		flags = flagOut
	}
	if m.Inside {
		flags |= flagInside
	}
	if m.Out && m.Came != nil {
		flags |= flagForwarded
	}
	at := m.At.UnixNano()
	if m.At.IsZero() {
		at = l.now()
	}
	r.mu.Lock()
	e := r.next()
	e.at, e.who, e.node, e.local, e.transport, e.flags = at, who, node, local, uint8(min(transport, 255)), flags
	e.setPeer(m.Peer)
	e.size, e.cseq, e.status = uint32(min(len(m.Data), 1<<30)), m.CSeq, uint16(m.Status)
	e.methodLen = copyPrintable(e.method[:], m.Method)
	if !l.tapes.follow.Load() {
		r.mu.Unlock()
		return
	}
	s := e.summary(l)
	s.N = numberOf(r.seq-1, shard, kindMessage)
	before, found := l.cause(r, shard, m)
	r.mu.Unlock()
	l.tapes.message(m, pair{s, before, found}, who)
}

// cause finds the message whose forwarding m, the last one written, is: the last one of the call that
// came, if its size is right. The lock is held.
func (l *Log) cause(r *ring[entry], shard int, m *Message) (s Summary, found bool) {
	if !m.Out || m.Came == nil {
		return s, false
	}
	n, last := uint64(len(r.list)), r.seq-1
	who := r.list[last%n].who
	for back := uint64(1); back <= min(last, n-1, maxBack); back++ {
		if e := &r.list[(last-back)%n]; e.who == who && e.flags&flagOut == 0 {
			s = e.summary(l)
			s.N = numberOf(last-back, shard, kindMessage)
			return s, int(e.size) == len(m.Came)
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
	var list []Summary
	all := span{0, math.MaxUint64}
	if !id.IsZero() {
		who := trace.SessionMark(id)
		shard := int(who % shards)
		list = find(l, &l.exchanges[shard], part{all, shard, kindExchange}, func(mark uint64) bool { return mark == who })
	}
	var of [shards][]uint64
	for _, who := range calls {
		if s := &of[who%shards]; who != 0 && !slices.Contains(*s, who) {
			*s = append(*s, who)
		}
	}
	for shard, who := range of {
		if len(who) > 0 {
			list = append(list, find(l, &l.messages[shard], part{all, shard, kindMessage}, func(mark uint64) bool { return slices.Contains(who, mark) })...)
		}
	}
	slices.SortStableFunc(list, func(a, b Summary) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.N, b.N)) })
	return list
}
