package manual

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// Edition is what man pages say they belong to.
type Edition struct {
	Version string
	Date    time.Time
}

// Man returns the verb "man".
func Man(e Edition) *cobra.Command {
	dir := ""
	c := ask.Verb("man", "write man pages, one for each command", 0, func(c *cobra.Command, _ []string) error {
		if dir == "" {
			return ask.Usage("man needs a directory: twinhop man --dir /usr/local/share/man/man1")
		}
		n := 0
		for _, x := range commands(c.Root()) {
			if err := os.WriteFile(filepath.Join(dir, name(x)+".1"), []byte(e.manPage(x)), 0o644); err != nil {
				if errors.Is(err, os.ErrNotExist) {
					return fmt.Errorf("%w; make the directory first", err)
				}
				return err
			}
			n++
		}
		fmt.Fprintf(c.ErrOrStderr(), "%d pages are in %s. To read one: man -l %s\n", n, dir, filepath.Join(dir, "twinhop.1"))
		return nil
	})
	c.Flags().StringVar(&dir, "dir", "", "the `directory`, which has to be there")
	c.Example = "  twinhop man --dir /usr/local/share/man/man1"
	return c
}

func name(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage is the page of a command, in man(7).
func (e Edition) manPage(c *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 %s %s %s\n", strings.ToUpper(quoted(name(c))), quoted(e.Date.UTC().Format("2006-01-02")), quoted("twinhop "+e.Version), quoted("twinhop"))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n", escaped(name(c)), escaped(c.Short), escaped(synopsis(c)))
	b.WriteString(".SH DESCRIPTION\n")
	long := c.Long
	if long == "" {
		long = upper(c.Short) + "."
	}
	text(&b, long)
	if with, without := grouped(c); len(with)+len(without) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, s := range c.Commands() {
			if !s.Hidden && s.Name() != "help" {
				fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", escaped(s.Name()), escaped(s.Short))
			}
		}
	}
	e.options(&b, c)
	b.WriteString(".SH EXIT STATUS\n")
	for _, x := range codes {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", x.number, escaped(x.when))
	}
	if all := examples(c); len(all) > 0 {
		b.WriteString(".SH EXAMPLES\n.nf\n")
		for _, line := range all {
			b.WriteString(escaped(strings.TrimSpace(line)) + "\n")
		}
		b.WriteString(".fi\n")
	}
	var see []string
	if c.HasParent() {
		see = append(see, name(c.Parent()))
	}
	for _, s := range c.Commands() {
		if !s.Hidden && s.Name() != "help" {
			see = append(see, name(s))
		}
	}
	if len(see) > 0 {
		b.WriteString(".SH SEE ALSO\n")
		for i, s := range see {
			comma := ","
			if i == len(see)-1 {
				comma = ""
			}
			fmt.Fprintf(&b, ".BR %s (1)%s\n", escaped(s), comma)
		}
	}
	return b.String()
}

// options are the flags of a command; those of all verbs stand on the page of the program.
func (e Edition) options(b *strings.Builder, c *cobra.Command) {
	all := flags(c)
	if len(all) == 0 {
		return
	}
	b.WriteString(".SH OPTIONS\n")
	if !c.HasParent() {
		b.WriteString("For the verbs that ask a running gateway:\n")
	}
	for _, f := range all {
		written, usage := form(f)
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", escaped(written), escaped(usage))
	}
	if c.HasParent() && ask.Asks(c) {
		b.WriteString(".PP\nBesides, those of\n.BR twinhop (1).\n")
	}
}

// text writes paragraphs; lines that are indented, or that stand in columns, stay lines.
func text(b *strings.Builder, s string) {
	for i, p := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		table := strings.HasPrefix(p, " ") || strings.Contains(p, "   ")
		if table {
			b.WriteString(".nf\n")
		}
		for line := range strings.SplitSeq(p, "\n") {
			b.WriteString(escaped(line) + "\n")
		}
		if table {
			b.WriteString(".fi\n")
		}
	}
}

// escaped is a line of text as man reads it.
func escaped(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

// quoted is an argument of a macro.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, "") + `"` }
