package sip

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// A node's CANCEL, and its ACK of a refusal, take the way of the INVITE, which went to the outbound proxy; the ACK of an accepted call goes
// where the callee's Contact says.
func TestCancelAndNegativeAckFollowToTheProxy(t *testing.T) {
	proxy, carol := at("203.0.113.50:5070"), "sip:carol@203.0.113.9:5060"
	s := newStage(t, true, Settings{Proxy: Peer{Host: proxy.Addr().String(), Port: proxy.Port()}})
	to := func(method, call, tag string) netip.AddrPort {
		t.Helper()
		lines := request("INVITE", carol, call, "To: <sip:carol@example.com>"+tag)
		lines[0], lines[5] = method+" "+carol+" SIP/2.0", "CSeq: 1 "+method
		sent := s.in("internal", node1, lined(lines...))
		if len(sent) != 1 {
			t.Fatalf("%s made %d datagrams", method, len(sent))
		}
		return sent[0].to
	}
	for _, call := range []string{"refused", "accepted"} {
		if got := to("INVITE", call, ""); got != proxy {
			t.Fatalf("INVITE to %v", got)
		}
		invite := scanned(t, s.sent[0].data)
		if got := to("CANCEL", call, ""); got != proxy {
			t.Errorf("CANCEL to %v, its INVITE went to %v", got, proxy)
		}
		status, want := "486 Busy Here", proxy
		if call == "accepted" {
			status, want = "200 OK", callee
		}
		s.in("external", proxy, []byte(answer(invite, status)))
		if got := to("ACK", call, ";tag=callee"); got != want {
			t.Errorf("ACK of the %s call to %v, want %v", call, got, want)
		}
	}
}

// A call of a node that could not be sent is no call.
func TestUnsentCallOfANodeIsNotCounted(t *testing.T) {
	s := newStage(t, true, Settings{})
	s.catcher("external").fails[callee] = true
	sent := s.in("internal", node1, lined(request("INVITE", "sip:carol@203.0.113.9", "n1", "To: <sip:carol@example.com>")...))
	if len(sent) != 1 || !strings.HasPrefix(string(sent[0].data), "SIP/2.0 503") {
		t.Fatalf("sent %v", sent)
	}
	if n := s.front.Book.Total(); n != 0 {
		t.Errorf("%d calls in the book", n)
	}
}

// While draining, a node's repeated INVITE is no new dialog; what is new is refused, and a probe learns it.
func TestDrainLetsRepetitionsOfNodesPass(t *testing.T) {
	s := newStage(t, true, Settings{})
	invite := lined(request("INVITE", "sip:carol@203.0.113.9", "n1", "To: <sip:carol@example.com>")...)
	s.in("internal", node1, invite)
	s.front.draining.Store(true)
	if sent := s.in("internal", node1, invite); len(sent) != 1 || sent[0].to != callee {
		t.Errorf("the repetition made %v", sent)
	}
	fresh := lined(request("INVITE", "sip:carol@203.0.113.9", "n2", "To: <sip:carol@example.com>")...)
	probe := lined(request("OPTIONS", "sip:192.0.2.1", "p1", "To: <sip:192.0.2.1>")...)
	for leg, sent := range map[string][]caught{"internal": s.in("internal", node1, fresh), "external": s.in("external", client, probe)} {
		if len(sent) != 1 || !strings.HasPrefix(string(sent[0].data), "SIP/2.0 503") {
			t.Errorf("what is new on the %s side made %v", leg, sent)
		}
	}
}

// A call that rang and was refused is forgotten soon, whichever side began it; one that was accepted is not.
func TestRefusedCallsAreForgotten(t *testing.T) {
	s := newStage(t, true, Settings{})
	life := func(call string) time.Duration {
		t.Helper()
		for session, err := range s.store.All(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range session.Keys {
				if k.Space == appsession.Call && k.Value == call {
					return k.Life
				}
			}
		}
		t.Fatalf("%s is not known", call)
		return 0
	}
	for _, side := range []struct {
		leg, back string
		from, to  netip.AddrPort
		uri       string
	}{{"external", "internal", client, node1, "sip:bob@10.0.0.1:5080"}, {"internal", "external", node1, callee, "sip:carol@203.0.113.9"}} {
		for status, want := range map[string]time.Duration{"486 Busy Here": callSetup, "487 Request Terminated": callSetup, "200 OK": 12 * time.Hour} {
			call := side.leg + status[:3]
			sent := s.in(side.leg, side.from, lined(request("INVITE", side.uri, call, "To: <sip:bob@example.com>")...))
			invite := scanned(t, sent[0].data)
			s.in(side.back, side.to, []byte(answer(invite, "180 Ringing")))
			s.in(side.back, side.to, []byte(answer(invite, status)))
			if got := life(call); got != want {
				t.Errorf("%s: remembered for %v, want %v", call, got, want)
			}
		}
	}
}

