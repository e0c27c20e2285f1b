package sip

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/pending"
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

// What a node says counts, too, where it goes no further: a refusal that leads to another node.
func TestWhatIsNotPassedOnIsHeardOf(t *testing.T) {
	s := newStage(t, true, Settings{Pending: pending.Settings{Invite: 2 * time.Second, Trying: 4 * time.Second, Total: 20 * time.Second, Attempts: 3, Codes: []int{503}}})
	var heard []string
	s.front.Router.Heard = func(n *cluster.Node, _ cluster.Service, code int) {
		heard = append(heard, fmt.Sprintf("%d %s", code, n.Name))
	}
	sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")...))
	refused := []byte(answer(scanned(t, sent[0].data), "503 Service Unavailable"))
	next := s.in("internal", sent[0].to, slices.Clone(refused)) // our ACK, and the INVITE to the other node
	s.in("internal", sent[0].to, slices.Clone(refused))
	s.in("internal", next[1].to, []byte(answer(scanned(t, next[1].data), "100 Trying")))
	if want := []string{"503 node1", "503 node1", "100 node2"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}
