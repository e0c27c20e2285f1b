package admin

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/affinity"
	"twinhop/admin/configuration"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/admin/versions"
)

// visit makes a handler of what the room of affinity answers.
func visit(answer func(*affinity.Visit, *gin.Context) (any, error)) func(*Server, *gin.Context) (any, error) {
	return func(s *Server, c *gin.Context) (any, error) {
		if s.Panel.Affinity == nil {
			return nil, notHere()
		}
		return answer(&affinity.Visit{Panel: s.Panel.Affinity, Said: affinity.Said{At: stamp.Of(s.now()), Actor: actor(c).Name},
			Record: func(what, reason string) {
				s.record(c, occurrence{Type: "affinity.changed", Words: what, Reason: reason})
			}}, c)
	}
}

// settings makes a handler of what the room of the configuration answers.
func settings(answer func(*configuration.Panel, *gin.Context) (any, error)) func(*Server, *gin.Context) (any, error) {
	return func(s *Server, c *gin.Context) (any, error) {
		if s.Panel.Configuration == nil {
			return nil, notHere()
		}
		return answer(s.Panel.Configuration, c)
	}
}

// ofVersions makes a handler of what the room of versions answers.
func ofVersions(answer func(*versions.Panel, *gin.Context) (any, error)) func(*Server, *gin.Context) (any, error) {
	return func(s *Server, c *gin.Context) (any, error) {
		if s.Panel.Versions == nil {
			return nil, notHere()
		}
		return answer(s.Panel.Versions, c)
	}
}

// ofFile is ofVersions for what gives the file another text.
func ofFile(answer func(*versions.Panel, *gin.Context) (any, error)) func(*Server, *gin.Context) (any, error) {
	answered := ofVersions(answer)
	return func(s *Server, c *gin.Context) (any, error) {
		v, err := answered(s, c)
		var refused *problem.Problem
		switch {
		case c.Query("dryRun") == "true":
		case err == nil:
			s.record(c, occurrence{Type: "config.reloaded", Reason: act.Of(c).Reason})
		case errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity:
			s.record(c, occurrence{Type: "config.rejected", Reason: act.Of(c).Reason})
		}
		return v, err
	}
}
