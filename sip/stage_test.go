package sip

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
	"twinhop/sip/legs"
	"twinhop/sip/locate"
	"twinhop/sip/seal"
)

// stage is a Front with everything around it but sockets: what it sends is caught.
type stage struct {
	t        testing.TB
	front    *Front
	registry *cluster.Registry
	store    *memstore.Store
	workers  map[string]*worker // by leg: "external", "internal"
	sent     []caught
	tcp      *switchboard // nil: UDP only
	keeper   *worker
	ticks    int
	next     time.Time // tick
	fallen   map[string]bool
	left     [][]byte // requests that left, in a scene
}

type caught struct {
	leg  string
	to   netip.AddrPort
	data []byte
}

// catcher is a packet conn that keeps what is sent, and can refuse.
type catcher struct {
	net.PacketConn
	s     *stage
	name  string
	local netip.AddrPort
	fails map[netip.AddrPort]bool
	why   error // nil: an error that says that nothing reaches the peer
	quiet bool
}

func (c *catcher) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.local) }

func (c *catcher) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) {
	return 0, netip.AddrPort{}, net.ErrClosed
}

func (c *catcher) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if c.fails[to] {
		return 0, cmp.Or(c.why, net.ErrWriteToConnected)
	}
	if !c.quiet {
		c.s.sent = append(c.s.sent, caught{c.name, to, append([]byte(nil), b...)})
	}
	return len(b), nil
}

var (
	node1    = at("10.0.0.1:5080")
	node2    = at("10.0.0.2:5080")
	client   = at("198.51.100.7:5060")
	callee   = at("203.0.113.9:5060")
	external = at("192.0.2.1:5060")
	internal = at("10.0.0.100:5065")

	external6 = at("[2001:db8::100]:5060")
	internal6 = at("[fd00::100]:5065")
	nodes6    = [2]netip.AddrPort{at("[fd00::1]:5080"), at("[fd00::2]:5080")}
)

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func newStage(t testing.TB, twoPorts bool, set Settings) *stage {
	s := &stage{t: t, registry: &cluster.Registry{}, store: memstore.New(memstore.Options{}), workers: map[string]*worker{}}
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for name, a := range map[string]netip.AddrPort{"node1": node1, "node2": node2} {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name, SIP: []cluster.Address{{Scheme: "udp", Addr: a, Host: a.Addr().String()}}})
	}
	if spec.Nodes[0].Name > spec.Nodes[1].Name {
		spec.Nodes[0], spec.Nodes[1] = spec.Nodes[1], spec.Nodes[0]
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	algorithm, ok := balance.New("round-robin")
	if !ok {
		t.Fatal("no round-robin")
	}
	router := &gateway.Router{Store: s.store, Views: s.registry.View, Book: &calls.Book{}}
	router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": {SIP: algorithm}}})
	f := &Front{Router: router, Book: router.Book, Secrets: seal.Secrets{Current: seal.Secret{1, 2, 3}},
		Resolver: hosts(func(ctx context.Context, _ string) ([]netip.Addr, error) { <-ctx.Done(); return nil, ctx.Err() }),
		External: []Listener{{Conn: &catcher{s: s, name: "external", local: external, fails: map[netip.AddrPort]bool{}}}}}
	if twoPorts {
		f.Internal = []Listener{{Conn: &catcher{s: s, name: "internal", local: internal, fails: map[netip.AddrPort]bool{}}}}
	}
	s.front = f
	f.Apply(set)
	s.prepare()
	return s
}

// prepare does what Run does before it listens.
func (s *stage) prepare() {
	ctx, cancel := context.WithCancel(context.Background())
	if err := s.front.prepare(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cancel(); s.front.parked.Wait() })
	for _, g := range s.front.legs.All {
		if g.Transport == legs.UDP {
			s.workers[g.Socks[0].Conn.(*catcher).name] = newWorker(ctx, s.front, g)
		}
	}
	s.keeper, s.ticks, s.fallen = newWorker(ctx, s.front, s.front.legs.All[0]), 0, map[string]bool{}
	s.next = time.Now().Add(tick)
	if s.tcp != nil {
		s.tcp.connect(ctx)
	}
}

func (s *stage) catcher(leg string) *catcher { return s.workers[leg].leg.Socks[0].Conn.(*catcher) }

// in gives a datagram to a leg and returns what was sent because of it.
func (s *stage) in(leg string, from netip.AddrPort, data []byte) []caught {
	s.sent = nil
	if s.front.legs.Single() {
		leg = strings.Replace(leg, "internal", "external", 1)
	}
	if isStreamLeg(leg) {
		s.tcp.in(leg, from, data)
		return s.settle()
	}
	s.workers[leg].Receive(data, from)
	s.workers[leg].Flush()
	return s.settle()
}

// hosts is a resolver that knows addresses only.
type hosts func(ctx context.Context, host string) ([]netip.Addr, error)

func (h hosts) Pinned(context.Context, string) []netip.Addr { return nil }

func (h hosts) NAPTR(context.Context, string) ([]locate.NAPTR, time.Duration, error) {
	return nil, 0, locate.ErrNoRecords
}

func (h hosts) SRV(context.Context, string) ([]locate.SRV, time.Duration, error) {
	return nil, 0, locate.ErrNoRecords
}

func (h hosts) Hosts(ctx context.Context, name string) ([]netip.Addr, time.Duration, error) {
	all, err := h(ctx, name)
	return all, time.Minute, err
}

// domain is a resolver for which every name has servers of both transports at one address.
type domain struct{ hosts }

func (d domain) SRV(_ context.Context, name string) ([]locate.SRV, time.Duration, error) {
	return []locate.SRV{{Port: 5060, Target: "server.example.net"}}, time.Minute, nil
}

func (s *stage) down(node string) {
	for range 10 {
		s.registry.Report(s.registry.View().Named(node), cluster.SIP, cluster.Refused)
	}
	if n := s.registry.View().Named(node); n.Health(cluster.SIP) != cluster.Down {
		s.t.Fatalf("%s is %v", node, n.Health(cluster.SIP))
	}
}

// announce has a node of those there are at first leave the cluster, or come again.
func (s *stage) announce(join bool, node string) {
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i, a := range [...]netip.AddrPort{node1, node2} {
		name := fmt.Sprintf("node%d", i+1)
		if name != node && s.registry.View().Named(name) != nil || name == node && join {
			spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name, SIP: []cluster.Address{{Scheme: "udp", Addr: a, Host: a.Addr().String()}}})
		}
	}
	if err := s.registry.Apply(spec); err != nil {
		s.t.Fatal(err)
	}
}

// activate is the operator's word: unlike health, it can be taken back at once.
func (s *stage) activate(node string, a cluster.Activation) {
	if err := s.registry.SetActivation("", node, a); err != nil {
		s.t.Fatal(err)
	}
}
