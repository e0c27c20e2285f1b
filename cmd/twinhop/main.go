package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/assembly"
	"twinhop/cmd/twinhop/demo"
	"twinhop/cmd/twinhop/manual"
	"twinhop/cmd/twinhop/nodes"
	"twinhop/cmd/twinhop/people"
	"twinhop/cmd/twinhop/routing"
	"twinhop/cmd/twinhop/schema"
	"twinhop/cmd/twinhop/sessions"
	"twinhop/cmd/twinhop/settings"
	"twinhop/cmd/twinhop/support"
	"twinhop/cmd/twinhop/typed"
	"twinhop/cmd/twinhop/watching"
)

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

// execute runs one command line and returns the exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(javaStyle(args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return ask.OK
	}
	code := ask.Failed
	var e ask.Exit
	if errors.As(err, &e) {
		code = e.Code
		err = e.Err
	}
	if err != nil && !errors.Is(err, assembly.ErrReported) {
		fmt.Fprintf(stderr, "twinhop: %v\n", err)
		if code == ask.UsageWrong {
			fmt.Fprintln(stderr, "twinhop help shows the commands")
		}
	}
	return code
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "twinhop",
		Short: "HTTP and SIP of one application session on one node",
		Long: `twinhop stands in front of a cluster of application servers that speak HTTP
and SIP, and keeps both protocols of one application session on one node.

Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 invalid configuration, 4 not
found, 5 not allowed, 6 timed out waiting, 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return ask.Usage("%s: %w", c.Name(), err) })
	g := &ask.Global{}
	g.Flags(root.PersistentFlags())
	usage := root.UsageFunc()
	root.SetUsageFunc(func(c *cobra.Command) error { defer ask.Hide(c)(); return usage(c) })
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return ask.Meaningless(c) }
	root.AddCommand(runCommand(), initCommand(), checkCommand(), convertCommand(), schema.Command(), manual.Man(manual.Edition{Version: version(), Date: built()}), manual.Completion(), versionCommand(), demo.Command())
	root.AddCommand(ask.Mark(nodes.Command(g), nodes.Resources(g), sessions.Command(g), routing.Command(g), settings.Config(g), settings.Affinity(g), settings.LogLevel(g), people.Users(g), people.Tokens(g),
		watching.Status(g), watching.Top(g), watching.Events(g), watching.Audit(g), sessions.Trace(g), support.Command(g, version()))...)
	for _, c := range root.Commands() {
		if c.Args != nil && !c.HasSubCommands() { // cobra's own complaint would exit 1
			c.Args = noArguments
		}
	}
	root.CompletionOptions.DisableDefaultCmd = true
	exemplify(root)
	return root
}

// knownCommand is reached with the words that are no command.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return ask.Unknown("command", c, args[0])
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return ask.Usage("%s takes no argument such as %q", c.Name(), args[0])
	}
	return nil
}

// oneFile takes the configuration's name from -c or from the only argument.
func oneFile(c *cobra.Command, flag string, args []string) (string, error) {
	switch {
	case len(args) > 1:
		return "", ask.Usage("%s takes one file, not %s", c.Name(), strings.Join(args, " "))
	case len(args) == 1 && flag != "":
		return "", ask.Usage("%s: the file is given twice, %s and %s", c.Name(), flag, args[0])
	case len(args) == 1:
		return args[0], nil
	}
	return flag, nil
}

func outputFlag(c *cobra.Command, output *string) {
	c.Flags().VarP((*typed.Output)(output), "output", "o", "text or json")
	*output = "text"
}
