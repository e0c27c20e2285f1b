package memstore

import (
	"math"
	"sync"
	"time"

	"twinhop/appsession"
)

// entry is one key. It is as small as a size class of the allocator, 64 bytes.
// What is not said to be under another lock is under the session's.
type entry struct {
	value string   // never changes, like hash, realm and space
	sess  *session // under the shard's lock; see Store.enter
	next  *entry   // of the same session
	node  *node    // nil: the owner's
	sent  *appsession.Sent
	hash  uint64
	until uint32 // holds the session until then; 0: does not
	realm uint16
	space appsession.Space
	flags uint8
}

const (
	moved     = 1 << iota
	early     // the key ends at until, whatever the session does
	droppable // kept for listings only
	dead      // not in its session any more
)

func (e *entry) is(k *appsession.Key) bool {
	return e.value == k.Value && e.space == k.Space && e.realm == k.Realm
}

func (e *entry) has(flag uint8) bool { return e.flags&flag != 0 }

func (e *entry) set(flag uint8, on bool) {
	e.flags &^= flag
	if on {
		e.flags |= flag
	}
}

// session is an application session. Times are in seconds; see Store.now.
type session struct {
	mu      sync.Mutex
	id      appsession.ID // never changes
	owner   *node
	keys    *entry // newest first
	left    *appsession.Left
	into    *session // the session that took this one over
	gen     uint32
	rev     uint32
	born    uint32
	seen    uint32
	hold    uint32 // the latest until of its keys
	soon    uint32 // the earliest early end of a key; 0: none
	aliases uint32
	web     uint32 // keys of space HTTP
	named   bool   // has an identity
	dead    bool
}

// fill writes what a look-up that found e says. Without an entry it speaks of
// the session.
func (x *session) fill(b *appsession.Binding, e *entry, now uint32) {
	b.ID, b.Owner, b.Gen, b.Rev = x.id, x.owner.name, x.gen, x.rev
	b.Node, b.Left = b.Owner, x.left
	b.Anonymous, b.Web = !x.named, x.web > 0
	if e != nil {
		if e.node != nil {
			b.Node = e.node.name
		}
		b.Moved, b.Sent = e.has(moved), e.sent
		if e.until > now {
			b.Kept = time.Duration(e.until-now) * time.Second
		}
	}
}

// find returns the session's entry for k.
func (x *session) find(k *appsession.Key) *entry {
	for e := x.keys; e != nil; e = e.next {
		if e.is(k) {
			return e
		}
	}
	return nil
}

// tidy forgets the keys that ended or are marked dead and counts the rest.
func (x *session) tidy(now uint32) {
	x.hold, x.soon, x.aliases, x.web, x.named = 0, 0, 0, 0, false
	for at := &x.keys; *at != nil; {
		e := *at
		if e.has(early) && now > e.until {
			e.flags |= dead
		}
		if e.has(dead) {
			*at = e.next // e.next stays: a walk that holds e goes on
			continue
		}
		x.hold = max(x.hold, e.until)
		if e.has(early) && (x.soon == 0 || e.until < x.soon) {
			x.soon = e.until
		}
		switch e.space {
		case appsession.App:
			x.named = true
		case appsession.HTTP:
			x.web++
			x.aliases++
		default:
			x.aliases++
		}
		at = &e.next
	}
}

// absorb brings the keys of y into x. Both are locked. A call stays where it
// is when the owners differ; everything else follows the new owner.
func (x *session) absorb(y *session) {
	away := y.owner != x.owner
	var last *entry
	for e := y.keys; e != nil; e = e.next {
		if away && e.node == nil && e.space == appsession.Call {
			e.node = y.owner
		}
		last = e
	}
	if last != nil {
		last.next, x.keys = x.keys, y.keys
	}
	// For whoever knew y, the owner changed: what they see must be newer.
	if away {
		y.rev++
	}
	x.rev = max(x.rev, y.rev)
	y.into, y.keys = x, nil
}

// seconds rounds up; 0 and less is 0.
func seconds(d time.Duration) uint32 {
	if d <= 0 {
		return 0
	}
	return uint32(min(math.Ceil(d.Seconds()), 1<<30))
}
