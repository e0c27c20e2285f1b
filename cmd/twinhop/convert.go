package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/assembly"
	"twinhop/cmd/twinhop/typed"
	"twinhop/gateway/config"
	"twinhop/gateway/config/lbprops"
	"twinhop/gateway/config/modjk"
	"twinhop/gateway/config/verdict"
)

// conversion is what the command line of convert says.
type conversion struct {
	oldFiles
	output string // file; empty: standard output
	force  bool
	report string
}

func convertCommand() *cobra.Command {
	var v conversion
	c := &cobra.Command{
		Use:   "convert [--workers FILE] [--urimap FILE] [--httpd FILE]... | convert --lb FILE",
		Short: "turn the files of mod_jk or of the old SIP balancer into a configuration",
		Long: `convert reads mod_jk's workers.properties, and where the rules are: a
uriworkermap.properties, the files of httpd, or both. With --httpd it finds the
others by itself, and reads what is included. With --lb it reads the
lb.properties or lb-configuration.xml of a Mobicents or Restcomm balancer,
whichever it is. It prints a configuration that
says the same, with the place that each value comes from, and on standard error
a verdict for every line that was read. It exits 0, also when lines could not
be taken over; 1 when something is wrong with the files: then it writes no
configuration.

Variables $(name) and ${name} that no line sets are taken from the environment.`,
		Example: `  twinhop convert --workers workers.properties --urimap uriworkermap.properties -o twinhop.yaml
  twinhop convert --httpd /etc/apache2/apache2.conf --host www.example.com --report json
  twinhop convert --lb lb.properties -o twinhop.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return ask.Usage("convert takes no argument such as %q", args[0])
			case v.lb == "" && v.workers == "" && len(v.httpd) == 0:
				return ask.Usage("convert needs a file: twinhop convert --workers workers.properties, --httpd httpd.conf, or --lb lb.properties")
			}
			if err := v.check("convert"); err != nil {
				return err
			}
			return convert(c, v)
		},
	}
	f := c.Flags()
	v.flags(f)
	f.StringVarP(&v.output, "output", "o", "", "the `file` to be written (default standard output)")
	f.BoolVar(&v.force, "force", false, "write over a file that exists")
	f.Var((*typed.Output)(&v.report), "report", "text or json")
	v.report = "text"
	return c
}

// conversionResult is what a conversion makes.
type conversionResult struct {
	YAML     []byte // nil when a finding is an error
	Secrets  bool   // YAML holds one
	Findings verdict.Findings
}

// make converts the files that were named.
func (v *conversion) make() (r conversionResult, err error) {
	if v.lb != "" {
		in, err := v.lbFile.read()
		made := lbprops.Convert(in)
		return conversionResult{made.YAML, made.Secrets, made.Findings}, err
	}
	in, err := v.read()
	if err != nil {
		return r, err
	}
	made := modjk.Convert(in)
	return conversionResult{made.YAML, made.Secrets, made.Findings}, nil
}

func convert(c *cobra.Command, v conversion) error {
	r, err := v.make()
	if err != nil {
		return err
	}
	problems := config.Problems{}
	if r.YAML != nil { // what check will say of it is said now
		name := v.output
		if name == "" || name == "-" {
			name = "twinhop.yaml"
		}
		_, found := config.Parse(name, r.YAML, assembly.WordsIn(filepath.Dir(name)))
		problems = append(problems, found...)
	}
	if err := v.tell(c.ErrOrStderr(), r, problems); err != nil {
		return err
	}
	if errors, _ := problems.Count(); errors+r.Findings.Count(verdict.Error) > 0 {
		return ask.Exit{Code: ask.Failed}
	}
	if v.output == "" || v.output == "-" {
		_, err = c.OutOrStdout().Write(r.YAML)
		return err
	}
	return v.write(r)
}

// tell writes the report: a verdict for every line, and what check says of the result.
func (v *conversion) tell(w io.Writer, r conversionResult, problems config.Problems) error {
	fs := r.Findings
	if v.report != "json" {
		if err := fs.Render(w); err != nil || len(problems) == 0 {
			return err
		}
		return problems.Render(w, r.YAML)
	}
	errors, _ := problems.Count()
	counts := map[verdict.Verdict]int{}
	for _, one := range []verdict.Verdict{verdict.Used, verdict.Approximated, verdict.Unsupported, verdict.Ignored, verdict.Error} {
		counts[one] = fs.Count(one)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		OK       bool                    `json:"ok"`
		Counts   map[verdict.Verdict]int `json:"counts"`
		Findings verdict.Findings        `json:"findings"`
		Problems config.Problems         `json:"problems"` // of the result
	}{counts[verdict.Error]+errors == 0, counts, fs, problems})
}

// write makes the file. One with secrets is for its owner alone, also when it
// takes the place of another: that one is not written to but replaced. What is
// no file, such as /dev/null, is written to.
func (v *conversion) write(r conversionResult) error {
	if info, err := os.Stat(v.output); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return os.WriteFile(v.output, r.YAML, 0)
	}
	mode := fs.FileMode(0o644)
	if r.Secrets {
		mode = 0o600
	}
	if !v.force {
		f, err := os.OpenFile(v.output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			return ask.End(ask.Failed, fmt.Errorf("%s exists: --force writes over it", v.output))
		}
		if err != nil {
			return err
		}
		_, err = f.Write(r.YAML)
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(v.output)) // half a configuration is none
		}
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(v.output), ".twinhop-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone when it was renamed
	_, err = f.Write(r.YAML)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), v.output)
}
