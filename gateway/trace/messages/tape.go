package messages

import (
	"container/list"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/trace"
)

const (
	maxWatched = 64  // sessions at a time
	maxKept    = 256 // messages of one call or session: then the oldest go
	keptCost   = 300 // bytes of one without its text
)

// MaxWatch is how long a session can be watched without being asked again.
const MaxWatch = 24 * time.Hour

// ErrWatched means that as many sessions are watched as can be.
var ErrWatched = errors.New("too many sessions are watched")

// Kept is a message of a watched session with its text.
type Kept struct {
	Summary
	Text  []byte        // of a message, as Mask leaves it
	Heads [heads][]byte // of an exchange, as Mask leaves them; nil: there was none
}

// HasText tells whether something of it is kept besides the Summary.
func (k *Kept) HasText() bool {
	return k.Text != nil || slices.ContainsFunc(k.Heads[:], func(h []byte) bool { return h != nil })
}

func (k *Kept) cost() int64 {
	n := keptCost + len(k.Text)
	for _, h := range k.Heads {
		n += len(h)
	}
	return int64(n)
}

// tapes hold the texts of watched and sampled sessions, a tape for each call and one for
// the exchanges of each session. Those used least recently make room.
type tapes struct {
	follow  atomic.Bool // somebody is watched, or was not long ago, or may be sampled
	mu      sync.Mutex
	budget  int64 // bytes
	held    int64
	evicted uint64                      // tapes that made room
	share   uint64                      // marks of sessions up to this one are sampled; 0: none
	watched map[appsession.ID]time.Time // until then
	of      map[uint64]*list.Element    // of *tape
	used    list.List                   // the last used one first
}

type tape struct {
	who     uint64
	session appsession.ID
	kept    []Kept
	bytes   int64
}

// Watch keeps the texts of what passes for a session from now until then, and
// of its calls, given by their marks and those that Linked tells of. A time
// that has passed ends it; what was kept stays.
func (l *Log) Watch(id appsession.ID, calls []uint64, until time.Time) error {
	if l == nil || l.MaxBytes <= 0 || id.IsZero() {
		return errors.New("nothing is remembered")
	}
	l.ready()
	t, now := &l.tapes, time.Unix(0, l.now())
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(now)
	if !until.After(now) {
		delete(t.watched, id)
		t.follow.Store(len(t.watched) > 0 || t.share > 0)
		return nil
	}
	if _, known := t.watched[id]; !known && len(t.watched) >= maxWatched {
		return ErrWatched
	}
	if t.watched == nil {
		t.watched = map[appsession.ID]time.Time{}
	}
	t.watched[id] = until
	t.open(trace.SessionMark(id), id)
	for _, c := range calls {
		t.open(c, id)
	}
	l.tapes.follow.Store(true)
	return nil
}

// Follows tells whether texts of some sessions are kept, so that those of one
// that is not known yet may be.
func (l *Log) Follows() bool {
	if l == nil {
		return false
	}
	l.ready()
	return l.tapes.follow.Load()
}

// Watched tells until when a session is watched; zero: it is not.
func (l *Log) Watched(id appsession.ID) time.Time {
	if l == nil {
		return time.Time{}
	}
	l.tapes.mu.Lock()
	defer l.tapes.mu.Unlock()
	l.tapes.end(time.Unix(0, l.now()))
	return l.tapes.watched[id]
}

// Linked hears that a call belongs to a session.
func (l *Log) Linked(id appsession.ID, call uint64) {
	if l == nil {
		return
	}
	if l.ready(); !l.tapes.follow.Load() {
		return
	}
	t := &l.tapes
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, yes := t.watched[id]; yes || t.sampled(trace.SessionMark(id)) {
		t.open(call, id)
	}
}

