package trace

import (
	"twinhop/appsession"
	"twinhop/gateway"
)

// Type tells what an Event reports.
type Type uint8

// The types.
const (
	Decision Type = iota // the Router chose a node, or refused
	Learned              // a message from a node named keys
	Moved                // a session's owner changed
	types
)

var typeNames = [types]string{"decision", "learned", "moved"}

// String returns the word used in the API.
func (t Type) String() string { return typeNames[min(t, types-1)] }

// Flags of an entry.
const (
	flagGuest = 1 << iota
	flagMoved
	flagFailed
)

const (
	entryKeys = 3  // keys of a message that are remembered
	headBytes = 12 // of a key's value, at most
	tailBytes = 4
	textBytes = 24 // of a presented route
)

// entry is one event in a ring. Its strings are names of nodes, which are
// immutable and outlive it; everything that may be a view of a packet buffer
// is copied into arrays.
type entry struct {
	seq     uint64 // position in the ring's history, from 1
	at      int64  // Unix time in nanoseconds
	session appsession.ID
	call    uint64 // the mark of its Call-ID; 0: none
	node    string
	from    string // Moved: the former owner
	hint    text   // the route or node that the message itself named
	keys    [entryKeys]mark
	source  gateway.Source // of the hint
	typ     Type
	kind    gateway.Kind
	sip     bool
	rule    gateway.Rule
	flags   uint8
	more    uint8 // keys beyond those remembered
}

// text is a short string copied by value.
type text struct {
	n uint8
	b [textBytes]byte
}

func (t *text) set(s string) { t.n = uint8(copyPrintable(t.b[:], s)) }

func (t *text) String() string { return string(t.b[:t.n]) }

// mark is what is kept of a key: enough to recognise one that is known, too
// little to use it.
type mark struct {
	space      appsession.Space
	source     gateway.Source
	verb       gateway.Verb
	head, tail uint8
	cut        bool // something is missing between head and tail
	b          [headBytes + tailBytes]byte
}

func (m *mark) set(e *gateway.Evidence) {
	m.space, m.source, m.verb = e.Space, e.Source, e.Verb
	head, tail := Shown(e.Space, len(e.Value))
	v := e.Value
	m.cut = head+tail < len(v)
	m.head = uint8(copyPrintable(m.b[:headBytes], v[:head]))
	m.tail = uint8(copyPrintable(m.b[headBytes:], v[len(v)-tail:]))
}

func (m *mark) text() string {
	s := string(m.b[:m.head])
	if m.cut {
		s += ellipsis
	}
	return s + string(m.b[headBytes:headBytes+int(m.tail)])
}

const ellipsis = "…"

// Shown tells how many bytes of the beginning and the end of a key's value of
// n bytes may be shown to anyone. An HTTP session id is a bearer secret: never
// more than a quarter of it is shown.
func Shown(space appsession.Space, n int) (head, tail int) {
	switch space {
	case appsession.HTTP:
		head, tail = min(4, n/6), min(2, n/12)
	case appsession.Call:
		head, tail = min(headBytes, n/2), min(tailBytes, n/6)
	default:
		head, tail = min(3, (n+1)/2), min(1, n/4)
	}
	return head, tail
}

// Mask shortens the value of a key for people.
func Mask(k appsession.Key) string {
	e := gateway.Evidence{Key: k}
	var m mark
	m.set(&e)
	return m.text()
}

// copyPrintable copies as much of s as fits; what is no printable ASCII
// becomes a dot, so that no terminal, log or page ever sees it.
func copyPrintable(dst []byte, s string) int {
	n := copy(dst, s)
	for i := range dst[:n] {
		if dst[i] < ' ' || dst[i] > '~' {
			dst[i] = '.'
		}
	}
	return n
}
