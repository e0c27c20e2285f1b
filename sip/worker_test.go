package sip

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

func lined(l ...string) []byte { return []byte(strings.Join(l, "\r\n") + "\r\n\r\n") }

// dialog sets a call up on the stage and gives the Route lines of caller and the Vias that its INVITE left with.
func dialog(s *stage, call string) (route []string, invite *peek.Message) {
	sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", call, "To: <sip:bob@example.com>")...))
	if len(sent) != 1 {
		s.t.Fatalf("the INVITE made %d datagrams", len(sent))
	}
	invite = scanned(s.t, sent[0].data)
	for i := range invite.RecordRoutes.Stored() {
		route = append([]string{"Route: " + string(invite.Text(invite.RecordRoutes.At(i).Span))}, route...)
	}
	s.in("internal", sent[0].to, []byte(answer(invite, "200 OK")))
	return route, invite
}

func scanned(t testing.TB, b []byte) *peek.Message {
	t.Helper()
	m := new(peek.Message)
	if r := m.Scan(bytes.Clone(b)); r != peek.OK {
		t.Fatalf("%v:\n%s", r, b)
	}
	return m
}

func TestNoAllocations(t *testing.T) {
	for name, two := range map[string]bool{"two ports": true, "one port": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, two, Settings{Sources: []Source{{From: gateway.SourceToUser}}})
			s.front.Metrics, _ = newMetrics(t)
			route, invite := dialog(s, "c1")
			for _, c := range s.workers {
				c.leg.Socks[0].Conn.(*catcher).quiet = true
			}
			more := append(route, "To: <sip:bob@example.com>;tag=callee")
			info := lined(request("INFO", "sip:bob@10.0.0.1:5080", "c1", more...)...)
			plain := lined(request("INFO", "sip:bob@10.0.0.1:5080", "c1", "To: <sip:bob@example.com>;tag=callee")...)
			again := lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")...)
			outward := lined(append([]string{"INFO sip:alice@198.51.100.7:5060 SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bKn", "Max-Forwards: 70",
				"From: <sip:bob@example.com>;tag=callee", "To: <sip:alice@example.com>;tag=caller", "Call-ID: c1", "CSeq: 7 INFO"}, route...)...)
			ringing := bytes.Replace([]byte(answer(invite, "180 Ringing")), []byte(";tag=callee"), nil, 1)
			for _, c := range []struct {
				what, leg string
				from      netip.AddrPort
				data      []byte
			}{
				{"request in a dialog, by its hint", "external", client, info},
				{"request in a dialog, by the table", "external", client, plain},
				{"INVITE again", "external", client, again},
				{"response", "internal", node1, ringing},
				{"request of a node in a dialog", "internal", node1, outward},
			} {
				leg := c.leg
				if !two {
					leg = "external"
				}
				w, buf := s.workers[leg], make([]byte, len(c.data))
				one := func() { copy(buf, c.data); w.Receive(buf, c.from); w.Flush() }
				one()
				if n := testing.AllocsPerRun(200, one); n != 0 {
					t.Errorf("%s: %v allocations, want 0", c.what, n)
				}
			}
		})
	}
}

func BenchmarkForward(b *testing.B) {
	s := newStage(b, true, Settings{})
	route, invite := dialog(s, "c1")
	for _, w := range s.workers {
		w.leg.Socks[0].Conn.(*catcher).quiet = true
	}
	info := lined(request("INFO", "sip:bob@10.0.0.1:5080", "c1", append(route, "To: <sip:bob@example.com>;tag=callee")...)...)
	ringing := bytes.Replace([]byte(answer(invite, "180 Ringing")), []byte(";tag=callee"), nil, 1)
	b.Run("request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.workers["external"].Receive(info, client)
			s.workers["external"].Flush()
		}
	})
	b.Run("response", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.workers["internal"].Receive(ringing, node1)
			s.workers["internal"].Flush()
		}
	})
}

