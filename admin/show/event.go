package show

import (
	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/gateway"
	"twinhop/gateway/trace"
)

// Kinds are the words of gateway.Kind.
var Kinds = [...]string{gateway.Open: "open", gateway.Within: "within", gateway.Same: "same"}

// Event is one line of a session's timeline.
type Event struct {
	At      *stamp.Time `json:"at"`
	Until   *stamp.Time `json:"until,omitempty"` // of the last of Count like ones
	Count   int         `json:"count"`
	Type    string      `json:"type"` // "decision", "learned", "moved"
	Proto   string      `json:"proto,omitempty"`
	Kind    string      `json:"kind,omitempty"`
	Session string      `json:"session,omitempty"`
	Node    string      `json:"node,omitempty"`
	From    string      `json:"from,omitempty"`
	Rule    string      `json:"rule"`
	Guest   bool        `json:"guest,omitempty"`
	Moved   bool        `json:"moved,omitempty"`
	Failed  bool        `json:"failed,omitempty"`
	Hint    *Hint       `json:"hint,omitempty"`
	Keys    []Mark      `json:"keys,omitempty"`
	More    int         `json:"more,omitempty"`
}

// Hint is a node that a message named.
type Hint struct {
	Source string `json:"source"`
	Text   string `json:"text"`
}

// Mark is a key as a message had it.
type Mark struct {
	Space  string `json:"space"`
	Source string `json:"source"`
	Verb   string `json:"verb,omitempty"` // "set" or "gone"; empty: merely seen
	Text   string `json:"text"`
}

var verbNames = [...]string{gateway.Seen: "", gateway.Set: "set", gateway.Gone: "gone"}

// Events shows a timeline, and apart the moves of it.
func Events(list []trace.Event) (all, moves []Event) {
	all, moves = make([]Event, 0, len(list)), []Event{}
	for i := range list {
		v := EventOf(&list[i])
		all = append(all, v)
		if list[i].Type == trace.Moved {
			moves = append(moves, v)
		}
	}
	return all, moves
}

// EventOf shows one event of a timeline.
func EventOf(e *trace.Event) Event {
	v := Event{At: stamp.Of(e.At), Count: e.Count, Type: e.Type.String(), Proto: e.Proto, Node: e.Node, From: e.From,
		Rule: e.Rule.String(), Guest: e.Guest, Moved: e.Moved, Failed: e.Failed, More: e.More}
	if e.Count > 1 {
		v.Until = stamp.Of(e.Until)
	}
	if e.Type != trace.Moved {
		v.Kind = Kinds[e.Kind]
	}
	if !e.Session.IsZero() {
		v.Session = e.Session.String()
	}
	if e.Hint.Text != "" {
		v.Hint = &Hint{e.Hint.Source.String(), nodes.Clean(e.Hint.Text)}
	}
	for _, k := range e.Keys {
		v.Keys = append(v.Keys, Mark{k.Space.String(), k.Source.String(), verbNames[k.Verb], nodes.Clean(k.Text)})
	}
	return v
}