// Within a dialog a node's request leaves by the socket that the phone spoke to.
func TestDialogsLeaveByTheirSocket(t *testing.T) {
	s := newStage(t, true, Settings{})
	second := &catcher{s: s, name: "second", local: at("192.0.2.2:5060"), fails: map[netip.AddrPort]bool{}}
	s.front.External = append(s.front.External, Listener{Conn: second})
	s.prepare()
	s.workers = map[string]*worker{}
	for i, name := range []string{"external", "second", "internal"} {
		s.workers[name] = newWorker(context.Background(), s.front, s.front.legs.All[i])
	}
	sent := s.in("second", client, lined(request("INVITE", "sip:bob@192.0.2.2", "c1", "To: <sip:bob@example.com>")...))
	invite := scanned(t, sent[0].data)
	s.in("internal", sent[0].to, []byte(answer(invite, "200 OK")))
	bye := request("BYE", "sip:alice@198.51.100.7:5060", "c1", "To: <sip:alice@example.com>;tag=caller")
	for i := range invite.RecordRoutes.Stored() {
		bye = append(bye, "Route: "+string(invite.Text(invite.RecordRoutes.At(i).Span)))
	}
	sent = s.in("internal", node1, lined(bye...))
	if len(sent) != 1 || sent[0].leg != "second" || sent[0].to != client {
		t.Fatalf("the BYE made %v", sent)
	}
	sent = s.in("second", client, []byte(answer(scanned(t, sent[0].data), "200 OK")))
	if len(sent) != 1 || sent[0].leg != "internal" || sent[0].to != node1 {
		t.Errorf("its answer made %v", sent)
	}
	fresh := lined(request("MESSAGE", "sip:carol@203.0.113.9", "n1", "To: <sip:carol@example.com>", "Route: <sip:10.0.0.100:5065;lr>")...)
	if sent = s.in("internal", node1, fresh); len(sent) != 1 || sent[0].leg != "external" {
		t.Errorf("what begins made %v", sent)
	}
}

// What a strict router made of a request within a dialog is undone: its last Route value is the Request-URI (RFC 3261 section 16.4).
func TestStrictRouters(t *testing.T) {
	s := newStage(t, true, Settings{})
	route, invite := dialog(s, "c1")
	outer, inner := string(invite.Text(invite.RecordRoutes.At(1).Span)), string(invite.Text(invite.RecordRoutes.At(0).Span))
	bare := func(v string) string { return strings.Trim(v, "<>") }
	contact := "sip:bob@10.0.0.1:5080;ob"
	want := s.in("external", client, lined(request("BYE", contact, "c1", append(route, "To: <sip:bob@example.com>;tag=callee")...)...))
	if len(want) != 1 || want[0].to != node1 {
		t.Fatalf("the BYE of a loose client made %v", want)
	}
	for name, given := range map[string][]string{
		"lines": {bare(outer), "Route: " + inner, "Route: <" + contact + ">"},
		"comma": {bare(outer), "Route: " + inner + ",\r\n <" + contact + ">"},
		"inner": {bare(inner), "Route: <" + contact + ">"},
	} {
		got := s.in("external", client, lined(request("BYE", given[0], "c1", append(given[1:], "To: <sip:bob@example.com>;tag=callee")...)...))
		if len(got) != 1 || got[0].to != node1 {
			t.Errorf("%s: the BYE made %d datagrams", name, len(got))
			continue
		}
		if string(got[0].data) != string(want[0].data) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got[0].data, want[0].data)
		}
	}
	// Toward a phone, too.
	bye := request("BYE", bare(inner), "c1", "Route: "+outer, "Route: <sip:alice@198.51.100.7:5060>", "To: <sip:alice@example.com>;tag=caller")
	got := s.in("internal", node1, lined(bye...))
	if len(got) != 1 || got[0].to != client || !strings.HasPrefix(string(got[0].data), "BYE sip:alice@198.51.100.7:5060 SIP/2.0\r\n") {
		t.Errorf("the BYE of a node made %v", got)
	}
}

// A survivor that speaks within a dead node's call has taken it over: what the phone sends next goes to it, also when the dead node is back.
func TestASurvivorSpeaks(t *testing.T) {
	s := newStage(t, true, Settings{})
	route, invite := dialog(s, "c1")
	s.activate("node1", cluster.Stopped)
	update := request("UPDATE", "sip:alice@198.51.100.7:5060", "c1", "To: <sip:alice@example.com>;tag=caller")
	for i := range invite.RecordRoutes.Stored() {
		update = append(update, "Route: "+string(invite.Text(invite.RecordRoutes.At(i).Span)))
	}
	if sent := s.in("internal", node2, lined(update...)); len(sent) != 1 || sent[0].to != client {
		t.Fatalf("the UPDATE made %v", sent)
	}
	s.activate("node1", cluster.Active)
	bye := request("BYE", "sip:bob@10.0.0.2:5080", "c1", append(route, "To: <sip:bob@example.com>;tag=callee")...)
	if sent := s.in("external", client, lined(bye...)); len(sent) != 1 || sent[0].to != node2 {
		t.Errorf("the BYE went to %v, want %v", sent[0].to, node2)
	}
}

