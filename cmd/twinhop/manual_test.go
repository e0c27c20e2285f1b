package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"twinhop/cmd/twinhop/manual"
)

const page = "../../docs/cli.md"

// The page of the documentation is what the program says of itself; -update writes it.
func TestManual(t *testing.T) {
	want := manual.Page(rootCommand())
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("docs/cli.md is not up to date; go test ./cmd/twinhop -run TestManual -update (-want +got):\n%s", d)
	}
}

// verbs are all commands that do something.
func verbs(c *cobra.Command) (all []*cobra.Command) {
	for _, s := range c.Commands() {
		switch {
		case s.Hidden || s.Name() == "help":
		case s.HasSubCommands():
			all = append(all, verbs(s)...)
		default:
			all = append(all, s)
		}
	}
	return all
}

// understood tells what is wrong with a command line up to what belongs to the shell: it has to be a verb's, with flags that it has.
func understood(line string) error {
	line, _, _ = strings.Cut(regexp.MustCompile(`'[^']*'`).ReplaceAllString(line, "text"), " |")
	line, _, _ = strings.Cut(line, " >")
	line, _, _ = strings.Cut(line, " <")
	line, _, _ = strings.Cut(line, " #")
	root := rootCommand()
	c, rest, err := root.Find(strings.Fields(strings.ReplaceAll(line, `"`, ""))[1:])
	if err != nil {
		return err
	}
	c.InheritedFlags() // joins them
	return c.ParseFlags(javaStyle(append([]string{c.Name()}, rest...))[1:])
}

// Every verb has examples, and they are understood.
func TestExamples(t *testing.T) {
	all := verbs(rootCommand())
	if len(all) < 40 {
		t.Fatalf("only %d verbs", len(all))
	}
	for _, c := range all {
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if c.Short[:1] != strings.ToLower(c.Short[:1]) || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: %q: not a phrase such as that of version", c.CommandPath(), c.Short)
		}
		for line := range strings.Lines(c.Example) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "twinhop ") {
				if err := understood(line); err != nil {
					t.Errorf("%s: %s: %v", c.CommandPath(), line, err)
				}
			}
		}
	}
	for _, wrong := range []string{"twinhop nodes list --nods x", "twinhop status --limit 3"} {
		if understood(wrong) == nil {
			t.Errorf("%s is understood", wrong)
		}
	}
}

// Every line of the documentation that calls the program is understood.
func TestShownCommandLines(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range append(files, "../../README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\$ (?:\./bin/|bin/)?(twinhop (?:[^\\\n]|\\\n)*)$`).FindAllStringSubmatch(string(text), -1) {
			n++
			line := strings.ReplaceAll(m[1], "\\\n", " ")
			if err := understood(line); err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(name), line, err)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d command lines found", n)
	}
}

// There is a man page for each command, with all its flags, and mandoc has nothing to say about it.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	c := program(t, dir, "man", "--dir", ".")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	for _, v := range verbs(rootCommand()) {
		text, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(v.CommandPath(), " ", "-")+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		v.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden && !bytes.Contains(text, []byte(strings.ReplaceAll("--"+f.Name, "-", `\-`))) {
				t.Errorf("%s: --%s is not in its man page", v.CommandPath(), f.Name)
			}
		})
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) < 50 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	if _, err := exec.LookPath("mandoc"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("mandoc is missing: .ci/setup installs it")
		}
		t.Skip("mandoc is missing")
	}
	lint := exec.CommandContext(t.Context(), "mandoc", append([]string{"-T", "lint", "-W", "warning"}, pages...)...)
	if out, err := lint.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// Shells take what completes commands for them; what is completed are our commands.
func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		c := program(t, t.TempDir(), "completion", shell)
		var out bytes.Buffer
		c.Stdout = &out
		if err := c.Run(); err != nil || out.Len() < 1000 {
			t.Errorf("%s: %v, %d bytes", shell, err, out.Len())
		}
		if shell == "bash" {
			check := exec.CommandContext(t.Context(), "bash", "-n")
			check.Stdin = &out
			if said, err := check.CombinedOutput(); err != nil {
				t.Errorf("%v %s", err, said)
			}
		}
	}
	c := program(t, t.TempDir(), "__complete", "nodes", "dr")
	if out, err := c.Output(); err != nil || !strings.Contains(string(out), "drain\t") || !strings.Contains(string(out), "drains\t") {
		t.Errorf("%v %s", err, out)
	}
	c = program(t, t.TempDir(), "completion", "tcsh")
	if err := c.Run(); exitCode(t, err) != 2 {
		t.Errorf("tcsh: %v", err)
	}
}
