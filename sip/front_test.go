package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twinhop/gateway/cluster"
	"twinhop/sip/locate"
	"twinhop/sip/peek"
	"twinhop/sip/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network is a running Front on a memory network, with whatever peers a test opens.
type network struct {
	*stage
	wire wire.Memory
}

func runFront(t *testing.T, twoPorts bool, set Settings) *network {
	n := &network{stage: newStage(t, twoPorts, set)}
	for i, a := range []netip.AddrPort{external, internal} {
		if i == 0 {
			n.front.External[0].Conn = n.open(a)
		} else if twoPorts {
			n.front.Internal[0].Conn = n.open(a)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.front.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return n
}

func (n *network) open(a netip.AddrPort) *wire.MemoryConn {
	c, err := n.wire.Listen(a)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { c.Close() })
	return c
}

func (n *network) send(c *wire.MemoryConn, to netip.AddrPort, lines ...string) {
	c.WriteToUDPAddrPort([]byte(strings.Join(lines, "\r\n")+"\r\n\r\n"), to)
}

// receive waits for a datagram; the time limit only ends a test that fails.
func (n *network) receive(c *wire.MemoryConn) (*peek.Message, netip.AddrPort) {
	n.t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 65536)
	size, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		n.t.Fatalf("%v received nothing: %v", c.LocalAddr(), err)
	}
	m := new(peek.Message)
	if r := m.Scan(b[:size]); r != peek.OK {
		n.t.Fatalf("%v received a message with %v:\n%s", c.LocalAddr(), r, b[:size])
	}
	return m, from
}

// answer is a response to m with all that it must repeat.
func answer(m *peek.Message, status string) string {
	out := "SIP/2.0 " + status + "\r\n"
	for name, line := range m.Lines() {
		switch name {
		case peek.NameVia, peek.NameRecordRoute, peek.NameFrom, peek.NameCallID, peek.NameCSeq:
			out += string(m.Text(line))
		case peek.NameTo:
			l := strings.TrimSuffix(string(m.Text(line)), "\r\n")
			if m.To.Tag.Empty() {
				l += ";tag=callee"
			}
			out += l + "\r\n"
		}
	}
	return out + "Content-Length: 0\r\n\r\n"
}

func request(method, uri, call string, more ...string) []string {
	return append([]string{method + " " + uri + " SIP/2.0", "Via: SIP/2.0/UDP 198.51.100.7;rport;branch=z9hG4bK" + method + call, "Max-Forwards: 70",
		"From: <sip:alice@example.com>;tag=caller", "Call-ID: " + call, "CSeq: 1 " + method}, more...)
}

