package admin

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/nodes"
	"twinhop/admin/problem"
	"twinhop/admin/search"
	"twinhop/admin/show"
	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

type switchoverBody struct {
	why
	From string `json:"from"` // routes; that of a node long gone counts, too
	To   string `json:"to"`
}

// postSwitchover moves everything that lives on one node to another.
func (s *Server) postSwitchover(c *gin.Context) (any, error) {
	var body switchoverBody
	if err := read(c, &body); err != nil {
		return nil, err
	}
	if s.Panel.Switchover == nil {
		return nil, notHere()
	}
	if body.From == body.To {
		return nil, problem.Invalid("#/to", "is the route to move from: say another")
	}
	v := s.Panel.View()
	if to := v.Named(v.RouteNode(body.To)); to != nil && !body.Force {
		if err := unfit(v, v.RouteNode(body.From), to); err != nil {
			return nil, err
		}
	}
	if dry(c) {
		from, to := v.RouteNode(body.From), v.RouteNode(body.To)
		if from == "" || to == "" {
			return nil, problem.New(http.StatusNotFound, "not-found", "No node has or had one of these routes.")
		}
		return map[string]any{"dryRun": true, "from": from, "to": to, "sessions": s.sessionsOn(from), "calls": s.callsOn(from)}, nil
	}
	n, err := s.Panel.Switchover(c.Request.Context(), body.From, body.To)
	switch {
	case errors.Is(err, cluster.ErrUnknownNode):
		return nil, problem.New(http.StatusNotFound, "not-found", "No node has or had this route: %s", nodes.Clean(err.Error()))
	case err != nil:
		return nil, storeProblem(err)
	}
	act.Of(c).Object, act.Of(c).After = "route:"+nodes.Clean(body.From), map[string]any{"route": body.To, "moved": n}
	s.record(c, occurrence{Type: "switchover", From: body.From, Node: body.To, Words: fmt.Sprintf("moved=%d", n), Reason: body.Reason})
	return map[string]int{"moved": n}, nil
}

// unfit says why what lives on one node should not move to another; nil when
// nothing speaks against it.
func unfit(v *cluster.View, from string, to *cluster.Node) error {
	switch {
	case !nodes.Takes(v, to):
		return problem.New(http.StatusConflict, "conflict", "That node is stopped or down. Send \"force\": true to do it anyway.")
	case nodes.Apart(v, from, to.Name):
		return problem.New(http.StatusConflict, "conflict", "No pool has both nodes: nothing would follow. Send \"force\": true to do it anyway.")
	}
	return nil
}

type moveBody struct {
	why
	To string `json:"to"` // a node
}

// touch is the answer of a dry run: what an order about a session would touch.
type touch struct {
	DryRun bool   `json:"dryRun"` // always true
	Node   string `json:"node"`   // where it lives
	To     string `json:"to,omitempty"`
	HTTP   int    `json:"http"` // session ids
	Calls  int    `json:"calls"`
}

func dryOf(x *appsession.Session, to string, role Role) touch {
	legs := show.SessionOf(x, role).Legs
	return touch{true, x.Owner, to, legs.HTTP, legs.SIP}
}

// postMove moves one session to another node, with its calls. With ?dryRun=true
// it only tells what would follow.
func (s *Server) postMove(c *gin.Context) (any, error) {
	var body moveBody
	if err := read(c, &body); err != nil {
		return nil, err
	}
	x, err := s.found(c)
	if err != nil {
		return nil, err
	}
	v := s.Panel.View()
	to := v.Named(body.To)
	switch {
	case to == nil:
		return nil, problem.Invalid("#/to", "the name of a node")
	case to.Name == x.Owner:
		return nil, problem.New(http.StatusConflict, "conflict", "The session lives there already.")
	case !body.Force:
		if err := unfit(v, x.Owner, to); err != nil {
			return nil, err
		}
	}
	if s.Panel.Move == nil {
		return nil, notHere()
	}
	if dry(c) {
		return dryOf(&x, to.Name, actor(c).Role), nil
	}
	if err := s.Panel.Move(c.Request.Context(), x, to); err != nil {
		if errors.Is(err, appsession.ErrMoved) {
			return nil, problem.New(http.StatusConflict, "conflict", "The session was moved by somebody else meanwhile.")
		}
		return nil, storeProblem(err)
	}
	act.Of(c).Before, act.Of(c).After = map[string]any{"node": x.Owner}, map[string]any{"node": to.Name}
	s.record(c, occurrence{Type: "session.set", Session: x.ID.String(), From: x.Owner, Node: to.Name, Reason: body.Reason})
	after, err := s.found(c)
	if err != nil {
		return nil, err
	}
	return show.SessionOf(&after, actor(c).Role), nil
}

// deleteSession forgets a session: its next message is placed anew. With
// ?dryRun=true it only tells what would be forgotten.
func (s *Server) deleteSession(c *gin.Context) (any, error) {
	var body why
	if c.Request.ContentLength != 0 {
		if err := read(c, &body); err != nil {
			return nil, err
		}
	}
	x, err := s.found(c)
	if err != nil {
		return nil, err
	}
	if dry(c) {
		return dryOf(&x, "", actor(c).Role), nil
	}
	if err := s.Panel.Store.Drop(c.Request.Context(), x.ID); err != nil && !errors.Is(err, appsession.ErrNotFound) {
		return nil, storeProblem(err)
	}
	act.Of(c).Before = map[string]any{"node": x.Owner}
	s.record(c, occurrence{Type: "session.forgotten", Session: x.ID.String(), Node: x.Owner, Reason: body.Reason})
	return nil, nil
}

// found is the session that the path names.
func (s *Server) found(c *gin.Context) (x appsession.Session, err error) {
	gone := problem.New(http.StatusNotFound, "not-found", "There is no such session, or it has ended.")
	id, ok := appsession.ParseID(c.Param("sid"))
	if !ok {
		return x, gone
	}
	x, err = search.Session(c.Request.Context(), s.Panel.Store, id)
	switch {
	case errors.Is(err, appsession.ErrNotFound):
		return x, gone
	case err != nil:
		return x, storeProblem(err)
	}
	return x, nil
}
