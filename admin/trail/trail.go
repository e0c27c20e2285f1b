package trail

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"twinhop/admin/nodes"
	"twinhop/admin/show"
	"twinhop/admin/stamp"
	"twinhop/appsession"
	"twinhop/gateway/trace"
	"twinhop/gateway/trace/messages"
)

// Trail is the timeline of a session, the oldest first.
type Trail struct {
	Items   []any       `json:"items"`                  // show.Event or Message
	Watched *stamp.Time `json:"watchedUntil,omitempty"` // texts of messages are kept till then
}

// Message is a SIP message, or an HTTP exchange, that passed.
type Message struct {
	At        *stamp.Time `json:"at"`
	Type      string      `json:"type"` // "message", "exchange"
	Proto     string      `json:"proto"`
	N         uint64      `json:"n"`
	Twin      uint64      `json:"twin,omitempty"` // of a message: the number of what left for it, or what it came as
	Direction string      `json:"direction"`      // "in": it came; "out": it left
	Side      string      `json:"side"`           // of the peer: "client", "node"
	Node      string      `json:"node,omitempty"`
	Method    string      `json:"method"`
	Status    int         `json:"status,omitempty"`
	CSeq      uint32      `json:"cseq,omitempty"`
	Path      string      `json:"path,omitempty"`
	Peer      string      `json:"peer,omitempty"`
	Local     string      `json:"local,omitempty"`
	Transport string      `json:"transport,omitempty"`
	Size      int         `json:"size,omitempty"`
	TookMS    float64     `json:"tookMs,omitempty"`
	Kept      bool        `json:"kept,omitempty"` // it has a text
}

// trail makes the timeline of a session.
func (d Desk) trail(x *appsession.Session) Trail {
	type line struct {
		at   time.Time
		what any
	}
	events := d.Trace.Timeline(x.ID)
	var lines []line
	for i := range events {
		lines = append(lines, line{events[i].At, show.EventOf(&events[i])})
	}
	passed := d.passed(x, calls(x, events))
	twins := messages.Twins(passed)
	for i := range passed {
		m := messageOf(&passed[i])
		m.Twin = twins[m.N]
		lines = append(lines, line{passed[i].At, m})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	t := Trail{Items: make([]any, len(lines)), Watched: stamp.Of(d.Messages.Watched(x.ID))}
	for i := range lines {
		t.Items[i] = lines[i].what
	}
	return t
}

// passed are the messages of a session in the order of time, with the texts of
// those that have one.
func (d Desk) passed(x *appsession.Session, calls []uint64) []messages.Kept {
	all := d.Messages.Kept(x.ID, calls)
	seen := map[uint64]bool{}
	for i := range all {
		seen[all[i].N] = true
	}
	for _, s := range d.Messages.Of(x.ID, calls) {
		if !seen[s.N] {
			all = append(all, messages.Kept{Summary: s})
		}
	}
	slices.SortStableFunc(all, func(a, b messages.Kept) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.N, b.N)) })
	return all
}

// calls are the marks of the session's calls: those it has, and those that its
// history remembers.
func calls(x *appsession.Session, events []trace.Event) []uint64 {
	list := trace.Calls(events)
	for i := range x.Keys {
		if x.Keys[i].Space == appsession.Call {
			list = append(list, trace.CallMark(x.Keys[i].Value))
		}
	}
	return list
}

func messageOf(s *messages.Kept) Message {
	m := Message{At: stamp.Of(s.At), Type: "message", Proto: s.Proto, N: s.N, Direction: "in", Side: "client", Node: s.Node, Method: nodes.Clean(s.Method),
		Status: s.Status, CSeq: s.CSeq, Path: nodes.Clean(s.Path), Peer: text(s.Peer), Local: text(s.Local), Transport: s.Transport, Size: s.Size, Kept: s.HasText()}
	if s.Proto == "http" {
		m.Type, m.TookMS = "exchange", float64(s.Took.Microseconds())/1000
	}
	if s.Out {
		m.Direction = "out"
	}
	if s.Inside {
		m.Side = "node"
	}
	return m
}

func text(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
