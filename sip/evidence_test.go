package sip

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// sessionOf gives the session a key belongs to.
func (s *stage) sessionOf(space appsession.Space, value string) (appsession.ID, bool) {
	b, err := s.store.Find(context.Background(), []appsession.Key{{Space: space, Value: value}})
	return b.ID, err == nil
}

func TestIdentities(t *testing.T) {
	trunks := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	to := func(v string) []string { return []string{"To: " + v} }
	for _, c := range []struct {
		what   string
		source Source
		more   []string
		want   string // "" = none
	}{
		{"user", Source{From: gateway.SourceToUser}, to("<sip:bob@example.com>"), "bob"},
		{"password is no part of it", Source{From: gateway.SourceToUser}, to("<sip:bob:pw@example.com>"), "bob"},
		{"decoded once", Source{From: gateway.SourceToUser}, to("<sip:b%2562@example.com>"), "b%62"},
		{"no escape", Source{From: gateway.SourceToUser}, to("<sip:100%zz%4@example.com>"), "100%zz%4"},
		{"number", Source{From: gateway.SourceToUser}, to("<tel:+49123;ext=1>"), "+49123"},
		{"control characters", Source{From: gateway.SourceToUser}, to("<sip:bob%0d%0aX@example.com>"), ""},
		{"too long", Source{From: gateway.SourceToUser}, to("<sip:" + strings.Repeat("b", 257) + "@example.com>"), ""},
		{"nobody", Source{From: gateway.SourceToUser}, to("<sip:example.com>"), ""},
		{"not a SIP URI", Source{From: gateway.SourceToUser}, to("<mailto:bob@example.com>"), ""},
		{"excluded user", Source{From: gateway.SourceToUser, Users: []string{"bob"}}, to("<sip:b%6fb@example.com>"), ""},
		{"excluded network", Source{From: gateway.SourceToUser, Networks: trunks}, to("<sip:bob@example.com>"), ""},
		{"excluded pattern", Source{From: gateway.SourceToUser, Pattern: regexp.MustCompile("^(?:b.b|alice)$")}, to("<sip:b%6fb@example.com>"), ""},
		{"pattern that fits a part", Source{From: gateway.SourceToUser, Pattern: regexp.MustCompile("^(?:bo)$")}, to("<sip:bob@example.com>"), "bob"},
		{"address of record", Source{From: gateway.SourceToAOR}, to("<sip:Bob@EXAMPLE.com:5070>"), "Bob@example.com"},
		{"excluded user with a host", Source{From: gateway.SourceToAOR, Users: []string{"Bob"}}, to("<sip:Bob@example.com>"), ""},
		{"caller", Source{From: gateway.SourceFromUser}, to("<sip:bob@example.com>"), "alice"},
		{"caller's address", Source{From: gateway.SourceFromAOR}, to("<sip:bob@example.com>"), "alice@example.com"},
		{"header", Source{From: gateway.SourceHeader, Header: "X-Account"}, append(to("<sip:b@c>"), "x-account :  77 "), "77"},
		{"header that is absent", Source{From: gateway.SourceHeader, Header: "X-Account"}, to("<sip:b@c>"), ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newStage(t, true, Settings{Sources: []Source{c.source}})
			if sent := s.in("external", client, lined(request("MESSAGE", "sip:bob@192.0.2.1", "c1", c.more...)...)); len(sent) != 1 {
				t.Fatalf("sent %v", sent)
			}
			call, ok := s.sessionOf(appsession.Call, "c1")
			if !ok {
				t.Fatal("the Call-ID is not bound")
			}
			found := 0
			for session, err := range s.store.All(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				for _, k := range session.Keys {
					if k.Space == appsession.App {
						found++
						if k.Value != c.want || session.ID != call {
							t.Errorf("bound %q, want %q with the call", k.Value, c.want)
						}
					}
				}
			}
			if found == 0 && c.want != "" {
				t.Errorf("no identity, want %q", c.want)
			}
		})
	}
}

