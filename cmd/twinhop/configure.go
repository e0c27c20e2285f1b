package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func configCommand() *cobra.Command {
	return group("config", "the configuration of a running gateway", configReload())
}

func configReload() *cobra.Command {
	a := &asker{}
	c := verb("reload", "read the files again and put them into force; if they are not valid, nothing changes", 0, func(c *cobra.Command, _ []string) error {
		var r struct {
			Changed []string `json:"changed"`
			Restart []string `json:"restart"`
		}
		if err := a.do(c.Context(), "POST /config/reload", map[string]any{"reason": a.reason}, &r); err != nil {
			return err
		}
		return a.show(c.OutOrStdout(), r, func(w io.Writer) {
			line(w, "changed", dash(strings.Join(r.Changed, " ")))
			if len(r.Restart) > 0 {
				line(w, "after a restart", strings.Join(r.Restart, " "))
			}
		})
	})
	a.changes(c, "")
	return c
}
