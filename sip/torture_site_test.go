package sip

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
	"twinhop/sip/pending"
	"twinhop/sip/seal"
)

// tortureWay is how client and node reach the gateway.
type tortureWay struct {
	in, out, host string
	failover      bool // the gateway keeps INVITEs until they are answered, as it does unless it is told not to
}

func (w tortureWay) String() string {
	s := w.in
	if w.out != w.in {
		s += "-to-" + w.out
	}
	if strings.Contains(w.host, ":") {
		s += "-v6"
	}
	if w.failover {
		s += "-failover"
	}
	return s
}

var tortureWays = []tortureWay{
	{in: "udp", out: "udp", host: "127.0.0.1"}, {in: "udp", out: "udp", host: "::1", failover: true},
	{in: "tcp", out: "tcp", host: "127.0.0.1", failover: true}, {in: "tcp", out: "udp", host: "::1"}, {in: "udp", out: "tcp", host: "127.0.0.1"},
}

// site is a running Front with two ports, one client and one node, all on real sockets. What either of the two gets is an event, in the
// order in which it came.
type site struct {
	t            testing.TB
	way          tortureWay
	front        *Front
	client, node *end
	secret       seal.Secret
	clientHost   string
	nodeHost     string
	guarded      func(net.PacketConn) net.PacketConn // what the gateway's sockets go through
	events       chan event
	stop         func()        // ends the gateway
	over         chan struct{} // closed when nobody listens any more
	readers      sync.WaitGroup
	outer, inner netip.AddrPort // the gateway's addresses
	last         []byte         // the last request the node got
	calls        int
	patience     time.Duration
	accepted     atomic.Int64 // connections to the node
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

// patienceOfTests ends a test that fails.
const patienceOfTests = 5 * time.Second

func openSite(t testing.TB, way tortureWay) *site { return openSiteOf(t, way, seal.Secret{7}) }

func openSiteOf(t testing.TB, way tortureWay, secret seal.Secret) *site {
	s := newSite(t, way)
	s.secret = secret
	s.open()
	return s
}

func newSite(t testing.TB, way tortureWay) *site {
	return &site{t: t, way: way, secret: seal.Secret{7}, clientHost: way.host, nodeHost: way.host, patience: patienceOfTests, events: make(chan event, 1024), over: make(chan struct{}),
		guarded: func(c net.PacketConn) net.PacketConn { return c }}
}

// open starts everything; the end of the test stops it.
func (s *site) open() {
	s.t.Cleanup(s.readers.Wait)
	external, outer := s.listen(s.way.in)
	internal, inner := s.listen(s.way.out)
	s.outer, s.inner = outer, inner
	s.node = s.openNode()
	registry := &cluster.Registry{}
	address := cluster.Address{Scheme: s.way.out, Addr: s.node.at, Host: s.node.at.Addr().String()}
	if err := registry.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "node1", SIP: []cluster.Address{address}}},
		Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}); err != nil {
		s.t.Fatal(err)
	}
	algorithm, _ := balance.New("round-robin")
	router := &gateway.Router{Store: memstore.New(memstore.Options{}), Views: registry.View, Book: &calls.Book{}}
	router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": {SIP: algorithm}}})
	s.front = &Front{Router: router, Book: router.Book, Secrets: seal.Secrets{Current: s.secret}, External: []Listener{external}, Internal: []Listener{internal}}
	if s.way.failover { // with times that no test waits for
		s.front.Apply(Settings{Pending: pending.Settings{Invite: time.Minute, Trying: time.Minute, Total: time.Minute, Attempts: 3, Codes: []int{503}}})
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.front.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("Run: %v", err)
		}
	})
	s.t.Cleanup(func() {
		close(s.over)
		s.stop()
	})
	s.dial()
}

// listen opens a socket of the gateway's.
func (s *site) listen(network string) (Listener, netip.AddrPort) {
	if network == "tcp" {
		l := s.stream(s.way.host)
		return streamListener(l), addrOf(l.Addr())
	}
	c := s.packets(s.way.host)
	return Listener{Conn: s.guarded(c)}, addrOf(c.LocalAddr())
}

