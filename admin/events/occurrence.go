package events

import (
	"time"

	"twinhop/admin/stamp"
)

// Occurrence is something that operators want to hear of, as it was found out.
type Occurrence struct {
	At      *stamp.Time `json:"at"`
	Count   int         `json:"count,omitempty"` // like moves in a row, the last of them at At
	Type    string      `json:"type"`            // "node.changed", "node.set", "session.moved", "heartbeat.refused"
	Node    string      `json:"node,omitempty"`
	From    string      `json:"from,omitempty"`
	Session string      `json:"session,omitempty"`
	Service string      `json:"service,omitempty"`
	Was     string      `json:"was,omitempty"`
	Is      string      `json:"is,omitempty"`
	Words   string      `json:"words,omitempty"` // what else was said: "weight=3 pool=default"
	Rule    string      `json:"rule,omitempty"`
	Actor   string      `json:"actor,omitempty"`
	Reason  string      `json:"reason,omitempty"`
}

// alike tells whether two occurrences say so in one line: all sessions of a node
// move when it dies, and who is refused once comes again.
func (o *Occurrence) alike(n *Occurrence) bool {
	if n.Type != o.Type || n.Node != o.Node || n.From != o.From {
		return false
	}
	switch o.Type {
	case "session.moved":
		return n.Rule == o.Rule
	case "heartbeat.refused":
		return n.Words == o.Words
	case "auth.failed":
		return n.Actor == o.Actor
	case "audit":
		return n.Words == o.Words && n.Actor == o.Actor && n.Is == o.Is && n.Reason == "" && o.Reason == ""
	}
	return false
}

func (o *Occurrence) when() time.Time {
	if o.At == nil {
		return time.Time{}
	}
	return time.Time(*o.At)
}
