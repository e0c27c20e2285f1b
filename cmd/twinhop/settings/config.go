package settings

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// Config returns the verb "config".
func Config(g *ask.Global) *cobra.Command {
	return ask.Group("config", "the configuration of a running gateway", configReload(g))
}

func configReload(g *ask.Global) *cobra.Command {
	a := g.Asker()
	c := ask.Verb("reload", "read the files again and put them into force; if they are not valid, nothing changes", 0, func(c *cobra.Command, _ []string) error {
		var r struct {
			Changed []string `json:"changed"`
			Restart []string `json:"restart"`
		}
		if err := a.Do(c.Context(), "POST /config/reload", map[string]any{"reason": a.Reason}, &r); err != nil {
			return err
		}
		return a.Show(c.OutOrStdout(), r, func(w io.Writer) {
			ask.Line(w, "changed", ask.Dash(strings.Join(r.Changed, " ")))
			if len(r.Restart) > 0 {
				ask.Line(w, "after a restart", strings.Join(r.Restart, " "))
			}
		})
	})
	a.Changes(c, "")
	return c
}
