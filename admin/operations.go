package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/listing"
	"twinhop/admin/nodes"
	"twinhop/admin/operate"
	"twinhop/admin/problem"
	"twinhop/admin/show"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
)

// drained tells everybody how far a drain is, and for good that it has ended.
func (s *Server) drained(o operate.Operation) {
	s.hub.Send("nodes", "operation.progress", show.OperationOf(o, s.now()), o.State != operate.Running)
	if o.State == operate.Running {
		return
	}
	s.log.Info("a drain has ended", "node", o.Node, "state", string(o.State), "why", o.Why, "took", o.Ended.Sub(o.Began).Round(time.Millisecond))
	s.hub.Note(occurrence{At: stamp.Of(o.Ended), Type: "node.drained", Node: o.Node, Is: string(o.State), Actor: o.By, Reason: nodes.Clean(o.Why)})
}

type drainBody struct {
	why
	Stop bool `json:"stop"` // stop the node when it is empty
}

// postDrain begins to drain a node; the operation that is returned tells how
// far it is.
func (s *Server) postDrain(c *gin.Context) (any, error) {
	var body drainBody
	if err := read(c, &body); err != nil {
		return nil, err
	}
	n, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	would := nodes.Expect(s.Panel.View(), n, "", cluster.Disabled)
	if dry(c) {
		return would, nil
	}
	if s.Panel.Activate == nil || s.Panel.Restore == nil {
		return nil, notHere()
	}
	if would.Last && !body.Force {
		return nil, lastOne(would)
	}
	o, err := s.desk.Drain(n.Name, body.Stop, actor(c).Name, body.Reason)
	switch {
	case errors.Is(err, operate.ErrRunning):
		return nil, problem.New(http.StatusConflict, "conflict", "The node is being drained already.")
	case err != nil:
		return nil, s.changed(err)
	}
	act.Of(c).Before, act.Of(c).After = map[string]any{"activation": n.Activation}, map[string]any{"activation": "disabled", "operation": o.ID, "stop": o.Stop}
	s.record(c, occurrence{Type: "node.drain", Node: n.Name, Was: n.Activation, Is: "disabled", Reason: body.Reason})
	c.JSON(http.StatusAccepted, show.OperationOf(o, s.now()))
	return nil, nil
}

func (s *Server) getOperations(*gin.Context) (any, error) {
	all := s.desk.All()
	list := make([]show.Operation, len(all))
	for i, o := range all {
		list[i] = show.OperationOf(o, s.now())
	}
	return listing.All(list), nil
}

func (s *Server) getOperation(c *gin.Context) (any, error) {
	o, err := s.desk.Get(c.Param("id"))
	if err != nil {
		return nil, problem.New(http.StatusNotFound, "not-found", "There is no such operation.")
	}
	return show.OperationOf(o, s.now()), nil
}

// deleteOperation cancels a drain: the node is as it was before.
func (s *Server) deleteOperation(c *gin.Context) (any, error) {
	o, err := s.desk.Cancel(c.Param("id"))
	switch {
	case errors.Is(err, operate.ErrUnknown):
		return nil, problem.New(http.StatusNotFound, "not-found", "There is no such operation.")
	case errors.Is(err, operate.ErrEnded):
		return nil, problem.New(http.StatusConflict, "conflict", "The operation has ended.")
	case err != nil:
		return nil, err
	}
	act.Of(c).Object, act.Of(c).Before, act.Of(c).After = "node:"+o.Node, map[string]any{"operation": o.ID, "state": operate.Running}, map[string]any{"state": o.State}
	s.record(c, occurrence{Type: "node.drain", Node: o.Node, Was: "disabled", Is: string(o.State)})
	return show.OperationOf(o, s.now()), nil
}

// postRecover lets the next request try a member in error (mod_jk's ERR).
func (s *Server) postRecover(c *gin.Context) (any, error) {
	return s.eachMember(c, "node.recover", func(m *cluster.Member) bool { return m.Recover() }, "The node is in error in none of its pools.")
}

// probeTime bounds how long the answers to probes are waited for.
const probeTime = 10 * time.Second

// postProbe asks a node now how it is, and tells what came of it.
func (s *Server) postProbe(c *gin.Context) (any, error) {
	var body why
	if err := read(c, &body); err != nil {
		return nil, err
	}
	n, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	if s.Panel.Probe == nil {
		return nil, notHere()
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), probeTime)
	defer cancel()
	if err := s.Panel.Probe(ctx, n.Name); errors.Is(err, cluster.ErrUnknownNode) {
		return nil, s.changed(err)
	} else if err != nil {
		return nil, problem.New(http.StatusServiceUnavailable, "unavailable", "The probes are still under way.")
	}
	s.record(c, occurrence{Type: "node.probe", Node: n.Name, Reason: body.Reason})
	return s.findNode(n.Name)
}

// postReset sets the counters of a node's members to zero.
func (s *Server) postReset(c *gin.Context) (any, error) {
	return s.eachMember(c, "node.reset", func(m *cluster.Member) bool { m.Load.Reset(s.now()); return true }, "The node is in no pool.")
}

func (s *Server) eachMember(c *gin.Context, what string, do func(*cluster.Member) bool, none string) (any, error) {
	var body why
	if err := read(c, &body); err != nil {
		return nil, err
	}
	n, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	any := false
	for _, p := range s.Panel.View().Pools {
		if m := p.Member(n.Name); m != nil {
			any = do(m) || any
		}
	}
	if !any {
		return nil, problem.New(http.StatusConflict, "conflict", "%s", none)
	}
	s.record(c, occurrence{Type: what, Node: n.Name, Reason: body.Reason})
	return s.findNode(n.Name)
}
