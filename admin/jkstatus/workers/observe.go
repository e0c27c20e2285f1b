package workers

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// Scene is where a State is made from.
type Scene struct {
	Config *config.Config
	View   *cluster.View
	Now    time.Time
	// Started is since when is counted what was never reset.
	Started time.Time
	// Value is what a pool's algorithm compares members by; nil: their load value.
	Value func(*cluster.Member) int64
	// Conns counts the connections to an address; nil: nobody knows.
	Conns func(addr string) (busy, idle int)
	// Bound counts the sessions bound to a node; nil: nobody knows.
	Bound func(node string) int
	// Options are recovery_options as they were set, by node. Those of others
	// follow from what the node may be given again.
	Options map[string]int
	// Source tells where a mount was read, one of FromWorkers, FromMount and
	// FromMap; nil: FromMap.
	Source func(*config.Mount) string
}

// State looks at everything. Pools with one member of their own name are
// single workers, as mod_jk has workers that are no member of a balancer.
func (s *Scene) State() *State {
	state := &State{}
	for i := range s.Config.Pools {
		p := &s.Config.Pools[i]
		pool := s.View.Pool(p.Name)
		switch {
		case pool == nil:
		case alone(pool):
			state.AJP = append(state.AJP, Single{Node: s.node(p, pool.Members[0]), Maps: s.maps(p.Name)})
		default:
			state.Balancers = append(state.Balancers, s.balancer(p, pool))
		}
	}
	for i := range s.Config.Status {
		state.Others = append(state.Others, s.Config.Status[i].Name)
	}
	return state
}

func alone(p *cluster.Pool) bool { return len(p.Members) == 1 && p.Members[0].Name == p.Name }

// methodOf are mod_jk's words for algorithms. The others go by their own.
var methodOf = map[string]string{"requests": Methods[0], "traffic": Methods[1], "busyness": Methods[2], "sessions": Methods[3], "next": Methods[4]}

// Algorithm is the configuration's word for one of Methods.
func Algorithm(method int) string {
	for word, name := range methodOf {
		if method >= 0 && method < len(Methods) && name == Methods[method] {
			return word
		}
	}
	return ""
}

func (s *Scene) balancer(p *config.Pool, pool *cluster.Pool) Balancer {
	b := Balancer{Name: p.Name, Sticky: pool.Sticky, Force: pool.Force, Retries: 1, Method: cmp.Or(methodOf[p.Balance], p.Balance),
		Busy: int(pool.Load.Busy.Load()), MaxBusy: int(pool.Load.MaxBusy.Load()), Maintain: seconds(pool.Maintain),
		Reset: latest(pool.Load.ResetAt(), s.Started), Maps: s.maps(p.Name)}
	if p.Retries != nil {
		b.Retries, b.RetryInterval = p.Retries.Rounds, millis(p.Retries.Interval)
	}
	if r := pool.Recovery; r != nil {
		b.RecoverTime, b.Escalation, b.MaxReplyTimeouts = seconds(r.Time), seconds(r.Escalation), r.MaxReplyTimeouts
		if b.RecoverTime == 0 {
			b.RecoverTime = seconds(cluster.DefaultRecoverTime)
		}
	}
	b.NextMaintain = b.Maintain - Since(s.Now, latest(pool.Load.MaintainedAt(), s.Started))
	for _, m := range pool.Members {
		b.Members = append(b.Members, s.member(p, m))
	}
	return b
}

func (s *Scene) member(p *config.Pool, m *cluster.Member) Member {
	x := Member{Node: s.node(p, m), Activation: m.Activation, Factor: m.Weight, Route: m.Route, Redirect: m.Redirect, Domain: m.Domain,
		Distance: m.Distance, State: m.State(), Mult: m.Mult, Value: m.Load.Value.Load(), Sessions: m.Load.Sessions.Load(),
		ErrorAge: Since(s.Now, m.Load.ErrorAt())}
	if m.Has(cluster.HTTP) && m.Health(cluster.HTTP) == cluster.Down || m.Down() {
		x.State = cluster.StateError // its probes say so, whatever traffic did
	}
	if s.Value != nil {
		x.Value = s.Value(m)
	}
	return x
}

func (s *Scene) node(p *config.Pool, m *cluster.Member) Node {
	load := m.Load
	n := Node{Name: m.Name, Retries: 1, BusyLimit: m.BusyLimit, Bound: -1,
		Elected: load.Elected.Load(), Errors: load.Errors.Load(), ClientErrors: load.ClientErrors.Load(), ReplyTimeouts: load.ReplyTimeouts.Load(),
		Transferred: load.Sent.Load(), Read: load.Read.Load(), Busy: load.Busy.Load(), MaxBusy: load.MaxBusy.Load(),
		Reset: latest(load.ResetAt(), s.Started), ErrorAt: load.ErrorAt()}
	s.reach(&n, m)
	if s.Bound != nil {
		n.Bound = s.Bound(m.Name)
	}
	if c := s.words(p, m.Name); c != nil {
		n.Retries, n.RetryDelay = c.Retries.Attempts, millis(c.Retries.Interval)
		n.Recovery = s.options(c)
	}
	if i := slices.IndexFunc(s.Config.Nodes, func(c config.Node) bool { return c.Name == m.Name }); i >= 0 && n.Type == "ajp13" {
		n.agreed(&s.Config.Nodes[i].AJP)
	}
	if p.ReplyTimeout != nil {
		n.ReplyTimeout = millis(*p.ReplyTimeout)
	}
	return n
}

