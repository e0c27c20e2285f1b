package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"
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

func resourcesCommand() *cobra.Command {
	return group("resources", "what calls take of the nodes of a running gateway", resourcesList(), resourcesStatus(), resourcesResize())
}

func resourcesList() *cobra.Command {
	a, of := &asker{}, boxOf{}
	c := verb("list", "what every node has and what is in use", 0, func(c *cobra.Command, _ []string) error {
		return a.boxes(c, "GET /resources", nil, of)
	})
	a.flags(c)
	c.Flags().StringVar(&of.pool, "pool", "", "of this `pool` only (default all)")
	return c
}

func resourcesStatus() *cobra.Command {
	a, of := &asker{}, boxOf{}
	c := verb("status NODE", "the same of one node", 1, func(c *cobra.Command, args []string) error {
		of.node = args[0]
		return a.boxes(c, "GET /resources", nil, of)
	})
	a.flags(c)
	c.Flags().StringVar(&of.pool, "pool", "", "in this `pool` only (default all)")
	return c
}

func resourcesResize() *cobra.Command {
	a, pool := &asker{}, ""
	c := verb("resize NODE RESOURCE CAPACITY", "say how much there is of a resource; what is in use stays in use", 3, func(c *cobra.Command, args []string) error {
		size, err := strconv.Atoi(args[2])
		if err != nil || size < 0 {
			return usage("%q is no capacity: a whole number, 0 or more", args[2])
		}
		body := map[string]any{"capacity": size, "pool": pool, "reason": a.reason}
		return a.boxes(c, "PATCH "+nodePath(args[0], "/resources/", args[1]), body, boxOf{node: args[0], pool: pool})
	})
	a.changes(c, "")
	c.Flags().StringVar(&pool, "pool", "", "in this `pool` only (default all)")
	return c
}

// boxOf says which boxes are meant; what is empty is any.
type boxOf struct{ node, pool string }

// boxes asks, and prints those of the answer that are meant.
func (a *asker) boxes(c *cobra.Command, what string, body any, of boxOf) error {
	var raw json.RawMessage
	if err := a.do(c.Context(), what, body, &raw); err != nil {
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
		return exit{exitNotFound, fmt.Errorf("there is no node %q that has resources%s", of.node, inPool(of.pool))}
	case of.pool != "":
		return exit{exitNotFound, fmt.Errorf("there is no node that has resources%s", inPool(of.pool))}
	}
	return a.show(c.OutOrStdout(), kept, func(w io.Writer) {
		line(w, "POOL", "NODE", "ENABLED", "RESOURCE", "USED", "CAPACITY", "FREE")
		for _, x := range all {
			for _, r := range x.Resources {
				line(w, x.Pool, x.Node, x.enabled(), r.Name, r.Used, r.Limit, r.Free)
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
