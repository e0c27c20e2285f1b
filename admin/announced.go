package admin

import (
	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
)

// Heard is something about nodes that announce themselves that operators want
// to hear of.
type Heard struct {
	What  string // "refused", "expired", "renamed"
	Node  string // "" when none of them is meant
	From  string // the address of who spoke; renamed: the route it had
	Words string // why
}

// Tell shows what was heard among the latest events.
func (s *Server) Tell(h Heard) {
	if s.ready() == nil {
		s.hub.Note(occurrence{At: stamp.Of(s.now()), Type: "heartbeat." + h.What, Node: h.Node, From: nodes.Clean(h.From), Words: nodes.Clean(h.Words)})
	}
}

func (s *Server) announced() map[string]*nodes.Announced {
	if s.Panel.Announced == nil {
		return nil
	}
	return s.Panel.Announced()
}
