package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/emiago/sipgo/sip"

	"twinhop/gateway/cluster"
)

// stepDrain: a disabled node keeps what it has and gets nothing new.
func stepDrain(ctx context.Context, s *stage) (seen string, err error) {
	old := newBrowser(s.gate.http)
	defer old.close()
	home, _, err := old.on(ctx)
	if err != nil {
		return "", err
	}
	if _, err := talk(ctx, s, old); err != nil {
		return "", err
	}
	if err := s.gate.api.activate(ctx, home, "disabled"); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.gate.api.activate(ctx, home, "active")) }()
	const visitors = 6
	for range visitors {
		b := newBrowser(s.gate.http)
		at, _, err := b.on(ctx)
		b.close()
		if err := errors.Join(err, want("node of a new visitor", at, s.other(home).name)); err != nil {
			return "", err
		}
	}
	at, hits, err := old.on(ctx)
	if err := errors.Join(err, want("node of the old visitor", at, home), want("hits", hits, 2)); err != nil {
		return "", err
	}
	n, err := s.gate.api.node(ctx, home)
	if err := errors.Join(err, want("activation in the admin", n.Activation, "disabled")); err != nil {
		return "", err
	}
	if n.Sessions < 1 || n.Calls < 2 {
		return "", fmt.Errorf("the admin counts %d sessions and %d calls on %s, want 1 and 2 at least", n.Sessions, n.Calls, home)
	}
	if _, err := old.get(ctx, "/call?bye=all"); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s drains with %d sessions and %d calls; %d new visitors on %s, the old one still on %s", home, n.Sessions, n.Calls,
		visitors, s.other(home).name, home), nil
}

// stepKill: page and calls go on with the survivor, and stay there when the node returns.
func stepKill(ctx context.Context, s *stage) (seen string, err error) {
	b := newBrowser(s.gate.http)
	defer b.close()
	home, _, err := b.on(ctx)
	if err != nil {
		return "", err
	}
	talking, err := talk(ctx, s, b)
	if err != nil {
		return "", err
	}
	dead, survivor := s.node(home), s.other(home).name
	dead.kill()
	defer func() { err = errors.Join(err, dead.start()) }()

	at, hits, err := b.on(ctx)
	if err := errors.Join(err, want("node of the page", at, survivor), want("hits", hits, 2)); err != nil {
		return "", err
	}
	if err := s.gate.noticed(ctx, home, cluster.Down); err != nil {
		return "", err
	}
	one, other := talking.Calls[0].CallID, talking.Calls[1].CallID
	info1, err1 := s.phones[agent].within(ctx, one, sip.INFO)
	info2, err2 := s.phones[visitor].within(ctx, other, sip.INFO)
	if err := errors.Join(err1, err2, want("node that served the INFO of "+agent, info1, survivor),
		want("node that served the INFO of "+visitor, info2, survivor)); err != nil {
		return "", err
	}
	if err := dead.start(); err != nil {
		return "", err
	}
	if err := s.gate.noticed(ctx, home, cluster.Up); err != nil {
		return "", err
	}
	bye, err1 := s.phones[visitor].within(ctx, other, sip.BYE)
	at, hits, err2 = b.on(ctx)
	if err := errors.Join(err1, err2, want("node that served the BYE", bye, survivor), want("node of the page later", at, survivor),
		want("hits", hits, 3)); err != nil {
		return "", err
	}
	if err := s.phones[agent].until(ctx, one, false); err != nil { // the survivor ended the call that the dead node began
		return "", err
	}
	return fmt.Sprintf("%s killed: INFO 200 from %s, page there with its hits; %s back: the moved calls and the page stay on %s, which ends both",
		home, survivor, home, survivor), nil
}

// stepProxy: telephones use the gateway as their outbound proxy for whatever they dial. Without user keys two calls are two sessions, and
// round-robin gives them to two nodes.
func stepProxy(ctx context.Context, s *stage) (string, error) {
	g, err := openGate(ctx, settings(s.nodes), s.log, nil)
	if err != nil {
		return "", err
	}
	used := map[string]int{}
	p := s.phones[visitor]
	for range 2 {
		callID, by, err := p.dial(ctx, "sip:receiver@some.domain", g.sip)
		if err != nil {
			return "", errors.Join(err, g.close())
		}
		used[by]++
		if by2, err := p.within(ctx, callID, sip.BYE); err != nil || by2 != by {
			return "", errors.Join(err, want("node that served the BYE", by2, by), g.close())
		}
	}
	if err := errors.Join(want("nodes used", len(used), 2), g.close()); err != nil {
		return "", err
	}
	return "sip:receiver@some.domain twice: " + spread(used), nil
}