// A dialog follows its hint only to the incarnation of the node that it was made with: one that was restarted knows nothing of it.
func TestHintOfAnotherIncarnation(t *testing.T) {
	s := newStage(t, true, Settings{})
	hint := func(gen uint32) string {
		v := s.registry.View().Named("node2")
		return string(s.front.keys.AppendHint(nil, v.Name, "", gen))
	}
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i, a := range []netip.AddrPort{node1, node2} {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: []string{"node1", "node2"}[i], Gen: 9, SIP: []cluster.Address{{Scheme: "udp", Addr: a, Host: a.Addr().String()}}})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	for gen, want := range map[uint32]netip.AddrPort{9: node2, 8: node1} {
		sent := s.in("external", client, lined(request("INFO", "sip:bob@10.0.0.2:5080", "c"+want.String(), "Route: <sip:192.0.2.1;lr;th="+hint(gen)+">", "To: <sip:b@c>;tag=1")...))
		if len(sent) != 1 || sent[0].to != want {
			t.Errorf("incarnation %d: sent %v, want to %v", gen, sent, want)
		}
	}
}

// The books: who is counted, and how long a name is remembered.
func TestBooksAndLives(t *testing.T) {
	s := newStage(t, true, Settings{Sources: []Source{{From: gateway.SourceToUser}}})
	book := s.front.Book
	sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")...))
	invite := scanned(t, sent[0].data)
	if book.Total() != 1 {
		t.Errorf("%d calls after an INVITE", book.Total())
	}
	s.in("internal", node1, []byte(answer(invite, "486 Busy Here")))
	if book.Total() != 0 {
		t.Errorf("%d calls after a refusal", book.Total())
	}
	route, _ := dialog(s, "c2")
	more := append(route, "To: <sip:bob@example.com>;tag=callee")
	for _, step := range []struct {
		method, status string
		left           int
	}{{"INVITE", "488 Not Acceptable Here", 1}, {"BYE", "401 Unauthorized", 1}, {"BYE", "100 Trying", 1}, {"BYE", "481 Gone", 0}} {
		out := s.in("external", client, lined(request(step.method, "sip:bob@10.0.0.1:5080", "c2", more...)...))
		s.in("internal", out[0].to, []byte(answer(scanned(t, out[0].data), step.status)))
		if book.Total() != step.left {
			t.Errorf("%s answered %s: %d calls left, want %d", step.method, step.status, book.Total(), step.left)
		}
	}
	out := s.in("external", client, lined(request("REGISTER", "sip:192.0.2.1", "r1", "To: <sip:carol@example.com>")...))
	ok := strings.Replace(answer(scanned(t, out[0].data), "200 OK"), "Content-Length", "Contact: <sip:carol@198.51.100.7>;expires=7200\r\nContent-Length", 1)
	s.in("internal", out[0].to, []byte(ok))
	for session, err := range s.store.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range session.Keys {
			if k.Space == appsession.App && k.Value == "carol" && k.Life != 7260*time.Second {
				t.Errorf("carol is remembered for %v, want her registration and a minute", k.Life)
			}
		}
	}
	if _, err := s.store.Find(context.Background(), []appsession.Key{{Space: appsession.App, Value: "carol"}}); err != nil {
		t.Errorf("carol: %v", err)
	}
}

// Ten thousand seeded mutations, and the next call still passes. Time stands still:
// what waits for a name would come back in between.
func TestHostileInputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, true, Settings{Sources: every})
		r := rand.New(rand.NewPCG(1, 2))
		route, invite := dialog(s, "c1")
		seeds := [][]byte{lined(request("INVITE", "sip:bob@192.0.2.1", "c2", "To: <sip:bob@example.com>")...), []byte(answer(invite, "180 Ringing")),
			lined(request("BYE", "sip:bob@10.0.0.1:5080", "c1", append(route, "To: <sip:bob@example.com>;tag=callee")...)...),
			lined(request("BYE", strings.Trim(string(invite.Text(invite.RecordRoutes.At(1).Span)), "<>"), "c1", "Route: <sip:192.0.2.1;lr>, <sip:203.0.113.9>", "To: <sip:bob@example.com>;tag=callee")...)}
		const spice = "\r\n\t \x00,;:<>\"=@%[]\\/?0aZ\xff"
		for range 10000 {
			b := bytes.Clone(seeds[r.IntN(len(seeds))])
			for range 1 + r.IntN(6) {
				switch i := r.IntN(len(b)); r.IntN(4) {
				case 0:
					b[i] = spice[r.IntN(len(spice))]
				case 1:
					b = append(b[:i], b[min(len(b), i+1+r.IntN(20)):]...)
				case 2:
					b = append(b[:i:i], append([]byte{spice[r.IntN(len(spice))]}, b[i:]...)...)
				case 3:
					j := r.IntN(len(b))
					b = append(b[:i:i], b[min(i, j):]...)
				}
				if len(b) == 0 {
					break
				}
			}
			for _, c := range s.in("external", client, b) {
				leavesOnlyToNodes(t, c, b)
			}
			s.in("internal", node1, b)
		}
		if sent := s.in("external", client, lined(request("OPTIONS", "sip:192.0.2.1", "c9", "To: <sip:x@y>")...)); len(sent) != 1 || !bytes.HasPrefix(sent[0].data, []byte("SIP/2.0 200")) {
			t.Errorf("afterwards OPTIONS gets %v", sent)
		}
		dialog(s, "c10")
	})
}

