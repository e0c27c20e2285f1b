package admin

import (
	"github.com/gin-gonic/gin"

	"twinhop/admin/affinity"
	"twinhop/admin/configuration"
	"twinhop/admin/stamp"
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
