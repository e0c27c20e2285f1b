package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"twinhop/admin"
	"twinhop/appsession"
	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// stage is everything the demo runs: two nodes, two telephones, a gateway.
type stage struct {
	shared *replica
	nodes  []*node
	phones map[string]*phone
	gate   *gate
	log    *slog.Logger

	announced bool // the nodes announce themselves; else the gateway has them in its configuration
}

// The telephones.
const (
	visitor = "visitor" // of whoever looks at the page
	agent   = "agent"   // whom the page calls
)

// operator is who looks at the admin UI.
const operator = "demo"

// newStage binds nodes and telephones, on the usual ports where wanted and free.
func newStage(log *slog.Logger, usualPorts bool) (*stage, error) {
	s := &stage{shared: newReplica(), phones: map[string]*phone{}, log: log}
	port := func(network string, n int) string {
		if usualPorts {
			return nextFree(network, n)
		}
		return loopback(0)
	}
	for i := 1; i <= 2; i++ {
		n := &node{name: fmt.Sprintf("node%d", i), shared: s.shared, desk: s, enter: s.enter, http: port("tcp4", 8100+i), sip: port("udp4", 5080+i)}
		s.nodes = append(s.nodes, n)
		if err := n.start(); err != nil {
			s.close()
			return nil, err
		}
	}
	for i, user := range []string{visitor, agent} {
		p, err := newPhone(user, port("udp4", 5091+i))
		if err != nil {
			s.close()
			return nil, err
		}
		s.phones[user] = p
	}
	return s, nil
}

// front opens the demo's gateway.
func (s *stage) front(ctx context.Context, usualPorts bool) (taken []string, err error) {
	c := settings(s.nodes)
	byUser(&c)
	if usualPorts {
		taken = usual(&c)
	}
	var begin func(assembly.Addrs)
	if s.announced {
		announces(&c)
		begin = func(a assembly.Addrs) {
			for _, n := range s.nodes {
				n.announceTo(a, c.Heartbeat.Secret)
			}
		}
	}
	if s.gate, err = openGate(ctx, c, s.log, begin); err != nil {
		return nil, err
	}
	for _, n := range s.nodes {
		n.leaveThrough(s.gate.internal)
		if s.announced { // ready means that one of them is there
			err = errors.Join(err, s.gate.noticed(ctx, n.name, cluster.Up))
		}
	}
	return taken, err
}

// close stops everything and waits for it.
func (s *stage) close() error {
	var err error
	if s.gate != nil {
		err = s.gate.close()
	}
	for _, p := range s.phones {
		p.Close()
	}
	for _, n := range s.nodes {
		n.kill()
	}
	return err
}

func (s *stage) node(name string) *node {
	for _, n := range s.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}

// other is the node that is not this one.
func (s *stage) other(name string) *node {
	if s.nodes[0].name == name {
		return s.nodes[1]
	}
	return s.nodes[0]
}

// State is what the page of a session shows of the demo.
func (s *stage) State(base string) deskState {
	d := deskState{Leader: "http"}
	if s.gate != nil && s.gate.Leader() == gateway.LeaderSIP {
		d.Leader = "sip"
	}
	for _, n := range s.nodes {
		d.Nodes = append(d.Nodes, nodeState{n.name, n.up(), s.gate != nil && s.gate.seen(n.name, cluster.Down)})
	}
	return d
}

// Phone finds a telephone by its user.
func (s *stage) Phone(user string) (to callee, ok bool) {
	p := s.phones[user]
	if p == nil {
		return callee{}, false
	}
	return p.callee(), true
}

var errUnknownNode = errors.New("there is no such node")

// Kill lets a node die when the function is called. The last one stays: there would be nobody to show anything.
func (s *stage) Kill(name string) (now func(), err error) {
	n := s.node(name)
	switch {
	case n == nil:
		return nil, errUnknownNode
	case !s.other(name).up():
		return nil, errors.New("the other node is down already: start it first")
	}
	return n.kill, nil
}

// Start lets a killed node serve again on its old ports, and waits until the gateway has noticed.
func (s *stage) Start(ctx context.Context, name string) error {
	n := s.node(name)
	if n == nil {
		return errUnknownNode
	}
	return errors.Join(n.start(), s.gate.noticed(ctx, name, cluster.Up))
}

// SIPFirst lets SIP lead and places the session's calls from the other node: HTTP has to follow with its next request. A second press lets
// HTTP lead again.
func (s *stage) SIPFirst(ctx context.Context, id sessionID) error {
	if s.gate.Leader() == gateway.LeaderSIP {
		s.gate.Lead(gateway.LeaderHTTP)
		return nil
	}
	n, to := s.node(id.route), s.other(id.route)
	v, _ := s.shared.visit(id.base, "", false)
	if !to.up() {
		return fmt.Errorf("%s is down: start it first", to.name)
	}
	if err := s.gate.noticed(ctx, to.name, cluster.Up); err != nil {
		return err // a node that is believed down would be left again at once
	}
	s.gate.Lead(gateway.LeaderSIP)
	one, _ := to.phoneOf(v, visitor)
	two, _ := to.phoneOf(v, agent)
	return errors.Join(n.hangUpAll(ctx, id.base), to.clickToCall(ctx, id, one, two))
}

// enter makes a link that logs in to the admin UI, once and soon, and shows a session there.
func (s *stage) enter(base string) (string, error) {
	if s.gate == nil {
		return "", errors.New("the gateway is still starting")
	}
	url, err := s.gate.Admin.LoginURL(operator, admin.RoleAdmin, time.Minute)
	return url + s.gate.screen(base), err
}

// screen is the place of a session in the admin UI.
func (g *gate) screen(base string) string {
	const list = "/sessions"
	pool := g.Registry.View().Pool("default")
	b, err := g.Store.Find(context.Background(), []appsession.Key{{Space: appsession.HTTP, Realm: pool.Realm, Value: base}})
	if err != nil {
		return list
	}
	return list + "/" + b.ID.String()
}

// until waits for a condition on the gateway's view of its nodes.
func (g *gate) until(ctx context.Context, cond func() bool) error {
	events, stop := g.Registry.Watch(16)
	defer stop()
	for !cond() {
		select {
		case <-events:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// noticed waits until the gateway observes all services of a node to be so. One that announced itself and is not there any more is down.
func (g *gate) noticed(ctx context.Context, node string, h cluster.Health) error {
	if err := g.until(ctx, func() bool { return g.seen(node, h) }); err != nil {
		return fmt.Errorf("the gateway does not notice that %s is %s: %w", node, h, err)
	}
	return nil
}

// seen tells whether the gateway observes all services of a node to be so.
func (g *gate) seen(node string, h cluster.Health) bool {
	n := g.Registry.View().Named(node)
	return n == nil && h == cluster.Down || n != nil && n.Health(cluster.HTTP) == h && n.Health(cluster.SIP) == h
}

// port is the port of host:port, for people.
func port(addr string) string {
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return "?"
	}
	return fmt.Sprint(a.Port())
}
