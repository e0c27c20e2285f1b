package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A browser and a phone of one user meet on one node, whoever comes first.
func TestWebAndPhoneMeet(t *testing.T) {
	w := set(t, stage{Tomcats: true, Agents: true, Config: "affinity: {sip: [{source: to.user}, {source: call-id}]}\n"})
	phone := newAgent(t, "phone")
	for i := range 10 {
		user := fmt.Sprintf("user%d", i)
		visit := func(c *http.Client) string {
			p, err := fetch(c, "GET", w.http+"/app/hits.jsp?appsession="+user, nil)
			if err != nil {
				t.Fatal(err)
			}
			return p.node
		}
		ring := func() string { return mustCall(t, w, phone, "sip:desk@e2e.invalid", "sip:"+user+"@e2e.invalid").node }
		var web, call string
		if c := browser(t); i%2 == 0 {
			web = visit(c)
			call = ring()
		} else {
			call = ring()
			web = visit(c)
		}
		if web != call {
			t.Errorf("%s: the browser is on %s, the call on %s", user, web, call)
		}
	}
}

// Two browsers of one user hold routes to different nodes: each keeps being served where its
// route leads, nothing flaps, and the session is shown as split.
func TestTwoBrowsersOfOneUser(t *testing.T) {
	w := set(t, stage{Tomcats: true})
	first := browser(t)
	one, err := fetch(first, "GET", w.http+"/app/hits.jsp?appsession=alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	second, two := browser(t), page{}
	for range 50 { // a browser that came without naming her, and landed elsewhere
		if two, err = fetch(second, "GET", w.http+"/app/hits.jsp", nil); err != nil {
			t.Fatal(err)
		}
		if two.node != one.node {
			break
		}
		second = browser(t)
	}
	if two.node == one.node {
		t.Fatal("50 new browsers all landed on the same node")
	}
	for n := range 20 {
		a, err := fetch(first, "GET", w.http+"/app/hits.jsp?appsession=alice", nil)
		if err != nil || a.node != one.node || a.hits != n+2 {
			t.Fatalf("first browser, round %d: %+v, %v; want hit %d on %s", n, a, err, n+2, one.node)
		}
		b, err := fetch(second, "GET", w.http+"/app/hits.jsp?appsession=alice", nil)
		if err != nil || b.node != two.node || b.hits != n+2 {
			t.Fatalf("second browser, round %d: %+v, %v; want hit %d on %s", n, b, err, n+2, two.node)
		}
	}
	s := w.the("app:alice")
	if !s.Split || s.Node != one.node {
		t.Errorf("the session is shown as %+v; want split, owned by %s", s, one.node)
	}
}

// followSip: a call that landed elsewhere takes the browser's session with it. The hit count
// survives, because the nodes replicate, and afterwards the browser's cookie names the new node.
func TestFollowSip(t *testing.T) {
	const config = "affinity: {leader: sip, sip: [{source: from.user}, {source: call-id}]}\nfollowSip: {mode: %s, maxCorrections: 2}\n"
	for _, mode := range []string{"rewrite", "redirect", "refresh"} {
		t.Run(mode, func(t *testing.T) {
			w := set(t, stage{Tomcats: true, Agents: true, Config: fmt.Sprintf(config, mode)})
			phone, c := newAgent(t, "phone"), browser(t)
			where := w.http + "/app/hits.jsp?appsession=alice"
			p, err := fetch(c, "GET", where, nil)
			if err != nil {
				t.Fatal(err)
			}
			for n := range 4 { // to and fro
				other := w.agents[0]
				if p.node == other.name {
					other = w.agents[1]
				}
				was := p
				if got, err := phone.invite(w.external, alice, bob, "sip:bob@"+other.addr); err != nil || got.node != other.name {
					t.Fatalf("a call to %s's address: %+v, %v", other.name, got, err)
				}
				p, err = fetch(c, "GET", where, nil)
				if err == nil && (p.header.Get("Refresh") == "1" && p.header.Get("Mobicents-Refresh") == "true") != (mode == "refresh") {
					t.Errorf("correction %d: %v", n, p.header)
				}
				if mode == "refresh" { // as a browser does
					p, err = fetch(c, "GET", where, nil)
				}
				if err != nil || p.node != other.name || p.hits != was.hits+1 || route(p.session) != other.name {
					t.Fatalf("correction %d: %+v, %v; want hit %d on %s", n, p, err, was.hits+1, other.name)
				}
				p, err = fetch(c, "GET", where, nil)
				if err != nil || p.node != other.name || p.hits != was.hits+2 {
					t.Fatalf("after correction %d: %+v, %v; want hit %d on %s", n, p, err, was.hits+2, other.name)
				}
			}
		})
	}
}

// A client that ignores every cookie it is given is redirected maxCorrections times at most,
// then served.
func TestCorrectionsEnd(t *testing.T) {
	w := set(t, stage{Tomcats: true, Agents: true, Config: "affinity: {leader: sip, sip: [{source: from.user}, {source: call-id}]}\n" +
		"followSip: {mode: redirect, maxCorrections: 2}\n"})
	phone := newAgent(t, "phone")
	p, err := fetch(directly, "GET", w.http+"/app/hits.jsp?appsession=alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	other := w.agents[0]
	if p.node == other.name {
		other = w.agents[1]
	}
	if _, err := phone.invite(w.external, alice, bob, "sip:bob@"+other.addr); err != nil {
		t.Fatal(err)
	}
	redirects := 0
	for range 10 {
		got, err := fetch(directly, "GET", w.http+"/app/hits.jsp?appsession=alice", http.Header{"Cookie": {"JSESSIONID=" + p.session}})
		if got.status != http.StatusTemporaryRedirect {
			if err != nil {
				t.Fatalf("after %d redirects: %+v, %v", redirects, got, err)
			}
			continue
		}
		redirects++
		if to := got.header.Get("Location"); !strings.HasPrefix(to, "/app/hits.jsp") {
			t.Errorf("redirected to %q", to)
		}
	}
	t.Logf("10 requests with a stale cookie: %d redirects", redirects)
	if redirects < 1 || redirects > 2 {
		t.Errorf("%d redirects, want 1 or 2", redirects)
	}
}
