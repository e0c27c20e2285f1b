package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/nodes"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
)

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

// wordsBody is a change of what the operator wants of a node: its activation
// in all pools or, with pool, any word of its member there.
type wordsBody struct {
	why
	Pool       string  `json:"pool"`
	Activation *string `json:"activation"`
	Weight     *int    `json:"weight"`
	Distance   *int    `json:"distance"`
	BusyLimit  *int    `json:"busyLimit"`
	Route      *string `json:"route"`
	Domain     *string `json:"domain"`
	Redirect   *string `json:"redirect"`
}

// words reads the body in the words of the cluster.
func (b *wordsBody) words() (w cluster.MemberWords, err error) {
	w = cluster.MemberWords{Weight: b.Weight, Distance: b.Distance, BusyLimit: b.BusyLimit, Route: b.Route, Domain: b.Domain, Redirect: b.Redirect}
	if b.Activation != nil {
		a, ok := cluster.ParseActivation(*b.Activation)
		if !ok {
			return w, problem.Invalid("#/activation", "active, disabled or stopped")
		}
		w.Activation = &a
	}
	if w == (cluster.MemberWords{}) {
		return w, problem.Invalid("#", "activation, weight, distance, busyLimit, route, domain or redirect")
	}
	return w, nil
}

// patchNode changes what the operator wants of a node. With ?dryRun=true it
// only tells what would follow.
func (s *Server) patchNode(c *gin.Context) (any, error) {
	var body wordsBody
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	w, err := body.words()
	if err == nil {
		err = body.check()
	}
	if err != nil {
		return nil, err
	}
	before, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	if w.Activation != nil {
		would := nodes.Expect(s.Panel.View(), before, *w.Activation)
		if c.Query("dryRun") == "true" {
			return would, nil
		}
		if would.Last && !body.Force && *w.Activation != cluster.Active {
			return nil, lastOne()
		}
	} else if c.Query("dryRun") == "true" {
		return nodes.Expect(s.Panel.View(), before, cluster.Active), nil
	}
	if s.Panel.Adjust == nil {
		return nil, notHere()
	}
	if err := s.adjust(c.Request.Context(), before, body.Pool, w); err != nil {
		return nil, err
	}
	after, err := s.findNode(before.Name)
	if err != nil {
		return nil, err
	}
	s.record(c, occurrence{Type: "node.set", Node: before.Name, Was: before.Activation, Is: after.Activation, Reason: body.Reason})
	return after, nil
}

func lastOne() *problem.Problem {
	return problem.New(http.StatusConflict, "conflict",
		"No other node could be given new work then. Send \"force\": true to do it anyway.")
}

func notHere() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "unavailable", "This cannot be changed here.")
}

// adjust says words of a node in one pool, or in all that it is in.
func (s *Server) adjust(ctx context.Context, n nodes.View, pool string, w cluster.MemberWords) error {
	if pool == "" && w == (cluster.MemberWords{Activation: w.Activation}) {
		return s.changed(s.Panel.Activate(ctx, n.Name, *w.Activation))
	}
	for _, m := range n.Pools {
		if pool == "" || m.Name == pool {
			if err := s.Panel.Adjust(ctx, m.Name, n.Name, w); err != nil {
				return s.changed(err)
			}
		}
	}
	if pool != "" {
		for _, m := range n.Pools {
			if m.Name == pool {
				return nil
			}
		}
		return problem.Invalid("#/pool", "the node is in no pool of this name")
	}
	return nil
}

// changed says what an error of a change means to who asked for it. What the
// cluster complains of is about what was asked.
func (s *Server) changed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, cluster.ErrUnknownNode), errors.Is(err, cluster.ErrUnknownPool):
		return problem.New(http.StatusNotFound, "not-found", "There is no node or pool of this name.")
	}
	return problem.New(http.StatusUnprocessableEntity, "validation", "%s", nodes.Clean(err.Error()))
}

// record notes who changed what: in the log, and where operators look.
func (s *Server) record(c *gin.Context, o occurrence) {
	who := actor(c)
	o.At, o.Actor, o.Reason = stamp.Of(s.now()), who.Name, nodes.Clean(o.Reason)
	s.log.Info("changed by an operator", "what", o.Type, "node", o.Node, "from", or(o.From, o.Was), "to", o.Is, "session", o.Session,
		"user", who.Name, "via", who.Via, "reason", o.Reason)
	s.hub.note(o)
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
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	if err := body.check(); err != nil {
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
	err := s.Panel.AddNode(c.Request.Context(), body.Node, body.Pools)
	if wrong := (*Rejected)(nil); errors.As(err, &wrong) {
		return reject(c, wrong, "The node is not valid.")
	}
	if err != nil {
		return nil, s.changed(err)
	}
	s.record(c, occurrence{Type: "node.added", Node: named.Name, Reason: body.Reason})
	x, err := s.findNode(named.Name)
	if err != nil {
		return nil, err
	}
	c.JSON(http.StatusCreated, x)
	return nil, nil
}

// deleteNode takes a node away, when it holds nothing any more.
func (s *Server) deleteNode(c *gin.Context) (any, error) {
	n, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	if s.Panel.RemoveNode == nil {
		return nil, notHere()
	}
	if (n.Sessions > 0 || n.Calls > 0) && c.Query("force") != "true" {
		return nil, problem.New(http.StatusConflict, "conflict", "The node holds %d sessions and %d calls. Drain it, or send ?force=true.", n.Sessions, n.Calls)
	}
	if err := s.Panel.RemoveNode(c.Request.Context(), n.Name); err != nil {
		return nil, s.changed(err)
	}
	s.record(c, occurrence{Type: "node.removed", Node: n.Name})
	return nil, nil
}
