package cluster

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/cluster/capacity"
	"twinhop/gateway/cluster/naming"
)

// memberWords is what a member says once its pool and its node have spoken.
type memberWords struct {
	route, domain, redirect string
	weight, distance        int
	busyLimit               int
	activation              Activation
}

func (n *NodeSpec) words() memberWords {
	return memberWords{cmp.Or(n.Route, n.Name), n.Domain, n.Redirect, cmp.Or(n.Weight, 1), n.Distance, n.BusyLimit, n.Activation}
}

// over returns the words of n with those that m and then the operator say put
// over them.
func (m *MemberSpec) over(n *NodeSpec, said MemberWords) memberWords {
	w := n.words()
	set(&w.activation, m.Activation)
	for _, o := range []MemberWords{{Route: m.Route, Domain: m.Domain, Redirect: m.Redirect, Weight: m.Weight,
		Distance: m.Distance, BusyLimit: m.BusyLimit}, said} {
		set(&w.route, o.Route)
		set(&w.domain, o.Domain)
		set(&w.redirect, o.Redirect)
		set(&w.weight, o.Weight)
		set(&w.distance, o.Distance)
		set(&w.busyLimit, o.BusyLimit)
	}
	if w.domain == "" && said.Domain == nil && (n.Route != "" || !n.Announced) { // an operator may take it away; what is called by its address has none
		if domain, _, dotted := strings.Cut(w.route, "."); dotted {
			w.domain = domain
		}
	}
	return w
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// build makes a View of a Spec. What lives longer than a View is taken from
// old: health while the address stays, counters by name. mem holds what
// survives even a node.
func build(s *Spec, old *View, mem *memory) (*View, error) {
	var bad complaints
	v := &View{named: map[string]*Node{}, byID: map[string]*Node{}, pools: map[string]*Pool{}, schemes: map[string]Schedule{}}
	for svc := range services {
		v.schedules[svc] = s.Checks[svc].withDefaults()
	}
	for scheme, own := range s.Schemes {
		v.schemes[scheme] = own.withDefaults()
	}
	specs, taken := map[string]*NodeSpec{}, map[netip.AddrPort]string{}
	for i := range s.Nodes {
		spec := &s.Nodes[i]
		if !word(spec.Name, maxName) {
			bad.add("node %q: a name is 1 to %d letters, digits, dots, - or _", spec.Name, maxName)
		} else if specs[spec.Name] != nil {
			bad.add("node %q: described twice", spec.Name)
		}
		w := spec.words()
		bad.words("node \""+spec.Name+"\"", &w)
		bad.addresses(spec, taken)
		specs[spec.Name] = spec
		v.add(spec, old.Named(spec.Name))
	}
	var realms []string
	for i := range s.Pools {
		realms = append(realms, s.Pools[i].Realm)
	}
	mem.realms = mem.realms.With(realms)
	for i := range s.Pools {
		v.pool(&s.Pools[i], specs, mem, &bad)
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	for i, p := range v.Pools {
		carry(p, old.Pool(p.Name))
		for j := range s.Pools[i].Variants {
			p.vary(&s.Pools[i].Variants[j], &bad)
		}
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	mem.routes = mem.routes.With(v.routes())
	v.routed = mem.routes
	return v, nil
}

// add puts a node into the View.
func (v *View) add(spec *NodeSpec, old *Node) {
	n := &Node{Name: spec.Name, Route: cmp.Or(spec.Route, spec.Name), Version: spec.Version, Gen: spec.Gen,
		Announced: spec.Announced, Draining: spec.Draining, Instance: spec.Instance, Unsteady: spec.Unsteady, load: &Load{}}
	if old != nil && old.Gen != n.Gen {
		old = nil // what was known and counted was of another process
	}
	if old != nil {
		n.load = old.load
	}
	for s := range services {
		n.addrs[s] = slices.Clone(spec.addrs(s))
		if !n.Has(s) {
			continue
		}
		n.health[s] = &Check{}
		if old != nil && old.Has(s) && old.Addr(s) == n.Addr(s) {
			n.health[s] = old.health[s]
		}
	}
	v.put(n)
}

// put is add for a node that is whole.
func (v *View) put(n *Node) {
	for s := range services {
		for _, a := range n.addrs[s] {
			v.at[s].add(netip.AddrPortFrom(a.Addr.Addr().Unmap(), a.Addr.Port()), n)
		}
	}
	v.Nodes = append(v.Nodes, n)
	v.named[n.Name] = n
	if n.Instance != "" && v.byID[n.Instance] == nil {
		v.byID[n.Instance] = n
	}
}

// pool puts a pool and its members into the View.
func (v *View) pool(spec *PoolSpec, specs map[string]*NodeSpec, mem *memory, bad *complaints) {
	if !word(spec.Name, maxName) {
		bad.add("pool %q: a name is 1 to %d letters, digits, dots, - or _", spec.Name, maxName)
	} else if v.pools[spec.Name] != nil {
		bad.add("pool %q: described twice", spec.Name)
	}
	p := &Pool{Name: spec.Name, Sticky: spec.Sticky, Force: spec.Force, SessionID: spec.SessionID,
		Realm: mem.realms[spec.Realm], Recovery: spec.Recovery, Maintain: cmp.Or(spec.Maintain, DefaultMaintain),
		RampUp: spec.RampUp, Probes: spec.Probes, Load: &PoolLoad{}, named: map[string]*Member{}, routed: map[string]*Member{}}
	mem.pools[spec.Name].over(p)
	for _, m := range spread(spec.Members, v.Nodes) {
		node := specs[m.Node]
		if node == nil {
			bad.add("pool %q: node %q is not described", spec.Name, m.Node)
			continue
		}
		if p.named[m.Node] != nil {
			bad.add("pool %q: node %q is named twice", spec.Name, m.Node)
			continue
		}
		w := m.over(node, mem.members[[2]string{spec.Name, m.Node}])
		bad.words("pool \""+spec.Name+"\": node \""+m.Node+"\"", &w)
		other := p.routed[w.route]
		if other != nil && node.Announced {
			continue // a configured one has its route here, or was given it
		}
		if other != nil {
			bad.add("pool %q: nodes %q and %q have the same route %q", spec.Name, other.Name, m.Node, w.route)
		}
		member := &Member{Node: v.named[m.Node], Pool: p, Index: len(p.Members), Configured: w.activation,
			Activation: v.named[m.Node].atMost(mem.activation(p.Name, m.Node, w.activation)), Route: w.route, Domain: w.domain,
			Redirect: w.redirect, Weight: w.weight, Distance: w.distance, BusyLimit: w.busyLimit, Load: &MemberLoad{}}
		member.Capacity = capacity.New(node.Capacity)
		if m.Capacity != nil {
			member.Capacity = capacity.New(m.Capacity)
		}
		member.Capacity = member.Capacity.Resized(mem.sizes[[2]string{spec.Name, m.Node}])
		bad.capacity("pool \""+spec.Name+"\": node \""+m.Node+"\"", member.Capacity)
		member.Probes = member.Probes.With(spec.Probes)
		p.Members = append(p.Members, member)
		p.named[m.Node], p.routed[w.route] = member, member
		for s := range services {
			p.serves[s] = p.serves[s] || member.Has(s)
		}
	}
	var weights []int
	for _, m := range p.Members {
		weights = append(weights, m.Weight)
	}
	for i, mult := range p.RampUp.Multipliers(weights) {
		p.Members[i].Mult = mult
	}
	v.Pools = append(v.Pools, p)
	v.pools[p.Name] = p
}

// atMost returns what becomes of an activation that somebody gives the node.
func (n *Node) atMost(a Activation) Activation {
	if n.Draining {
		return max(a, Disabled)
	}
	return a
}

// vary makes a variant of the pool, whose members share the Load of its own.
func (p *Pool) vary(spec *Variant, bad *complaints) {
	if spec.Name == "" || p.variants[spec.Name] != nil {
		bad.add("pool %q: variant %q has no name, or that of another", p.Name, spec.Name)
		return
	}
	v := p.copy(func(m *Member) {
		if a, ok := spec.Activation[m.Name]; ok {
			m.Activation = m.Node.atMost(a)
		}
	})
	v.Sticky, v.Stateless, v.variants = p.Sticky && !spec.NoStick, spec.Stateless, nil
	for name := range spec.Activation {
		if p.named[name] == nil {
			bad.add("pool %q: variant %q speaks of node %q, which is not in the pool", p.Name, spec.Name, name)
		}
	}
	if p.variants == nil {
		p.variants = map[string]*Pool{}
	}
	p.variants[spec.Name] = v
}

// spread replaces AllNodes by the nodes that the pool does not name, in their
// order.
func spread(members []MemberSpec, nodes []*Node) []MemberSpec {
	var out []MemberSpec
	for _, m := range members {
		if m.Node != AllNodes {
			out = append(out, m)
			continue
		}
		for _, n := range nodes {
			if !slices.ContainsFunc(members, func(o MemberSpec) bool { return o.Node == n.Name }) {
				one := m
				one.Node = n.Name
				out = append(out, one)
			}
		}
	}
	return out
}

// carry hands the counters of the old pool on. A member that is new, or
// active again, starts with the greatest load value of all, so that it gets
// its share and no flood, and ramps up.
func carry(p, old *Pool) {
	if old == nil {
		return
	}
	p.Load = old.Load
	p.remember(old)
	for _, m := range p.Members {
		if was := old.Member(m.Name); was != nil && was.Gen == m.Gen {
			m.Load = was.Load
		}
	}
	for _, m := range p.Members {
		if was := old.Member(m.Name); was == nil || was.Gen != m.Gen || was.Activation != Active && m.Activation == Active {
			m.Load.start.Begin(time.Now())
			p.level(m)
		}
	}
}

// level raises the load value of m to the greatest of its pool.
func (p *Pool) level(m *Member) {
	most := int64(math.MinInt64)
	for _, o := range p.Members {
		most = max(most, o.Load.Value.Load())
	}
	m.Load.Value.Store(most)
}

// memory is what survives the nodes it speaks of.
type memory struct {
	words   map[string]map[string]Activation // node -> pool ("" = all) -> what the operator said
	members map[[2]string]MemberWords        // pool and node -> what else the operator said
	pools   map[string]PoolWords             // pool -> what the operator said
	sizes   map[[2]string]map[string]int     // pool and node -> what the operator said of resources
	realms  naming.Realms
	routes  naming.Routes // also of nodes long gone
}

// activation returns what counts for a member.
func (mem *memory) activation(pool, node string, configured Activation) Activation {
	if a, ok := mem.words[node][pool]; ok {
		return a
	}
	if a, ok := mem.words[node][""]; ok {
		return a
	}
	return configured
}

// routes are the routes of the View.
func (v *View) routes() map[string]string {
	live := map[string]string{}
	learn := func(route, node string) {
		if _, ok := live[route]; !ok {
			live[route] = node
		}
	}
	for _, n := range v.Nodes {
		learn(n.Route, n.Name)
	}
	for _, p := range v.Pools {
		for _, m := range p.Members {
			learn(m.Route, m.Name)
		}
	}
	return live
}
