package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"twinhop/gateway/config"
)

// following runs do on a gateway of its own in which SIP leads, with the nodes' calls leaving through it.
func following(ctx context.Context, s *stage, mode string, do func(g *gate) (string, error)) (string, error) {
	c := settings(s.nodes)
	byUser(&c)
	c.Affinity.Leader, c.FollowSIP.Mode = "sip", mode
	g, err := openGate(ctx, c, s.log, nil)
	if err != nil {
		return "", err
	}
	for _, n := range s.nodes {
		n.leaveThrough(g.internal)
		defer n.leaveThrough(s.gate.internal)
	}
	seen, err := do(g)
	return seen, errors.Join(err, g.close())
}

// sipMoves opens the page, and then places the calls of its session from the other node.
func sipMoves(ctx context.Context, s *stage, b *browser) (was, is *node, err error) {
	home, _, err := b.on(ctx)
	if err != nil {
		return nil, nil, err
	}
	was, is = s.node(home), s.other(home)
	return was, is, is.clickToCall(ctx, b.id(), s.phones[visitor].callee(), s.phones[agent].callee())
}

// stepRewrite: the request itself is already served by the node where SIP went, and the browser's cookie is corrected on the way back.
func stepRewrite(ctx context.Context, s *stage) (string, error) {
	return following(ctx, s, "rewrite", func(g *gate) (string, error) {
		b := newBrowser(g.http)
		defer b.close()
		was, is, err := sipMoves(ctx, s, b)
		if err != nil {
			return "", err
		}
		for hits := range 3 {
			at, got, err := b.on(ctx)
			if err := errors.Join(err, want("node of the page", at, is.name), want("hits", got, hits+2),
				want("route in the cookie", b.id().route, is.name), want("redirects", b.redirects, 0)); err != nil {
				return "", err
			}
		}
		if err := is.hangUpAll(ctx, b.id().base); err != nil {
			return "", err
		}
		return fmt.Sprintf("page on %s, calls placed from %s: next hit on %s, cookie now ends in .%s, hits kept", was.name, is.name, is.name,
			is.name), nil
	})
}

// stepRedirect: the browser is sent back once with a corrected cookie. Who ignores cookies is not sent in circles.
func stepRedirect(ctx context.Context, s *stage) (string, error) {
	return following(ctx, s, "redirect", func(g *gate) (string, error) {
		b := newBrowser(g.http)
		defer b.close()
		was, is, err := sipMoves(ctx, s, b)
		if err != nil {
			return "", err
		}
		stubborn := b.id()
		for hits := range 3 {
			at, got, err := b.on(ctx)
			if err := errors.Join(err, want("node of the page", at, is.name), want("hits", got, hits+2),
				want("redirects in all", b.redirects, 1)); err != nil {
				return "", err
			}
		}
		n, err := insist(ctx, b, stubborn)
		if err != nil {
			return "", err
		}
		if err := s.node(is.name).hangUpAll(ctx, stubborn.base); err != nil {
			return "", err
		}
		return fmt.Sprintf("page on %s, calls placed from %s: one 307, then served by %s; a client that ignores cookies saw %d and was served",
			was.name, is.name, is.name, n), nil
	})
}

// insist asks with the same old cookie again and again, and counts the redirects until it is served.
func insist(ctx context.Context, b *browser, old sessionID) (redirects int, err error) {
	bound := config.Default().FollowSIP.MaxCorrections
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/hit", nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Cookie", cookieName+"="+old.String())
		res, err := b.client.Transport.RoundTrip(req)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
		res.Body.Close()
		switch {
		case err != nil:
			return 0, err
		case res.StatusCode == http.StatusOK:
			return redirects, nil
		case res.StatusCode != http.StatusTemporaryRedirect:
			return 0, fmt.Errorf("a client that ignores cookies was answered %s", res.Status)
		}
		if redirects++; redirects > bound {
			return 0, fmt.Errorf("a client that ignores cookies was redirected %d times", redirects)
		}
	}
}
