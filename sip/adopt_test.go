package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// portal is a stage whose nodes serve pages, too, and whose clients come by WebSockets that others have opened.
type portal struct {
	*stage
	calls int
}

func newPortal(t *testing.T) *portal {
	s := &portal{stage: newStage(t, true, Settings{})}
	s.addTCP(false, []string{"ws"}, false)
	s.front.Web.Limits.Idle = 24 * time.Hour
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i, a := range []netip.AddrPort{node1, node2} {
		http := cluster.Address{Scheme: "http", Addr: netip.AddrPortFrom(a.Addr(), 8080), Host: a.Addr().String()}
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("node%d", i+1), HTTP: []cluster.Address{http},
			SIP: []cluster.Address{{Scheme: "udp", Addr: a, Host: a.Addr().String()}}})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	s.prepare()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.store.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// page is a request of a page with a session id; it gives the node that served it.
func (s *portal) page(id, route string) string {
	a := gateway.Ask{Wants: cluster.HTTP, View: s.registry.View(), Pool: s.registry.View().Pool("default"), Hint: cookie(route)}
	a.Evidence = evidence(id)
	d, err := s.front.Router.Route(context.Background(), &a)
	if err != nil {
		s.t.Fatal(err)
	}
	d.Done(gateway.OK, gateway.Usage{})
	return d.Member.Name
}

func evidence(id string) []gateway.Evidence {
	return []gateway.Evidence{{Key: appsession.Key{Space: appsession.HTTP, Value: id}, Source: gateway.SourceCookie}}
}

func cookie(route string) gateway.Hint {
	return gateway.Hint{Route: route, Source: gateway.SourceCookie}
}

// opens has a page open a WebSocket.
func (s *portal) opens(from netip.AddrPort, ev []gateway.Evidence, hint gateway.Hint) {
	s.t.Helper()
	ours, theirs := s.tcp.pair("external-ws", from)
	s.tcp.listen(theirs)
	if err := s.front.Adopt(ours, nil, ev, hint); err != nil {
		s.t.Fatal(err)
	}
}

// sends is a new request by the WebSocket of a client; it gives the node that got it.
func (s *portal) sends(from netip.AddrPort) string {
	s.t.Helper()
	s.calls++
	call := fmt.Sprintf("c%d", s.calls)
	out := s.in("external-ws", from, []byte(strings.Join(append(request("MESSAGE", "sip:bob@example.com", call, "To: <sip:bob@example.com>"), "", ""), "\r\n")))
	for _, c := range out {
		if n := s.registry.View().At(c.to, cluster.SIP); n != nil {
			return n.Name
		}
	}
	s.t.Fatalf("no node got %s: %v", call, out)
	return ""
}

// keys are those of all sessions.
func (s *portal) keys() (list []string) {
	for x, err := range s.store.All(context.Background()) {
		if err != nil {
			s.t.Fatal(err)
		}
		for _, k := range x.Keys {
			list = append(list, k.Space.String()+"@"+x.Owner)
		}
	}
	return list
}

var (
	browser = at("198.51.100.7:40001")
	another = at("203.0.113.9:40002")
)

func TestSIPFollowsTheSessionOfItsPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPortal(t)
		s.page("AAA", "node2")
		s.opens(browser, evidence("AAA"), cookie("node2"))
		s.opens(another, nil, gateway.Hint{})
		expect := func(when, want string) {
			t.Helper()
			for range 3 {
				if got := s.sends(browser); got != want {
					t.Errorf("%s: SIP goes to %s, the page is on %s", when, got, want)
				}
			}
		}
		expect("at first", "node2")
		if first, second := s.sends(another), s.sends(another); first == second {
			t.Errorf("who belongs to no session goes to %s twice", first)
		}
		if n, err := s.front.Router.Switchover(context.Background(), "node2", "node1"); n == 0 || err != nil {
			t.Fatal(n, err)
		}
		expect("after a switchover", "node1")
		s.down("node1")
		expect("when its node is down", "node2")
		if got := s.page("AAA", "node1"); got != "node2" {
			t.Errorf("the page is on %s, its SIP on node2", got)
		}
	})
}

