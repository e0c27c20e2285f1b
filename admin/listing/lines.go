package listing

import (
	"bufio"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// LinesType is the media type of one JSON object a line.
const LinesType = "application/jsonl"

// WantsLines tells whether who asks takes lines rather than a page.
func WantsLines(c *gin.Context) bool {
	for one := range strings.SplitSeq(c.GetHeader("Accept"), ",") {
		if kind, _, _ := mime.ParseMediaType(strings.TrimSpace(one)); kind == LinesType || kind == "application/x-ndjson" {
			return true
		}
	}
	return c.Query("format") == "jsonl"
}

// Lines answers with one item a line, as a file of that name.
func Lines[T any](c *gin.Context, name string, items []T) {
	c.Header("Content-Type", LinesType)
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Status(http.StatusOK)
	out := bufio.NewWriter(c.Writer)
	lines := json.NewEncoder(out)
	for i := range items {
		if lines.Encode(&items[i]) != nil {
			return // who asked is gone
		}
	}
	out.Flush()
}
