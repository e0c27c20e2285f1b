package act

import (
	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
)

// Act is what a request does. All of it may stay empty.
type Act struct {
	Object string     // what it is done to: "node:node1"; empty: as the path says
	Before any        // small, without secrets, and says itself in JSON; nil: nothing to say
	After  any        // the same
	Reason string     // as the operator gave it
	Who    *access.Me // who was found to be behind it meanwhile: somebody who logged in
	Noted  bool       // an event tells of it already
	Silent bool       // nothing was done: no need to write it down
}

const key = "twinhop.act"

// Of returns that of a request. It is never nil.
func Of(c *gin.Context) *Act {
	if a, ok := c.Value(key).(*Act); ok {
		return a
	}
	a := &Act{}
	c.Set(key, a)
	return a
}