// The remote target outlives the Record-Route: when it names another living node than the one the dialog began on, the dialog is there now.
// Only what names a node that cannot be used is changed.
func TestDialogsFollowTheirTarget(t *testing.T) {
	s := newStage(t, true, Settings{})
	route, _ := dialog(s, "c1")
	step := func(uri string, to netip.AddrPort, start string, more ...string) {
		t.Helper()
		lines := append(append(request("INFO", uri, "c1", route...), more...), "To: <sip:bob@example.com>;tag=callee")
		sent := s.in("external", client, lined(lines...))
		if len(sent) != 1 || sent[0].to != to || !strings.HasPrefix(string(sent[0].data), "INFO "+start+" SIP/2.0\r\n") {
			t.Fatalf("INFO %s %v made %v, want %s at %v", uri, more, sent, start, to)
		}
		if m := scanned(t, sent[0].data); m.Routes.Count != len(more) {
			t.Errorf("INFO %s %v has %d Routes", uri, more, m.Routes.Count)
		}
	}
	step("sip:bob@10.0.0.1:5080", node1, "sip:bob@10.0.0.1:5080")
	step("sip:bob@10.0.0.2:5080", node2, "sip:bob@10.0.0.2:5080")
	step("sip:dave@203.0.113.1", node2, "sip:dave@203.0.113.1", "Route: <sip:10.0.0.2:5080;lr>")
	s.activate("node2", cluster.Stopped)
	step("sip:bob@10.0.0.2:5080", node1, "sip:bob@10.0.0.1:5080")
	s.activate("node2", cluster.Active)
	s.activate("node1", cluster.Stopped)
	step("sip:bob@10.0.0.1:5080", node2, "sip:bob@10.0.0.2:5080")
	s.activate("node1", cluster.Active)
	step("sip:bob@10.0.0.1:5080", node2, "sip:bob@10.0.0.2:5080") // moved calls stay moved
}

// Who was called by one call cannot answer, and so end, another one.
func TestAnswersOfAnotherCall(t *testing.T) {
	s := newStage(t, true, Settings{})
	dialog(s, "victim")
	sent := s.in("internal", node2, lined(request("INVITE", "sip:carol@203.0.113.9", "mine", "To: <sip:carol@example.com>")...))
	forged := answer(scanned(t, sent[0].data), "200 OK")
	forged = strings.Replace(strings.Replace(forged, "Call-ID: mine", "Call-ID: victim", 1), "CSeq: 1 INVITE", "CSeq: 1 BYE", 1)
	if sent = s.in("external", callee, []byte(forged)); len(sent) != 0 {
		t.Errorf("the forged answer made %v", sent)
	}
	if n := s.front.Book.Count("node1"); n != 1 {
		t.Errorf("%d calls on node1, the victim's is still there", n)
	}
}

// A node that hangs up on somebody who cannot be reached any more, as a page that was closed, has ended its call, whatever it is answered. A client
// whose BYE we refuse has not.
func TestABYEThatReachesNobodyEndsItsCall(t *testing.T) {
	for name, c := range map[string]struct {
		leg, uri, status, more string
		from                   netip.AddrPort
		left                   int
	}{
		"a page that is gone":     {"internal", "sip:alice@x1.invalid;transport=ws", "430", "", node1, 0},
		"nobody's address":        {"internal", "sip:alice@0.0.0.0", "404", "", node1, 0},
		"a client, too many hops": {"external", "sip:bob@10.0.0.1:5080", "483", "Max-Forwards: 0", client, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, true, Settings{})
			dialog(s, "c1")
			if n := s.front.Book.Count("node1"); n != 1 {
				t.Fatalf("%d calls on node1", n)
			}
			bye := string(lined(request("BYE", c.uri, "c1", "To: <sip:alice@example.com>;tag=caller")...))
			if c.more != "" {
				bye = strings.Replace(bye, "Max-Forwards: 70", c.more, 1)
			}
			sent := s.in(c.leg, c.from, []byte(bye))
			if len(sent) != 1 || !strings.HasPrefix(string(sent[0].data), "SIP/2.0 "+c.status) {
				t.Fatalf("the BYE is answered %v, want %s", sent, c.status)
			}
			if n := s.front.Book.Total(); n != c.left {
				t.Errorf("%d calls in the book, want %d", n, c.left)
			}
		})
	}
}
