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
	a := &asker{}
	c := verb("list", "what every node has and what is in use", 0, func(c *cobra.Command, _ []string) error {
		return a.boxes(c, "GET /resources", nil, "")
	})
	a.flags(c)
	return c
}

func resourcesStatus() *cobra.Command {
	a := &asker{}
	c := verb("status NODE", "the same of one node", 1, func(c *cobra.Command, args []string) error {
		return a.boxes(c, "GET /resources", nil, args[0])
	})
	a.flags(c)
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
		return a.boxes(c, "PATCH "+nodePath(args[0], "/resources/", args[1]), body, args[0])
	})
	a.changes(c, "")
	c.Flags().StringVar(&pool, "pool", "", "only in this pool")
	return c
}

// boxes asks, and prints all nodes of the answer or one.
func (a *asker) boxes(c *cobra.Command, what string, body any, node string) error {
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
		if node == "" || x.Node == node {
			all, kept = append(all, x), append(kept, item)
		}
	}
	if node != "" && len(all) == 0 {
		return exit{exitNotFound, fmt.Errorf("there is no node %q that has resources", node)}
	}
	return a.show(c.OutOrStdout(), kept, func(w io.Writer) {
		line(w, "POOL", "NODE", "ENABLED", "RESOURCE", "USED", "CAPACITY", "FREE")
		for _, x := range all {
			for _, r := range x.Resources {
				line(w, x.Pool, x.Node, yesNo(x.Enabled), r.Name, r.Used, r.Limit, r.Free)
			}
		}
	})
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
