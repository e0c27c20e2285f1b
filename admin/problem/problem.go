package problem

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

// MaxBody bounds the body of a request, in bytes.
const MaxBody = 64 << 10

// Problem is an error as the API answers it (RFC 9457). Its Detail is safe
// text for people, never the text of an internal error.
type Problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail,omitempty"`
	Instance  string  `json:"instance,omitempty"`
	RequestID string  `json:"requestId,omitempty"`
	Errors    []Fault `json:"errors,omitempty"`
	Setup     *bool   `json:"setup,omitempty"` // with 401: whether the first user is still to be made
}

// Fault is one thing wrong with a request, by JSON pointer or parameter, or
// with a configuration, by key.
type Fault struct {
	Place    string `json:"place,omitempty"` // file:line:col
	Pointer  string `json:"pointer"`
	Severity string `json:"severity,omitempty"` // "error" or "warn"; empty: an error
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// Rejected is a configuration, or a part of one, that cannot be put into force.
type Rejected struct{ Faults []Fault }

// Error implements error.
func (r *Rejected) Error() string {
	return fmt.Sprintf("faults in the configuration: %d", len(r.Faults))
}

// Problem is what the API answers of it.
func (r *Rejected) Problem(text string) *Problem {
	p := New(http.StatusUnprocessableEntity, "validation", "%s", text)
	p.Errors = r.Faults
	return p
}

// Error lets handlers return a problem as an error.
func (p *Problem) Error() string { return p.Title }

// New makes a problem of a kind, with a text that is safe for people.
func New(status int, kind, format string, args ...any) *Problem {
	return &Problem{Type: "/problems/" + kind, Title: kinds[kind].Title, Status: status, Detail: fmt.Sprintf(format, args...)}
}

// Invalid is a problem of one part of a request, by JSON pointer or parameter.
func Invalid(pointer, format string, args ...any) *Problem {
	p := New(http.StatusUnprocessableEntity, "validation", "%s", fmt.Sprintf(format, args...))
	p.Errors = []Fault{{Pointer: pointer, Message: p.Detail}}
	return p
}

// ReadJSON reads one JSON object, no more, no unknown fields.
func ReadJSON(c *gin.Context, into any) error { return ReadJSONUpTo(c, into, MaxBody) }

// ReadJSONUpTo is ReadJSON for a body of up to most bytes.
func ReadJSONUpTo(c *gin.Context, into any, most int64) error {
	if kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); kind != "application/json" {
		return New(http.StatusUnsupportedMediaType, "media-type", "Send Content-Type: application/json.")
	}
	d := json.NewDecoder(http.MaxBytesReader(c.Writer, c.Request.Body, most))
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
	var said *Problem // of a word that reads itself
	switch {
	case errors.As(err, &tooLarge):
		return New(http.StatusRequestEntityTooLarge, "too-large", "At most %d bytes.", most)
	case errors.As(err, &wrong):
		return wrongType(into, wrong)
	case errors.As(err, &said):
		return said
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return unknownKey(name)
	}
	return New(http.StatusBadRequest, "bad-request", "The body is not one JSON object.")
}
