package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/nodes"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
)

// ErrTaken says that there is a node of this name (Panel.AddNode).
var ErrTaken = errors.New("there is a node of this name")

// why is what every change may carry for those who read the log later.
type why struct {
	Reason string `json:"reason"`
	Force  bool   `json:"force"`
}

const maxReason = 500

func (w *why) check() error {
	if len(w.Reason) > maxReason {
		return problem.Invalid("#/reason", "at most %d bytes", maxReason)
	}
	return nil
}

// read reads the body of a change, and looks at what every change may carry.
func read(c *gin.Context, into interface{ check() error }) error {
	if err := problem.ReadJSON(c, into); err != nil {
		return err
	}
	return into.check()
}

type wordsBody struct {
	why
	nodes.Words
}

// patchNode changes what the operator wants of a node. With ?dryRun=true it
// only tells what would follow.
func (s *Server) patchNode(c *gin.Context) (any, error) {
	var body wordsBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	return s.sayWords(c, &body)
}

type activationBody struct {
	why
	Pool string `json:"pool"`
}

// activation is short for a PATCH of the activation.
func activation(a cluster.Activation) func(*Server, *gin.Context) (any, error) {
	word := a.String()
	return func(s *Server, c *gin.Context) (any, error) {
		var body activationBody
		if err := problem.ReadJSON(c, &body); err != nil {
			return nil, err
		}
		return s.sayWords(c, &wordsBody{body.why, nodes.Words{Pool: body.Pool, Activation: &word}})
	}
}

func (s *Server) sayWords(c *gin.Context, body *wordsBody) (any, error) {
	w, err := body.Words.Words()
	if err == nil {
		err = body.check()
	}
	if err != nil {
		return nil, err
	}
	s.saying.Lock()
	defer s.saying.Unlock()
	before, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	if err := problem.IfMatch(c, nodes.ETag(before)); err != nil {
		return nil, err
	}
	if body.Pool != "" && !before.In(body.Pool) {
		return nil, problem.Invalid("#/pool", "the node is in no pool of this name")
	}
	wanted := cluster.Active
	if w.Activation != nil {
		wanted = *w.Activation
	}
	would := nodes.Expect(s.Panel.View(), before, body.Pool, wanted)
	switch {
	case dry(c):
		return would, nil
	case would.Last && !body.Force:
		return nil, lastOne(would)
	case s.Panel.Adjust == nil:
		return nil, notHere()
	}
	if err := s.adjust(c.Request.Context(), before, body.Pool, w); err != nil {
		return nil, s.changed(err)
	}
	after, err := s.findNode(before.Name)
	if err != nil {
		return nil, err
	}
	c.Header("ETag", nodes.ETag(after))
	act.Of(c).Before, act.Of(c).After = nodes.Differ(before, after)
	s.record(c, occurrence{Type: "node.set", Node: before.Name, Was: before.Activation, Is: after.Activation, Words: body.Said(), Reason: body.Reason})
	return after, nil
}

func lastOne(would nodes.Impact) *problem.Problem {
	return problem.New(http.StatusConflict, "conflict",
		"No other node could be given new work then in pool %s. Send \"force\": true to do it anyway.", strings.Join(would.Alone, ", "))
}

func notHere() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "unavailable", "This cannot be changed here.")
}

// adjust says words of a node in one pool, or in all that it is in.
func (s *Server) adjust(ctx context.Context, n nodes.View, pool string, w cluster.MemberWords) error {
	if pool == "" && w == (cluster.MemberWords{Activation: w.Activation}) {
		return s.Panel.Activate(ctx, n.Name, *w.Activation)
	}
	return s.Panel.Adjust(ctx, pool, n.Name, w)
}

// changed says what an error of a change means to who asked for it. What the
// cluster complains of is about what was asked.
func (s *Server) changed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, cluster.ErrUnknownNode), errors.Is(err, cluster.ErrUnknownPool):
		return problem.New(http.StatusNotFound, "not-found", "There is no node or pool of this name.")
	case errors.Is(err, ErrTaken):
		return problem.New(http.StatusConflict, "conflict", "There is a node of this name.")
	}
	return problem.New(http.StatusUnprocessableEntity, "validation", "%s", nodes.Clean(err.Error()))
}

// record notes who changed what: in the log, and where operators look.
func (s *Server) record(c *gin.Context, o occurrence) {
	who := actor(c)
	act.Of(c).Noted = true
	o.At, o.Actor, o.Reason = stamp.Of(s.now()), who.Name, nodes.Clean(o.Reason)
	s.log.Info("changed by an operator", "what", o.Type, "node", o.Node, "from", or(o.From, o.Was), "to", o.Is, "words", o.Words, "session", o.Session,
		"user", who.Name, "via", who.Via, "reason", o.Reason)
	s.hub.Note(o)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

type newNode struct {
	why
	Node  json.RawMessage `json:"node"`  // with the keys of a node in the configuration
	Pools []string        `json:"pools"` // besides those of all nodes
}

// postNode adds a node for as long as the process lives.
func (s *Server) postNode(c *gin.Context) (any, error) {
	var body newNode
	if err := read(c, &body); err != nil {
		return nil, err
	}
	if s.Panel.AddNode == nil {
		return nil, notHere()
	}
	var named struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(body.Node, &named) != nil || named.Name == "" {
		return nil, problem.Invalid("#/node", "a mapping with a name and addresses")
	}
	act.Of(c).Object = "node:" + nodes.Clean(named.Name)
	err := s.Panel.AddNode(c.Request.Context(), body.Node, body.Pools)
	if wrong := (*problem.Rejected)(nil); errors.As(err, &wrong) {
		return nil, wrong.Problem("The node is not valid.")
	}
	if err != nil {
		return nil, s.changed(err)
	}
	s.record(c, occurrence{Type: "node.added", Node: named.Name, Reason: body.Reason})
	x, err := s.findNode(named.Name)
	if err != nil {
		return nil, err
	}
	act.Of(c).After = nodes.Brief(x)
	c.JSON(http.StatusCreated, x)
	return nil, nil
}

// deleteNode takes a node away, when it holds nothing any more. With
// ?dryRun=true it only tells what would follow.
func (s *Server) deleteNode(c *gin.Context) (any, error) {
	var body why
	if c.Request.ContentLength != 0 {
		if err := problem.ReadJSON(c, &body); err != nil {
			return nil, err
		}
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	s.saying.Lock()
	defer s.saying.Unlock()
	n, err := s.findNode(c.Param("id"))
	if err == nil {
		err = problem.IfMatch(c, nodes.ETag(n))
	}
	if err != nil {
		return nil, err
	}
	would := nodes.Expect(s.Panel.View(), n, "", cluster.Stopped)
	force := body.Force || c.Query("force") == "true"
	switch {
	case dry(c):
		return would, nil
	case s.Panel.RemoveNode == nil:
		return nil, notHere()
	case (n.Sessions > 0 || n.Calls > 0) && !force:
		return nil, problem.New(http.StatusConflict, "conflict", "The node holds %d sessions and %d calls. Drain it, or send ?force=true.", n.Sessions, n.Calls)
	case would.Last && !force:
		return nil, lastOne(would)
	}
	if err := s.Panel.RemoveNode(c.Request.Context(), n.Name); err != nil {
		return nil, s.changed(err)
	}
	act.Of(c).Before = nodes.Brief(n)
	s.record(c, occurrence{Type: "node.removed", Node: n.Name, Reason: body.Reason})
	return nil, nil
}
