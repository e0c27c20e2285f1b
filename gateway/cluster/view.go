package cluster

import "net/netip"

// View is one immutable state of the cluster. Readers take it once per
// message and keep it for that message.
type View struct {
	Nodes []*Node
	Pools []*Pool

	named   map[string]*Node
	pools   map[string]*Pool
	at      [services]map[netip.AddrPort]*Node
	retired map[string]string // route -> node name, also of nodes long gone

	schedules [services]Schedule
	probed    [services]bool // somebody probes the service
}

// Named returns the node of that name, or nil.
func (v *View) Named(name string) *Node { return v.named[name] }

// Pool returns the pool of that name, or nil.
func (v *View) Pool(name string) *Pool { return v.pools[name] }

// At returns the node that serves s at exactly this address, or nil.
func (v *View) At(addr netip.AddrPort, s Service) *Node {
	return v.at[s][netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())]
}

// RouteNode returns the name of the node that has, or once had, this route:
// the routes of dead nodes stay resolvable. "" when none had. Where several
// nodes have one route in different pools it is the first.
func (v *View) RouteNode(route string) string { return v.retired[route] }

// checks tells whether c is what is known of service s of the named node: it
// is not when the node has left or has a new address.
func (v *View) checks(c *Check, node string, s Service) bool {
	n := v.named[node]
	return n != nil && n.Check(s) == c
}