// A table that only another process can answer for is asked all the same.
func TestSharedTable(t *testing.T) {
	s := newStage(t, true, Settings{})
	s.front.Router.Store = struct{ appsession.Store }{s.store}
	route, _ := dialog(s, "c1")
	sent := s.in("external", client, lined(request("BYE", "sip:bob@10.0.0.1:5080", "c1", append(route, "To: <sip:bob@example.com>;tag=callee")...)...))
	if len(sent) != 1 || sent[0].to != node1 {
		t.Errorf("BYE: %v", sent)
	}
}

// Several nodes on one host are told apart by the address they write themselves.
func TestNodesOnOneHost(t *testing.T) {
	s := newStage(t, true, Settings{})
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for name, a := range map[string]string{"node1": "10.0.0.1:5081", "node2": "10.0.0.1:5082"} {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name, SIP: []cluster.Address{{Scheme: "udp", Addr: at(a), Host: "app.example.com"}}})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	invite := lined("INVITE sip:carol@203.0.113.9 SIP/2.0", "Via: SIP/2.0/UDP app.example.com:5082;branch=z9hG4bKn;rport", "From: <sip:a@b>;tag=1", "To: <sip:c@d>",
		"Call-ID: n1", "CSeq: 1 INVITE")
	sent := s.in("internal", at("10.0.0.1:40000"), invite)
	if len(sent) != 1 || sent[0].to != callee || s.front.Book.Count("node2") != 1 {
		t.Fatalf("sent %v, node2 has %d calls", sent, s.front.Book.Count("node2"))
	}
	back := s.in("external", callee, []byte(answer(scanned(t, sent[0].data), "200 OK")))
	if len(back) != 1 || back[0].to != at("10.0.0.1:40000") {
		t.Errorf("the answer went to %v", back)
	}
	named := s.in("external", client, lined(request("MESSAGE", "sip:bob@app.example.com:5082", "c1", "To: <sip:x@y>")...))
	if len(named) != 1 || named[0].to != at("10.0.0.1:5082") {
		t.Errorf("a node addressed by its name: %v", named)
	}
}

func TestIPv6(t *testing.T) {
	s := newStage(t, false, Settings{})
	s.front.External[0].Conn.(*catcher).local = at("[2001:db8::100]:5060")
	s.prepare()
	if err := s.registry.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "node1", SIP: []cluster.Address{{Scheme: "udp", Addr: at("[2001:db8::1]:5080"), Host: "2001:db8::1"}}}},
		Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: "node1"}}}}}); err != nil {
		t.Fatal(err)
	}
	phone := at("[2001:db8::7]:7000")
	sent := s.in("external", phone, lined("INVITE sip:bob@[2001:db8::100] SIP/2.0", "Via: SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bKa;rport", "From: <sip:a@b>;tag=1", "To: <sip:c@d>",
		"Call-ID: c1", "CSeq: 1 INVITE"))
	if len(sent) != 1 || sent[0].to != at("[2001:db8::1]:5080") {
		t.Fatalf("sent %v", sent)
	}
	for _, want := range []string{"INVITE sip:bob@[2001:db8::1]:5080 SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::100]:5060;branch=", ";rport=7000;received=2001:db8::7\r\n",
		"Record-Route: <sip:[2001:db8::100]:5060;transport=udp;lr;th="} {
		if !bytes.Contains(sent[0].data, []byte(want)) {
			t.Errorf("%q is not in\n%s", want, sent[0].data)
		}
	}
	back := s.in("external", sent[0].to, []byte(answer(scanned(t, sent[0].data), "200 OK")))
	if len(back) != 1 || back[0].to != phone {
		t.Errorf("the answer went to %v", back)
	}
}

