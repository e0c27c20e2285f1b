package e2e

import (
	"fmt"
	"testing"
	"time"
)

const (
	alice = "sip:alice@e2e.invalid"
	bob   = "sip:bob@e2e.invalid"
)

// With from.user the caller is the session: alice calling bob and bob calling alice are two.
func TestCallerIsTheSession(t *testing.T) {
	w := set(t, stage{Agents: true, Config: "affinity: {sip: [{source: from.user}]}\n"})
	phone := newAgent(t, "phone")
	there := mustCall(t, w, phone, alice, bob)
	back := mustCall(t, w, phone, bob, alice)
	a, b := w.the("app:alice"), w.the("app:bob")
	if a.ID == b.ID {
		t.Errorf("alice and bob are one session: %+v", a)
	}
	if !a.has("call", there.id) || a.has("call", back.id) || !b.has("call", back.id) || b.has("call", there.id) {
		t.Errorf("each call belongs to its caller; alice has %+v, bob has %+v", a.Keys, b.Keys)
	}
	for range 5 { // her next calls meet her node
		if c := mustCall(t, w, phone, alice, "sip:carol@e2e.invalid"); c.node != there.node {
			t.Errorf("alice's call %s went to %s, her session lives on %s", c.id, c.node, there.node)
		}
	}
}

// With from.user before to.user and both already known, a call belongs to its From user, and
// the two people stay two sessions. A caller nobody knows joins the one who is known.
func TestTwoKnownPeopleStayTwo(t *testing.T) {
	w := set(t, stage{Agents: true, Config: "affinity: {sip: [{source: from.user}, {source: to.user}]}\n"})
	phone := newAgent(t, "phone")
	mustCall(t, w, phone, alice, "sip:desk1@e2e.invalid")
	mustCall(t, w, phone, bob, "sip:desk2@e2e.invalid")
	there := mustCall(t, w, phone, alice, bob)
	back := mustCall(t, w, phone, bob, alice)
	a, b := w.the("app:alice"), w.the("app:bob")
	if a.ID == b.ID {
		t.Fatalf("alice and bob became one session: %+v", a)
	}
	if !a.has("call", there.id) || !b.has("call", back.id) || a.has("call", back.id) || b.has("call", there.id) {
		t.Errorf("alice has %+v, bob has %+v", a.Keys, b.Keys)
	}
	if there.node != a.Node || back.node != b.Node {
		t.Errorf("alice's call met %s (session on %s), bob's %s (session on %s)", there.node, a.Node, back.node, b.Node)
	}
	toBob := mustCall(t, w, phone, "sip:stranger@e2e.invalid", bob)
	if b := w.the("app:bob"); !b.has("call", toBob.id) || toBob.node != b.Node {
		t.Errorf("a stranger's call to bob is not bob's: it met %s, bob has %+v", toBob.node, b)
	}
}

// Callers without a name are nobody's session: they spread over the nodes.
func TestAnonymousCallersSpread(t *testing.T) {
	w := set(t, stage{Agents: true, Config: "affinity: {sip: [{source: from.user}, {source: call-id}]}\n"})
	phone := newAgent(t, "phone")
	for _, from := range []string{"sip:anonymous@anonymous.invalid", "sip:anonymous@e2e.invalid", "sip:e2e.invalid"} {
		met := map[string]int{}
		for range 20 {
			c := mustCall(t, w, phone, from, "sip:service@e2e.invalid")
			met[c.node]++
			if r, err := c.bye(); err != nil || r.get("X-Node") != c.node {
				t.Errorf("BYE of %s: %v, %v; want it on %s", c.id, r, err, c.node)
			}
		}
		t.Logf("20 calls from %s: %v", from, met)
		if met["node1"] < 5 || met["node2"] < 5 {
			t.Errorf("20 calls from %s: %v, not spread", from, met)
		}
	}
	if s := w.find("app:anonymous"); len(s) != 0 {
		t.Errorf("anonymous is a session: %+v", s)
	}
}

// An outbound proxy is used with R-URIs that are not the gateway's: the first call reaches one
// node, the second the other, and the R-URI arrives as it was written.
func TestOutboundProxy(t *testing.T) {
	w := set(t, stage{Agents: true})
	phone := newAgent(t, "phone")
	met := map[string]bool{}
	for i := range 2 {
		c := mustCall(t, w, phone, fmt.Sprintf("sip:sender%d@some.domain", i), "sip:receiver@some.domain")
		met[c.node] = true
	}
	if len(met) != 2 {
		t.Errorf("two calls met %v", met)
	}
	for _, n := range w.agents {
		for _, m := range n.got("INVITE") {
			if m.start != "INVITE sip:receiver@some.domain SIP/2.0" {
				t.Errorf("%s got %q", n.name, m.start)
			}
			if vias := m.list("Via"); len(vias) < 2 {
				t.Errorf("%s got %d Via", n.name, len(vias))
			}
			if rr := m.list("Record-Route"); len(rr) != 2 {
				t.Errorf("%s got %d Record-Route, want one for each port", n.name, len(rr))
			}
			if mf := m.get("Max-Forwards"); mf != "69" {
				t.Errorf("%s got Max-Forwards %s", n.name, mf)
			}
		}
	}
}

// A node calls out through the inner door; the callee's answers and requests come back to it.
func TestNodeCallsOut(t *testing.T) {
	w := set(t, stage{Agents: true})
	phone, stranger := newAgent(t, "phone"), newAgentAt(t, "stranger", "127.0.0.9") // no node lives at that address
	for i, n := range w.agents {
		c, err := n.invite(w.internal, "sip:app@e2e.invalid", "sip:phone@"+phone.addr, "")
		if err != nil {
			t.Fatalf("%s calls out: %v", n.name, err)
		}
		if c.node != "phone" {
			t.Errorf("answered by %q", c.node)
		}
		if r, err := c.bye(); err != nil || r.status() != 200 {
			t.Errorf("BYE of %s: %v, %v", c.id, r, err)
		}
		if got := len(phone.calls("BYE")); got != i+1 {
			t.Errorf("the phone got %d BYEs, want %d", got, i+1)
		}
	}
	stranger.patience = 2 * time.Second
	before := len(phone.calls("INVITE"))
	if c, err := stranger.invite(w.internal, alice, "sip:phone@"+phone.addr, ""); err == nil {
		t.Errorf("a stranger on the inner door reached %s", c.node)
	}
	if c, err := stranger.invite(w.external, alice, "sip:phone@"+phone.addr, ""); err != nil || c.node == "phone" {
		t.Errorf("a stranger's call at the outer door: %+v, %v; want it taken by a node", c, err)
	}
	if got := len(phone.calls("INVITE")); got != before {
		t.Errorf("strangers used the gateway as a relay: %d calls", got-before)
	}
}

func mustCall(t *testing.T, w *world, phone *agent, from, to string) *call {
	t.Helper()
	c, err := phone.invite(w.external, from, to, "")
	if err != nil {
		t.Fatalf("%s calls %s: %v", from, to, err)
	}
	return c
}