// reach is how the node is reached.
func (s *Scene) reach(n *Node, m *cluster.Member) {
	a := m.Addr(cluster.HTTP)
	switch a.Scheme {
	case "ajp":
		n.Type = "ajp13"
	case "":
		n.Type, a = "sip", m.Addr(cluster.SIP)
	default:
		n.Type = a.Scheme
	}
	n.Host, n.Port, n.Address = a.Host, int(a.Addr.Port()), a.Addr.String()
	if s.Conns != nil && n.Type != "sip" {
		busy, idle := s.Conns(n.Address)
		n.Connected = int64(busy + idle)
		n.MaxConnected = max(n.Connected, n.MaxBusy)
	}
}

// agreed is what is agreed with an AJP connector.
func (n *Node) agreed(a *config.AJP) {
	n.Source, n.PoolTimeout, n.PingTimeout = a.Source, seconds(a.IdleTimeout), millis(a.Ping.Timeout)
	n.ReplyTimeout, n.PingInterval, n.PacketSize = millis(a.ReplyTimeout), seconds(a.Ping.Interval), int(a.PacketSize)
	connect, request := a.Ping.Answers()
	if a.Ping.Connect {
		n.ConnectPing = millis(connect)
	}
	if a.Ping.Request {
		n.PrepostPing = millis(request)
	}
}

// words is what is configured of a node in its pool.
func (s *Scene) words(p *config.Pool, node string) *config.Member {
	for _, m := range s.Config.Members(*p) {
		if m.Node == node {
			return &m
		}
	}
	return nil
}

// The bits of recovery_options that say something here. That nothing is
// repeated once an answer began, and that the connection is closed when the
// client goes, is always so.
const (
	recoverNot  = 1  // what was sent is not repeated
	recoverHead = 8  // but HEAD is
	recoverGet  = 16 // but GET is
)

func (s *Scene) options(m *config.Member) int {
	if n, ok := s.Options[m.Node]; ok {
		return n
	}
	if m.Repeat == nil {
		return 0
	}
	n := recoverNot
	if slices.Contains(m.Repeat, "HEAD") {
		n |= recoverHead
	}
	if slices.Contains(m.Repeat, "GET") {
		n |= recoverGet
	}
	return n
}

// Repeated are the methods that recovery_options let repeat; nil: all that may be.
func Repeated(options int) []string {
	if options&recoverNot == 0 {
		return nil
	}
	list := []string{}
	if options&recoverHead != 0 {
		list = append(list, "HEAD")
	}
	if options&recoverGet != 0 {
		list = append(list, "GET")
	}
	return list
}

// maps are the rules that lead to a pool or exclude from it, in the order in
// which they are looked at: those with more slashes first, then longer ones.
func (s *Scene) maps(pool string) []Map {
	var all []Map
	for i := range s.Config.Mounts {
		c := &s.Config.Mounts[i]
		if c.Pool != pool && c.Pool != "*" {
			continue
		}
		m := Map{Server: anyServer, Source: FromMap, ReplyTimeout: -1, StickyIgnore: c.StickyIgnore, Stateless: c.Stateless, Active: strings.Join(c.Active, ","),
			DisabledNodes: strings.Join(c.Disabled, ","), StoppedNodes: strings.Join(c.Stopped, ",")}
		if s.Source != nil {
			m.Source = s.Source(c)
		}
		if c.ReplyTimeout != nil {
			m.ReplyTimeout = millis(*c.ReplyTimeout)
		}
		if c.FailOnStatus != nil {
			m.FailOnStatus = joined(*c.FailOnStatus)
		}
		if c.ServerErrors != nil {
			m.ServerErrors = *c.ServerErrors
		}
		path, off := strings.CutPrefix(c.Path, "-")
		path, not := strings.CutPrefix(path, "!")
		m.Disabled, m.Unmount = off, not
		first, rest, both := strings.Cut(path, "|")
		for _, m.URI = range []string{first, first + rest} {
			m.Exact = !strings.ContainsAny(m.URI, "*?")
			if all = append(all, m); !both {
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Map) int {
		return cmp.Or(strings.Count(b.URI, "/")-strings.Count(a.URI, "/"), len(b.URI)-len(a.URI))
	})
	return all
}

// anyServer: a rule holds for every host.
const anyServer = "*"

func joined(list []int) string {
	var words []string
	for _, n := range list {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ",")
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func seconds(d time.Duration) int { return int(d / time.Second) }

func millis(d time.Duration) int { return int(d / time.Millisecond) }
