package nodes

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// box is what the API says of the resources of a node in a pool.
type box struct {
	Pool, Node string
	Enabled    bool
	Why        string
	Resources  []struct {
		Name              string
		Limit, Used, Free int64
		Full              bool
	}
}

// Resources returns the verb "resources".
func Resources(g *ask.Global) *cobra.Command {
	return ask.Group("resources", "what calls take of the nodes of a running gateway", resourcesList(g), resourcesStatus(g), resourcesResize(g))
}

func resourcesList(g *ask.Global) *cobra.Command {
	a, of := of(g), boxOf{}
	c := ask.Verb("list", "what every node has and what is in use", 0, func(c *cobra.Command, _ []string) error {
		return a.boxes(c, "GET /resources", nil, of)
	})
	c.Flags().StringVar(&of.pool, "pool", "", "of this `pool` only (default all)")
	return c
}

func resourcesStatus(g *ask.Global) *cobra.Command {
	a, of := of(g), boxOf{}
	c := ask.Verb("status NODE", "the same of one node", 1, func(c *cobra.Command, args []string) error {
		of.node = args[0]
		return a.boxes(c, "GET /resources", nil, of)
	})
	c.Flags().StringVar(&of.pool, "pool", "", "in this `pool` only (default all)")
	return c
}

func resourcesResize(g *ask.Global) *cobra.Command {
	a, pool := of(g), ""
	c := ask.Verb("resize NODE RESOURCE CAPACITY", "say how much there is of a resource; what is in use stays in use", 3, func(c *cobra.Command, args []string) error {
		size, err := strconv.Atoi(args[2])
		if err != nil || size < 0 {
			return ask.Usage("%q is no capacity: a whole number, 0 or more", args[2])
		}
		var before struct{ Items []box }
		if _, err := a.Read(c.Context(), "/resources", &before); err != nil {
			return err
		}
		body := map[string]any{"capacity": size, "pool": pool, "reason": a.Reason}
		err = a.boxes(c, "PATCH "+nodePath(args[0], "/resources/", args[1]), body, boxOf{node: args[0], pool: pool})
		for _, x := range before.Items {
			for _, r := range x.Resources {
				if err == nil && x.Node == args[0] && r.Name == args[1] && (pool == "" || x.Pool == pool) {
					a.Undo(c, fmt.Sprintf("twinhop resources resize %s %s %d --pool %s", x.Node, r.Name, r.Limit, x.Pool))
				}
			}
		}
		return err
	})
	a.Changes(c, "")
	c.Flags().StringVar(&pool, "pool", "", "in this `pool` only (default all)")
	return c
}

// boxOf says which boxes are meant; what is empty is any.
type boxOf struct{ node, pool string }

// boxes asks, and prints those of the answer that are meant.
func (a *asker) boxes(c *cobra.Command, what string, body any, of boxOf) error {
	var raw json.RawMessage
	if err := a.Do(c.Context(), what, body, &raw); err != nil {
		return err
	}
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	var all []box
	kept := []json.RawMessage{}
	for _, item := range list.Items {
		var x box
		if err := json.Unmarshal(item, &x); err != nil {
			return err
		}
		if (of.node == "" || x.Node == of.node) && (of.pool == "" || x.Pool == of.pool) {
			all, kept = append(all, x), append(kept, item)
		}
	}
	switch {
	case len(all) > 0:
	case of.node != "":
		return ask.End(ask.NotFound, fmt.Errorf("there is no node %q that has resources%s", of.node, inPool(of.pool)))
	case of.pool != "":
		return ask.End(ask.NotFound, fmt.Errorf("there is no node that has resources%s", inPool(of.pool)))
	}
	return a.Show(c.OutOrStdout(), kept, func(w io.Writer) {
		ask.Line(w, "POOL", "NODE", "ENABLED", "RESOURCE", "USED", "CAPACITY", "FREE")
		for _, x := range all {
			for _, r := range x.Resources {
				ask.Line(w, x.Pool, x.Node, x.enabled(), r.Name, r.Used, r.Limit, r.Free)
			}
		}
	})
}

func inPool(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" in pool %q", name)
}

// enabled is yes, or why not.
func (x *box) enabled() string {
	if x.Enabled {
		return "yes"
	}
	return x.Why
}
