package trace

import (
	"slices"
	"time"
	"unsafe"

	"twinhop/appsession"
	"twinhop/gateway"
)

// Event is one entry as others read it.
type Event struct {
	At      time.Time
	Until   time.Time // of the last of Count like events in a row
	Count   int
	Type    Type
	Proto   string // "http" or "sip"; empty for moves
	Kind    gateway.Kind
	Session appsession.ID // zero: none
	Node    string        // the node chosen, taught by, or moved to; empty: none
	From    string        // Moved: the former owner
	Rule    gateway.Rule  // Moved: the cause
	Hint    Hint
	Keys    []Key
	More    int  // keys of the message beyond Keys
	Guest   bool // the session lives on another node
	Moved   bool // the decision moved the session or the call
	Failed  bool // the decision was a refusal

	call      uint64 // the mark of its Call-ID; 0: none
	seq, last uint64
}

// protoNames are the words of the doors.
var protoNames = [2]string{"http", "sip"}

func proto(sip bool) int {
	if sip {
		return 1
	}
	return 0
}

// Hint is the node or route a message named itself.
type Hint struct {
	Source gateway.Source
	Text   string
}

// Key is a key of the message, shortened.
type Key struct {
	Space  appsession.Space
	Source gateway.Source
	Verb   gateway.Verb
	Text   string
}

func (e *entry) event() Event {
	v := Event{At: time.Unix(0, e.at), Type: e.typ, Kind: e.kind, Session: e.session, Node: e.node, From: e.from,
		Rule: e.rule, Hint: Hint{e.source, e.hint.String()}, More: int(e.more), call: e.call, seq: e.seq,
		Guest: e.flags&flagGuest != 0, Moved: e.flags&flagMoved != 0, Failed: e.flags&flagFailed != 0}
	v.Until, v.Count, v.last = v.At, 1, e.seq
	if e.typ != Moved {
		v.Proto = protoNames[proto(e.sip)]
	}
	for i := range e.keys {
		if m := &e.keys[i]; m.space != appsession.NoSpace {
			v.Keys = append(v.Keys, Key{m.space, m.source, m.verb, m.text()})
		}
	}
	return v
}

// like tells whether n says the same as v, only later. Sticky traffic says the
// same thing thousands of times: it takes one line and a count.
func (v *Event) like(n *Event) bool {
	return v.Type == n.Type && v.Type != Moved && v.Proto == n.Proto && v.Kind == n.Kind && v.Node == n.Node &&
		v.Rule == n.Rule && v.Hint == n.Hint && v.Guest == n.Guest && !v.Moved && !n.Moved && v.Failed == n.Failed &&
		v.More == n.More && v.call == n.call && slices.Equal(v.Keys, n.Keys)
}

// add appends an event, or counts it with the last one.
func add(list []Event, v Event) []Event {
	if n := len(list); n > 0 && list[n-1].like(&v) {
		l := &list[n-1]
		l.Until, l.last = v.Until, v.last
		l.Count += v.Count
		return list
	}
	return append(list, v)
}

// size is about how many bytes the event takes in memory.
func (v *Event) size() int64 {
	n := int64(unsafe.Sizeof(*v)) + int64(len(v.Hint.Text))
	for i := range v.Keys {
		n += int64(unsafe.Sizeof(v.Keys[i])) + int64(len(v.Keys[i].Text))
	}
	return n
}
