package ask

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/gateway/config/form"
)

// Verb is a command with exactly n arguments; use names them.
func Verb(use, short string, n int, run func(c *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, RunE: func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return Usage("%s takes %d arguments and got %d: %s", c.Name(), n, len(args), strings.TrimSuffix(c.UseLine(), " [flags]"))
		}
		return run(c, args)
	}}
}

// Group is a command that is nothing without one of its verbs.
func Group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return Unknown("verb", c, args[0])
		}
		return c.Help()
	}}
	c.AddCommand(verbs...)
	return c
}

// Unknown complains of a word that is none of the commands below c, and names the nearest one.
func Unknown(what string, c *cobra.Command, word string) error {
	var names []string
	for _, s := range c.Commands() {
		if !s.Hidden {
			names = append(names, append(s.Aliases, s.Name())...)
		}
	}
	hint := ""
	if w := form.Nearest(word, names); w != "" {
		hint = fmt.Sprintf("; did you mean %q?", w)
	} else if c.HasParent() {
		hint = fmt.Sprintf("; %s --help lists them", c.CommandPath())
	}
	if c.HasParent() {
		return Usage("%s has no %s %q%s", c.Name(), what, word, hint)
	}
	return Usage("unknown %s %q%s", what, word, hint)
}

// Dash prints something that may be empty.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Line prints a row of a table.
func Line(w io.Writer, cells ...any) {
	for i, x := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, x)
	}
	fmt.Fprintln(w)
}

// Changing is a verb that changes something, for a reason. It takes the arguments that use names.
func Changing(g *Global, use, short string, ask func(a *Asker, c *cobra.Command, args []string) error) *cobra.Command {
	a := g.Asker()
	c := Verb(use, short, len(strings.Fields(use))-1, func(c *cobra.Command, args []string) error { return ask(&a, c, args) })
	a.Changes(c, "")
	return c
}

// Said asks for a change and prints what is true then, or the answer. said are that in words for people, and how it is undone, "" if it cannot be.
func (a *Asker) Said(c *cobra.Command, what string, body map[string]any, said [2]string) error {
	raw := json.RawMessage("{}")
	body["reason"] = a.Reason
	if err := a.Do(c.Context(), what, body, &raw); err != nil {
		return err
	}
	a.Undo(c, said[1])
	return a.Show(c.OutOrStdout(), raw, func(w io.Writer) { fmt.Fprintln(w, said[0]) })
}

// Talk tells people something besides the result, on standard error, unless -q is given.
func (a *Asker) Talk(c *cobra.Command, format string, args ...any) {
	if !a.Quiet {
		fmt.Fprintf(c.ErrOrStderr(), format+"\n", args...)
	}
}

// Undo tells how what was changed is changed back.
func (a *Asker) Undo(c *cobra.Command, how string) {
	if how != "" {
		a.Talk(c, "To undo: %s", how)
	}
}

// Table is a list that the API has, and how it is shown.
type Table[T any] struct {
	Short, Path string
	Header      []any
	Row         func(T) []any
}

// Listing is a verb that shows all of something.
func Listing[T any](g *Global, t Table[T]) *cobra.Command {
	a := g.Asker()
	return Verb("list", t.Short, 0, func(c *cobra.Command, _ []string) error {
		var raw json.RawMessage
		var list struct{ Items []T }
		err := a.Do(c.Context(), "GET "+t.Path, nil, &raw)
		if err == nil {
			err = json.Unmarshal(raw, &list)
		}
		if err != nil {
			return err
		}
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			Line(w, t.Header...)
			for _, x := range list.Items {
				Line(w, t.Row(x)...)
			}
		})
	})
}
