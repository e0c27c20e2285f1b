package manual

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"twinhop/cmd/twinhop/ask"
)

// commands are root and all below it that people are to know, a group before its verbs.
func commands(root *cobra.Command) (all []*cobra.Command) {
	all = append(all, root)
	for _, c := range root.Commands() {
		if !c.Hidden && c.Name() != "help" {
			all = append(all, commands(c)...)
		}
	}
	return all
}

// flags are the command's own, sorted by name; that of help is left out.
func flags(c *cobra.Command) (all []*pflag.Flag) {
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			all = append(all, f)
		}
	})
	return all
}

// form is how a flag is written: "-o, --output form".
func form(f *pflag.Flag) (written, usage string) {
	value, usage := pflag.UnquoteUsage(f)
	written = "--" + f.Name
	if f.Shorthand != "" {
		written = "-" + f.Shorthand + ", " + written
	}
	if value != "" {
		written += " " + value
	}
	if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" && d != "0s" && !strings.Contains(usage, "(default") {
		usage += " (default " + d + ")"
	}
	return written, usage
}

// synopsis is how a command is called.
func synopsis(c *cobra.Command) string {
	s := strings.TrimSuffix(c.UseLine(), " [flags]")
	switch {
	case c.HasSubCommands():
		return c.CommandPath() + " VERB"
	case len(flags(c)) > 0:
		s += " [FLAGS]"
	}
	return s
}

// code is one of the exit codes, and when it is.
type code struct {
	number int
	when   string
}

// codes are the exit codes.
var codes = []code{
	{ask.OK, "fine"},
	{ask.Failed, "failed, or refused by the gateway; of status: something is wrong"},
	{ask.UsageWrong, "wrong usage"},
	{ask.BadConfig, "the configuration is not valid"},
	{ask.NotFound, "what was named is not there; of route: no node"},
	{ask.NotAllowed, "not allowed"},
	{ask.Timeout, "timed out waiting"},
	{ask.Interrupted, "interrupted"},
}

// groups are the commands below c that have verbs, and those that have none.
func grouped(c *cobra.Command) (with, without []*cobra.Command) {
	for _, s := range c.Commands() {
		switch {
		case s.Hidden || s.Name() == "help":
		case s.HasSubCommands():
			with = append(with, s)
		default:
			without = append(without, s)
		}
	}
	return with, without
}

// examples are the lines of a command's examples.
func examples(c *cobra.Command) []string {
	return slices.DeleteFunc(strings.Split(c.Example, "\n"), func(s string) bool { return strings.TrimSpace(s) == "" })
}
