package assembly

import (
	"context"
	"encoding/json"

	words "twinhop/admin/affinity"
	"twinhop/admin/explain"
	"twinhop/cmd/twinhop/affinity"
	"twinhop/cmd/twinhop/rehearsal"
)

// Play has the fronts rehearse a message.
func (g *Gateway) Play(ctx context.Context, m *explain.Message) (*explain.Played, error) {
	s := rehearsal.Stage{Router: g.Router, HTTP: g.front, SIP: g.sip, Words: g.wordsOf, Leaving: g.leaving.Load}
	if g.sockets != nil && len(g.sockets.HTTP) > 0 {
		s.Door = g.sockets.HTTP[0].Addr()
	}
	return s.Play(ctx, m)
}

// wordsOf are the settings in force, or those that there would be with another affinity.
func (g *Gateway) wordsOf(ctx context.Context, draft json.RawMessage) (*rehearsal.Words, error) {
	p, policy := g.words.Load(), g.policy.Load()
	if draft == nil {
		return &rehearsal.Words{HTTP: p.http, SIP: p.sip, Policy: policy}, nil
	}
	g.changing.Lock()
	defer g.changing.Unlock()
	now := g.present.Load()
	word, _, err := affinity.Read(&words.Order{Text: draft}, now, WordsIn(g.places.dir))
	if err != nil {
		return nil, err
	}
	next := g.inForce(g.basis.Load(), word)
	if p, err = g.plan(ctx, &next); err != nil {
		return nil, err
	}
	keepAlgorithms(p.policy, policy, now, &next)
	return &rehearsal.Words{HTTP: p.http, SIP: p.sip, Policy: p.policy}, nil
}