// The old balancers answered 500 to a caller or a callee that is a number, when its user was the key.
func TestOldFaultTelURI(t *testing.T) {
	for _, from := range []gateway.Source{gateway.SourceFromUser, gateway.SourceToUser, gateway.SourceFromAOR, gateway.SourceToAOR, gateway.SourceHeader} {
		s := newStage(t, true, Settings{Sources: []Source{{From: from, Header: "X-Account"}}})
		sent := s.in("external", client, lined("MESSAGE tel:+4930;phone-context=+49 SIP/2.0", "Via: SIP/2.0/UDP 198.51.100.7;rport;branch=z9hG4bK1", "Max-Forwards: 70",
			"From: <tel:+4930>;tag=1", "To: <tel:+4930>", "Call-ID: c1", "CSeq: 1 MESSAGE"))
		if len(sent) != 1 || sent[0].to != node1 && sent[0].to != node2 {
			t.Errorf("%v: sent %v", from, sent)
		}
		if _, ok := s.sessionOf(appsession.App, "+4930"); ok != (from == gateway.SourceFromUser || from == gateway.SourceToUser) {
			t.Errorf("%v: known by the number: %v", from, ok)
		}
	}
}

// A node that names the HTTP session it calls for ties the call to it, by the id without its route.
func TestNodeNamesAnHTTPSession(t *testing.T) {
	for name, c := range map[string]struct {
		last bool
		id   string
		want string
	}{"first dot": {false, "F00.node1", "F00"}, "last dot": {true, "F.00.node1", "F.00"}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, true, Settings{LastDot: c.last})
			s.in("internal", node1, lined("INVITE sip:carol@203.0.113.9 SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bKn", "From: <sip:a@b>;tag=1", "To: <sip:c@d>",
				"Call-ID: n1", "CSeq: 1 INVITE", "X-Twinhop-Session: "+c.id))
			call, ok1 := s.sessionOf(appsession.Call, "n1")
			web, ok2 := s.sessionOf(appsession.HTTP, c.want)
			if !ok1 || !ok2 || call != web {
				t.Errorf("call %v %v, web session %v %v: want one session", call, ok1, web, ok2)
			}
			if n := s.front.Book.Count("node1"); n != 1 {
				t.Errorf("node1 has %d calls, want 1", n)
			}
		})
	}
}

// The answer to a node that has left the cluster goes to where its call is served now.
func TestAnswerForANodeThatIsGone(t *testing.T) {
	s := newStage(t, true, Settings{})
	sent := s.in("internal", node1, lined("INVITE sip:carol@203.0.113.9 SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bKn", "From: <sip:a@b>;tag=1", "To: <sip:c@d>",
		"Call-ID: n1", "CSeq: 1 INVITE"))
	if err := s.registry.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "node2", SIP: []cluster.Address{{Scheme: "udp", Addr: node2, Host: "10.0.0.2"}}}},
		Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: "node2"}}}}}); err != nil {
		t.Fatal(err)
	}
	back := s.in("external", callee, []byte(answer(scanned(t, sent[0].data), "200 OK")))
	if len(back) != 1 || back[0].to != node2 || !bytes.Contains(back[0].data, []byte("Via: SIP/2.0/UDP 10.0.0.2:5080;branch=z9hG4bKn\r\n")) {
		t.Errorf("sent %v", back)
	}
	s.activate("node2", cluster.Stopped)
	if back = s.in("external", callee, []byte(answer(scanned(t, sent[0].data), "200 OK"))); len(back) != 0 {
		t.Errorf("nobody is left, yet it went to %s", back[0].to)
	}
}

// Logs tell of decisions without telling secrets.
func TestDecisionsAreLoggedWithoutSecrets(t *testing.T) {
	s := newStage(t, true, Settings{Sources: []Source{{From: gateway.SourceToUser}}})
	var out bytes.Buffer
	s.front.Log = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.prepare()
	dialog(s, "secret-call-id")
	if log := out.String(); !strings.Contains(log, "rule=balance") || !strings.Contains(log, "node=node1") || strings.Contains(log, "secret-call-id") {
		t.Errorf("log:\n%s", log)
	}
}
