package admin

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/problem"
)

// Reloaded is what became of a configuration that was read again.
type Reloaded struct {
	Now     []string `json:"changed"` // keys that count now
	Restart []string `json:"restart"` // keys that differ from those at start and count after a restart
}

// Rejected is a configuration that cannot be put into force.
type Rejected struct{ Faults []ConfigFault }

// ConfigFault is one thing wrong with a configuration.
type ConfigFault struct {
	Place    string `json:"place"` // file:line:col
	Key      string `json:"pointer"`
	Severity string `json:"severity"` // "error" or "warning"
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// Error implements error.
func (r *Rejected) Error() string {
	return fmt.Sprintf("faults in the configuration: %d", len(r.Faults))
}

// rejection is the problem of a Rejected.
type rejection struct {
	*problem.Problem
	Faults []ConfigFault `json:"errors"`
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
	r, err := s.Panel.Reload(c.Request.Context())
	var wrong *Rejected
	switch {
	case errors.As(err, &wrong):
		s.record(c, occurrence{Type: "config.rejected", Reason: body.Reason})
		return reject(c, wrong, "The configuration is not valid; the one in force stays.")
	case err != nil:
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "The configuration in force stays: %s", err.Error())
	}
	s.record(c, occurrence{Type: "config.reloaded", Reason: body.Reason})
	return r, nil
}

// reject answers with everything that is wrong.
func reject(c *gin.Context, r *Rejected, text string) (any, error) {
	p := problem.New(http.StatusUnprocessableEntity, "validation", "%s", text)
	p.Instance, p.RequestID = c.Request.URL.Path, c.GetString(requestIDKey)
	c.Header("Content-Type", "application/problem+json")
	c.JSON(p.Status, rejection{p, r.Faults})
	return nil, nil
}
