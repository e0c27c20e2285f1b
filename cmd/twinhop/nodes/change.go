package nodes

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// change patches a node and prints what it is then, and how it is changed back.
func (a *asker) change(c *cobra.Command, name string, body map[string]any) error {
	var before node
	if _, err := a.Read(c.Context(), nodePath(name), &before); err != nil {
		return err
	}
	undo := before.undo(body)
	if a.Reason != "" {
		body["reason"] = a.Reason
	}
	if a.Force {
		body["force"] = true
	}
	var raw json.RawMessage
	if err := a.Do(c.Context(), "PATCH "+nodePath(name), body, &raw); err != nil {
		return err
	}
	if a.Trial {
		return a.ShowTrial(c, raw)
	}
	for _, line := range undo {
		a.Undo(c, line)
	}
	return a.showNode(c.OutOrStdout(), raw)
}

// undo are the command lines that say again what the node is now, of all that body changes: one for all pools
// when they agree, else one for each.
func (n *node) undo(body map[string]any) (lines []string) {
	pool, one := body["pool"].(string)
	for i := range n.Pools {
		m := &n.Pools[i]
		if one && m.Name != pool {
			continue
		}
		line := m.undo(n.Name, body)
		if !one && n.agree(func(x *member) string { return x.undo(n.Name, body) }) {
			return []string{line}
		}
		lines = append(lines, line+" --pool "+m.Name)
	}
	return lines
}

// agree tells whether something is the same in all pools.
func (n *node) agree(of func(*member) string) bool {
	for i := range n.Pools {
		if of(&n.Pools[i]) != of(&n.Pools[0]) {
			return false
		}
	}
	return true
}

// undo is the command line for one pool.
func (m *member) undo(node string, body map[string]any) string {
	if body["activation"] != nil {
		verb := map[string]string{"active": "activate", "disabled": "disable", "stopped": "stop"}[m.Activation]
		return "twinhop nodes " + verb + " " + node
	}
	if body["weight"] != nil {
		return fmt.Sprintf("twinhop nodes weight %s %d", node, m.Weight)
	}
	line := "twinhop nodes set " + node
	for _, x := range []struct{ key, flag, text string }{{"route", "route", m.Route}, {"domain", "domain", m.Domain}, {"redirect", "redirect", m.Redirect},
		{"distance", "distance", strconv.Itoa(m.Distance)}, {"busyLimit", "busy-limit", strconv.Itoa(m.BusyLimit)}} {
		if body[x.key] == nil {
			continue
		}
		if x.text == "" || strings.ContainsAny(x.text, " '\"") {
			x.text = "'" + x.text + "'"
		}
		line += " --" + x.flag + " " + x.text
	}
	return line
}

func nodesActivation(g *ask.Global, name, to, short string) *cobra.Command {
	a := of(g)
	var pool string
	c := ask.Verb(name+" NODE", short, 1, func(c *cobra.Command, args []string) error {
		body := map[string]any{"activation": to}
		if pool != "" {
			body["pool"] = pool
		}
		return a.change(c, args[0], body)
	})
	c.Flags().StringVar(&pool, "pool", "", "in this `pool` only (default all)")
	a.Tries(c)
	a.Changes(c, "even if no other node can be given new work then")
	return c
}

func nodesWeight(g *ask.Global) *cobra.Command {
	a := of(g)
	var pool string
	c := ask.Verb("weight NODE N", "its share of new work beside that of others", 2, func(c *cobra.Command, args []string) error {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return ask.Usage("weight: %q is not a number from 1 up", args[1])
		}
		body := map[string]any{"weight": n}
		if pool != "" {
			body["pool"] = pool
		}
		return a.change(c, args[0], body)
	})
	c.Flags().StringVar(&pool, "pool", "", "in this `pool` only (default all)")
	a.Tries(c)
	a.Changes(c, "")
	return c
}

func nodesSet(g *ask.Global) *cobra.Command {
	a := of(g)
	texts, numbers := map[string]*string{}, map[string]*int{}
	c := ask.Verb("set NODE", "other words of its place in pools", 1, func(c *cobra.Command, args []string) error {
		body := map[string]any{}
		for key, v := range texts {
			if c.Flags().Changed(key) {
				body[key] = *v
			}
		}
		for key, v := range numbers {
			if flag := map[string]string{"busyLimit": "busy-limit"}[key]; c.Flags().Changed(flag) || flag == "" && c.Flags().Changed(key) {
				body[key] = *v
			}
		}
		return a.change(c, args[0], body)
	})
	for key, help := range map[string]string{"pool": "in this `pool` only (default all)", "route": "the `jvmRoute` of its sessions",
		"domain": "the `group` of nodes that share sessions", "redirect": "the `route` of its preferred substitute"} {
		texts[key] = c.Flags().String(key, "", help)
	}
	numbers["distance"] = c.Flags().Int("distance", 0, "smaller is preferred")
	numbers["busyLimit"] = c.Flags().Int("busy-limit", 0, "HTTP requests it may have at a time, 0: any number")
	a.Tries(c)
	a.Changes(c, "")
	return c
}

func nodesAction(g *ask.Global, name, short string) *cobra.Command {
	a := of(g)
	c := ask.Verb(name+" NODE", short, 1, func(c *cobra.Command, args []string) error {
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST "+nodePath(args[0], "/actions/", name), map[string]any{"reason": a.Reason}, &raw); err != nil {
			return err
		}
		return a.showNode(c.OutOrStdout(), raw)
	})
	a.Changes(c, "")
	return c
}