// A session lives as long as a page that belongs to it has a WebSocket open, and no longer than others when that has gone.
// A browser registers with one Call-ID again and again (RFC 3261 section 10.2), and the page may have moved since: with a call that another
// node has placed for it.
func TestARegistrationFollowsItsPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPortal(t)
		s.front.Router.Apply(&gateway.Policy{Leader: gateway.LeaderSIP})
		s.page("AAA", "node2")
		s.opens(browser, evidence("AAA"), cookie("node2"))
		for i, want := range []string{"node2", "node2", "node1", "node1"} {
			if i == 2 {
				s.in("internal", node1, []byte(strings.Join(append(request("INVITE", "sip:carol@198.51.100.9", "placed", "To: <sip:carol@198.51.100.9>",
					"X-Twinhop-Session: AAA.node2"), "", ""), "\r\n")))
			}
			lines := []string{"REGISTER sip:example.com SIP/2.0", fmt.Sprintf("Via: SIP/2.0/WS df7jal23.invalid;branch=z9hG4bKr%d", i), "Max-Forwards: 70",
				"From: <sip:bob@example.com>;tag=1", "To: <sip:bob@example.com>", "Call-ID: registration", fmt.Sprintf("CSeq: %d REGISTER", i+1),
				"Contact: <sip:bob@df7jal23.invalid;transport=ws>", "", ""}
			got := ""
			for _, c := range s.in("external-ws", browser, []byte(strings.Join(lines, "\r\n"))) {
				if n := s.registry.View().At(c.to, cluster.SIP); n != nil {
					got = n.Name
				}
			}
			if got != want {
				t.Errorf("registration %d went to %q, its page is on %s", i+1, got, want)
			}
		}
	})
}

func TestAnOpenWebSocketKeepsItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPortal(t)
		s.page("AAA", "node2")
		s.page("BBB", "node2")
		s.opens(browser, evidence("AAA"), cookie("node2"))
		s.wait(40 * time.Minute)
		if got := strings.Join(s.keys(), " "); got != "flow@node2 http@node2" && got != "http@node2 flow@node2" {
			t.Errorf("after a while there is %q", got)
		}
		if got := s.sends(browser); got != "node2" {
			t.Errorf("SIP goes to %s", got)
		}
		s.tcp.hangUp("external-ws", browser)
		s.settle()
		if got := strings.Join(s.keys(), " "); strings.Contains(got, "flow") {
			t.Errorf("the connection has gone, and there is %q", got)
		}
		s.wait(40 * time.Minute)
		if got := s.keys(); len(got) > 0 {
			t.Errorf("nobody is there, and there is %q", got)
		}
	})
}

// What the table does not know goes where the cookie says; keys of another realm never meet SIP.
func TestPagesThatTheTableDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPortal(t)
		s.opens(browser, evidence("AAA"), cookie("node2"))
		for range 2 {
			if got := s.sends(browser); got != "node2" {
				t.Errorf("SIP goes to %s", got)
			}
		}
		other := evidence("BBB")
		other[0].Realm = 7
		s.opens(another, other, gateway.Hint{})
		if first, second := s.sends(another), s.sends(another); first == second {
			t.Errorf("a session of another realm leads to %s", first)
		}
	})
}

func TestAdoptNeedsAListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setScene(t, "two-port tcp=udp")
		s.tcp.rooms["external-ws"] = &lobby{local: at("192.0.2.1:8080")}
		ours, theirs := s.tcp.pair("external-ws", browser)
		s.tcp.listen(theirs)
		if err := s.front.Adopt(ours, nil, nil, gateway.Hint{}); err == nil {
			t.Error("taken, though nobody serves WebSockets")
		}
		synctest.Wait()
		if !theirs.closed {
			t.Error("it is open")
		}
		delete(s.tcp.rooms, "external-ws")
	})
}
