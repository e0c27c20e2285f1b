package appsession

import (
	"context"
	"errors"
	"iter"
)

// The errors that callers of a Store branch on.
var (
	// ErrNotFound: no key of the call is bound, or no such session.
	ErrNotFound = errors.New("application session not found")
	// ErrMoved: the owner is not the one the caller believed; the binding
	// returned beside it is the present one.
	ErrMoved = errors.New("application session was moved by someone else")
	// ErrFull: the table is at its cap and nothing in it may be dropped. The
	// caller serves the new session without an entry (overflow).
	ErrFull = errors.New("affinity table is full")
	// ErrHot: the session has as many aliases as allowed; the new ones were
	// not added.
	ErrHot = errors.New("application session has too many keys")
	// ErrBinding: what was asked for cannot be stored: no keys, a key without
	// space or value, two identities, no ID or no node.
	ErrBinding = errors.New("this binding cannot be stored")
)

// Store is the affinity table. It owns the expiry of what it holds. Every
// method is safe for concurrent use. storetest.Run is its definition.
//
// At most one of the keys of a call is an identity (space App).
type Store interface {
	// Find returns the binding of the first key that is bound, or
	// ErrNotFound. It changes nothing, not even the time last seen.
	Find(ctx context.Context, keys []Key) (Binding, error)

	// Bind makes all keys names of one session, atomically, and returns what
	// is stored then. The first writer wins: the session of a key that is
	// already bound is kept with its ID and owner, and b is ignored. Which
	// session that is:
	//   - the one of the identity, if it is bound;
	//   - else the one of the first alias that is bound to an anonymous
	//     session, which takes the identity over. An alias of another
	//     identity's session stays there and does not decide.
	//   - without an identity among the keys: the one of the first bound key;
	//     keys bound elsewhere stay where they are.
	//   - else a new session with the ID, Owner and Gen of b. Should a living
	//     session have that ID (it lost the key it was named by), the new one
	//     gets the next free one.
	// With an identity, an alias that belongs to another session that is
	// anonymous brings that session and all its aliases over, once. On
	// different nodes the identity's node wins; the other's calls keep their
	// node. The other's ID is forgotten, and Rev is then greater than either
	// was. An alias that belongs to another identity stays there: identity
	// sessions are never robbed.
	//
	// Keys already in the session get the new Node, Moved, Droppable and,
	// unless zero, Sent and Life; binding touches the session. The Binding
	// returned speaks of the first of keys that is in the session.
	//
	// ErrFull: nothing was stored. ErrHot: the session is returned, its new
	// aliases were not added and no session came over; what was there already
	// is renewed, and the identity is in it. A new session that would be too
	// hot at once gets keys[0], or the identity, alone. ErrBinding: the
	// arguments make no sense.
	Bind(ctx context.Context, b Binding, keys []Alias) (Binding, error)

	// Move changes the owner from one node to another by compare-and-swap.
	// With m.Leave the old owner enters Left. Keys that follow the owner
	// follow; keys with a Node of their own keep it. It does not touch the
	// session. ErrMoved: the owner is not m.From, the present binding is
	// returned. ErrNotFound: no such session.
	Move(ctx context.Context, id ID, m Change) (Binding, error)

	// Drop forgets keys of a session, or without keys the whole session. A
	// session whose last key goes is forgotten. ErrNotFound: no such session.
	Drop(ctx context.Context, id ID, keys ...Key) error

	// All lists the sessions in no order. What changes meanwhile may or may
	// not be seen.
	All(ctx context.Context) iter.Seq2[Session, error]
}

// Change is one move of an owner.
type Change struct {
	From, To string
	Gen      uint32 // incarnation of To
	// Leave says that From is left for good (failover, switchover, operator)
	// and enters Left: clients that still name it follow the session. Without
	// it From stays a place where clients that name it are guests.
	Leave bool
}

// Answer tells what a look-up that must not wait knows.
type Answer uint8

// The answers of Near.Now.
const (
	Ask   Answer = iota // only the shared engine knows: use Find
	Free                // none of the keys is bound
	Bound               // the binding returned
)

// Near is a Store that can answer at once, without waiting and without
// allocating. Now touches the session it finds. A Store whose answers are
// never Ask also binds and moves without waiting.
type Near interface {
	Now(keys []Key) (Binding, Answer)
}

// Counter is a Store that knows, without scanning, how many sessions live on
// a node. Sessions whose time is over may count for a minute more.
type Counter interface {
	Count(node string) int
}

// Mover is a Store that moves all sessions, and all keys with a node of their
// own, from one node to another. Calls on From are marked moved, whether they
// followed the owner or not. It returns how many sessions moved; what is bound
// to From meanwhile may be missed.
type Mover interface {
	MoveAll(ctx context.Context, m Change) (int, error)
}

// Walker is a Store that lists as All does, without a copy for each session:
// one, and its Keys, are whole until the next is asked for.
type Walker interface {
	Walk(ctx context.Context) iter.Seq2[*Session, error]
}

// Viewer is a Store that finds one session for a listing without going
// through All. ErrNotFound: no such session.
type Viewer interface {
	Session(ctx context.Context, id ID) (Session, error)
}

// Gauge is a Store that tells how full it is.
type Gauge interface {
	Usage() Usage
}

// Usage is the fill of a Store. What has ended counts until it is cleared
// away. Overflow begins when a key does not fit any more and ends when a part
// of the table has become free; an existing session gets new aliases as long
// as there is room.
type Usage struct {
	Sessions, Keys, MaxKeys int
	Overflow                bool // new sessions are refused with ErrFull
}
