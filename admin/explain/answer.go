package explain

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"twinhop/admin/access"
	"twinhop/admin/nodes"
	"twinhop/admin/problem"
	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
)

// Told is what the front would do with a message, and why.
type Told struct {
	Why
	Pool           string    `json:"pool,omitempty"`
	Session        string    `json:"session,omitempty"`
	CreatesSession bool      `json:"createsSession"`
	Guest          bool      `json:"guest,omitempty"`
	Moved          bool      `json:"moved,omitempty"`
	Hint           string    `json:"hint,omitempty"` // the node or route that the message names
	Rewrites       []Rewrite `json:"rewrites"`
	Redirect       *Answer   `json:"redirect"` // the client is sent on, or asked to ask again
	Answer         *Answer   `json:"answer"`   // any other answer of the gateway's own
	Serves         string    `json:"serves,omitempty"`
	Toward         string    `json:"toward,omitempty"`
	Asks           string    `json:"asks,omitempty"`
	Dropped        []string  `json:"dropped,omitempty"`
	Faults         []Fault   `json:"faults"`
	Assumed        bool      `json:"assumed,omitempty"`
	ElapsedMicros  int64     `json:"elapsedMicros"`
}

// Ask answers a body of POST /route/explain for somebody of a role.
func (d Desk) Ask(ctx context.Context, text []byte, role access.Role) (any, error) {
	var body explainBody
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, err
	}
	return d.answer(ctx, &body, role)
}

// message has the front rehearse a whole message.
func (d Desk) message(ctx context.Context, body *explainBody, assumed Assumed, role access.Role) (any, error) {
	if d.Play == nil {
		return nil, problem.New(http.StatusNotFound, "not-found", "Whole messages cannot be asked about here.")
	}
	var m *Message
	var err error
	switch {
	case body.HTTP != nil && body.SIP != nil:
		return nil, problem.Invalid("#/sip", "http and sip are two messages: give one of them")
	case body.HTTP != nil:
		m, err = body.HTTP.message()
	default:
		m, err = body.SIP.message()
	}
	if err != nil {
		return nil, err
	}
	m.Assumed = assumed
	t, err := d.tell(ctx, m, role)
	if rejected := (*problem.Rejected)(nil); errors.As(err, &rejected) {
		return nil, rejected.Problem("This affinity cannot be put into force.")
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Unserved is an error of a message that no listener takes.
type Unserved interface{ Unserved() bool }

// tell has the front rehearse a message, and shows what came of it.
func (d Desk) tell(ctx context.Context, m *Message, role access.Role) (*Told, error) {
	began := time.Now()
	p, err := d.Play(ctx, m)
	if no := Unserved(nil); errors.As(err, &no) {
		return nil, problem.New(http.StatusConflict, "conflict", "Nobody could send this here: %s.", err.Error())
	}
	if err != nil {
		return nil, err
	}
	a := p.Ask
	if a == nil {
		a = &gateway.Ask{Wants: m.Wants}
	}
	t := &Told{Why: d.shape(ctx, a, p.Steps, role), Pool: p.Pool, Guest: p.Guest, Moved: p.Moved, Rewrites: []Rewrite{}, Answer: p.Answer, Serves: p.Serves,
		Toward: p.Toward, Asks: nodes.Clean(p.Asks), Dropped: p.Dropped, Faults: append([]Fault{}, p.Faults...)}
	t.Title, t.Hint = nodes.Clean(p.Title), nodes.Clean(a.Hint.Node+a.Hint.Route)
	t.Node = p.Node
	if !p.Session.IsZero() {
		t.Session = p.Session.String()
	}
	t.CreatesSession = p.Node != "" && p.Session.IsZero() && a.Kind == gateway.Open && len(a.Evidence) > 0 && (a.Pool.Sticky || a.Wants == cluster.SIP)
	if t.Answer != nil && p.Node != "" {
		t.Redirect, t.Answer = t.Answer, nil
	}
	hide := hiding(a, role)
	for _, r := range p.Rewrites {
		t.Rewrites = append(t.Rewrites, Rewrite{r.What, hide(r.Before), hide(r.After), r.Why})
	}
	if t.Redirect != nil {
		t.Redirect.Location = hide(t.Redirect.Location)
	}
	t.Assumed = len(m.Activation)+len(m.Health) > 0 || m.Affinity != nil
	t.ElapsedMicros = time.Since(began).Microseconds()
	return t, nil
}

// hiding takes the keys of a message out of a text, as far as somebody of this role does not see them whole.
func hiding(a *gateway.Ask, role access.Role) func(string) string {
	var pairs []string
	for _, e := range a.Evidence {
		if e.Space == appsession.HTTP || role < access.RoleOperator {
			pairs = append(pairs, e.Value, trace.Mask(e.Key))
		}
	}
	r := strings.NewReplacer(pairs...)
	return func(s string) string { return nodes.Clean(r.Replace(s)) }
}
