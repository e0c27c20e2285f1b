package e2e

import (
	"fmt"
	"testing"
	"time"
)

// Calls alone tell what is wrong with a node; nobody probes. One node takes requests and says
// nothing, or refuses every call: after as many as were forgiven it gets none any more, and no
// caller has noticed.
func TestTrafficTellsOfHealth(t *testing.T) {
	for _, c := range []struct {
		name, words string
		script      func(*agent, *message) []*message
		least, most int // calls that the node gets before it is left alone
	}{
		{"a silent node", "silent: {requests: 3, after: 100ms}", func(a *agent, m *message) []*message { return nil }, 3, 6},
		{"a node that refuses", "errors: {limit: 3, codes: [503]}", func(a *agent, m *message) []*message {
			if m.method() == "ACK" {
				return nil
			}
			return []*message{a.reply(m, "503 Service Unavailable")}
		}, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := set(t, stage{Agents: true, Config: "sip: {failover: {invite: 100ms}}\nhealth: {http: {interval: 0}, sip: {interval: 0, recover: 2s, " + c.words + "}}\n"})
			w.agents[0].play(c.script)
			phone := newAgent(t, "phone")
			for i := range 12 {
				if got := mustCall(t, w, phone, fmt.Sprintf("sip:caller%d@e2e.invalid", i), bob); got.node != "node2" {
					t.Errorf("call %d was answered by %s", i, got.node)
				}
			}
			w.health("node1", "sip", "down")
			if n := len(w.agents[0].calls("INVITE")); n < c.least || n > c.most {
				t.Errorf("the node got %d calls, want %d to %d", n, c.least, c.most)
			}
			w.agents[0].play(nil)
			before := len(w.agents[0].calls("INVITE"))
			eventually(t, 10*time.Second, "the node is back", func() error {
				mustCall(t, w, phone, alice, bob)
				if n := len(w.agents[0].calls("INVITE")); n == before {
					return fmt.Errorf("it still gets nothing")
				}
				return nil
			})
		})
	}
}
