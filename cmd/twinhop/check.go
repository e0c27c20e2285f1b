package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
	"twinhop/gateway/config/verdict"
)

func checkCommand() *cobra.Command {
	var file, output string
	var strict bool
	var old oldFiles
	c := &cobra.Command{
		Use:     "check -c FILE | check --workers FILE --urimap FILE | check --lb FILE",
		Aliases: []string{"validate"},
		Short:   "tell everything that is wrong with a configuration",
		Long: `check reads a configuration and prints every problem with its place, the line
and what to do. It binds and starts nothing. It exits 0 when run would accept
the file, else 3; with --strict warnings count as errors. Of mod_jk's files and
of the old SIP balancer's (--lb) it tells what run would: a verdict for every
line that does not mean the same here.`,
		Example: "  twinhop check -c twinhop.yaml\n  twinhop check -c twinhop.yaml --strict -o json",
		RunE: func(c *cobra.Command, args []string) error {
			name, err := oneFile(c, file, args)
			switch {
			case err != nil:
				return err
			case old.check("check") != nil:
				return old.check("check")
			case old.given():
				return old.report(c, name, output == "json", strict)
			case name == "":
				return ask.Usage("check needs a file: twinhop check -c twinhop.yaml")
			}
			return check(c, name, output == "json", strict)
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "the configuration `file`")
	old.flags(c.Flags())
	c.Flags().BoolVar(&strict, "strict", false, "take warnings for errors")
	outputFlag(c, &output)
	return c
}

// report is what check -o json prints.
type report struct {
	File     string          `json:"file"`
	OK       bool            `json:"ok"`
	Errors   int             `json:"errors"`
	Warnings int             `json:"warnings"`
	Problems config.Problems `json:"problems"`
	// Findings are the verdicts about the lines of old files. Those that are errors count in Errors.
	Findings verdict.Findings `json:"findings,omitempty"`
}

func (r report) write(w io.Writer) error {
	if r.Problems == nil {
		r.Problems = config.Problems{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// report tells what is wrong with old files, with a configuration beside them if there is a name.
func (o *oldFiles) report(c *cobra.Command, name string, asJSON, strict bool) error {
	l, err := o.load(name)
	if err != nil {
		return err
	}
	errors, warnings := l.problems.Count()
	errors += l.findings.Count(verdict.Error)
	ok := errors == 0 && (warnings == 0 || !strict)
	if asJSON {
		err = report{l.name, ok, errors, warnings, l.problems, l.findings}.write(c.OutOrStdout())
	} else {
		err = l.tell(c.OutOrStdout())
	}
	if err == nil && !ok {
		return ask.Exit{Code: ask.BadConfig}
	}
	return err
}

func check(c *cobra.Command, name string, asJSON, strict bool) error {
	text, err := config.ReadFile(name)
	if err != nil {
		return err
	}
	_, problems := config.Parse(name, text, assembly.WordsIn(filepath.Dir(name)))
	errors, warnings := problems.Count()
	ok := errors == 0 && (warnings == 0 || !strict)
	out := c.OutOrStdout()
	switch {
	case asJSON:
		err = report{File: name, OK: ok, Errors: errors, Warnings: warnings, Problems: problems}.write(out)
	case len(problems) == 0:
		_, err = fmt.Fprintf(out, "%s: no problems\n", name)
	default:
		err = problems.Render(out, text)
	}
	if err == nil && !ok {
		return ask.Exit{Code: ask.BadConfig}
	}
	return err
}
