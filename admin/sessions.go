package admin

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"twinhop/admin/problem"
	"twinhop/admin/search"
	"twinhop/admin/show"
	"twinhop/appsession"
)

const (
	defaultLimit = 50
	maxLimit     = 500
	maxQuery     = 600 // bytes of a search
)

func parseFilter(c *gin.Context) (search.Filter, error) {
	f := search.Filter{Node: c.Query("node"), Legs: c.Query("legs"), Moved: c.Query("moved") == "true",
		Split: c.Query("split") == "true", Limit: defaultLimit}
	text := c.Query("q")
	if text == "" {
		text = c.Query("key")
	}
	if len(text) > maxQuery {
		return f, problem.Invalid("?q", "at most %d bytes", maxQuery)
	}
	f.Query = search.Parse(text)
	if s := c.Query("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxLimit {
			return f, problem.Invalid("?limit", "1 to %d", maxLimit)
		}
		f.Limit = n
	}
	if s := c.Query("cursor"); s != "" {
		if f.After, f.Paged = search.ParseCursor(s); !f.Paged {
			return f, problem.Invalid("?cursor", "not a cursor of ours")
		}
	}
	if !slices.Contains([]string{"", "http", "sip", "both"}, f.Legs) {
		return f, problem.Invalid("?legs", "http, sip or both")
	}
	return f, nil
}

func (s *Server) getSessions(c *gin.Context) (any, error) {
	f, err := parseFilter(c)
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
		return viewPage(found, total{len(found), "eq"}, "exact", role), nil
	}
	r := search.Scan(ctx, s.Panel.Store, &f)
	match, count := "", total{r.Count, "eq"}
	if f.Query.Text != "" {
		match = "scan"
	}
	if r.Least {
		count.Relation = "gte"
	}
	p := viewPage(r.Found, count, match, role)
	if r.More {
		p.NextCursor = search.PlaceOf(&r.Found[len(r.Found)-1]).Cursor()
	}
	return p, nil
}

func viewPage(found []appsession.Session, n total, match string, role Role) page[show.Session] {
	p := page[show.Session]{Items: make([]show.Session, len(found)), Total: n, Match: match}
	for i := range found {
		p.Items[i] = show.SessionOf(&found[i], role)
	}
	return p
}

func storeProblem(error) *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "unavailable", "The affinity table does not answer.")
}
