package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/listing"
	"twinhop/admin/nodes"
	"twinhop/admin/problem"
	"twinhop/appsession"
)

func (s *Server) nodeViews() []nodes.View {
	v, counts := s.Panel.View(), nodes.Counts{Sessions: s.sessionsOn, Calls: s.callsOn}
	list, said := make([]nodes.View, 0, len(v.Nodes)), s.announced()
	for _, n := range v.Nodes {
		x := nodes.Of(v, n, counts)
		x.Announced = said[n.Name]
		list = append(list, x)
	}
	nodes.Share(list, s.hub.Past.Served)
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
	return listing.All(list), nil
}

func (s *Server) findNode(name string) (nodes.View, error) {
	for _, x := range s.nodeViews() {
		if x.Name == name {
			return x, nil
		}
	}
	return nodes.View{}, problem.New(http.StatusNotFound, "not-found", "There is no node of this name.")
}

func (s *Server) getNode(c *gin.Context) (any, error) {
	x, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	c.Header("ETag", nodes.ETag(x))
	return x, nil
}
