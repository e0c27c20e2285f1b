package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// stepSticky: two visitors are balanced over the nodes, and then each of them stays where his cookie says, as the admin shows.
func stepSticky(ctx context.Context, s *stage) (string, error) {
	const each = 10
	one, two := newBrowser(s.gate.http), newBrowser(s.gate.http)
	defer one.close()
	defer two.close()
	home := map[*browser]string{}
	for i := range each {
		for _, b := range []*browser{one, two} {
			at, hits, err := b.on(ctx)
			if i == 0 {
				home[b] = at
			}
			if err := errors.Join(err, want("node", at, home[b]), want("hits", hits, i+1)); err != nil {
				return "", err
			}
		}
	}
	if home[one] == home[two] {
		return "", fmt.Errorf("two visitors were both given to %s", home[one])
	}
	for b, node := range home {
		shown, err := s.gate.api.session(ctx, b.id().String())
		if err := errors.Join(err, want("node in the admin", shown.Node, node)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("2 visitors, %d requests each: one always on %s, the other always on %s; the admin shows both there", each, home[one],
		home[two]), nil
}

// talk clicks Call and checks that both calls are served by the node of the page, also in the eyes of the admin.
func talk(ctx context.Context, s *stage, b *browser) (status, error) {
	seen, err := b.get(ctx, "/call?from="+visitor+"&to="+agent)
	if err != nil {
		return seen, err
	}
	if err := errors.Join(want("calls of the session", len(seen.Calls), 2), want("verdict", seen.Verdict, verdictSame)); err != nil {
		return seen, err
	}
	for i, user := range []string{agent, visitor} { // newest first
		if err := s.phones[user].until(ctx, seen.Calls[i].CallID, true); err != nil {
			return seen, err
		}
	}
	shown, err := s.gate.api.session(ctx, b.id().String())
	if err != nil {
		return seen, err
	}
	for _, c := range seen.Calls {
		err = errors.Join(err, want("node of the call with "+c.Party+" in the admin", shown.key("call", c.CallID), seen.Node))
	}
	return seen, err
}

// stepClick: the two calls of a click have two Call-IDs, and both belong to the browser's session.
func stepClick(ctx context.Context, s *stage) (string, error) {
	b := newBrowser(s.gate.http)
	defer b.close()
	if _, _, err := b.on(ctx); err != nil {
		return "", err
	}
	seen, err := talk(ctx, s, b)
	if err != nil {
		return "", err
	}
	after, err := b.get(ctx, "/call?bye=all")
	if err := errors.Join(err, want("verdict after hanging up", after.Verdict, verdictNone)); err != nil {
		return "", err
	}
	for i, user := range []string{agent, visitor} {
		if err := s.phones[user].until(ctx, seen.Calls[i].CallID, false); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("page on %s; %s %s and %s %s on %s, under one session; both hung up", seen.Node, visitor, short(seen.Calls[1].CallID),
		agent, short(seen.Calls[0].CallID), seen.Calls[0].Node), nil
}

// short is a Call-ID for people.
func short(callID string) string {
	if len(callID) > 12 {
		return callID[:8] + "…"
	}
	return callID
}

// meetings is how often two protocols must meet before chance is ruled out: 1 in 64 by luck.
const meetings = 6

// stepPageFirst: a page opened with ?appsession=user draws the calls to that user to its node.
func stepPageFirst(ctx context.Context, s *stage) (string, error) {
	used := map[string]int{}
	for i := range meetings {
		user := fmt.Sprintf("carol%d", i)
		at, err := openAs(ctx, s, user)
		if err != nil {
			return "", err
		}
		by, err := ring(ctx, s, user)
		if err := errors.Join(err, want("node of the call to "+user, by, at)); err != nil {
			return "", err
		}
		used[at]++
	}
	return fmt.Sprintf("%d users: page and call always on one node (%s)", meetings, spread(used)), nil
}

// stepCallFirst: a call to a user draws the page that is opened later.
func stepCallFirst(ctx context.Context, s *stage) (string, error) {
	used := map[string]int{}
	for i := range meetings {
		user := fmt.Sprintf("dave%d", i)
		by, err := ring(ctx, s, user)
		if err != nil {
			return "", err
		}
		at, err := openAs(ctx, s, user)
		if err := errors.Join(err, want("node of the page of "+user, at, by)); err != nil {
			return "", err
		}
		used[at]++
	}
	if len(used) != len(s.nodes) {
		return "", fmt.Errorf("calls to %d users used %s only", meetings, spread(used))
	}
	return fmt.Sprintf("%d users: call and page always on one node (%s)", meetings, spread(used)), nil
}

func spread(used map[string]int) string {
	return fmt.Sprintf("%d on node1, %d on node2", used["node1"], used["node2"])
}

// openAs opens the page as a user and tells which node serves it.
func openAs(ctx context.Context, s *stage, user string) (node string, err error) {
	b := newBrowser(s.gate.http)
	defer b.close()
	seen, err := b.get(ctx, "/hit?appsession="+user)
	if err != nil {
		return "", err
	}
	shown, err := s.gate.api.session(ctx, user)
	return seen.Node, errors.Join(err, want("node of "+user+" in the admin", shown.Node, seen.Node))
}

// ring calls a user of the application, hangs up, and tells which node answered.
func ring(ctx context.Context, s *stage, user string) (node string, err error) {
	p := s.phones[agent]
	callID, by, err := p.dial(ctx, "sip:"+user+"@"+s.gate.sip, "")
	if err != nil {
		return "", err
	}
	shown, err := s.gate.api.session(ctx, user)
	err = errors.Join(err, want("node of the call in the admin", shown.key("call", callID), by))
	bye, byeErr := p.within(ctx, callID, sip.BYE)
	return by, errors.Join(err, byeErr, want("node that served the BYE", bye, by))
}
