package e2e

import (
	"net/http"
	"testing"
)

// An operator takes a node out: disabled, it keeps the sessions and calls it has and gets no
// new ones; stopped, its sessions go on elsewhere; active again, it gets work again.
func TestOperatorTakesNodeOut(t *testing.T) {
	w := set(t, stage{Tomcats: true, Agents: true})
	phone := newAgent(t, "phone")
	browsers := map[string]*http.Client{} // by node
	calls := map[string]*call{}
	for n := 0; len(browsers) < 2 || len(calls) < 2; n++ {
		if n == 50 {
			t.Fatalf("50 browsers and calls met %d and %d nodes", len(browsers), len(calls))
		}
		c := browser(t)
		p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
		if err != nil {
			t.Fatal(err)
		}
		browsers[p.node] = c
		call := mustCall(t, w, phone, alice, bob)
		calls[call.node] = call
	}
	newcomers := func() map[string]int {
		met := map[string]int{}
		for range 10 {
			p, err := fetch(browser(t), "GET", w.http+"/app/hits.jsp", nil)
			if err != nil {
				t.Fatal(err)
			}
			met[p.node]++
			met["sip "+mustCall(t, w, phone, alice, bob).node]++
		}
		return met
	}
	activate := func(word string) {
		var got node
		if err := w.ask("PATCH", "/api/v1/nodes/node1", map[string]any{"activation": word, "reason": "test"}, &got); err != nil {
			t.Fatal(err)
		}
		if got.Activation != word {
			t.Fatalf("node1 is %s, want %s", got.Activation, word)
		}
	}

	activate("disabled")
	if met := newcomers(); met["node1"] != 0 || met["sip node1"] != 0 {
		t.Errorf("disabled, it gets new work: %v", met)
	}
	if p, err := fetch(browsers["node1"], "GET", w.http+"/app/hits.jsp", nil); err != nil || p.node != "node1" {
		t.Errorf("disabled, a session of its own: %+v, %v; want node1", p, err)
	}
	if r, err := calls["node1"].within("INFO"); err != nil || r.get("X-Node") != "node1" {
		t.Errorf("disabled, a call of its own: %v, %v; want node1", r, err)
	}

	activate("stopped")
	p, err := fetch(browsers["node1"], "GET", w.http+"/app/hits.jsp", nil)
	if err != nil || p.node != "node2" || p.hits < 3 {
		t.Errorf("stopped, a session it had: %+v, %v; want it on node2, its count kept", p, err)
	}
	if r, err := calls["node1"].within("BYE"); err != nil || r.get("X-Node") != "node2" {
		t.Errorf("stopped, a call it had: %v, %v; want node2", r, err)
	}

	activate("active")
	if met := newcomers(); met["node1"] == 0 || met["sip node1"] == 0 {
		t.Errorf("active again, it gets nothing: %v", met)
	}
	if p, err := fetch(browsers["node2"], "GET", w.http+"/app/hits.jsp", nil); err != nil || p.node != "node2" {
		t.Errorf("the other's session: %+v, %v; want node2", p, err)
	}
}
