package versions

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/caller"
	"twinhop/admin/problem"
)

// Order is another configuration.
type Order struct {
	Text string
	By   By
	Dry  bool // only tell what would be
	// Fits is asked when nothing can come in between: an error is why it must not be.
	Fits func() error
}

// Put is what brings an Order about. Faults of what it returns are warnings.
type Put func(context.Context, *Order) (*Outcome, error)

// ErrDiffers says that the file is other than what is in force.
var ErrDiffers = errors.New("the file was changed since it was read")

// ReadOnly is why nothing may be written, and what to do.
type ReadOnly struct{ Why string }

// Error implements error.
func (r *ReadOnly) Error() string { return r.Why }

const maxReason = 500

type applyBody struct {
	Text   *string `json:"text"`
	Reason string  `json:"reason"`
}

type rollbackBody struct {
	Reason string `json:"reason"`
}

type effect struct {
	Changed  []string        `json:"changed"`
	Restart  []string        `json:"restart"`
	Warnings []problem.Fault `json:"warnings"`
	Version  string          `json:"version,omitempty"`
	Same     bool            `json:"same,omitempty"`
}

// Apply takes another text.
func (p *Panel) Apply(c *gin.Context) (any, error) {
	match, err := problem.Match(c)
	if err != nil {
		return nil, err
	}
	var body applyBody
	if err := problem.ReadJSONUpTo(c, &body, MaxBody); err != nil {
		return nil, err
	}
	if body.Text == nil {
		return nil, problem.Invalid("#/text", "the whole text of the file belongs here")
	}
	if err := p.refuse(body.Reason); err != nil {
		return nil, err
	}
	if !match(p.etag()) { // before anything of it is looked at: its secrets stand for those of that version
		return nil, problem.Changed(c, p.etag())
	}
	text, faults := p.Uncover(*body.Text)
	if len(faults) > 0 {
		return nil, unknown(faults)
	}
	return p.put(c, &Order{Text: text, By: By{Reason: body.Reason, Source: API}}, match)
}

// Rollback brings an older version back.
func (p *Panel) Rollback(c *gin.Context) (any, error) {
	match := func(string) bool { return true }
	if c.GetHeader("If-Match") != "" {
		var err error
		if match, err = problem.Match(c); err != nil {
			return nil, err
		}
	}
	var body rollbackBody
	if c.Request.ContentLength != 0 {
		if err := problem.ReadJSON(c, &body); err != nil {
			return nil, err
		}
	}
	v, err := p.find(c.Param("version"))
	if err != nil {
		return nil, err
	}
	if err := p.refuse(body.Reason); err != nil {
		return nil, err
	}
	if v.Made { // and has no secrets
		return nil, problem.New(http.StatusConflict, "conflict", "%s was made of the files of another product: it was never the text of this file.", ID(v.Number))
	}
	return p.put(c, &Order{Text: v.Text, By: By{Reason: body.Reason, Source: Rollback, Restored: v.Number}}, match)
}

// refuse tells what stands in the way of any change.
func (p *Panel) refuse(reason string) error {
	if len(reason) > maxReason {
		return problem.Invalid("#/reason", "at most %d bytes", maxReason)
	}
	if why := p.File().Why; why != "" {
		return readOnly(why)
	}
	return nil
}

func readOnly(why string) error {
	return problem.New(http.StatusConflict, "config-read-only", "%s", why)
}

// errOther says that another version is in force than was known.
var errOther = errors.New("another version is in force")

func (p *Panel) put(c *gin.Context, o *Order, match func(string) bool) (any, error) {
	o.By.Actor, o.Dry = caller.Of(c).Name, c.Query("dryRun") == "true"
	before := p.Book.Now()
	o.Fits = func() error {
		if !match(p.etag()) {
			return errOther
		}
		before = p.Book.Now()
		return nil
	}
	done, err := p.Put(c.Request.Context(), o)
	a := act.Of(c)
	a.Object, a.Reason, a.Before = "config", o.By.Reason, Brief{Version: ID(before.Number)}
	var wrong *problem.Rejected
	var shut *ReadOnly
	switch {
	case errors.Is(err, errOther):
		return nil, problem.Changed(c, p.etag())
	case errors.As(err, &wrong):
		return nil, wrong.Problem("The text is not valid; the file and what is in force stay.")
	case errors.Is(err, ErrDiffers):
		return nil, problem.New(http.StatusConflict, "config-differs", "Somebody changed the file after it was read: what they wrote would be lost. Reload it first, or compare with \"to\": \"file\".")
	case errors.As(err, &shut):
		return nil, readOnly(shut.Why)
	case err != nil:
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "The configuration in force stays: %s", err.Error())
	}
	e := &effect{append([]string{}, done.Changed...), append([]string{}, done.Restart...), append([]problem.Fault{}, done.Faults...), "", before.Text == o.Text}
	if !o.Dry {
		e.Version = ID(p.Book.Now().Number)
		a.After = Brief{Version: e.Version}
	}
	c.Header("ETag", p.etag())
	return e, nil
}