func (s *site) packets(host string) net.PacketConn {
	c, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		s.t.Skipf("no UDP on %s: %v", host, err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

func (s *site) stream(host string) net.Listener {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		s.t.Skipf("no TCP on %s: %v", host, err)
	}
	s.t.Cleanup(func() { l.Close() })
	return l
}

func addrOf(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }

// dial makes a new client.
func (s *site) dial() {
	if s.way.in == "udp" {
		s.client = s.packetEnd("client", s.packets(s.clientHost), s.outer)
		return
	}
	c, err := s.connect()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	e := &end{name: "client", at: addrOf(c.LocalAddr())}
	e.send = func(b []byte) { c.Write(b) } // what cannot be sent any more shows in what comes
	e.half = func() { c.CloseWrite() }
	s.client = e
	s.readers.Go(func() {
		s.read(e, c)
		s.happens(event{e, nil})
	})
}

func (s *site) connect() (*net.TCPConn, error) {
	return net.DialTCP("tcp", &net.TCPAddr{IP: net.ParseIP(s.clientHost)}, net.TCPAddrFromAddrPort(s.outer))
}

func (s *site) openNode() *end {
	if s.way.out == "udp" {
		return s.packetEnd("node", s.packets(s.nodeHost), s.inner)
	}
	l := s.stream(s.nodeHost)
	var mu sync.Mutex
	var last net.Conn // which the gateway dialled; it is the only one as long as it lives
	e := &end{name: "node", at: addrOf(l.Addr())}
	e.send = func(b []byte) {
		mu.Lock()
		defer mu.Unlock()
		last.Write(b)
	}
	e.half = func() { // it goes on by a connection of its own
		c, err := net.DialTCP("tcp", &net.TCPAddr{IP: net.ParseIP(s.nodeHost)}, net.TCPAddrFromAddrPort(s.inner))
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { c.Close() })
		mu.Lock()
		defer mu.Unlock()
		last = c
	}
	s.readers.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			mu.Lock()
			last = c
			mu.Unlock()
			s.readers.Go(func() {
				defer c.Close()
				s.read(e, c)
			})
		}
	})
	return e
}

// read takes the messages of a connection apart as RFC 3261 section 18.3 has it, until it ends.
func (s *site) read(e *end, c net.Conn) {
	r := bufio.NewReader(c)
	for {
		var b []byte
		for !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
			line, err := r.ReadBytes('\n')
			if b = append(b, line...); err != nil {
				if len(b) > 0 {
					s.happens(event{e, append([]byte("cut short: "), b...)})
				}
				return
			}
		}
		h, body := readHead(b), 0
		if i := h.find("content-length"); i >= 0 {
			if p := lengthOf.FindStringSubmatch(h.lines[i].text); p != nil {
				body, _ = strconv.Atoi(p[1])
			}
		}
		at := len(b)
		b = append(b, make([]byte, body)...)
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			s.happens(event{e, append([]byte("cut short: "), b...)})
			return
		}
		s.happens(event{e, b})
	}
}

func (s *site) happens(ev event) {
	select {
	case s.events <- ev:
	case <-s.over:
	}
}

func (s *site) packetEnd(name string, c net.PacketConn, peer netip.AddrPort) *end {
	e := &end{name: name, at: addrOf(c.LocalAddr()), half: func() {}}
	e.send = func(b []byte) {
		if _, err := c.WriteTo(b, net.UDPAddrFromAddrPort(peer)); err != nil {
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
			if addrOf(from) != peer {
				data = append([]byte("from "+from.String()+": "), data...)
			}
			s.happens(event{e, data})
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
	case <-time.After(s.patience):
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
	case <-time.After(s.patience):
		return fmt.Errorf("the connection stays open: %w", errNothing)
	}
}
