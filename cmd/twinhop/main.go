package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/cmd/twinhop/demo"
	"twinhop/cmd/twinhop/typed"
	"twinhop/gateway/config/form"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitConfig      = 3
	exitNotFound    = 4
	exitNotAllowed  = 5
	exitTimeout     = 6
	exitInterrupted = 130
)

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

// exit is an error with the code that the process ends with. A nil err was
// told already.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return exit{exitUsage, fmt.Errorf(format, args...)} }

// execute runs one command line and returns the exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(javaStyle(args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return exitOK
	}
	code := exitFailed
	var e exit
	if errors.As(err, &e) {
		code = e.code
		err = e.err
	}
	if err != nil && !errors.Is(err, assembly.ErrReported) {
		fmt.Fprintf(stderr, "twinhop: %v\n", err)
		if code == exitUsage {
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
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage("%s: %w", c.Name(), err) })
	root.AddCommand(runCommand(), checkCommand(), convertCommand(), nodesCommand(), resourcesCommand(), sessionsCommand(), userCommand(), tokenCommand(), configCommand(), versionCommand(), demo.Command())
	for _, c := range root.Commands() {
		if c.Args != nil && !c.HasSubCommands() { // cobra's own complaint would exit 1
			c.Args = noArguments
		}
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// knownCommand is reached with the words that are no command.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, s := range c.Commands() {
		if !s.Hidden {
			names = append(names, append(s.Aliases, s.Name())...)
		}
	}
	if w := form.Nearest(args[0], names); w != "" {
		return usage("unknown command %q; did you mean %q?", args[0], w)
	}
	return usage("unknown command %q", args[0])
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no argument such as %q", c.Name(), args[0])
	}
	return nil
}

// oneFile takes the configuration's name from -c or from the only argument.
func oneFile(c *cobra.Command, flag string, args []string) (string, error) {
	switch {
	case len(args) > 1:
		return "", usage("%s takes one file, not %s", c.Name(), strings.Join(args, " "))
	case len(args) == 1 && flag != "":
		return "", usage("%s: the file is given twice, %s and %s", c.Name(), flag, args[0])
	case len(args) == 1:
		return args[0], nil
	}
	return flag, nil
}

func outputFlag(c *cobra.Command, output *string) {
	c.Flags().VarP((*typed.Output)(output), "output", "o", "text or json")
	*output = "text"
}
