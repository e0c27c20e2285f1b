package caller

import (
	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
)

const key = "twinhop.caller"

// Set notes who sends a request.
func Set(c *gin.Context, who access.Me) { c.Set(key, who) }

// Of tells who sends a request. The zero Me is a stranger.
func Of(c *gin.Context) access.Me {
	who, _ := c.Value(key).(access.Me)
	return who
}
