package main

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/gateway/config"
)

//go:embed starter.yaml
var starter []byte

func initCommand() *cobra.Command {
	var v conversion
	var from []string
	c := &cobra.Command{
		Use:   "init",
		Short: "write a configuration to begin with, with comments",
		Long: `init prints a configuration with two nodes and the keys that one meets first, to be
edited. With --from it is what files of other products say: mod_jk's
workers.properties, uriworkermap.properties and httpd.conf, or the lb.properties or
lb-configuration.xml of a Mobicents or Restcomm balancer; what a file is, is told by what
is in it. convert has more to say about those.`,
		Example: "  twinhop init --file twinhop.yaml\n  twinhop init --from workers.properties --from uriworkermap.properties --file twinhop.yaml\n  twinhop init --from lb.properties",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return ask.Usage("init takes no argument such as %q; --file names the file, --from others", args[0])
			}
			v.report = "text"
			if len(from) > 0 {
				if err := v.sort(from); err != nil {
					return err
				}
				return convert(c, v)
			}
			if v.output == "" || v.output == "-" {
				_, err := c.OutOrStdout().Write(starter)
				return err
			}
			if err := v.write(conversionResult{YAML: starter}); err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "Put your nodes into %s, then: twinhop check -c %s\n", v.output, v.output)
			return nil
		},
	}
	c.Flags().StringVar(&v.output, "file", "", "the `file` to be written (default standard output)")
	c.Flags().BoolVar(&v.force, "force", false, "write over a file that exists")
	c.Flags().StringArrayVar(&from, "from", nil, "a `file` of another product; may be repeated")
	return c
}

// sort tells what kinds of files these are.
func (v *conversion) sort(names []string) error {
	for _, name := range names {
		text, err := config.ReadFile(name)
		if err != nil {
			return err
		}
		switch kind := kindOf(name, string(text)); {
		case kind == "lb" && v.lb == "":
			v.lb = name
		case kind == "workers" && v.workers == "":
			v.workers = name
		case kind == "urimap" && v.uriMap == "":
			v.uriMap = name
		case kind == "httpd":
			v.httpd = append(v.httpd, name)
		case kind == "":
			return ask.Usage("init: %s is no file that is known; convert --help tells which are, and takes them by their kind", name)
		default:
			return ask.Usage("init: %s: there is another file of this kind", name)
		}
	}
	return v.check("init")
}

// kindOf tells what a file is by the first of its lines that says so.
func kindOf(name, text string) string {
	if filepath.Ext(name) == ".xml" {
		return "lb"
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		word, _, _ := strings.Cut(line, " ")
		key, _, isKey := strings.Cut(line, "=")
		switch key = strings.TrimSpace(key); {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "<") || strings.HasPrefix(strings.ToLower(word), "jk") || strings.EqualFold(word, "Include") || strings.EqualFold(word, "LoadModule") || strings.EqualFold(word, "Listen"):
			return "httpd"
		case isKey && (strings.HasPrefix(key, "worker.") || strings.HasPrefix(key, "ps")):
			return "workers"
		case isKey && (strings.HasPrefix(key, "/") || strings.HasPrefix(key, "!") || strings.HasPrefix(key, "*")):
			return "urimap"
		case isKey && (strings.Contains(key, "Port") || strings.HasPrefix(key, "gov.nist.") || strings.HasPrefix(key, "algorithmClass") || key == "host" || key == "internalHost" || key == "externalHost"):
			return "lb"
		}
	}
	return ""
}
