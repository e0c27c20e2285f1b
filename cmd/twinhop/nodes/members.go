package nodes

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

func nodesAdd(g *ask.Global) *cobra.Command {
	a := of(g)
	var pools, sip []string
	texts := map[string]*string{}
	var weight, distance int
	var capacity map[string]int
	c := ask.Verb("add NODE", "add a node, for as long as the gateway runs", 1, func(c *cobra.Command, args []string) error {
		n := map[string]any{"name": args[0], "weight": weight, "distance": distance}
		for key, v := range texts {
			if *v != "" {
				n[key] = *v
			}
		}
		if len(sip) > 0 {
			n["sip"] = sip
		}
		if len(capacity) > 0 {
			n["capacity"] = capacity
		}
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST /nodes", map[string]any{"node": n, "pools": pools, "reason": a.Reason}, &raw); err != nil {
			return err
		}
		a.Undo(c, "twinhop nodes remove "+args[0])
		return a.showNode(c.OutOrStdout(), raw)
	})
	for key, help := range map[string]string{"http": "its `address`: http://host:port or ajp://host:port", "route": "its `jvmRoute` (default its name)",
		"domain": "the `group` of nodes that share sessions", "redirect": "the `route` of its preferred substitute"} {
		texts[key] = c.Flags().String(key, "", help)
	}
	c.Flags().StringSliceVar(&sip, "sip", nil, "its `addresses`: udp://host:port, or with tcp or tls in front")
	c.Flags().StringSliceVar(&pools, "pool", nil, "`pools` to put it into, besides those of all nodes")
	c.Flags().StringToIntVar(&capacity, "capacity", nil, "what it has of `resources` that calls take: pstn=32,vm=50")
	c.Flags().IntVar(&weight, "weight", 1, "its share of new work")
	c.Flags().IntVar(&distance, "distance", 0, "smaller is preferred")
	a.Changes(c, "")
	return c
}

func nodesRemove(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("remove NODE", "take a node away; one that announced itself, until its process is another", 1, func(c *cobra.Command, args []string) error {
		var n node
		if err := a.Do(c.Context(), "GET "+nodePath(args[0]), nil, &n); err != nil {
			return err
		}
		var raw json.RawMessage
		err := a.Do(c.Context(), "DELETE "+nodePath(args[0]), map[string]any{"force": a.Force, "reason": a.Reason}, &raw)
		switch {
		case err != nil:
			return err
		case a.Trial:
			return a.ShowTrial(c, raw)
		case n.Announced != nil:
			a.Talk(c, "%s is gone. It announced itself: it comes back when it is started again.", n.Name)
			return nil
		}
		a.Talk(c, "%s is gone, with what it held: %d sessions, %d calls.", n.Name, n.Sessions, n.Calls)
		a.Undo(c, n.added())
		return nil
	})
	a.Tries(c)
	a.Changes(c, "even if it holds sessions or calls, which move to others, or no other node can be given new work then")
	return c
}

func nodesSwitchover(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("switchover FROM TO", "move everything from the node of one route, dead or alive, to that of another", 2, func(c *cobra.Command, args []string) error {
		var done struct{ Moved int }
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST /switchover", map[string]any{"from": args[0], "to": args[1], "force": a.Force, "reason": a.Reason}, &raw); err != nil {
			return err
		}
		if a.Trial {
			return a.ShowTrial(c, raw)
		}
		if err := json.Unmarshal(raw, &done); err != nil {
			return err
		}
		a.Talk(c, "What has moved is not told apart any more from what was there: twinhop nodes switchover %s %s would move both.", args[1], args[0])
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) { ask.Line(w, done.Moved, "sessions moved") })
	})
	a.Tries(c)
	a.Changes(c, "even to a node that is stopped or down")
	return c
}

// added is the command line that adds the node once more.
func (n *node) added() string {
	line := fmt.Sprintf("twinhop nodes add %s --route %s --weight %d", n.Name, n.Route, n.Weight)
	for _, service := range slices.Sorted(maps.Keys(n.Addresses)) {
		line += fmt.Sprintf(" --%s %s", service, n.Addresses[service])
	}
	for _, m := range n.Pools {
		if m.Name != "default" {
			line += " --pool " + m.Name
		}
	}
	return line
}
