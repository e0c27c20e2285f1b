package affinity

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/act"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
	"twinhop/gateway/config"
)

// State is the affinity in force.
type State struct {
	Now        config.Affinity
	Configured config.Affinity // what the configuration says
	Said       *Said           // who said otherwise; nil: nobody did
}

// Said is who changed it, when and why.
type Said struct {
	At     *stamp.Time `json:"at"`
	Actor  string      `json:"actor"`
	Reason string      `json:"reason,omitempty"`
}

// Order is a change.
type Order struct {
	Text  json.RawMessage        // a Document, of which keys may be left out; nil: as the configuration says
	Match func(etag string) bool // tells whether what is in force is what is to be changed
	Dry   bool                   // only tell what would follow
	Said
}

// Effect is what became of a change, or would.
type Effect struct {
	Changed  []string        `json:"changed"`  // keys that are other than before
	Restart  []string        `json:"restart"`  // those of them that count after a restart
	Warnings []problem.Fault `json:"warnings"` // what is allowed, and may not be meant
}

// ErrChanged says that something else is in force than who asks knows.
var ErrChanged = errors.New("the affinity was changed meanwhile")

// Panel is what can be seen and done.
type Panel struct {
	State func() State
	// Set puts an Order into force. A *problem.Rejected says what is wrong
	// with its text.
	Set func(context.Context, *Order) (*Effect, error)
	// Preview tries a Draft; errors as with Set.
	Preview func(context.Context, *Draft) (*Preview, error)
	Sources func() *Sources
}

// Visit is one request.
type Visit struct {
	*Panel
	Said                             // who asks; when it is
	Record func(what, reason string) // notes a change
}

type view struct {
	Affinity   *Document `json:"affinity"`
	Origin     string    `json:"origin"` // "config", "api"
	Said       *Said     `json:"said,omitempty"`
	Configured *Document `json:"configured,omitempty"`
}

// Get shows what is in force.
func (v *Visit) Get(c *gin.Context) (any, error) {
	s := v.State()
	c.Header("ETag", s.ETag())
	if s.Said == nil {
		return view{Affinity: Of(&s.Now), Origin: "config"}, nil
	}
	return view{Of(&s.Now), "api", s.Said, Of(&s.Configured)}, nil
}

const maxReason = 500

type change struct {
	Affinity json.RawMessage `json:"affinity"`
	Reason   string          `json:"reason"`
}

// Put replaces it.
func (v *Visit) Put(c *gin.Context) (any, error) {
	var body change
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	if len(body.Affinity) == 0 {
		return nil, problem.Invalid("#/affinity", "a mapping with the keys of affinity")
	}
	return v.set(c, &body)
}

// Delete lets the configuration say it again.
func (v *Visit) Delete(c *gin.Context) (any, error) {
	var body change
	if c.Request.ContentLength != 0 {
		if err := problem.ReadJSON(c, &body); err != nil {
			return nil, err
		}
	}
	if body.Affinity != nil {
		return nil, problem.Invalid("#/affinity", "nothing belongs here: the configuration says it")
	}
	return v.set(c, &body)
}

func (v *Visit) set(c *gin.Context, body *change) (any, error) {
	if len(body.Reason) > maxReason {
		return nil, problem.Invalid("#/reason", "at most %d bytes", maxReason)
	}
	o := &Order{Text: body.Affinity, Dry: c.Query("dryRun") == "true", Said: v.Said}
	o.Reason = body.Reason
	var err error
	if o.Match, err = problem.Match(c); err != nil {
		return nil, err
	}
	before := v.State()
	effect, err := v.Set(c.Request.Context(), o)
	var wrong *problem.Rejected
	now := v.State()
	switch {
	case errors.Is(err, ErrChanged):
		return nil, problem.Changed(c, now.ETag())
	case errors.As(err, &wrong):
		return nil, wrong.Problem("The affinity is not valid; the one in force stays.")
	case err != nil:
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "The affinity in force stays: %s", err.Error())
	}
	c.Header("ETag", now.ETag())
	if act.Of(c).Before = Of(&before.Now); !o.Dry {
		act.Of(c).After = Of(&now.Now)
		v.Record(strings.Join(effect.Changed, " "), body.Reason)
	}
	return effect, nil
}
