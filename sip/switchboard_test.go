package sip

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
	"twinhop/sip/stream"
)

// switchboard is the TCP side of a stage, in memory: connections that peers open and those that are dialled. It works in a bubble of synctest.
type switchboard struct {
	s     *stage
	rooms map[string]*lobby // by leg: "external-tcp", "internal6-tcp", "external-wss"

	mu    sync.Mutex
	sent  []heard
	lines []*line                          // connections at the peers, the latest last
	deaf  map[netip.AddrPort]time.Duration // these refuse connections, after so long
}

// heard is what a peer got. Nobody can tell what came first of what came by different connections at the same time.
type heard struct {
	caught
	when time.Time
	line int // the how manieth connection
}

// lobby is a listener.
type lobby struct {
	name  string
	local netip.AddrPort
	calls chan net.Conn
	over  chan struct{}
	once  sync.Once
}

func (l *lobby) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}

func (l *lobby) Close() error { l.once.Do(func() { close(l.over) }); return nil }

func (l *lobby) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.local) }

// line is one end of a connection.
type line struct {
	net.Conn
	leg         string
	local, peer netip.AddrPort
	closed      bool
	other       *line
	broken      atomic.Bool // its end is a reset
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if err == io.EOF && l.broken.Load() {
		err = syscall.ECONNRESET
	}
	return n, err
}

func (l *line) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(l.local) }

func (l *line) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(l.peer) }

// addTCP gives the front listeners on the addresses of its sockets, and on others for those of edge toward the world and, with inner, for TLS
// toward the nodes. Nothing is encrypted here, and messages stand in a WebSocket as they do in TCP: the transport is what the leg says.
func (s *stage) addTCP(dual bool, edge []string, inner bool) {
	s.tcp = &switchboard{s: s, rooms: map[string]*lobby{}, deaf: map[netip.AddrPort]time.Duration{}}
	add := func(list *[]Listener, name string, at netip.AddrPort) {
		r := &lobby{name: name, local: at, calls: make(chan net.Conn), over: make(chan struct{})}
		s.tcp.rooms[name] = r
		*list = append(*list, Listener{Stream: r})
	}
	f := s.front
	f.Web.Greet = func(net.Conn) ([]byte, error) { return nil, nil }
	f.Web.Frames = func() stream.Codec { return nil }
	two := len(f.Internal) > 0
	defer func() {
		other := func(list *[]Listener, name, transport string, at netip.AddrPort) {
			add(list, name+"-"+transport, at)
			(*list)[len(*list)-1].Transport = transport
		}
		for _, transport := range edge {
			port := map[string]uint16{"tls": 5061, "ws": 8080, "wss": 8443}[transport]
			other(&f.External, "external", transport, netip.AddrPortFrom(external.Addr(), port))
		}
		if inner {
			other(&f.Internal, "internal", "tls", netip.AddrPortFrom(internal.Addr(), 5066))
		}
	}()
	add(&f.External, "external-tcp", external)
	if dual {
		add(&f.External, "external6-tcp", external6)
	}
	if two {
		add(&f.Internal, "internal-tcp", internal)
	}
	if two && dual {
		add(&f.Internal, "internal6-tcp", internal6)
	}
}

// addIPv6 gives the front sockets for IPv6 beside those it has.
func (s *stage) addIPv6() {
	f := s.front
	f.External = append(f.External, Listener{Conn: &catcher{s: s, name: "external6", local: external6, fails: map[netip.AddrPort]bool{}}})
	if len(f.Internal) > 0 {
		f.Internal = append(f.Internal, Listener{Conn: &catcher{s: s, name: "internal6", local: internal6, fails: map[netip.AddrPort]bool{}}})
	}
}

// serve has the nodes listen by these transports, the first of them first; none: UDP.
func (s *stage) serve(schemes []string, ip6 bool) {
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	if schemes == nil {
		schemes = []string{"udp"}
	}
	at := [2]netip.AddrPort{node1, node2}
	if ip6 {
		at = nodes6
	}
	for i, a := range at {
		n := cluster.NodeSpec{Name: []string{"node1", "node2"}[i]}
		for _, scheme := range schemes {
			n.SIP = append(n.SIP, cluster.Address{Scheme: scheme, Addr: a, Host: a.Addr().String()})
		}
		spec.Nodes = append(spec.Nodes, n)
	}
	if err := s.registry.Apply(spec); err != nil {
		s.t.Fatal(err)
	}
}

