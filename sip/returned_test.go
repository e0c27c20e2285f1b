package sip

import (
	"bytes"
	"context"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
)

var failover = pending.Settings{Invite: 2 * time.Second, Trying: 4 * time.Second, Total: 20 * time.Second, Attempts: 3, Codes: []int{503}}

// signs collects what the front reports of nodes.
func (s *stage) signs() map[string][]cluster.Sign {
	all := map[string][]cluster.Sign{}
	s.front.Router.Report = func(n *cluster.Node, _ cluster.Service, sign cluster.Sign) { all[n.Name] = append(all[n.Name], sign) }
	return all
}

// What could not be sent is held against its node, and nothing else is; buffers that are full are nobody's fault, and nobody else gets what
// there was no room for.
func TestWhatIsNotSentIsReported(t *testing.T) {
	for _, set := range []Settings{{}, {Pending: failover}} {
		s := newStage(t, true, set)
		got := s.signs()
		s.catcher("internal").fails[node1] = true
		if sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:x@y>")...)); len(sent) != 1 || sent[0].to != node2 {
			t.Errorf("sent %v", sent)
		}
		if len(got["node1"]) != 1 || got["node1"][0] != cluster.Refused || len(got["node2"]) != 0 {
			t.Errorf("reported %v", got)
		}
		clear(got)
		s.catcher("internal").why = syscall.ENOBUFS
		for _, call := range []string{"c2", "c3", "c4"} {
			sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", call, "To: <sip:x@y>")...))
			if len(sent) > 1 || len(sent) == 1 && (sent[0].to != node2 || !bytes.HasPrefix(sent[0].data, []byte("INVITE"))) {
				t.Errorf("full buffers: sent %v", sent)
			}
		}
		if len(got["node1"]) != 0 {
			t.Errorf("full buffers: reported %v", got)
		}
	}
}

// A connection that is refused and one that is reset are different signs: of the former a few are proof enough.
func TestBrokenConnectionsAreReported(t *testing.T) {
	for _, c := range []struct {
		deaf bool
		want cluster.Sign
	}{{true, cluster.Refused}, {false, cluster.Failed}} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, true, Settings{Pending: failover})
			s.addTCP(false, nil, false)
			s.serve([]string{"tcp"}, false)
			s.prepare()
			got := s.signs()
			if c.deaf {
				s.tcp.deaf[node1] = 0
			}
			s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:x@y>")...))
			if !c.deaf {
				s.tcp.reset("internal-tcp", node1)
				s.settle()
			}
			if len(got["node1"]) != 1 || got["node1"][0] != c.want {
				t.Errorf("reported %v, want %v", got, c.want)
			}
		})
	}
}

// A call that is refused because the gateway stops leaves nothing behind.
func TestWhatIsRefusedWhileStoppingIsForgotten(t *testing.T) {
	for _, set := range []Settings{{}, {Pending: failover}} {
		s := newStage(t, true, set)
		s.front.draining.Store(true)
		sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:x@y>")...))
		if len(sent) != 1 || !bytes.HasPrefix(sent[0].data, []byte("SIP/2.0 503 Shutting Down")) {
			t.Fatalf("sent %v", sent)
		}
		for session := range s.store.All(context.Background()) {
			t.Errorf("%v is kept", session.Keys)
		}
		if s.front.Book.Total() != 0 || s.front.pending.Live() != 0 {
			t.Errorf("%d calls, %d pending", s.front.Book.Total(), s.front.pending.Live())
		}
	}
}

// A node that cannot be used and begins a dialog all the same is to be probed; a refusal of its is none of that.
func TestLateAnswersAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, true, Settings{Pending: failover})
		got := s.signs()
		ask := func(call string) *peek.Message {
			sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", call, "To: <sip:bob@example.com>")...))
			return scanned(t, sent[0].data)
		}
		one, _, three := ask("c1"), ask("c2"), ask("c3")
		s.down("node1")
		s.in("internal", node1, []byte(answer(one, "486 Busy")))
		if len(got["node1"]) != 1 || got["node1"][0] != cluster.Good { // of the INVITE; health leaves it alone
			t.Errorf("a refusal: %v", got)
		}
		s.in("internal", node1, []byte(answer(three, "180 Ringing")))
		if n := len(got["node1"]); n == 0 || got["node1"][n-1] != cluster.Answered {
			t.Errorf("a call that rings: %v", got)
		}
	})
}

