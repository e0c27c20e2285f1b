package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
)

func checkCommand() *cobra.Command {
	var file, output string
	var strict bool
	c := &cobra.Command{
		Use:     "check -c FILE",
		Aliases: []string{"validate"},
		Short:   "tell everything that is wrong with a configuration",
		Long: `check reads a configuration and prints every problem with its place, the line
and what to do. It binds and starts nothing. It exits 0 when run would accept
the file, else 3; with --strict warnings count as errors.`,
		Example: "  twinhop check -c twinhop.yaml\n  twinhop check -c twinhop.yaml --strict -o json",
		RunE: func(c *cobra.Command, args []string) error {
			name, err := oneFile(c, file, args)
			switch {
			case err != nil:
				return err
			case name == "":
				return usage("check needs a file: twinhop check -c twinhop.yaml")
			}
			return check(c, name, output == "json", strict)
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "the configuration `file`")
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
		if problems == nil {
			problems = config.Problems{}
		}
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		err = enc.Encode(report{name, ok, errors, warnings, problems})
	case len(problems) == 0:
		_, err = fmt.Fprintf(out, "%s: no problems\n", name)
	default:
		err = problems.Render(out, text)
	}
	if err == nil && !ok {
		return exit{code: exitConfig}
	}
	return err
}
