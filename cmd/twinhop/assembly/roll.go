package assembly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"twinhop/admin"
	"twinhop/admin/problem"
	"twinhop/cmd/twinhop/roll"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// AddNode adds a node that text describes in JSON, with the keys of a node in
// the configuration, to the pools named and to those of all nodes. An
// *problem.Rejected says what is wrong with it.
func (g *Gateway) AddNode(ctx context.Context, text json.RawMessage, pools []string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil { // JSON is YAML, but nothing else may slip in
		return &problem.Rejected{Faults: []problem.Fault{{Severity: "error", Message: "this is not one node"}}}
	}
	c, problems := config.Parse("node", []byte(`{"nodes": [`+string(text)+`]}`), WordsIn(g.places.dir))
	wrong := &problem.Rejected{}
	for _, p := range problems {
		if p.Severity == "error" && strings.HasPrefix(p.Path, "nodes") {
			wrong.Faults = append(wrong.Faults, problem.Fault{Pointer: strings.TrimPrefix(strings.TrimPrefix(p.Path, "nodes[0]"), "."), Severity: "error", Message: p.Message, Hint: p.Hint})
		}
	}
	if len(wrong.Faults) == 0 && len(c.Nodes) != 1 {
		wrong.Faults = append(wrong.Faults, problem.Fault{Severity: "error", Message: "this is not one node"})
	}
	if len(wrong.Faults) == 0 {
		now := *g.present.Load()
		now.Listen = g.config.Listen // those there are, whatever a reload says
		if err := now.Reaches(&c.Nodes[0]); err != nil {
			wrong.Faults = append(wrong.Faults, problem.Fault{Pointer: "sip", Severity: "error", Message: err.Error()})
		}
	}
	if len(wrong.Faults) > 0 {
		return wrong
	}
	n := c.Nodes[0]
	return g.enrol(ctx, func(v *cluster.View) (roll.Roll, error) {
		if v.Named(n.Name) != nil {
			return roll.Roll{}, fmt.Errorf("adding node %q: %w", n.Name, admin.ErrTaken)
		}
		for _, p := range pools {
			if v.Pool(p) == nil {
				return roll.Roll{}, fmt.Errorf("adding node %q to pool %q: %w", n.Name, p, cluster.ErrUnknownPool)
			}
		}
		return g.roll.Add(n, pools), nil
	})
}

// RemoveNode takes a node away: what it has moves to others. What operators
// said of it is forgotten. One that announced itself stays away until its
// process is another.
func (g *Gateway) RemoveNode(ctx context.Context, name string) error {
	if took, err := g.hearts.Took(name); took {
		return errors.Join(err, g.Registry.Forget(name))
	}
	err := g.enrol(ctx, func(v *cluster.View) (roll.Roll, error) {
		if v.Named(name) == nil {
			return roll.Roll{}, fmt.Errorf("removing node %q: %w", name, cluster.ErrUnknownNode)
		}
		return g.roll.Remove(name, g.basis.Load()), nil
	})
	if err != nil {
		return err
	}
	return g.Registry.Forget(name)
}

// enrol puts another roll into force, or leaves everything as it was.
func (g *Gateway) enrol(ctx context.Context, next func(*cluster.View) (roll.Roll, error)) error {
	return g.again(ctx, func() (func(), error) {
		old := g.roll
		r, err := next(g.Registry.View())
		if err != nil {
			return nil, err
		}
		g.roll = r
		return func() { g.roll = old }, nil
	})
}
