package watching

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// Status returns the verb "status".
func Status(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("status", "how the gateway is, on one screen; exit code 0 when all is good, else 1", 0, func(c *cobra.Command, _ []string) error {
		v, raw, err := a.look(c.Context())
		if err != nil {
			return err
		}
		out := c.OutOrStdout()
		err = a.Show(out, raw, func(io.Writer) {
			if a.Quiet {
				fmt.Fprintln(out, v.Class)
				return
			}
			print(out, v.head(g, out), []string{""}, v.rows(g, out, a.Output.Wide()), []string{""}, v.recent(5))
		})
		if err == nil && !v.good() {
			return ask.Exit{Code: ask.Failed}
		}
		return err
	})
	c.Long = `status shows whether the gateway is good, degraded or bad, its rates, its nodes
and what changed lately.

good      nothing is wrong; that an operator disabled a node is not wrong
degraded  a node is down, a check fails, or the table of sessions is full
bad       no node can serve one of the protocols

It exits 0 when it is good and ready, else 1, also when no gateway answers.`
	c.Example = "  twinhop status\n  twinhop status -q\n  twinhop status -o json | jq .class"
	return c
}

func print(w io.Writer, parts ...[]string) {
	for _, p := range parts {
		for _, l := range p {
			fmt.Fprintln(w, l)
		}
	}
}
