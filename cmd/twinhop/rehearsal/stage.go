package rehearsal

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"

	"twinhop/admin/explain"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	httpfront "twinhop/http"
	sipfront "twinhop/sip"
)

// Stage is what rehearsals are made of.
type Stage struct {
	Router *gateway.Router
	// HTTP and SIP are the fronts that serve, of which only the fields are used; nil: there is none.
	HTTP *httpfront.Front
	SIP  *sipfront.Front
	Door net.Addr // the listener that requests of HTTP would come by; nil: port 80 of this machine
	// Words are the settings in force; with an affinity, as PUT /affinity has it, those that there would be with that one.
	Words func(ctx context.Context, affinity json.RawMessage) (*Words, error)
	// Leaving tells whether new dialogs are refused, for the process is stopping; nil: they are not.
	Leaving func() bool
}

// Words are the settings of the fronts, and what the Router decides by.
type Words struct {
	HTTP   *httpfront.Settings
	SIP    sipfront.Settings
	Policy *gateway.Policy
}

// play is one rehearsal.
type play struct {
	*Stage
	*Words
	router *gateway.Router
	out    *explain.Played
}

// Play implements explain.Play.
func (s *Stage) Play(ctx context.Context, m *explain.Message) (*explain.Played, error) {
	words, err := s.Words(ctx, m.Affinity)
	if err != nil {
		return nil, err
	}
	p := &play{Stage: s, Words: words, out: &explain.Played{}}
	real := routerOf(s.Router)
	if len(m.Activation)+len(m.Health) > 0 {
		v := s.Router.Views().Suppose(m.Activation, m.Health)
		real.Views = func() *cluster.View { return v }
	}
	real.Apply(words.Policy)
	p.router = real.Rehearsal(p.told)
	if m.Wants == cluster.SIP {
		return p.out, p.sip(ctx, m)
	}
	return p.out, p.http(ctx, m)
}

// routerOf is a Router like r, with a policy of its own.
func routerOf(r *gateway.Router) *gateway.Router {
	return &gateway.Router{Store: r.Store, Views: r.Views, Book: r.Book, Namer: r.Namer}
}

// told hears what was asked and decided. The first decision counts: further ones are about who gets a message that could not be sent.
func (p *play) told(a *gateway.Ask, d *gateway.Decision, steps []gateway.Step) {
	if p.out.Ask != nil {
		return
	}
	o := p.out
	o.Ask = &gateway.Ask{Kind: a.Kind, Wants: a.Wants, Pool: a.Pool, View: a.View, Hint: a.Hint, Counts: a.Counts}
	o.Ask.Hint.Node, o.Ask.Hint.Route = strings.Clone(a.Hint.Node), strings.Clone(a.Hint.Route)
	for _, e := range a.Evidence {
		e.Value = strings.Clone(e.Value) // it stands in a message that is gone soon
		o.Ask.Evidence = append(o.Ask.Evidence, e)
	}
	for _, s := range steps {
		s.Key.Value, s.Node = strings.Clone(s.Key.Value), strings.Clone(s.Node)
		o.Steps = append(o.Steps, s)
	}
	o.Session, o.Guest, o.Moved = d.Session, d.Guest, d.Moved
	if a.Pool != nil {
		o.Pool = a.Pool.Name
	}
	if d.Member != nil {
		o.Node = d.Member.Name
	}
}

// line is one line of a head: a name, and what it says.
type line struct{ name, value string }

// compare notes in what the lines that leave are other than those that came. why says what they are for, by name in small letters; of others
// the words of "" are said.
func (p *play) compare(came, left []line, why map[string]string) {
	var gone []line
	for _, l := range came {
		if i := slices.Index(left, l); i >= 0 {
			left = slices.Delete(slices.Clone(left), i, i+1)
		} else {
			gone = append(gone, l)
		}
	}
	say := func(name, before, after string) {
		r := explain.Rewrite{What: name, Before: before, After: after, Why: why[strings.ToLower(name)]}
		if r.Why == "" {
			r.Why = why[""]
		}
		p.out.Rewrites = append(p.out.Rewrites, r)
	}
	for _, l := range left {
		before := ""
		if i := slices.IndexFunc(gone, func(g line) bool { return strings.EqualFold(g.name, l.name) }); i >= 0 {
			before = gone[i].value
			gone = slices.Delete(gone, i, i+1)
		}
		say(l.name, before, l.value)
	}
	for _, g := range gone {
		say(g.name, g.value, "")
	}
}
