package nodes

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// node is what the API says of a node, as far as tables show it.
type node struct {
	Name       string            `json:"name"`
	Route      string            `json:"route"`
	Domain     string            `json:"domain"`
	Activation string            `json:"activation"`
	Health     map[string]string `json:"health"`
	Addresses  map[string]string `json:"addresses"`
	Weight     int               `json:"weight"`
	Sessions   int               `json:"sessions"`
	Calls      int               `json:"calls"`
	Running    int64             `json:"running"`
	Version    int               `json:"version"`
	Failed     int64             `json:"failed"`
	Rate       float64           `json:"rate"`
	Pools      []member          `json:"pools"`
	Instance   string            `json:"instance"`
	Draining   bool              `json:"draining"`
	Announced  *announced        `json:"announced"` // nil: it is configured
	Checks     map[string]struct {
		State, Why, Detail string
		TookMs             float64
	} `json:"checks"`
}

// announced is what a node told of itself.
type announced struct {
	By, Incarnation, HostName, Health string
	Last                              time.Time
	Heartbeats                        int64
	Load                              *struct{ Weight, Load, Free int } // -1: it did not say
}

// facts are what it said of itself besides its addresses.
func (a *announced) facts(version int) string {
	s := fmt.Sprintf("host=%s version=%d", ask.Dash(a.HostName), version)
	if a.Health != "" {
		s += " health=" + a.Health
	}
	if l := a.Load; l != nil && l.Load >= 0 {
		s += fmt.Sprintf(" load=%d", l.Load)
	}
	if l := a.Load; l != nil && l.Free >= 0 {
		s += fmt.Sprintf(" free=%d", l.Free)
	}
	return s
}

// String tells by which protocol, and how long ago the node was heard last.
func (a *announced) String() string {
	if a == nil {
		return "-"
	}
	return fmt.Sprintf("%s %s ago", a.By, time.Since(a.Last).Truncate(100*time.Millisecond))
}

type member struct {
	Name, Activation, State, Route, Domain, Redirect string
	Weight, Distance, BusyLimit                      int
	Elected, Busy, Errors, Value                     int64
}

// asker is a verb of this room.
type asker struct{ ask.Asker }

func of(g *ask.Global) *asker { return &asker{g.Asker()} }

// Command returns the verb "nodes".
func Command(g *ask.Global) *cobra.Command {
	return ask.Group("nodes", "list, change and drain the nodes of a running gateway",
		nodesList(g), nodesShow(g), nodesActivation(g, "activate", "active", "give it new work again"),
		nodesActivation(g, "disable", "disabled", "leave it what it has and give it nothing new"),
		nodesActivation(g, "stop", "stopped", "take away what it has, at once"),
		nodesDrain(g), nodesDrains(g), nodesSet(g), nodesWeight(g), nodesAction(g, "recover", "let the next request try it, if it is in error"),
		nodesAction(g, "probe", "ask it now how it is, and show the answer"), nodesAction(g, "reset", "set its counters to zero"), nodesAdd(g), nodesRemove(g), nodesSwitchover(g))
}

func nodesList(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("list", "all nodes", 0, func(c *cobra.Command, _ []string) error {
		var raw json.RawMessage
		if err := a.Do(c.Context(), "GET /nodes", nil, &raw); err != nil {
			return err
		}
		var list struct{ Items []node }
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			ask.Line(w, "NAME", "ACTIVATION", "HEALTH", "SESSIONS", "CALLS", "RUNNING", "REQ/S", "FAILED", "WEIGHT", "ROUTE", "HEARTBEAT")
			for _, n := range list.Items {
				ask.Line(w, n.Name, n.Activation, health(n.Health), n.Sessions, n.Calls, n.Running, fmt.Sprintf("%.1f", n.Rate), n.Failed, n.Weight, n.Route, n.Announced)
			}
		})
	})
	return c
}

func health(by map[string]string) string {
	var all []string
	for _, service := range slices.Sorted(maps.Keys(by)) {
		all = append(all, service+"="+by[service])
	}
	return ask.Dash(strings.Join(all, " "))
}

func nodePath(name string, more ...string) string {
	return "/nodes/" + url.PathEscape(name) + strings.Join(more, "")
}

func nodesShow(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("show NODE", "one node and its places in pools", 1, func(c *cobra.Command, args []string) error {
		var raw json.RawMessage
		if err := a.Do(c.Context(), "GET "+nodePath(args[0]), nil, &raw); err != nil {
			return err
		}
		return a.showNode(c.OutOrStdout(), raw)
	})
	return c
}

// showNode prints one node.
func (a *asker) showNode(out io.Writer, raw json.RawMessage) error {
	var n node
	if err := json.Unmarshal(raw, &n); err != nil {
		return err
	}
	return a.Show(out, raw, func(w io.Writer) {
		ask.Line(w, "name", n.Name)
		activation := []any{"activation", n.Activation}
		if n.Draining {
			activation = append(activation, "it asked for nothing new")
		}
		ask.Line(w, activation...)
		if n.Instance != "" {
			ask.Line(w, "instance", n.Instance)
		}
		if x := n.Announced; x != nil {
			ask.Line(w, "heartbeat", x, fmt.Sprintf("%d of incarnation %s", x.Heartbeats, ask.Dash(x.Incarnation)))
			ask.Line(w, "announced", x.facts(n.Version))
		}
		for _, service := range slices.Sorted(maps.Keys(n.Addresses)) {
			check := n.Checks[service]
			ask.Line(w, service, n.Addresses[service], n.Health[service], strings.TrimSpace(check.Why+" "+check.Detail))
		}
		ask.Line(w, "sessions", n.Sessions)
		ask.Line(w, "calls", n.Calls)
		ask.Line(w, "requests", n.Running)
		for _, m := range n.Pools {
			ask.Line(w, "pool "+m.Name, m.Activation, ask.Dash(m.State), fmt.Sprintf("route=%s weight=%d distance=%d domain=%s redirect=%s busyLimit=%d elected=%d errors=%d",
				m.Route, m.Weight, m.Distance, ask.Dash(m.Domain), ask.Dash(m.Redirect), m.BusyLimit, m.Elected, m.Errors))
		}
	})
}
