package cluster

import (
	"net/netip"

	"twinhop/gateway/cluster/naming"
	"twinhop/gateway/cluster/probes"
)

// View is one immutable state of the cluster. Readers take it once per
// message and keep it for that message.
type View struct {
	Nodes []*Node
	Pools []*Pool

	named  map[string]*Node
	byID   map[string]*Node // by Restcomm-Instance-Id
	pools  map[string]*Pool
	at     [services]places
	routed naming.Routes // also of nodes long gone

	schedules [services]Schedule
	schemes   map[string]Schedule // instead of schedules, by the scheme of the node's address
	askable   [services]bool      // there is a Prober for the service
}

// schedule says how a service of a node is probed: one that tells of itself
// only at first, and when there is a doubt.
func (v *View) schedule(n *Node, s Service) Schedule {
	own, ok := v.schemes[n.Addr(s).Scheme]
	if !ok {
		own = v.schedules[s]
	}
	if mode := n.Probes.Of(); s == SIP && mode != probes.Unsaid {
		if own.WhenDown = mode == probes.WhenDown; mode == probes.Never {
			own.Interval = 0
		}
	}
	own.WhenDown = own.WhenDown || n.Announced
	return own
}

// probed tells whether somebody probes a service of a node.
func (v *View) probed(n *Node, s Service) bool {
	return v.askable[s] && v.schedule(n, s).Interval > 0
}

// Named returns the node of that name, or nil.
func (v *View) Named(name string) *Node { return v.named[name] }

// Instance returns the node with that Restcomm-Instance-Id, or nil.
func (v *View) Instance(id string) *Node { return v.byID[id] }

// Pool returns the pool of that name, or nil.
func (v *View) Pool(name string) *Pool { return v.pools[name] }

// At returns the node that serves s at exactly this address, or nil.
func (v *View) At(addr netip.AddrPort, s Service) *Node {
	return v.at[s].node(netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()))
}

// places finds nodes by their addresses. It is asked several times for each
// SIP message: of a few addresses each is compared, which costs a tenth of
// looking into a map.
type places struct {
	list []place
	all  map[netip.AddrPort]*Node
}

type place struct {
	at   netip.AddrPort
	node *Node
}

// fewPlaces is how many addresses are compared one by one.
const fewPlaces = 12

// add notes where a node is; who came first stays.
func (p *places) add(at netip.AddrPort, n *Node) {
	if p.all == nil {
		p.all = map[netip.AddrPort]*Node{}
	}
	if p.all[at] == nil {
		p.all[at] = n
		p.list = append(p.list, place{at, n})
	}
}

func (p *places) node(at netip.AddrPort) *Node {
	if len(p.list) > fewPlaces {
		return p.all[at]
	}
	for i := range p.list {
		if x := &p.list[i]; x.at.Port() == at.Port() && x.at == at {
			return x.node
		}
	}
	return nil
}

// RouteNode returns the name of the node that has, or once had, this route:
// the routes of dead nodes stay resolvable. "" when none had. Where several
// nodes have one route in different pools it is the first.
func (v *View) RouteNode(route string) string { return v.routed.Node(route) }

// checks tells whether c is what is known of service s of the named node: it
// is not when the node has left or has a new address.
func (v *View) checks(c *Check, node string, s Service) bool {
	n := v.named[node]
	return n != nil && n.Check(s) == c
}
