package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestTomcatRig proves the stage before anything plays on it: without the gateway, a session
// keeps its count when the node that made it is killed, and the survivor renames it.
func TestTomcatRig(t *testing.T) {
	c := tomcats(t)
	a, b := c.nodes[0], c.nodes[1]
	first, err := fetch(directly, "GET", a.url()+"/app/hits.jsp", nil)
	if err != nil {
		t.Fatal(err)
	}
	if first.node != "node1" || route(first.session) != "node1" || first.hits != 1 {
		t.Fatalf("first page: %+v", first)
	}
	if want := "hits.jsp;jsessionid=" + first.session; first.link != want {
		t.Errorf("link %q, want %q", first.link, want)
	}
	a.proc.kill()
	second, err := fetch(directly, "GET", b.url()+"/app/hits.jsp", http.Header{"Cookie": {"JSESSIONID=" + first.session}})
	if err != nil {
		t.Fatal(err)
	}
	if second.node != "node2" || second.hits != 2 || route(second.session) != "node2" {
		t.Errorf("after the kill: %+v, want hit 2 on node2 under a new route", second)
	}
	tomcats(t) // node1 returns
	third, err := fetch(directly, "GET", a.url()+"/app/hits.jsp", http.Header{"Cookie": {"JSESSIONID=" + second.session}})
	if err != nil || third.hits != 3 {
		t.Errorf("after the return: %+v, %v; want hit 3", third, err)
	}
}

// TestAgentRig proves the third stage: our own SIP elements hold a call together, repeat what
// is lost, tell an answer from silence, and read what real messages look like.
func TestAgentRig(t *testing.T) {
	node, phone := newAgent(t, "node1"), newAgent(t, "phone")
	c, err := phone.invite(node.addr, "sip:a@e2e.invalid", "sip:b@e2e.invalid", "")
	if err != nil || c.node != "node1" {
		t.Fatalf("%+v, %v", c, err)
	}
	if r, err := c.within("INFO"); err != nil || r.status() != 200 {
		t.Errorf("INFO: %v, %v", r, err)
	}
	eventually(t, time.Second, "the ACK arrives", func() error {
		if acks := node.got("ACK"); len(acks) != 1 || acks[0].callID() != c.id {
			return fmt.Errorf("ACKs: %v", acks)
		}
		return nil
	})
	node.close()
	time.AfterFunc(700*time.Millisecond, func() { node.open(t) }) // the first BYE is lost, its repetition is not
	if r, err := c.bye(); err != nil || r.get("X-Node") != "node1" || len(node.calls("BYE")) != 1 {
		t.Errorf("BYE: %v, %v, arrived: %v", r, err, node.calls("BYE"))
	}
	m, err := parse([]byte("SIP/2.0 200 OK\r\nVia: a;branch=z1, b;branch=z2\r\nRecord-Route: <sip:h1;x=\"1,2\";lr>, \"q, r\" <sip:u@h2:5062;lr>\r\nCSeq: 7  BYE\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	rr := m.list("record-route")
	if len(rr) != 2 || hostport(uri(rr[0])) != "h1:5060" || hostport(uri(rr[1])) != "h2:5062" || branch(m.list("via")[1]) != "z2" || m.method() != "BYE" || m.status() != 200 {
		t.Errorf("read wrong: %q %v", rr, m)
	}
}