func TestACallOverTheNetwork(t *testing.T) {
	for name, two := range map[string]bool{"two ports": true, "one port": false} {
		t.Run(name, func(t *testing.T) {
			n := runFront(t, two, Settings{})
			phone, node := n.open(client), n.open(node1)
			n.send(phone, external, request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")...)
			invite, by := n.receive(node)
			node.WriteToUDPAddrPort([]byte(answer(invite, "200 OK")), by)
			ok, _ := n.receive(phone)
			if ok.Status != 200 || ok.Vias.Count != 1 || n.front.Book.Count("node1") != 1 {
				t.Fatalf("status %d, %d Vias, %d calls", ok.Status, ok.Vias.Count, n.front.Book.Count("node1"))
			}
			n.send(phone, external, request("BYE", "sip:bob@10.0.0.1:5080", "c1", "To: <sip:bob@example.com>;tag=callee")...)
			bye, by := n.receive(node)
			node.WriteToUDPAddrPort([]byte(answer(bye, "200 OK")), by)
			n.receive(phone)
			if left := n.front.Book.Total(); left != 0 {
				t.Errorf("%d calls after the BYE was answered", left)
			}
		})
	}
}

func TestNamesAreResolvedOffTheLoop(t *testing.T) {
	n := &network{stage: newStage(t, true, Settings{})}
	n.front.External[0].Conn, n.front.Internal[0].Conn = n.open(external), n.open(internal)
	asked, release := make(chan string, 8), make(chan struct{})
	n.front.Resolver = hosts(func(ctx context.Context, host string) ([]netip.Addr, error) {
		asked <- host
		select {
		case <-release:
		case <-ctx.Done():
		}
		if host == "nowhere.example.com" {
			return nil, locate.ErrNoRecords
		}
		return []netip.Addr{netip.MustParseAddr("2001:db8::1"), callee.Addr()}, nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.front.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	node, far, phone := n.open(node1), n.open(callee), n.open(client)
	n.send(node, internal, request("MESSAGE", "sip:carol@carol.example.com", "n1", "To: <sip:carol@example.com>")...)
	n.send(node, internal, request("MESSAGE", "sip:carol@carol.example.com", "n2", "To: <sip:carol@example.com>")...)
	if got := <-asked; got != "carol.example.com" {
		t.Errorf("asked for %s", got)
	}
	n.send(phone, external, request("OPTIONS", "sip:192.0.2.1", "c1", "To: <sip:x@y>")...)
	if m, _ := n.receive(phone); m.Status != 200 {
		t.Errorf("status %d: others must be served while a name is looked up", m.Status)
	}
	n.send(node, internal, request("OPTIONS", "sip:10.0.0.100:5065", "n3", "To: <sip:x@y>")...)
	if m, _ := n.receive(node); m.Status != 200 {
		t.Errorf("status %d: other nodes' messages must pass while a name is looked up", m.Status)
	}
	close(release)
	for _, want := range []string{"n1", "n2"} {
		if m, _ := n.receive(far); string(m.Text(m.CallID)) != want {
			t.Errorf("got %s, want %s: order is kept", m.Text(m.CallID), want)
		}
	}
	n.send(node, internal, request("MESSAGE", "sip:carol@carol.example.com", "n4", "To: <sip:carol@example.com>")...)
	n.receive(far)
	n.send(node, internal, request("MESSAGE", "sip:carol@nowhere.example.com", "n5", "To: <sip:carol@example.com>")...)
	if m, _ := n.receive(node); m.Status != 404 {
		t.Errorf("a name without address: %d, want 404", m.Status)
	}
	if len(asked) != 1 {
		t.Errorf("%d more names asked for, want 1: answers are kept", len(asked))
	}
}

// Many phones at once: every message of a call reaches one node, in order, and the book is empty in the end. The race detector watches.
func TestManyCallsAtOnce(t *testing.T) {
	n := runFront(t, true, Settings{})
	var nodes, phones sync.WaitGroup
	var open []*wire.MemoryConn
	served := make([]map[string]string, 2)
	for i, a := range []netip.AddrPort{node1, node2} {
		c := n.open(a)
		served[i] = map[string]string{}
		nodes.Go(func() {
			b := make([]byte, 65536)
			for {
				size, by, err := c.ReadFromUDPAddrPort(b)
				if err != nil {
					return
				}
				var m peek.Message
				if r := m.Scan(b[:size]); r != peek.OK {
					t.Errorf("%v", r)
				}
				served[i][string(m.Text(m.CallID))] += m.Method.String() + " "
				if m.Method != peek.Ack {
					c.WriteToUDPAddrPort([]byte(answer(&m, "200 OK")), by)
				}
			}
		})
		open = append(open, c)
	}
	const each = 50
	for p := range 4 {
		c := n.open(netip.AddrPortFrom(client.Addr(), uint16(7000+p)))
		phones.Go(func() {
			for k := range each {
				call := fmt.Sprintf("c%d-%d", p, k)
				n.send(c, external, request("INVITE", "sip:bob@192.0.2.1", call, "To: <sip:bob@example.com>")...)
				n.receive(c)
				n.send(c, external, request("ACK", "sip:bob@192.0.2.1", call, "To: <sip:bob@example.com>;tag=callee")...)
				n.send(c, external, request("BYE", "sip:bob@192.0.2.1", call, "To: <sip:bob@example.com>;tag=callee")...)
				n.receive(c)
			}
		})
	}
	phones.Wait()
	for _, a := range []string{"node1", "node2"} {
		if left := n.front.Book.Count(a); left != 0 {
			t.Errorf("%s has %d calls left", a, left)
		}
	}
	for _, c := range open {
		c.Close()
	}
	nodes.Wait()
	calls := 0
	for i, all := range served {
		calls += len(all)
		for call, what := range all {
			if what != "INVITE ACK BYE " {
				t.Errorf("node%d saw %q of call %s", i+1, what, call)
			}
		}
	}
	if calls != 4*each {
		t.Errorf("%d calls served, want %d", calls, 4*each)
	}
}

func TestDrainWaitsForCalls(t *testing.T) {
	n := runFront(t, true, Settings{})
	phone, node := n.open(client), n.open(node1)
	n.send(phone, external, request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:bob@example.com>")...)
	invite, by := n.receive(node)
	node.WriteToUDPAddrPort([]byte(answer(invite, "200 OK")), by)
	n.receive(phone)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := n.front.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Drain with a call: %v, want the context's end", err)
	}
	n.send(phone, external, request("INVITE", "sip:bob@192.0.2.1", "c2", "To: <sip:bob@example.com>")...)
	if m, _ := n.receive(phone); m.Status != 503 {
		t.Errorf("new call: %d, want 503", m.Status)
	}
	drained := make(chan error, 1)
	go func() { drained <- n.front.Drain(context.Background()) }()
	n.send(phone, external, request("BYE", "sip:bob@10.0.0.1:5080", "c1", "To: <sip:bob@example.com>;tag=callee")...)
	bye, by := n.receive(node)
	node.WriteToUDPAddrPort([]byte(answer(bye, "200 OK")), by)
	if m, _ := n.receive(phone); m.Status != 200 {
		t.Errorf("BYE: %d", m.Status)
	}
	if err := <-drained; err != nil {
		t.Errorf("Drain: %v", err)
	}
}

func TestAClosedSocketEndsRun(t *testing.T) {
	n := &network{stage: newStage(t, true, Settings{})}
	ext := n.open(external)
	n.front.External[0].Conn, n.front.Internal[0].Conn = ext, n.open(internal)
	done := make(chan error, 1)
	go func() { done <- n.front.Run(context.Background()) }()
	ext.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Run: %v, want net.ErrClosed", err)
	}
	if err := (&Front{}).Run(context.Background()); err == nil {
		t.Error("a Front without fields runs")
	}
}

func TestWildcardSocketsNameARealAddress(t *testing.T) {
	ext, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ext.Close()
	nodeConn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer nodeConn.Close()
	s := newStage(t, false, Settings{})
	nodeAddr := nodeConn.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := s.registry.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "node1", SIP: []cluster.Address{{Scheme: "udp", Addr: nodeAddr, Host: "127.0.0.1"}}}},
		Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: "node1"}}}}}); err != nil {
		t.Fatal(err)
	}
	s.front.External[0].Conn = ext
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.front.Run(ctx) }()
	defer func() { cancel(); <-done }()
	phone, err := net.Dial("udp4", "127.0.0.1:"+strings.Split(ext.LocalAddr().String(), ":")[1])
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	phone.Write([]byte(strings.Join(request("INVITE", "sip:bob@127.0.0.1:"+strings.Split(ext.LocalAddr().String(), ":")[1], "c1", "To: <sip:bob@example.com>"), "\r\n") + "\r\n\r\n"))
	nodeConn.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 65536)
	size, _, err := nodeConn.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(b[:size]); strings.Contains(got, "0.0.0.0") || !strings.Contains(got, "Record-Route: <sip:127.0.0.1:") ||
		!strings.HasPrefix(got, "INVITE sip:bob@"+nodeAddr.String()) {
		t.Errorf("the node got\n%s", got)
	}
}

// A sender that the system has no way to is invented. Its messages reach nobody, and no node is blamed for that.
func TestUnreachableSenders(t *testing.T) {
	s := newStage(t, true, Settings{})
	s.front.External[0].Conn.(*catcher).local = at("0.0.0.0:5060")
	s.prepare()
	w := s.workers["external"]
	w.toward.Know(w.leg, callee.Addr(), netip.Addr{}, w.clock()) // as the system says without a route
	for i := range 20 {
		if sent := s.in("external", []netip.AddrPort{callee, at("255.255.255.255:5060")}[i&1], lined(request("MESSAGE", "sip:bob@192.0.2.1", "c1", "To: <sip:x@y>")...)); len(sent) != 0 {
			t.Fatalf("sent to %s", sent[0].to)
		}
	}
	for _, n := range s.registry.View().Nodes {
		if n.Load().Failed.Load() != 0 {
			t.Errorf("%s is blamed", n.Name)
		}
	}
}
