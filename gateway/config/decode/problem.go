package decode

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity tells whether a problem keeps the process from starting.
type Severity string

// The severities.
const (
	Error Severity = "error"
	Warn  Severity = "warn"
)

// Problem is one thing that is wrong, where, and what to do. Line and Col
// count from 1, columns in characters.
type Problem struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Col      int      `json:"col"`
	Severity Severity `json:"severity"`
	Path     string   `json:"path,omitempty"` // "nodes[1].route"
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
}

// String returns the problem as one line: place, severity, path, message.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d %-5s  ", p.File, p.Line, p.Col, p.Severity)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Position is the place of the problem: file:line:col.
func (p Problem) Position() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// Problems are sorted by place.
type Problems []Problem

// Count returns how many errors and warnings there are.
func (ps Problems) Count() (errors, warnings int) {
	for _, p := range ps {
		if p.Severity == Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
}

// maxShown bounds how much of a source line is printed.
const maxShown = 160

// Render prints every problem with its source line, a caret and the hint,
// and then how many there are. text is what was parsed; without it only the
// messages are printed.
func (ps Problems) Render(w io.Writer, text []byte) error {
	out := bufio.NewWriter(w)
	lines := strings.Split(masked(normalize(text)), "\n")
	for _, p := range ps {
		fmt.Fprintln(out, printable(p.String()))
		if p.Line < 1 || p.Line > len(lines) || len(text) == 0 {
			if p.Hint != "" {
				fmt.Fprintln(out, "       "+printable(p.Hint))
			}
			continue
		}
		if p.Line > 1 {
			fmt.Fprintf(out, "  %4d | %s\n", p.Line-1, clip(lines[p.Line-2]))
		}
		fmt.Fprintf(out, "> %4d | %s\n", p.Line, clip(lines[p.Line-1]))
		fmt.Fprintln(out, strings.TrimRight("         "+indent(lines[p.Line-1], p.Col)+"^ "+printable(p.Hint), " "))
	}
	errors, warnings := ps.Count()
	fmt.Fprintf(out, "%s, %s\n", count(errors, "error"), count(warnings, "warning"))
	return out.Flush()
}

// secrets finds the values of keys called secret or password, or nearly so: those stand in
// what is printed, because nobody knows them.
var secrets = regexp.MustCompile(`(?m)((?:^|[\s{,])["']?(?i:s[ecrt]{4,6}|pas[sword]{3,6})["']?[ \t]*:[ \t]*)("(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\s,}'"][^,}\n]*)`)

// masked puts stars in the place of secrets, as many as they have characters:
// what is printed ends in journals.
func masked(text string) string {
	return secrets.ReplaceAllStringFunc(text, func(s string) string {
		m := secrets.FindStringSubmatch(s)
		return m[1] + strings.Repeat("*", utf8.RuneCountInString(m[2]))
	})
}

// indent returns white space as wide as what stands before column col: tabs
// stay tabs, so that the caret stands right whatever their width.
func indent(line string, col int) string {
	var b strings.Builder
	for i := 0; i+1 < min(col, maxShown); i++ {
		r, n := utf8.DecodeRuneInString(line)
		line = line[n:]
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func clip(line string) string {
	for i, n := 0, 0; i < len(line); n++ {
		if n == maxShown {
			return printable(line[:i]) + "…"
		}
		_, size := utf8.DecodeRuneInString(line[i:])
		i += size
	}
	return printable(line)
}

// printable keeps a hostile file from steering the terminal it is shown on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\t') || (r >= 0x7f && r < 0xa0) || (r >= 0x200b && r <= 0x200f) || (r >= 0x2028 && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return utf8.RuneError
		}
		return r
	}, s)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