// Signatures that are genuine, but not of one transaction or not from the side the request went to, open nothing.
func TestResponsesFromTheWrongPlace(t *testing.T) {
	s := newStage(t, true, Settings{})
	_, one := dialog(s, "c1")
	_, two := dialog(s, "c2")
	genuine := answer(one, "200 OK")
	via := func(m *peek.Message, i int) string { v := m.Vias.At(i); return string(m.Buf[v.Line:v.LineEnd]) }
	mixed := strings.Replace(genuine, via(one, 1), via(two, 1), 1)
	twice := strings.Replace(genuine, via(one, 1), via(one, 0), 1)
	for _, c := range []struct {
		what, leg, data string
		want            int
	}{
		{"genuine", "internal", genuine, 1},
		{"lower Via of another transaction", "internal", mixed, 0},
		{"upper Via twice", "internal", twice, 0},
		{"on the port of the world", "external", genuine, 0},
	} {
		if sent := s.in(c.leg, node1, []byte(c.data)); len(sent) != c.want {
			t.Errorf("%s: %d datagrams left, want %d", c.what, len(sent), c.want)
		}
	}
}

// A sender's address that nobody can have, or that is ours, gets no answer: two gateways would talk for ever.
func TestNoAnswerToImpossibleSenders(t *testing.T) {
	s := newStage(t, false, Settings{})
	for _, from := range []string{"192.0.2.1:5060", "198.51.100.7:0", "0.0.0.0:5060", "224.0.0.1:5060", "255.255.255.255:5060"} {
		if sent := s.in("external", at(from), lined(request("OPTIONS", "sip:192.0.2.1", "c1", "To: <sip:x@y>")...)); len(sent) != 0 {
			t.Errorf("%s was answered", from)
		}
	}
}

// A message that grows too long for a datagram is the sender's trouble, not the node's.
func TestTooLongToForward(t *testing.T) {
	s := newStage(t, true, Settings{})
	long := append(lined(request("MESSAGE", "sip:bob@192.0.2.1", "c1", "To: <sip:x@y>")...), bytes.Repeat([]byte("x"), 65200)...)
	for range 20 {
		sent := s.in("external", client, long)
		if len(sent) != 1 || sent[0].to != client || !bytes.HasPrefix(sent[0].data, []byte("SIP/2.0 513 ")) {
			t.Fatalf("sent %d datagrams", len(sent))
		}
	}
	for _, n := range s.registry.View().Nodes {
		if n.Health(cluster.SIP) == cluster.Down || n.Load().Failed.Load() != 0 {
			t.Errorf("%s is blamed", n.Name)
		}
	}
	sent := s.in("internal", node1, bytes.Replace(long, []byte("bob@192.0.2.1"), []byte("bob@203.0.113.9"), 1))
	if len(sent) != 1 || sent[0].to != node1 || !bytes.HasPrefix(sent[0].data, []byte("SIP/2.0 513 ")) {
		t.Errorf("from a node: sent %d datagrams", len(sent))
	}
}

// A phone that rings for long says so again and again (RFC 3261 section 13.3.1.1): its call stays in the book, and an answered one for longer.
func TestRingingStaysInTheBook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, true, Settings{CallLife: time.Hour})
		sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")...))
		invite := scanned(t, sent[0].data)
		book := s.front.Book
		for range 10 {
			s.in("internal", sent[0].to, []byte(answer(invite, "180 Ringing")))
			<-time.After(time.Minute)
			if gone := book.Sweep(time.Now()); gone > 0 {
				t.Fatal("a ringing call was forgotten")
			}
		}
		s.in("internal", sent[0].to, []byte(answer(invite, "100 Trying"))) // says nothing of the phone
		<-time.After(2*time.Minute + 10*time.Second)
		if gone := book.Sweep(time.Now()); gone != 1 {
			t.Error("a call that rings no more is kept")
		}
	})
}
