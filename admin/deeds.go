package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/nodes"
	"twinhop/admin/problem"
	"twinhop/admin/replay"
)

// asks change nothing though they are no GET.
var asks = []string{"/api/v1/route/explain", "/api/v1/config/validate", "/api/v1/config/diff", "/api/v1/affinity/preview"}

// disclosures are GETs that are written down: they show what clients sent.
var disclosures = []string{"/api/v1/sessions/:sid/messages/:n", "/api/v1/sessions/:sid/export"}

// trials can be told by ?dryRun=true to tell only what would follow. The others
// refuse it rather than to do it.
var trials = []string{"PATCH /api/v1/nodes/:id", "DELETE /api/v1/nodes/:id", "POST /api/v1/nodes/:id/actions/drain", "POST /api/v1/nodes/:id/actions/activate",
	"POST /api/v1/nodes/:id/actions/disable", "POST /api/v1/nodes/:id/actions/stop", "PATCH /api/v1/nodes/:id/resources/:name", "POST /api/v1/switchover",
	"POST /api/v1/sessions/:sid/actions/move", "DELETE /api/v1/sessions/:sid", "PUT /api/v1/loglevel", "PUT /api/v1/affinity", "DELETE /api/v1/affinity",
	"POST /api/v1/config/apply", "POST /api/v1/config/versions/:version/rollback"}

// isDeed tells whether whoever takes a route is written down.
func (r *route) isDeed() bool {
	if r.method == http.MethodGet {
		return slices.Contains(disclosures, r.path)
	}
	return !slices.Contains(asks, r.path)
}

// isKeyed tells whether a route minds an Idempotency-Key. Those of log ins,
// users and tokens do not: their answers are not for keeping.
func (r *route) isKeyed() bool {
	for _, secret := range []string{"/api/v1/auth/", "/api/v1/users", "/api/v1/tokens", "/api/v1/rpc"} {
		if strings.HasPrefix(r.path, secret) {
			return false
		}
	}
	return r.method == http.MethodPost && r.isDeed()
}

// dry tells whether somebody only wants to know what would follow.
func dry(c *gin.Context) bool { return c.Query("dryRun") == "true" }

// tryable refuses ?dryRun where it is not minded, and what it cannot be.
func (r *route) tryable(c *gin.Context) error {
	word, there := c.GetQuery("dryRun")
	switch {
	case !there || r.method == http.MethodGet:
		return nil
	case word != "true" && word != "false":
		return problem.Invalid("?dryRun", "true or false")
	case word == "true" && !slices.Contains(trials, r.method+" "+r.path):
		return problem.Invalid("?dryRun", "this cannot be tried, only done")
	}
	return nil
}

// peek reads the body of a request, or its beginning, and leaves it to be read.
func peek(c *gin.Context) []byte {
	text, _ := io.ReadAll(io.LimitReader(c.Request.Body, problem.MaxBody+1))
	rest := c.Request.Body
	c.Request.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), rest), rest}
	return text
}

// reason reads it out of the body of a change.
func reason(text []byte) string {
	var body struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(text, &body) != nil || len(body.Reason) > maxReason {
		return ""
	}
	return nodes.Clean(body.Reason)
}

// answerOnce calls the handler, or answers as it did before to the same key.
func (s *Server) answerOnce(c *gin.Context, r *route, body []byte) {
	key := c.GetHeader("Idempotency-Key")
	if key == "" || !r.isKeyed() {
		s.handle(c, r)
		return
	}
	n := replay.Name{Who: actor(c).Name, Target: r.method + " " + c.Request.URL.RequestURI(), Key: key}
	again, err := s.answers.Serve(c, n, body, func() { s.handle(c, r) })
	act.Of(c).Silent = act.Of(c).Silent || again
	if err != nil {
		s.fail(c, err)
	}
}
