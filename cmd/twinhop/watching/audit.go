package watching

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// deed is what the API says of something that somebody did.
type deed struct {
	ID, Actor, Role, Via, IP, Action, Object, Reason, RequestID, Result string
	At                                                                  time.Time
	Status                                                              int
	DryRun                                                              bool
	Before, After                                                       json.RawMessage
}

// change is what became of what, on a line.
func (d *deed) change() string {
	if len(d.Before)+len(d.After) == 0 {
		return "-"
	}
	return ask.Dash(string(d.Before)) + " -> " + ask.Dash(string(d.After))
}

// result says whether it was done.
func (d *deed) result() string {
	s := d.Result
	if d.Result != "ok" && d.Status != 0 {
		s += fmt.Sprintf(" %d", d.Status)
	}
	if d.DryRun {
		s += ", dry run"
	}
	return s
}

// Audit returns the verb "audit".
func Audit(g *ask.Global) *cobra.Command {
	a, limit, since, until := of(g), 50, "", ""
	words := map[string]*string{}
	c := ask.Verb("audit", "who did what to the gateway, and why; the last at the end", 0, func(c *cobra.Command, _ []string) error {
		said := map[string]string{}
		for name, v := range words {
			said[name] = *v
		}
		q, err := query(said, since, until, limit)
		if err != nil {
			return err
		}
		var page struct{ Items []deed }
		raw, err := a.Read(c.Context(), "/audit?"+q, &page)
		if err != nil {
			return err
		}
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			header := []any{"AT", "ACTOR", "ACTION", "OBJECT", "RESULT", "REASON"}
			if a.Output.Wide() {
				header = append(header, "ROLE", "VIA", "IP", "REQUEST", "CHANGE")
			}
			ask.Line(w, header...)
			for _, d := range slices.Backward(page.Items) {
				row := []any{ask.Clock(d.At), d.Actor, d.Action, ask.Dash(d.Object), d.result(), ask.Dash(strings.ReplaceAll(d.Reason, "\n", " "))}
				if a.Output.Wide() {
					row = append(row, d.Role, d.Via, ask.Dash(d.IP), ask.Dash(d.RequestID), d.change())
				}
				ask.Line(w, row...)
			}
		})
	})
	for name, help := range map[string]string{"actor": "by this `user`, token:NAME or local", "action": "this `action`: node.drain, config.apply",
		"object": "to this `thing`: node:node1, session:s_…, user:ada", "via": "by this `way`: cookie, token, socket, signal, jkstatus", "result": "with this `result`: ok or refused"} {
		words[name] = c.Flags().String(name, "", help)
	}
	period(c, &since, &until)
	c.Flags().IntVar(&limit, "limit", limit, "the last `n`")
	c.Example = "  twinhop audit --since 24h\n  twinhop audit --action node.drain -o wide\n  twinhop audit --actor ops -o json"
	return c
}
