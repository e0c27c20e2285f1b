package sip

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
)

// tortureWay is how client and node reach the gateway.
type tortureWay struct{ in, out, host string }

func (w tortureWay) String() string {
	s := w.in
	if w.out != w.in {
		s += "-to-" + w.out
	}
	if strings.Contains(w.host, ":") {
		s += "-v6"
	}
	return s
}

var tortureWays = []tortureWay{{"udp", "udp", "127.0.0.1"}, {"udp", "udp", "::1"}}

// site is a running Front with two ports, one client and one node, all on real sockets. What either of the two gets is an event, in the
// order in which it came.
type site struct {
	t            testing.TB
	way          tortureWay
	front        *Front
	client, node *end
	events       chan event
	readers      sync.WaitGroup
	outer, inner netip.AddrPort // the gateway's addresses
	last         []byte         // the last request the node got
	calls        int
}

// end is the client's or the node's socket.
type end struct {
	name  string
	at    netip.AddrPort
	send  func(b []byte)
	half  func() // no more will be sent
	ended bool   // the connection is over
}

// event is a message that an end got, or with no data the end of its connection.
type event struct {
	end  *end
	data []byte
}

// patience ends a test that fails.
const patienceOfTests = 5 * time.Second

func openSite(t testing.TB, way tortureWay) *site {
	s := &site{t: t, way: way, events: make(chan event, 1024)}
	t.Cleanup(s.readers.Wait)
	s.node = s.openNode()
	registry := &cluster.Registry{}
	address := cluster.Address{Scheme: way.out, Addr: s.node.at, Host: s.node.at.Addr().String()}
	if err := registry.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "node1", SIP: []cluster.Address{address}}},
		Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}); err != nil {
		t.Fatal(err)
	}
	algorithm, _ := balance.New("round-robin")
	router := &gateway.Router{Store: memstore.New(memstore.Options{}), Views: registry.View, Book: &calls.Book{}}
	router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": {SIP: algorithm}}})
	outer, inner := s.packets("gateway"), s.packets("gateway")
	s.outer, s.inner = addrOf(outer.LocalAddr()), addrOf(inner.LocalAddr())
	s.front = &Front{Router: router, Book: router.Book, Secrets: Secrets{Current: Secret{7}}, External: []Listener{{Conn: outer}}, Internal: []Listener{{Conn: inner}}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.front.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	s.dial()
	return s
}

func (s *site) packets(who string) net.PacketConn {
	c, err := net.ListenPacket("udp", net.JoinHostPort(s.way.host, "0"))
	if err != nil {
		s.t.Skipf("%s has no UDP on %s: %v", who, s.way.host, err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

func addrOf(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }

// dial makes a new client.
func (s *site) dial() {
	c := s.packets("the client")
	s.client = s.packetEnd("client", c, func() netip.AddrPort { return s.outer })
}

func (s *site) openNode() *end {
	return s.packetEnd("node", s.packets("the node"), func() netip.AddrPort { return s.inner })
}

func (s *site) packetEnd(name string, c net.PacketConn, peer func() netip.AddrPort) *end {
	e := &end{name: name, at: addrOf(c.LocalAddr()), half: func() {}}
	e.send = func(b []byte) {
		if _, err := c.WriteTo(b, net.UDPAddrFromAddrPort(peer())); err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
	}
	s.readers.Go(func() {
		b := make([]byte, 65536)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			data := bytes.Clone(b[:n])
			if addrOf(from) != peer() {
				data = append([]byte("from "+from.String()+": "), data...)
			}
			s.events <- event{e, data}
		}
	})
	return e
}

// next is the next message that either end gets, which must be that one.
func (s *site) next(name string) ([]byte, error) {
	select {
	case ev := <-s.events:
		switch {
		case ev.data == nil:
			ev.end.ended = true
			return nil, fmt.Errorf("the %s's connection ended", ev.end.name)
		case ev.end.name != name:
			return nil, fmt.Errorf("the %s got\n%q", ev.end.name, ev.data)
		}
		return ev.data, nil
	case <-time.After(patienceOfTests):
		return nil, fmt.Errorf("to the %s: %w", name, errNothing)
	}
}

// closes waits for the end of a connection, before which nothing more may come.
func (s *site) closes() error {
	select {
	case ev := <-s.events:
		if ev.data == nil {
			ev.end.ended = true
			return nil
		}
		return fmt.Errorf("the %s got\n%q\ninstead of the end of the connection", ev.end.name, ev.data)
	case <-time.After(patienceOfTests):
		return fmt.Errorf("the connection stays open: %w", errNothing)
	}
}

var _ = bufio.NewReader