// connect starts the pools.
func (b *switchboard) connect(ctx context.Context) {
	var wg sync.WaitGroup
	for _, g := range b.s.front.legs.All {
		if !g.Stream() {
			continue
		}
		name := g.Streams.Listener.(*lobby).name
		g.Streams.LastID = uint64(0x1000 * (g.Index + 1))
		if !g.Web() {
			g.Streams.Dial = func(_ context.Context, to stream.Peer) (net.Conn, error) { return b.dialled(name, to.Addr) }
		}
		g.Streams.Codec, g.Streams.Greet = nil, nil
		if err := g.Streams.Begin(ctx, &connections{ctx, b.s.front, g}); err != nil {
			b.s.t.Fatal(err)
		}
		wg.Go(func() { g.Streams.Serve() })
	}
	b.s.t.Cleanup(func() {
		for _, r := range b.rooms {
			r.Close()
		}
		b.mu.Lock()
		for _, l := range b.lines {
			l.Close()
		}
		b.mu.Unlock()
		wg.Wait()
	})
}

// dialled is the gateway calling a peer.
func (b *switchboard) dialled(leg string, to netip.AddrPort) (net.Conn, error) {
	b.mu.Lock()
	after, deaf := b.deaf[to]
	b.mu.Unlock()
	if deaf {
		<-time.After(after)
		return nil, errors.New("connection refused")
	}
	ours, theirs := b.pair(leg, to)
	b.listen(theirs)
	return ours, nil
}

func (b *switchboard) pair(leg string, peer netip.AddrPort) (ours, theirs *line) {
	one, two := net.Pipe()
	local := b.rooms[leg].local
	ours, theirs = &line{Conn: one, leg: leg, local: local, peer: peer}, &line{Conn: two, leg: leg, local: peer, peer: local}
	ours.other, theirs.other = theirs, ours
	return ours, theirs
}

// listen writes down what a peer hears.
func (b *switchboard) listen(l *line) {
	b.mu.Lock()
	b.lines = append(b.lines, l)
	number := len(b.lines)
	b.mu.Unlock()
	go func() {
		var all []byte
		buf := make([]byte, 64<<10)
		for {
			n, err := l.Read(buf)
			all = append(all, buf[:n]...)
			b.mu.Lock()
			for {
				m := peek.Message{Limits: &boundless}
				all = bytes.TrimLeft(all, "\r\n") // answers to keep-alives
				if len(all) == 0 || m.Scan(all) == peek.BodyCut || m.HeadEnd == 0 {
					break
				}
				b.sent = append(b.sent, heard{caught{l.leg, l.local, slices.Clone(all[:m.End])}, time.Now(), number})
				all = all[m.End:]
			}
			l.closed = l.closed || err != nil
			b.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
}

// line finds the latest connection of a peer, or opens one.
func (b *switchboard) line(leg string, peer netip.AddrPort) *line {
	b.mu.Lock()
	for _, l := range slices.Backward(b.lines) {
		if l.local == peer && l.leg == leg && !l.closed {
			b.mu.Unlock()
			return l
		}
	}
	b.mu.Unlock()
	ours, theirs := b.pair(leg, peer)
	b.listen(theirs)
	b.rooms[leg].calls <- ours
	return theirs
}

func (b *switchboard) in(leg string, from netip.AddrPort, data []byte) {
	l := b.line(leg, from)
	go l.Write(data)
}

func (b *switchboard) hangUp(leg string, peer netip.AddrPort) { b.line(leg, peer).Close() }

// reset breaks a connection off.
func (b *switchboard) reset(leg string, peer netip.AddrPort) {
	l := b.line(leg, peer)
	l.other.broken.Store(true)
	l.Close()
}

// settle waits until all is done that an event leads to, and gives what was sent: by UDP first, then by TCP, there in the order of time, of
// legs (the internal one first) and of connections.
func (s *stage) settle() []caught {
	if s.tcp == nil {
		return s.sent
	}
	synctest.Wait()
	b := s.tcp
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortStableFunc(b.sent, func(x, y heard) int {
		return cmp.Or(x.when.Compare(y.when), strings.Compare(y.leg, x.leg), cmp.Compare(x.line, y.line))
	})
	all := s.sent
	for _, h := range b.sent {
		all = append(all, h.caught)
	}
	b.sent = nil
	return all
}

// wait lets time pass.
func (s *stage) wait(d time.Duration) []caught {
	s.sent = nil
	end := time.Now().Add(d)
	for ; !s.next.After(end); s.next = s.next.Add(tick) {
		<-time.After(time.Until(s.next)) // of the bubble
		s.front.turn(s.keeper, s.ticks, s.fallen)
		s.ticks++
	}
	<-time.After(time.Until(end))
	return s.settle()
}

func isStreamLeg(leg string) bool { return strings.Contains(leg, "-") }
