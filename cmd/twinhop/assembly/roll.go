package assembly

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"twinhop/admin"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// roll is what an operator added to the nodes of the configuration and took
// away from them. It outlives another configuration, as other words of an
// operator do. A name may be in both lists: then the operator's node stands in
// for the configured one.
type roll struct {
	mu      sync.Mutex
	added   []newcomer
	removed []string
}

// newcomer is a node and the pools that it is in besides those of "*".
type newcomer struct {
	node  config.Node
	pools []string
}

// over returns the configuration with the nodes that were added and without
// those that were removed.
func (r *roll) over(c config.Config) config.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
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
		if slices.ContainsFunc(c.Nodes, func(n config.Node) bool { return n.Name == x.node.Name }) {
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

// settle takes note of a configuration that came into force: a node that was
// taken away and is not in it any more has gone, and one of its name that a
// later configuration brings is new; one that was added and is in it by now is
// the configuration's.
func (r *roll) settle(c *config.Config) {
	r.mu.Lock()
	defer r.mu.Unlock()
	has := func(name string) bool {
		return slices.ContainsFunc(c.Nodes, func(n config.Node) bool { return n.Name == name })
	}
	stands := slices.Clone(r.removed)
	r.removed = slices.DeleteFunc(slices.Clone(r.removed), func(name string) bool { return !has(name) })
	r.added = slices.DeleteFunc(slices.Clone(r.added), func(x newcomer) bool { return has(x.node.Name) && !slices.Contains(stands, x.node.Name) })
}

// AddNode adds a node that text describes in JSON, with the keys of a node in
// the configuration, to the pools named and to those of all nodes. An
// *admin.Rejected says what is wrong with it.
func (g *Gateway) AddNode(ctx context.Context, text json.RawMessage, pools []string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil { // JSON is YAML, but nothing else may slip in
		return &admin.Rejected{Faults: []admin.ConfigFault{{Severity: "error", Message: "this is not one node"}}}
	}
	c, problems := config.Parse("node", []byte(`{"nodes": [`+string(text)+`]}`), WordsIn(g.places.dir))
	wrong := &admin.Rejected{}
	for _, p := range problems {
		if p.Severity == "error" && strings.HasPrefix(p.Path, "nodes") {
			wrong.Faults = append(wrong.Faults, admin.ConfigFault{Key: strings.TrimPrefix(strings.TrimPrefix(p.Path, "nodes[0]"), "."), Severity: "error", Message: p.Message, Hint: p.Hint})
		}
	}
	if len(wrong.Faults) == 0 && len(c.Nodes) != 1 {
		wrong.Faults = append(wrong.Faults, admin.ConfigFault{Severity: "error", Message: "this is not one node"})
	}
	if len(wrong.Faults) > 0 {
		return wrong
	}
	n := c.Nodes[0]
	return g.enrol(ctx, func(v *cluster.View, added []newcomer, removed []string) ([]newcomer, []string, error) {
		if v.Named(n.Name) != nil {
			return nil, nil, fmt.Errorf("adding node %q: %w", n.Name, admin.ErrTaken)
		}
		for _, p := range pools {
			if v.Pool(p) == nil {
				return nil, nil, fmt.Errorf("adding node %q to pool %q: %w", n.Name, p, cluster.ErrUnknownPool)
			}
		}
		added = slices.DeleteFunc(added, func(x newcomer) bool { return x.node.Name == n.Name })
		return append(added, newcomer{n, slices.Clone(pools)}), removed, nil
	})
}

// RemoveNode takes a node away: what it has moves to others. What operators
// said of it is forgotten.
func (g *Gateway) RemoveNode(ctx context.Context, name string) error {
	err := g.enrol(ctx, func(v *cluster.View, added []newcomer, removed []string) ([]newcomer, []string, error) {
		if v.Named(name) == nil {
			return nil, nil, fmt.Errorf("removing node %q: %w", name, cluster.ErrUnknownNode)
		}
		removed = slices.DeleteFunc(removed, func(n string) bool { return n == name })
		if slices.ContainsFunc(g.basis.Load().Nodes, func(n config.Node) bool { return n.Name == name }) {
			removed = append(removed, name)
		}
		return slices.DeleteFunc(added, func(x newcomer) bool { return x.node.Name == name }), removed, nil
	})
	if err != nil {
		return err
	}
	return g.Registry.Forget(name)
}

// enrol changes the roll and puts it into force, or leaves everything as it
// was.
func (g *Gateway) enrol(ctx context.Context, f func(*cluster.View, []newcomer, []string) ([]newcomer, []string, error)) error {
	return g.again(ctx, func() (func(), error) {
		r := &g.roll
		r.mu.Lock()
		defer r.mu.Unlock()
		was, gone := r.added, r.removed
		added, removed, err := f(g.Registry.View(), slices.Clone(was), slices.Clone(gone))
		if err != nil {
			return nil, err
		}
		r.added, r.removed = added, removed
		return func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.added, r.removed = was, gone
		}, nil
	})
}
