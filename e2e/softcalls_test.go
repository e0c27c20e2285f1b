package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// Real telephones call real telephones through the gateway, over each transport: a call is set
// up, sound flows, it is put on hold and taken back, and either side hangs up. Both nodes get
// calls. Then a node calls out.
func TestSoftphonesCall(t *testing.T) {
	for _, c := range []struct{ phone, nodes string }{{"udp", "udp"}, {"tcp", "tcp"}, {"tcp", "udp"}, {"udp", "tcp"}} {
		t.Run(c.phone+" to "+c.nodes, func(t *testing.T) {
			var nodes [2]*softphone
			var s stage
			for i := range nodes {
				nodes[i] = newSoftphone(t, fmt.Sprintf("node%d", i+1))
				s.Sip[i] = c.nodes + "://" + nodes[i].addr
			}
			if c.phone == "tcp" || c.nodes == "tcp" {
				s.Also = []string{"tcp"}
			}
			s.Begin = func(w *world) {
				for _, n := range nodes {
					n.start(t, w.dir, fmt.Sprintf("<sip:service@%s;transport=%s>;regint=0;answermode=auto;outbound=\"sip:%s;transport=%[2]s\"", n.addr, c.nodes, w.internal))
				}
			}
			w := set(t, s)
			w.health("node1", "sip", "up")
			w.health("node2", "sip", "up")
			alice := newSoftphone(t, "alice")
			alice.start(t, w.dir, fmt.Sprintf("<sip:alice@%s;transport=%s>;regint=0;answermode=auto;outbound=\"sip:%s;transport=%[2]s\"", alice.addr, c.phone, w.external))
			softCalls(t, w, alice, "sip:alice@"+alice.addr, nodes)
		})
	}
}

// softCalls has alice call nodes, and then nodes call alice, who is at a URI.
func softCalls(t *testing.T, w *world, alice *softphone, home string, nodes [2]*softphone) {
	served := map[string]int{}
	for i := range 4 {
		alice.do(t, "dial", "sip:service@e2e.invalid")
		up := alice.sees(t, "CALL_ESTABLISHED", "", "")
		node := whoHas(t, up.Call, nodes)
		served[node.name]++
		node.sees(t, "CALL_ESTABLISHED", up.Call, "")
		alice.sees(t, "CALL_RTPESTAB", up.Call, "")
		w.calls(t, 1)

		for _, order := range []string{"hold", "resume"} { // each is an INVITE inside the dialog
			node.forget()
			alice.do(t, order, "")
			node.sees(t, "CALL_REMOTE_SDP", up.Call, "offer")
			alice.sees(t, "CALL_REMOTE_SDP", up.Call, "answer")
		}
		by, other := alice, node
		if i%2 == 1 {
			by, other = node, alice
		}
		by.do(t, "hangup", "")
		other.sees(t, "CALL_CLOSED", up.Call, "")
		by.sees(t, "CALL_CLOSED", up.Call, "")
		w.calls(t, 0)
	}
	if served["node1"] == 0 || served["node2"] == 0 {
		t.Errorf("calls per node: %v", served)
	}
	for _, node := range nodes {
		alice.forget()
		node.do(t, "dial", home)
		up := node.sees(t, "CALL_ESTABLISHED", "", "")
		alice.sees(t, "CALL_ESTABLISHED", up.Call, "")
		w.calls(t, 1)
		alice.do(t, "hangup", "")
		node.sees(t, "CALL_CLOSED", up.Call, "")
		alice.sees(t, "CALL_CLOSED", up.Call, "")
	}
}

// whoHas finds the node that a call reached.
func whoHas(t *testing.T, call string, nodes [2]*softphone) *softphone {
	t.Helper()
	var found *softphone
	eventually(t, 10*time.Second, "a node has the call "+call, func() error {
		for _, n := range nodes {
			n.mu.Lock()
			for _, e := range n.events {
				if e.Call == call {
					found = n
				}
			}
			n.mu.Unlock()
		}
		if found == nil {
			return fmt.Errorf("none has")
		}
		return nil
	})
	return found
}

// calls waits until the gateway counts so many calls on its nodes.
func (w *world) calls(t *testing.T, want int) {
	t.Helper()
	eventually(t, 10*time.Second, fmt.Sprintf("the gateway counts %d calls", want), func() error {
		sum := 0
		for i := range 2 {
			var n node
			if err := w.ask("GET", fmt.Sprintf("/api/v1/nodes/node%d", i+1), nil, &n); err != nil {
				return err
			}
			sum += n.Calls
		}
		if sum != want {
			return fmt.Errorf("it counts %d", sum)
		}
		return nil
	})
}

// A telephone's registration reaches a node, which here is the registrar.
func TestSoftphoneRegisters(t *testing.T) {
	w := set(t, stage{Agents: true})
	phone := newSoftphone(t, "alice")
	phone.start(t, w.dir, fmt.Sprintf("<sip:alice@e2e.invalid>;regint=60;outbound=\"sip:%s\"", w.external))
	eventually(t, 10*time.Second, "alice is registered", func() error { // this early it does not tell by its control port yet
		text, err := os.ReadFile(phone.log)
		if err == nil && !strings.Contains(string(text), "200 OK () [1 binding]") {
			err = fmt.Errorf("it says %s", text)
		}
		return err
	})
	reached := append(w.agents[0].got("REGISTER"), w.agents[1].got("REGISTER")...)
	if len(reached) == 0 || len(reached[0].list("Via")) < 2 {
		t.Errorf("REGISTERs that reached a node: %v", reached)
	}
}
