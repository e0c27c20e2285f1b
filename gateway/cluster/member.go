package cluster

import (
	"slices"
	"time"

	"twinhop/gateway/cluster/capacity"
	"twinhop/gateway/cluster/pace"
	"twinhop/gateway/cluster/probes"
)

// Activation is what the operator wants of a pool member, with the words and
// the meaning of mod_jk's activation attribute.
type Activation uint8

// The activations.
const (
	Active   Activation = iota
	Disabled            // keeps the sessions it has, gets no new ones: draining
	Stopped             // gets nothing: its sessions fail over
)

// String returns mod_jk's word.
func (a Activation) String() string {
	switch a {
	case Active:
		return "active"
	case Disabled:
		return "disabled"
	case Stopped:
		return "stopped"
	}
	return "unknown"
}

// ParseActivation reads mod_jk's words; ok is false for any other.
func ParseActivation(s string) (a Activation, ok bool) {
	switch s {
	case "active":
		return Active, true
	case "disabled":
		return Disabled, true
	case "stopped":
		return Stopped, true
	}
	return 0, false
}

// Member is a node in a pool, with the words mod_jk keeps per balancer
// member. It is immutable but for Load.
type Member struct {
	*Node
	Pool       *Pool
	Index      int            // its place in Pool.Members
	Activation Activation     // what counts: the operator's word, else the configured one
	Configured Activation     // what the configuration says
	Route      string         // route: what the jvmRoute of its sessions says
	Domain     string         // domain: members that replicate sessions among each other
	Redirect   string         // redirect: the route of the preferred substitute
	Weight     int            // lbfactor, >= 1
	Mult       int64          // lbmult: least common multiple of the pool's weights, divided by Weight
	Distance   int            // distance: smaller is preferred, whatever the load
	BusyLimit  int            // busy_limit: requests it may have at a time; 0: any number
	Capacity   capacity.Sizes // what it has of each resource that calls take
	Left       bool           // it is in the pool no more: see Pool.Former
	Load       *MemberLoad
}

// Usable tells whether the member may serve what already belongs to it: not
// stopped, and service s is there and not observed down, nor, for HTTP, barred
// by what became of its requests.
func (m *Member) Usable(s Service) bool {
	return m.Activation != Stopped && m.Has(s) && m.Health(s) != Down && (s != HTTP || m.open())
}

// Alive tells whether the member may own sessions at all: not stopped, and
// not everything it serves is down. An owner that is alive but lacks a
// service keeps its sessions; others serve that service as substitutes.
func (m *Member) Alive(s Service) bool {
	if m.Activation == Stopped {
		return false
	}
	if m.Has(s) {
		return m.Health(s) != Down && !(s == HTTP && m.broken())
	}
	return !m.Down()
}

// Unprobed tells that no probe would bring the member back: its pool wants
// that an operator does, and no other pool of the node wants probes.
func (m *Member) Unprobed() bool {
	return m.Pool.Probes.Of() == probes.Never && m.Probes.Of() == probes.Never
}

// Eligible tells whether the member may be given new sessions for service s.
func (m *Member) Eligible(s Service) bool { return m.Activation == Active && m.Usable(s) }

// Share is the part of its weight that the member counts with now, step of
// steps: less than all of it while it ramps up.
func (m *Member) Share() (step, steps int64) { return m.Load.start.Share(m.Pool.RampUp) }

// Cost is what a unit of work raises the member's load value by: Mult, and
// more while it ramps up.
func (m *Member) Cost() int64 {
	step, steps := m.Share()
	return max(m.Mult, 1) * steps / step
}

// Since is when the member was last new or came back; zero: it was always
// there.
func (m *Member) Since() time.Time { return m.Load.start.At() }

// SessionID says which form of a session id the nodes of a pool expect.
type SessionID uint8

// The forms of a session id toward nodes.
const (
	AsSet     SessionID = iota // exactly the id the node last set: Tomcat
	BaseRoute                  // the bare id with the route of the chosen node: nodes that store the bare id
)

// Pool is a set of members that serve the same applications. It is immutable
// but for Load.
type Pool struct {
	Name      string
	Members   []*Member
	Sticky    bool // sticky_session
	Force     bool // sticky_session_force
	Stateless bool // of a Variant: work without a session is not counted as a new one
	SessionID SessionID
	Realm     uint16        // the realm of the keys of its sessions, equal on all gateways
	Recovery  *Recovery     // nil: health alone decides
	Maintain  time.Duration // between two maintenances (worker.maintain)
	RampUp    pace.Ramp     // how a member that is new, or came back, gets its weight
	Probes    *probes.Words // what it says of SIP probes; see Node.Probes
	Load      *PoolLoad

	named    map[string]*Member
	routed   map[string]*Member
	variants map[string]*Pool
	serves   [services]bool
	former   []*Member // the latest last
}

// Variant returns the pool with the words of a Variant of its PoolSpec: it has
// the same members, which share their Load. Without a name, or for one that is
// not there, it is the pool itself.
func (p *Pool) Variant(name string) *Pool {
	if v := p.variants[name]; v != nil && name != "" {
		return v
	}
	return p
}

// Serves tells whether any member serves s.
func (p *Pool) Serves(s Service) bool { return p.serves[s] }

// Member returns the member that is the named node, or nil.
func (p *Pool) Member(node string) *Member { return p.named[node] }

// Routed returns the member with exactly this route, or nil.
func (p *Pool) Routed(route string) *Member { return p.routed[route] }

// Eligible appends to into the members that new work for service s may go to:
// those that may get any and are not among tried, without those that asked to
// be left alone for a while unless no other is left, of these the highest
// version, and of these the smallest distance.
func (p *Pool) Eligible(into []*Member, s Service, tried []*Node) []*Member {
	start, resting := len(into), false
	for _, m := range p.Members {
		switch {
		case !m.Eligible(s) || slices.ContainsFunc(tried, func(n *Node) bool { return n.Name == m.Name }):
		case m.Resting(s):
			resting = true
		default:
			into = m.join(into, start)
		}
	}
	if len(into) > start || !resting {
		return into
	}
	for _, m := range p.Members {
		if m.Eligible(s) && !slices.ContainsFunc(tried, func(n *Node) bool { return n.Name == m.Name }) {
			into = m.join(into, start)
		}
	}
	return into
}

// join adds m to the members from start on if it is as good as they are, and
// puts it in their place if it is better.
func (m *Member) join(into []*Member, start int) []*Member {
	if len(into) > start {
		switch best := into[start]; {
		case m.Version < best.Version || m.Version == best.Version && m.Distance > best.Distance:
			return into
		case m.Version > best.Version || m.Distance < best.Distance:
			into = into[:start]
		}
	}
	return append(into, m)
}
