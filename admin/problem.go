package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// problem is an error as the API answers it (RFC 9457). Its Detail is safe
// text for people, never the text of an internal error.
type problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail,omitempty"`
	Instance  string  `json:"instance,omitempty"`
	RequestID string  `json:"requestId,omitempty"`
	Errors    []fault `json:"errors,omitempty"`
	Setup     *bool   `json:"setup,omitempty"` // with 401: whether the first user is still to be made
}

// fault is one thing wrong with a request, by JSON pointer or parameter.
type fault struct {
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

// Error lets handlers return a problem as an error.
func (p *problem) Error() string { return p.Title }

func newProblem(status int, kind, format string, args ...any) *problem {
	return &problem{Type: "/problems/" + kind, Title: titles[kind], Status: status, Detail: fmt.Sprintf(format, args...)}
}

// titles are the kinds of problems; a type is "/problems/" and its kind.
var titles = map[string]string{
	"bad-request":  "The request cannot be read",
	"validation":   "The request is not valid",
	"login-needed": "Please log in",
	"login-failed": "Name or password is wrong",
	"forbidden":    "Not allowed",
	"cross-site":   "Request from another site",
	"wrong-host":   "This host name is not ours",
	"not-found":    "Not found",
	"method":       "Method not allowed",
	"conflict":     "Not possible now",
	"media-type":   "JSON needed",
	"too-large":    "The request is too large",
	"slow-down":    "Too many attempts",
	"unavailable":  "Not available",
	"internal":     "Something went wrong here",
}

func invalid(pointer, format string, args ...any) *problem {
	p := newProblem(http.StatusUnprocessableEntity, "validation", "%s", fmt.Sprintf(format, args...))
	p.Errors = []fault{{pointer, p.Detail}}
	return p
}

// fail answers with the problem that err is, or with a plain one that keeps
// what went wrong for the log.
func (s *Server) fail(c *gin.Context, err error) {
	var p *problem
	if !errors.As(err, &p) {
		s.log.Error("admin request failed", "request", c.GetString(requestIDKey), "path", c.FullPath(), "err", err)
		p = newProblem(http.StatusInternalServerError, "internal", "The log has more, under the request id.")
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

// readJSON reads one JSON object, no more, no unknown fields.
func readJSON(c *gin.Context, into any) error {
	if kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); kind != "application/json" {
		return newProblem(http.StatusUnsupportedMediaType, "media-type", "Send Content-Type: application/json.")
	}
	d := json.NewDecoder(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.Decode(&struct{}{}) != io.EOF {
		err = errors.New("something follows the JSON object")
	}
	if err == nil {
		return nil
	}
	var tooLarge *http.MaxBytesError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &tooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, "too-large", "At most %d bytes.", maxBody)
	case errors.As(err, &wrong):
		return invalid("#/"+strings.ReplaceAll(wrong.Field, ".", "/"), "a %s does not belong here", wrong.Value)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return newProblem(http.StatusUnprocessableEntity, "validation", "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return newProblem(http.StatusBadRequest, "bad-request", "The body is not one JSON object.")
}
