package admin

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/problem"
	"twinhop/admin/versions"
)

// Reloaded is what became of a configuration that was read again.
type Reloaded struct {
	Now     []string `json:"changed"`        // keys that count now
	Restart []string `json:"restart"`        // keys that differ from those at start and count after a restart
	Kept    []string `json:"kept,omitempty"` // keys that stay as an operator set them by the API
}

// postReload reads the configuration again.
func (s *Server) postReload(c *gin.Context) (any, error) {
	var body why
	if err := read(c, &body); err != nil {
		return nil, err
	}
	if s.Panel.Reload == nil {
		return nil, notHere()
	}
	r, err := s.Panel.Reload(versions.With(c.Request.Context(), versions.By{Actor: actor(c).Name, Reason: body.Reason, Source: versions.File}))
	var wrong *problem.Rejected
	switch {
	case errors.As(err, &wrong):
		s.record(c, occurrence{Type: "config.rejected", Reason: body.Reason})
		return nil, wrong.Problem("The configuration is not valid; the one in force stays.")
	case err != nil:
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "The configuration in force stays: %s", err.Error())
	}
	act.Of(c).After = map[string]any{"changed": r.Now, "restart": r.Restart}
	s.record(c, occurrence{Type: "config.reloaded", Reason: body.Reason})
	return r, nil
}
