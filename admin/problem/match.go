package problem

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Match reads If-Match, which a change of a whole resource must carry, and
// returns what tells whether an ETag is among those named. "*" is any.
func Match(c *gin.Context) (func(etag string) bool, error) {
	named := matching(c)
	if named == "" {
		return nil, New(http.StatusPreconditionRequired, "which", "Send If-Match with the ETag of what you read.")
	}
	return func(etag string) bool { return among(named, etag) }, nil
}

func matching(c *gin.Context) string {
	return strings.TrimSpace(strings.Join(c.Request.Header.Values("If-Match"), ","))
}

// among tells whether an ETag is one of those of an If-Match.
func among(named, etag string) bool {
	for one := range strings.SplitSeq(named, ",") {
		if one = strings.TrimSpace(one); one == "*" || one == etag { // a weak one never is: they begin otherwise
			return true
		}
	}
	return false
}

// IfMatch minds If-Match where it may be left out: Changed, if it is there and
// names another version than this.
func IfMatch(c *gin.Context, etag string) error {
	if named := matching(c); named != "" && !among(named, etag) {
		return Changed(c, etag)
	}
	return nil
}

// Changed is the problem of a request that knows an older version.
func Changed(c *gin.Context, etag string) *Problem {
	c.Header("ETag", etag)
	return New(http.StatusPreconditionFailed, "changed", "Somebody changed it after you read it. Read it again.")
}
