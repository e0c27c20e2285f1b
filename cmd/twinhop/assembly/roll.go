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
// operator do; a node that the configuration has by now is the
// configuration's.
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

// change replaces the roll and returns how to take that back.
func (r *roll) change(f func(added []newcomer, removed []string) ([]newcomer, []string)) (undo func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	added, removed := r.added, r.removed
	r.added, r.removed = f(slices.Clone(added), slices.Clone(removed))
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.added, r.removed = added, removed
	}
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
	g.enlist.Lock()
	defer g.enlist.Unlock()
	n, v := c.Nodes[0], g.Registry.View()
	if v.Named(n.Name) != nil {
		return fmt.Errorf("adding node %q: there is a node of this name", n.Name)
	}
	for _, p := range pools {
		if v.Pool(p) == nil {
			return fmt.Errorf("adding node %q to pool %q: %w", n.Name, p, cluster.ErrUnknownPool)
		}
	}
	return g.enrol(ctx, func(added []newcomer, removed []string) ([]newcomer, []string) {
		added = slices.DeleteFunc(added, func(x newcomer) bool { return x.node.Name == n.Name })
		removed = slices.DeleteFunc(removed, func(name string) bool { return name == n.Name })
		return append(added, newcomer{n, slices.Clone(pools)}), removed
	})
}

// RemoveNode takes a node away: what it has moves to others.
func (g *Gateway) RemoveNode(ctx context.Context, name string) error {
	g.enlist.Lock()
	defer g.enlist.Unlock()
	if g.Registry.View().Named(name) == nil {
		return fmt.Errorf("removing node %q: %w", name, cluster.ErrUnknownNode)
	}
	return g.enrol(ctx, func(added []newcomer, removed []string) ([]newcomer, []string) {
		return slices.DeleteFunc(added, func(x newcomer) bool { return x.node.Name == name }), append(removed, name)
	})
}

// enrol changes the roll and puts it into force, or leaves everything as it
// was.
func (g *Gateway) enrol(ctx context.Context, f func([]newcomer, []string) ([]newcomer, []string)) error {
	undo := g.roll.change(f)
	if err := g.again(ctx); err != nil {
		undo()
		return err
	}
	return nil
}
