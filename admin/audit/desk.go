package audit

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/listing"
	"twinhop/admin/problem"
)

// List answers with the deeds that somebody asks for: a page, the newest
// first, or lines, the oldest first.
func (b *Book) List(c *gin.Context, cursors *listing.Cursors) (any, error) {
	q := c.Request.URL.Query()
	lines := listing.WantsLines(c)
	w, err := cursors.Window("audit", q, lines, Kept)
	if err != nil {
		return nil, err
	}
	if r := q.Get("result"); r != "" && r != OK && r != Refused {
		return nil, problem.Invalid("?result", "ok or refused")
	}
	p := listing.Pick(cursors, w, slices.Values(b.back()), func(e *Entry) bool { return e.suits(q) })
	if !lines {
		return p, nil
	}
	listing.Lines(c, "audit.jsonl", listing.Forward(p.Items))
	return nil, nil
}

// suits tells whether a deed is one of those that somebody asks for. An action
// may be cut at a dot.
func (e *Entry) suits(q url.Values) bool {
	is := func(name, value string) bool { return q.Get(name) == "" || q.Get(name) == value }
	action := q.Get("action")
	return is("actor", e.Actor) && is("object", e.Object) && is("result", e.Result) && is("via", e.Via) &&
		(action == "" || e.Action == action || strings.HasPrefix(e.Action, strings.TrimSuffix(action, ".")+"."))
}
