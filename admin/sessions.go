package admin

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"twinhop/admin/listing"
	"twinhop/admin/problem"
	"twinhop/admin/search"
	"twinhop/admin/show"
	"twinhop/appsession"
)

func (s *Server) getSessions(c *gin.Context) (any, error) {
	f, err := search.Read(c.Request.URL.Query(), s.cursors)
	if err != nil {
		return nil, err
	}
	role := actor(c).Role
	ctx := c.Request.Context()
	found, err := search.Exact(ctx, s.Panel.Store, s.Panel.View(), f.Query)
	if err != nil {
		return nil, storeProblem(err)
	}
	if len(found) > 0 || c.Query("key") != "" {
		found = slices.DeleteFunc(found, func(x appsession.Session) bool { return !f.Suits(&x) })
		return s.viewPage(found, listing.Total{Value: len(found), Relation: "eq"}, "exact", role), nil
	}
	r := search.Scan(ctx, s.Panel.Store, &f)
	match, count := "", listing.Total{Value: r.Count, Relation: "eq"}
	if f.Query.Text != "" {
		match = "scan"
	}
	if r.Least {
		count.Relation = "gte"
	}
	p := s.viewPage(r.Found, count, match, role)
	if r.More {
		p.NextCursor = s.cursors.Write(search.List, search.PlaceOf(&r.Found[len(r.Found)-1]).Bytes())
	}
	return p, nil
}

func (s *Server) viewPage(found []appsession.Session, n listing.Total, match string, role Role) listing.Page[show.Session] {
	p := listing.Page[show.Session]{Items: make([]show.Session, len(found)), Total: n, Match: match}
	for i := range found {
		p.Items[i] = show.SessionOf(&found[i], role)
		p.Items[i].Rule = show.LastRule(s.Panel.Trace.Timeline(found[i].ID))
	}
	return p
}

func storeProblem(error) *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "unavailable", "The affinity table does not answer.")
}