// Kept returns the messages of a session or of calls whose texts are kept, in
// no order.
func (l *Log) Kept(id appsession.ID, calls []uint64) (all []Kept) {
	if l == nil {
		return nil
	}
	t := &l.tapes
	t.mu.Lock()
	defer t.mu.Unlock()
	marks := append([]uint64{trace.SessionMark(id)}, calls...)
	slices.Sort(marks)
	for _, who := range slices.Compact(marks) {
		if e := t.of[who]; e != nil {
			all = append(all, e.Value.(*tape).kept...)
		}
	}
	return all
}

// end forgets who is watched no longer.
func (t *tapes) end(now time.Time) {
	for id, until := range t.watched {
		if !until.After(now) {
			delete(t.watched, id)
		}
	}
	t.follow.Store(len(t.watched) > 0 || t.share > 0)
}

// sample says which share of all sessions is followed though nobody watches
// them.
func (t *tapes) sample(share float64) {
	switch {
	case !(share > 0):
		return
	case share >= 1:
		t.share = math.MaxUint64
	default:
		t.share = uint64(share * (1 << 64))
	}
	t.follow.Store(true)
}

// sampled tells of a session by its mark, which is a hash: whole sessions are
// chosen, evenly, and others after a restart.
func (t *tapes) sampled(session uint64) bool { return t.share > 0 && session <= t.share }

func (t *tapes) open(who uint64, id appsession.ID) *list.Element {
	if e := t.of[who]; e != nil {
		e.Value.(*tape).session = id
		return e
	}
	if t.of == nil {
		t.of = map[uint64]*list.Element{}
	}
	e := t.used.PushFront(&tape{who: who, session: id, bytes: keptCost})
	t.of[who] = e
	t.held += keptCost
	t.shrink()
	return e
}

// find is the tape of who is watched or sampled now; nil: there is none.
func (t *tapes) find(who uint64, now time.Time) *list.Element {
	e := t.of[who]
	if e == nil {
		return nil
	}
	if id := e.Value.(*tape).session; !t.watched[id].After(now) && !t.sampled(trace.SessionMark(id)) {
		t.end(now)
		return nil
	}
	return e
}

func (t *tapes) exchange(now int64, x *Exchange, s Summary, bodies bool) {
	t.mu.Lock()
	mark := trace.SessionMark(x.Session)
	e := t.find(mark, time.Unix(0, now))
	if e == nil && t.sampled(mark) {
		e = t.open(mark, x.Session)
	}
	t.mu.Unlock()
	if e == nil {
		return
	}
	k := Kept{Summary: s}
	for h := range heads {
		if raw := x.Heads.AppendHead(nil, h); len(raw) > 0 {
			k.Heads[h] = mask(raw, bodies)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(e, k)
}

// pair is a message, and the one before it that it was made of.
type pair struct {
	message, cause Summary
	caused         bool
}

func (t *tapes) message(m *Message, p pair, who uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(who, p.message.At)
	if e == nil {
		return
	}
	// Whether the first message of a call is watched is known only when it has been decided about.
	if list := e.Value.(*tape).kept; p.caused && len(list) == 0 {
		t.add(e, Kept{Summary: p.cause, Text: Mask(m.Came)})
	}
	t.add(e, Kept{Summary: p.message, Text: Mask(m.Data)})
}

// add puts a message on a tape that may have been dropped meanwhile.
func (t *tapes) add(e *list.Element, k Kept) {
	x := e.Value.(*tape)
	if t.of[x.who] != e {
		return
	}
	x.kept = append(x.kept, k)
	x.bytes += k.cost()
	t.held += k.cost()
	if len(x.kept) > maxKept {
		n := x.kept[0].cost()
		x.kept[0] = Kept{}
		x.kept = x.kept[1:]
		x.bytes -= n
		t.held -= n
	}
	t.used.MoveToFront(e)
	t.shrink()
}

func (t *tapes) shrink() {
	for t.held > t.budget && t.used.Len() > 0 {
		e := t.used.Back()
		x := t.used.Remove(e).(*tape)
		delete(t.of, x.who)
		t.held -= x.bytes
		t.evicted++
	}
}
