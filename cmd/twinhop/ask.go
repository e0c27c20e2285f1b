package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/cmd/twinhop/remote"
)

// asker is what the verbs that ask a running gateway have in common.
type asker struct {
	socket, output, reason string
	force                  bool
}

// flags adds the flags of every such verb.
func (a *asker) flags(c *cobra.Command) {
	c.Flags().StringVar(&a.socket, "socket", "", "the unix `socket` of the gateway (default $TWINHOP_SOCKET, or admin.sock in the usual state directory)")
	outputFlag(c, &a.output)
}

// changes adds the flags of verbs that change something.
func (a *asker) changes(c *cobra.Command, force string) {
	a.flags(c)
	c.Flags().StringVar(&a.reason, "reason", "", "why, for those who read the log later")
	if force != "" {
		c.Flags().BoolVar(&a.force, "force", false, force)
	}
}

// do asks (see remote.Client.Do), and turns what the gateway says into an exit code.
func (a *asker) do(ctx context.Context, what string, in, out any) error {
	socket := a.socket
	if socket == "" {
		socket = os.Getenv("TWINHOP_SOCKET")
	}
	if socket == "" {
		socket = filepath.Join(assembly.StateDir(), "admin.sock")
	}
	client := remote.New(socket)
	defer client.Close()
	err := client.Do(ctx, what, in, out)
	var p *remote.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch p.Status {
	case http.StatusNotFound:
		return exit{exitNotFound, err}
	case http.StatusForbidden, http.StatusUnauthorized:
		return exit{exitNotAllowed, err}
	}
	return err
}

// show prints an answer: as it came, or as a table.
func (a *asker) show(w io.Writer, answer any, table func(w io.Writer)) error {
	if a.output == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(answer)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	table(t)
	return t.Flush()
}

// verb is a command with exactly n arguments; use names them.
func verb(use, short string, n int, run func(c *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, RunE: func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s takes %d arguments and got %d: twinhop %s %s", c.Name(), n, len(args), c.Parent().Name(), c.Use)
		}
		return run(c, args)
	}}
}

// group is a command that is nothing without one of its verbs.
func group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("%s has no verb %q; twinhop %s --help lists them", c.Name(), args[0], c.Name())
		}
		return c.Help()
	}}
	c.AddCommand(verbs...)
	return c
}

// dash prints something that may be empty.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// line prints a row of a table.
func line(w io.Writer, cells ...any) {
	for i, x := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, x)
	}
	fmt.Fprintln(w)
}
