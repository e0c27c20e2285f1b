package admin

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/nodes"
	"twinhop/admin/openapi"
	"twinhop/admin/openapi/page"
	"twinhop/admin/problem"
)

// getDescriptionYAML is the API for programs (OpenAPI 3.1).
func (s *Server) getDescriptionYAML(c *gin.Context) (any, error) {
	c.Data(http.StatusOK, "application/yaml", openapi.YAML())
	return nil, nil
}

func (s *Server) getDescriptionJSON(c *gin.Context) (any, error) {
	text, err := openapi.JSON()
	if err != nil {
		return nil, err
	}
	c.Data(http.StatusOK, "application/json", text)
	return nil, nil
}

// minded tells, by method and path of a route, which query parameters it minds,
// as described.
func minded(r *route) []string {
	params, err := openapi.Params()
	if err != nil {
		panic("openapi: " + err.Error()) // it is in the program
	}
	steps := strings.Split(r.path, "/")
	for i, s := range steps {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			steps[i] = "{" + name + "}"
		}
	}
	return params[r.method+" "+strings.Join(steps, "/")]
}

// understood refuses query parameters that a route of the API does not mind,
// and those said twice: ?dryrun=true would be no dry run, ?nod=a every node.
func (r *route) understood(c *gin.Context) error {
	if c.Request.URL.RawQuery == "" || !strings.HasPrefix(r.path, "/api/") {
		return nil
	}
	q, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return problem.Invalid("?", "the query of the URL cannot be read")
	}
	known := minded(r)
	for _, name := range slices.Sorted(maps.Keys(q)) {
		switch {
		case !slices.Contains(known, name):
			p := problem.Invalid("?"+nodes.Clean(name), "there is no such parameter here")
			p.Errors[0].Hint = "none is minded here"
			if len(known) > 0 {
				p.Errors[0].Hint = "one of: " + strings.Join(known, ", ")
			}
			p.Detail += "; " + p.Errors[0].Hint
			return p
		case len(q[name]) > 1:
			return problem.Invalid("?"+name, "said %d times: once", len(q[name]))
		}
	}
	return nil
}

// getDescriptionPage is the same for people.
func (s *Server) getDescriptionPage(c *gin.Context) (any, error) {
	text, err := page.HTML()
	if err != nil {
		return nil, err
	}
	c.Data(http.StatusOK, "text/html; charset=utf-8", text)
	return nil, nil
}

func (s *Server) getDescriptionCSS(c *gin.Context) (any, error) {
	c.Data(http.StatusOK, "text/css; charset=utf-8", page.CSS())
	return nil, nil
}
