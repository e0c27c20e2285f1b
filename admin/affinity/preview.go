package affinity

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/problem"
	"twinhop/admin/stamp"
)

// Draft is an affinity that is tried on recent traffic.
type Draft struct {
	Text json.RawMessage // a Document, of which keys may be left out
	Last int             // messages, at most
}

// MaxLast is how many messages are tried at most.
const MaxLast = 10000

// Preview is what a Draft would have done with recent messages. Each of them
// is in one of the four classes.
type Preview struct {
	Recorded    int            `json:"recorded"`
	Since       *stamp.Time    `json:"since"`
	Until       *stamp.Time    `json:"until"`
	Proto       map[string]int `json:"proto"`       // messages of "http" and "sip"
	Unchanged   int            `json:"unchanged"`   // as now
	WouldMove   int            `json:"wouldMove"`   // follow something now, and would follow something elsewhere
	NewlySticky int            `json:"newlySticky"` // are placed anew now, and would follow something
	Lost        int            `json:"lost"`        // follow something now, and would be placed anew
	Examples    []Example      `json:"examples"`
	Groups      Groups         `json:"groups"`
	Warnings    []Warning      `json:"warnings"`
	Changed     []string       `json:"changed"` // see Effect
	Restart     []string       `json:"restart"`
}

// Example is one message that would fare otherwise.
type Example struct {
	Class  string      `json:"class"` // "wouldMove", "newlySticky", "lost"
	Proto  string      `json:"proto"`
	At     *stamp.Time `json:"at"`
	Node   string      `json:"node"` // where it goes by what is in force
	To     string      `json:"to"`   // where it would go; "": placed anew
	Before []Found     `json:"before"`
	After  []Found     `json:"after"`
	Rule   string      `json:"rule"` // of the draft
	With   string      `json:"with"` // why, for people
}

// Found is a key of a message, shortened.
type Found struct {
	Source string `json:"source"`
	Name   string `json:"name"`
	Text   string `json:"text"`
}

// Groups are the largest sets of messages that belong together.
type Groups struct {
	Before []Group `json:"before"`
	After  []Group `json:"after"`
}

// Group is one set.
type Group struct {
	Found
	Key   string  `json:"key"`   // tells it from others while the process runs
	Share float64 `json:"share"` // of all messages
	Count int     `json:"count"`
}

// Warning is what may not be meant.
type Warning struct {
	Code    string `json:"code"`
	Text    string `json:"text"`
	Pointer string `json:"pointer"`
	Hint    string `json:"hint"`
}

// Sources are the places that can be named.
type Sources struct {
	HTTP []Source `json:"http"`
	SIP  []Source `json:"sip"`
}

// Source is one of them.
type Source struct {
	Word        string `json:"source"`
	Named       bool   `json:"named"` // a name is needed: with HTTP as name, with SIP behind the colon
	Description string `json:"description"`
	Seen        []Seen `json:"seen,omitempty"`
}

// Seen is a name of recent traffic.
type Seen struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"` // of the messages of its protocol
}

type draft struct {
	Affinity json.RawMessage `json:"affinity"`
	Last     *int            `json:"last"`
}

// Try tells what a draft would have done. It changes nothing.
func (v *Visit) Try(c *gin.Context) (any, error) {
	var body draft
	if err := problem.ReadJSON(c, &body); err != nil {
		return nil, err
	}
	d := Draft{Text: body.Affinity, Last: MaxLast}
	switch {
	case len(body.Affinity) == 0:
		return nil, problem.Invalid("#/affinity", "a mapping with the keys of affinity")
	case body.Last != nil && (*body.Last < 1 || *body.Last > MaxLast):
		return nil, problem.Invalid("#/last", "1 to %d messages", MaxLast)
	case body.Last != nil:
		d.Last = *body.Last
	}
	p, err := v.Preview(c.Request.Context(), &d)
	var wrong *problem.Rejected
	switch {
	case errors.As(err, &wrong):
		return nil, wrong.Problem("The affinity is not valid; it was not tried.")
	case err != nil:
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "The affinity was not tried: %s", err.Error())
	}
	return p, nil
}

// List tells which places can be named.
func (v *Visit) List(*gin.Context) (any, error) { return v.Sources(), nil }