// Vias of two transactions of one call, each of them genuine, open nothing.
func TestViasOfTwoTransactions(t *testing.T) {
	s := newStage(t, true, Settings{})
	route, _ := dialog(s, "c1")
	within := func(method string) *peek.Message {
		sent := s.in("external", client, lined(request(method, "sip:bob@10.0.0.1:5080", "c1", append(route, "To: <sip:bob@example.com>;tag=callee")...)...))
		return scanned(t, sent[0].data)
	}
	via := func(m *peek.Message, i int) string { v := m.Vias.At(i); return string(m.Buf[v.Line:v.LineEnd]) }
	info, options := within("INFO"), within("OPTIONS")
	genuine := answer(info, "200 OK")
	if sent := s.in("internal", node1, []byte(strings.Replace(genuine, via(info, 1), via(options, 1), 1))); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
	if sent := s.in("internal", node1, []byte(genuine)); len(sent) != 1 {
		t.Errorf("the genuine one: sent %v", sent)
	}
}

// What is within the limits when it comes has its answer within them, too, though that has our Vias and Record-Routes in addition.
func TestAnswersHaveRoomForOurLines(t *testing.T) {
	limits := peek.DefaultLimits()
	limits.Vias, limits.Routes, limits.Headers = 2, 2, 9
	s := newStage(t, true, Settings{Limits: limits})
	more := []string{"To: <sip:bob@example.com>", "Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKx", "Record-Route: <sip:203.0.113.1;lr>, <sip:203.0.113.2;lr>"}
	sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", more...)...))
	if len(sent) != 1 || sent[0].to != node1 {
		t.Fatalf("sent %v", sent)
	}
	m := peek.Message{Limits: &boundless}
	m.Scan(sent[0].data)
	if back := s.in("internal", node1, []byte(answer(&m, "200 OK"))); len(back) != 1 || back[0].to != client {
		t.Errorf("the answer: %v", back)
	}
}

// Retransmissions of a BYE find their way for as long as its transaction lives; then its call is forgotten.
func TestACallIsRememberedAfterItsEnd(t *testing.T) {
	s := newStage(t, true, Settings{})
	route, _ := dialog(s, "c1")
	life := func() time.Duration {
		for session, err := range s.store.All(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range session.Keys {
				if k.Space == appsession.Call {
					return k.Life
				}
			}
		}
		return 0
	}
	if got := life(); got != 12*time.Hour {
		t.Errorf("an answered call is remembered for %v", got)
	}
	out := s.in("external", client, lined(request("BYE", "sip:bob@10.0.0.1:5080", "c1", append(route, "To: <sip:bob@example.com>;tag=callee")...)...))
	s.in("internal", out[0].to, []byte(answer(scanned(t, out[0].data), "200 OK")))
	if got := life(); got != afterBye {
		t.Errorf("after its BYE a call is remembered for %v", got)
	}
}

// A pending INVITE that grows too long for a datagram is refused for that, once, and is not given to one node after another.
func TestTooLongToBePending(t *testing.T) {
	s := newStage(t, true, Settings{Pending: failover})
	got := s.signs()
	long := append(lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:x@y>")...), bytes.Repeat([]byte("x"), 65100)...)
	sent := s.in("external", client, long)
	if len(sent) != 1 || sent[0].to != client || !bytes.HasPrefix(sent[0].data, []byte("SIP/2.0 513 ")) {
		t.Errorf("sent %d datagrams", len(sent))
	}
	if len(got) != 0 || s.front.pending.Live() != 0 || s.front.Book.Total() != 0 {
		t.Errorf("reported %v, %d are pending, %d in the book", got, s.front.pending.Live(), s.front.Book.Total())
	}
}
