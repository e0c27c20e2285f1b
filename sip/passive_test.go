package sip

import (
	"fmt"
	"slices"
	"testing"

	"twinhop/gateway/cluster"
)

// Who watches the traffic of nodes hears of every request that a node gets and
// every answer that it gives; an ACK is answered by nobody.
func TestTrafficIsHeardOf(t *testing.T) {
	s := newStage(t, true, Settings{})
	var heard []string
	s.front.Router.Sent = func(n *cluster.Node, svc cluster.Service) { heard = append(heard, fmt.Sprintf("> %s %s", n.Name, svc)) }
	s.front.Router.Heard = func(n *cluster.Node, svc cluster.Service, code int) {
		heard = append(heard, fmt.Sprintf("%d %s %s", code, n.Name, svc))
	}
	route, _ := dialog(s, "c1") // INVITE and 200
	more := append(route, "To: <sip:bob@example.com>;tag=callee")
	s.in("external", client, lined(request("ACK", "sip:bob@10.0.0.1:5080", "c1", more...)...))
	sent := s.in("external", client, lined(request("INFO", "sip:bob@10.0.0.1:5080", "c1", more...)...))
	s.in("internal", sent[0].to, []byte(answer(scanned(t, sent[0].data), "500 Broken")))
	want := []string{"> node1 sip", "200 node1 sip", "> node1 sip", "500 node1 sip"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q", heard)
	}
}
