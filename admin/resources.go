package admin

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/listing"
	"twinhop/admin/problem"
	"twinhop/admin/resources"
	"twinhop/admin/versions"
	"twinhop/gateway/cluster"
)

func (s *Server) getResources(*gin.Context) (any, error) {
	list := resources.List(s.Panel.View())
	return listing.All(list), nil
}

type resizeBody struct {
	why
	Pool     string `json:"pool"` // "": every pool in which the node has the resource
	Capacity *int   `json:"capacity"`
}

// patchResource says how much a node has of a resource.
func (s *Server) patchResource(c *gin.Context) (any, error) {
	var body resizeBody
	if err := read(c, &body); err != nil {
		return nil, err
	}
	if body.Capacity == nil {
		return nil, problem.Invalid("#/capacity", "how much there is of it")
	}
	node, name := c.Param("id"), c.Param("name")
	pools := resources.Pools(s.Panel.View(), body.Pool, node, name)
	switch {
	case len(pools) == 0:
		return nil, problem.New(http.StatusNotFound, "not-found", "There is no node with this resource.")
	case s.Panel.Resize == nil:
		return nil, notHere()
	}
	if dry(c) {
		return map[string]any{"dryRun": true, "node": node, "pools": pools, "capacity": *body.Capacity}, nil
	}
	for _, p := range pools {
		if err := s.Panel.Resize(c.Request.Context(), p, node, name, *body.Capacity); err != nil {
			return nil, s.changed(err)
		}
	}
	act.Of(c).After = map[string]any{"capacity": *body.Capacity, "pool": body.Pool}
	s.record(c, occurrence{Type: "node.resized", Node: node, Is: fmt.Sprintf("%s=%d", name, *body.Capacity), Words: inPool(body.Pool), Reason: body.Reason})
	return s.getResources(c)
}

// postRPC takes the commands of OpenSIPS' load_balancer.
func (s *Server) postRPC(c *gin.Context) (any, error) {
	request, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, problem.MaxBody))
	if err != nil {
		return nil, problem.New(http.StatusRequestEntityTooLarge, "too-large", "At most %d bytes.", problem.MaxBody)
	}
	d := resources.Desk{View: s.Panel.View, Resize: s.Panel.Resize,
		May: func(p resources.Power) bool { return actor(c).Role >= RoleViewer+Role(p) },
		Activate: func(ctx context.Context, pool, node string, a cluster.Activation) error {
			return s.Panel.Adjust(ctx, pool, node, cluster.MemberWords{Activation: &a})
		}}
	if s.Panel.Reload != nil {
		d.Reload = func(ctx context.Context) error {
			_, err := s.Panel.Reload(versions.With(ctx, versions.By{Actor: actor(c).Name, Source: versions.File}))
			return err
		}
	}
	reply, done := d.Call(c.Request.Context(), request)
	act.Of(c).Silent = done == nil
	if done != nil {
		act.Of(c).Object, act.Of(c).After = "node:"+done.Node, map[string]any{"what": done.What, "pool": done.Pool, "value": done.Text}
		s.record(c, occurrence{Type: done.What, Node: done.Node, Is: done.Text, Words: inPool(done.Pool)})
	}
	if reply == nil {
		return nil, nil
	}
	return reply, nil
}

// inPool says in the log which pool a word is about; of all pools nothing is
// said.
func inPool(name string) string {
	if name == "" {
		return ""
	}
	return "pool=" + name
}
