package admin

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

func (s *Server) nodeViews() []nodes.View {
	v, counts := s.Panel.View(), nodes.Counts{Sessions: s.sessionsOn, Calls: s.callsOn}
	list := make([]nodes.View, 0, len(v.Nodes))
	for _, n := range v.Nodes {
		list = append(list, nodes.Of(v, n, counts))
	}
	s.hub.shares(list)
	return list
}

func (s *Server) sessionsOn(node string) int {
	if c, ok := s.Panel.Store.(appsession.Counter); ok {
		return c.Count(node)
	}
	return 0
}

func (s *Server) callsOn(node string) int {
	if s.Panel.Calls == nil {
		return 0
	}
	return s.Panel.Calls(node)
}

func (s *Server) getNodes(*gin.Context) (any, error) {
	list := s.nodeViews()
	return page[nodes.View]{Items: list, Total: total{len(list), "eq"}}, nil
}

// page is one part of a list.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
	Total      total  `json:"total"`
	Match      string `json:"match,omitempty"` // how a search found it: "exact" or "scan"
}

type total struct {
	Value    int    `json:"value"`
	Relation string `json:"relation"` // "eq", or "gte" when counting stopped early
}

func (s *Server) findNode(name string) (nodes.View, error) {
	for _, x := range s.nodeViews() {
		if x.Name == name {
			return x, nil
		}
	}
	return nodes.View{}, newProblem(http.StatusNotFound, "not-found", "There is no node of this name.")
}

func (s *Server) getNode(c *gin.Context) (any, error) {
	x, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	return x, nil
}

type nodeBody struct {
	Activation string `json:"activation"`
	Reason     string `json:"reason"`
	Force      bool   `json:"force"`
}

const maxReason = 500

// patchNode sets the activation of a node. With ?dryRun=true it only tells
// what would follow.
func (s *Server) patchNode(c *gin.Context) (any, error) {
	var body nodeBody
	if err := readJSON(c, &body); err != nil {
		return nil, err
	}
	a, ok := cluster.ParseActivation(body.Activation)
	if !ok {
		return nil, invalid("#/activation", "active, disabled or stopped")
	}
	if len(body.Reason) > maxReason {
		return nil, invalid("#/reason", "at most %d bytes", maxReason)
	}
	before, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	would := nodes.Expect(s.Panel.View(), before, a)
	if c.Query("dryRun") == "true" {
		return would, nil
	}
	if s.Panel.Activate == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "unavailable", "Nodes cannot be changed here.")
	}
	if would.Last && !body.Force {
		return nil, newProblem(http.StatusConflict, "conflict",
			"No other node could be given new work then. Send \"force\": true to do it anyway.")
	}
	err = s.Panel.Activate(c.Request.Context(), before.Name, a)
	if errors.Is(err, cluster.ErrUnknownNode) {
		return nil, newProblem(http.StatusNotFound, "not-found", "There is no node of this name.")
	}
	if err != nil {
		return nil, err
	}
	who := actor(c)
	s.log.Info("activation of a node set", "node", before.Name, "from", before.Activation, "to", a.String(),
		"user", who.Name, "via", who.Via, "reason", nodes.Clean(body.Reason))
	s.hub.note(occurrence{At: stamp.Of(s.now()), Type: "node.set", Node: before.Name, Was: before.Activation, Is: a.String(),
		Actor: who.Name, Reason: nodes.Clean(body.Reason)})
	after, err := s.findNode(before.Name)
	if err != nil {
		return nil, err
	}
	return after, nil
}
