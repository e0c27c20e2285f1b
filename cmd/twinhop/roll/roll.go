package roll

import (
	"slices"

	"twinhop/gateway/config"
)

// Roll outlives another configuration, as other words of an operator do. A
// name may be among those removed and those added: then the operator's node
// stands in for the configured one. A Roll does not change; the zero Roll
// changes nothing.
type Roll struct {
	added   []newcomer
	removed []string
}

// newcomer is a node and the pools that it is in besides those of "*".
type newcomer struct {
	node  config.Node
	pools []string
}

// Add returns the roll with one more node.
func (r Roll) Add(n config.Node, pools []string) Roll {
	r = r.without(n.Name)
	r.added = append(r.added, newcomer{n, slices.Clone(pools)})
	return r
}

// Remove returns the roll without a node, of c or added before.
func (r Roll) Remove(name string, c *config.Config) Roll {
	r = r.without(name)
	if has(c, name) && !slices.Contains(r.removed, name) {
		r.removed = append(slices.Clone(r.removed), name)
	}
	return r
}

func (r Roll) without(name string) Roll {
	r.added = slices.DeleteFunc(slices.Clone(r.added), func(x newcomer) bool { return x.node.Name == name })
	return r
}

// Settle takes note of a configuration that came into force: a node that was
// taken away and is not in it any more has gone, and one of its name that a
// later configuration brings is new; one that was added and is in it by now is
// the configuration's.
func (r Roll) Settle(c *config.Config) Roll {
	return Roll{
		added: slices.DeleteFunc(slices.Clone(r.added), func(x newcomer) bool {
			return has(c, x.node.Name) && !slices.Contains(r.removed, x.node.Name)
		}),
		removed: slices.DeleteFunc(slices.Clone(r.removed), func(name string) bool { return !has(c, name) }),
	}
}

func has(c *config.Config, name string) bool {
	return slices.ContainsFunc(c.Nodes, func(n config.Node) bool { return n.Name == name })
}

// Over returns the configuration with the nodes that were added and without
// those that were removed.
func (r Roll) Over(c config.Config) config.Config {
	c.Nodes, c.Pools = slices.Clone(c.Nodes), slices.Clone(c.Pools)
	gone := func(name string) bool { return slices.Contains(r.removed, name) }
	c.Nodes = slices.DeleteFunc(c.Nodes, func(n config.Node) bool { return gone(n.Name) })
	for i := range c.Pools {
		c.Pools[i].Nodes = slices.DeleteFunc(slices.Clone(c.Pools[i].Nodes), func(n config.PoolNode) bool { return gone(n.Name) })
	}
	c.Mounts = slices.Clone(c.Mounts)
	for i := range c.Mounts {
		m := &c.Mounts[i]
		for _, list := range []*[]string{&m.Active, &m.Disabled, &m.Stopped} {
			if slices.ContainsFunc(*list, gone) {
				*list = slices.DeleteFunc(slices.Clone(*list), gone)
			}
		}
	}
	for _, x := range r.added {
		if has(&c, x.node.Name) {
			continue
		}
		c.Nodes = append(c.Nodes, x.node)
		for i := range c.Pools {
			p := &c.Pools[i]
			if slices.Contains(x.pools, p.Name) && !slices.ContainsFunc(p.Nodes, func(n config.PoolNode) bool { return n.Name == x.node.Name }) {
				p.Nodes = append(p.Nodes, config.PoolNode{Name: x.node.Name})
			}
		}
	}
	return c
}
