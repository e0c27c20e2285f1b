package appsession

import (
	"slices"
	"time"
)

// Binding is what a look-up returns about the session that a key belongs to.
// It is a small value: no slices, no clock, nothing to free.
type Binding struct {
	ID    ID
	Node  string // where the key that was found leads: its own node, else Owner
	Owner string // the node the session lives on
	Gen   uint32 // incarnation of Owner when it became the owner, 0 for static nodes
	Rev   uint32 // grows with every change of the owner or its incarnation; 1 for a new session

	Found     int   // index, in the keys asked, of the key that was found
	Moved     bool  // the key found was moved by a failover or an operator and stays where it is
	Anonymous bool  // the session has no identity
	Web       bool  // some key of space HTTP belongs to the session
	Sent      *Sent // of the http key found: the id its node last set; nil when no node set one
	Left      *Left // the nodes the session was moved away from; nil when it never moved

	// Kept is how much longer the key found is kept, whatever becomes of the session; coarse. 0: no longer than the session, or not known.
	Kept time.Duration
}

// Sent is an HTTP session id exactly as a node last set it, with the
// attributes of that Set-Cookie (RFC 6265 section 4.1). It is immutable.
type Sent struct {
	ID     string // with its route, as it stood in the cookie
	Node   string // the node that set it
	Path   string
	Domain string
	Attrs  uint8 // the bits of jvmroute.Attrs
}

// Left lists the nodes that a session's owner was moved away from, newest
// first. It is immutable. A client that still presents the route of one of
// them is late, not a guest.
type Left struct{ nodes []string }

// maxLeft bounds the memory of a session that is moved again and again.
const maxLeft = 4

// Has tells whether the session was moved away from node.
func (l *Left) Has(node string) bool { return l != nil && slices.Contains(l.nodes, node) }

// Nodes returns a copy of the list, newest first.
func (l *Left) Nodes() []string {
	if l == nil {
		return nil
	}
	return slices.Clone(l.nodes)
}

// Add returns the list after a move from one node to another: from is
// remembered, to is forgotten.
func (l *Left) Add(from, to string) *Left {
	nodes := make([]string, 0, maxLeft)
	if from != "" && from != to {
		nodes = append(nodes, from)
	}
	if l != nil {
		for _, n := range l.nodes {
			if n != from && n != to && len(nodes) < maxLeft {
				nodes = append(nodes, n)
			}
		}
	}
	return &Left{nodes}
}

// Alias is one key as the table keeps it.
type Alias struct {
	Key
	// Node is where this key alone leads, for a guest or a moved call.
	// Empty: the owner, whoever that is by then.
	Node string
	// Moved marks a call that a failover or an operator put on Node: it stays
	// there when the node it came from returns.
	Moved bool
	// Sent is set on http keys that a node has set by a Set-Cookie.
	Sent *Sent
	// Life keeps the key, and with it the session, for this long from now,
	// whatever the idle time and the absolute life of sessions are: a call in
	// progress, a registration. Shorter than the idle time it ends the key
	// early: an unanswered INVITE, a replaced id. An identity is never ended
	// early. 0: a new key lives as long as the session; of a key that is
	// there the life does not change, unless Sent says that a node gave it
	// out anew. What a key was promised ends with the key or with its next
	// Life: that of a BYE lets go of what the call held.
	Life time.Duration
	// Droppable marks a key that routes nothing and is kept for listings
	// only. At the cap it is dropped before anything is refused.
	Droppable bool
}

// Session is a whole session, for listings.
type Session struct {
	Binding
	Keys                []Alias
	Born, Seen, Expires time.Time
}
