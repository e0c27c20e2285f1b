package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/problem"
)

// fail answers with the problem that err is, or with a plain one that keeps
// what went wrong for the log.
func (s *Server) fail(c *gin.Context, err error) {
	var p *problem.Problem
	if !errors.As(err, &p) {
		s.log.Error("admin request failed", "request", c.GetString(requestIDKey), "path", c.FullPath(), "err", err)
		p = problem.New(http.StatusInternalServerError, "internal", "The log has more, under the request id.")
	}
	answer := *p
	answer.Instance = c.Request.URL.Path
	answer.RequestID = c.GetString(requestIDKey)
	c.Abort()
	c.Header("Content-Type", "application/problem+json")
	c.Status(answer.Status)
	if c.Request.Method != http.MethodHead {
		json.NewEncoder(c.Writer).Encode(&answer)
	}
}
