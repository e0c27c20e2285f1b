package cluster

import "maps"

// Suppose is a View as this one would be if what operators and probes say of
// some nodes, by name, were otherwise: for asking what would become of a
// message. Loads are shared with this View, and go on.
func (v *View) Suppose(activation map[string]Activation, health map[string]Health) *View {
	n := *v
	n.Nodes, n.named, n.byID, n.pools = nil, map[string]*Node{}, map[string]*Node{}, map[string]*Pool{}
	for s := range services {
		n.at[s] = places{}
	}
	for _, x := range v.Nodes {
		node := *x
		if h, said := health[x.Name]; said {
			for s := range services {
				if node.Has(s) {
					node.health[s] = &Check{}
					node.health[s].state.Store(uint32(h))
				}
			}
		}
		n.put(&node)
	}
	as := func(m *Member) {
		m.Node = n.named[m.Name]
		if a, said := activation[m.Name]; said {
			m.Activation = a
		}
	}
	for _, p := range v.Pools {
		pool := p.copy(as)
		n.Pools, n.pools[p.Name] = append(n.Pools, pool), pool
		pool.variants = maps.Clone(p.variants)
		for name, other := range p.variants {
			pool.variants[name] = other.copy(as)
		}
	}
	return &n
}

// copy is a pool of other members, which share their Load with those of p.
func (p *Pool) copy(as func(*Member)) *Pool {
	n := *p
	n.Members, n.named, n.routed = make([]*Member, len(p.Members)), map[string]*Member{}, map[string]*Member{}
	for i, m := range p.Members {
		other := *m
		other.Pool = &n
		as(&other)
		n.Members[i], n.named[m.Name], n.routed[m.Route] = &other, &other, &other
	}
	return &n
}
