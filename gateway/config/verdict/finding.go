package verdict

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"twinhop/gateway/config/form"
)

// Verdict says what becomes of a line.
type Verdict string

// The verdicts.
const (
	Used         Verdict = "used"              // the configuration says the same
	Approximated Verdict = "approximated"      // it says something near
	Unsupported  Verdict = "not supported yet" // the gateway has no such thing, and the line means something
	Ignored      Verdict = "ignored"           // it means nothing here
	Error        Verdict = "error"             // nothing is converted until it is mended
)

// verdicts in the order of how much they have to say: of what is told about one line the last counts.
var verdicts = []Verdict{Ignored, Used, Approximated, Unsupported, Error}

// Finding is the verdict about one line. Line and Col count from 1, columns in bytes. It never holds a secret.
type Finding struct {
	File      string  `json:"file"`
	Line      int     `json:"line"`
	Col       int     `json:"col"`
	Directive string  `json:"directive"`
	Verdict   Verdict `json:"verdict"`
	Note      string  `json:"note,omitempty"` // what it became, how it differs, or why
	Hint      string  `json:"hint,omitempty"` // what to do
}

// Findings are sorted by file and place.
type Findings []Finding

// Count returns how many lines have a verdict.
func (fs Findings) Count(v Verdict) (n int) {
	for _, f := range fs {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// Render writes a table, one line for each finding, and a line with the sums.
func (fs Findings) Render(w io.Writer) error { return fs.render(w, func(Finding) bool { return true }) }

// Brief is Render without the lines that are used as they are.
func (fs Findings) Brief(w io.Writer) error {
	return fs.render(w, func(f Finding) bool { return f.Verdict != Used })
}

func (fs Findings) render(w io.Writer, shown func(Finding) bool) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range fs {
		if !shown(f) {
			continue
		}
		note := f.Note
		if f.Hint != "" {
			note = strings.TrimPrefix(note+"; "+f.Hint, "; ")
		}
		line := fmt.Sprintf("%s:%d:%d\t%s\t%s\t%s", Clean(f.File), f.Line, f.Col, Clean(f.Directive), f.Verdict, Clean(note))
		if _, err := fmt.Fprintln(tw, strings.TrimRight(line, "\t ")); err != nil {
			return err
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	var sums []string
	for _, v := range []Verdict{Used, Approximated, Unsupported, Ignored} {
		sums = append(sums, fmt.Sprintf("%d %s", fs.Count(v), v))
	}
	noun := "errors"
	if fs.Count(Error) == 1 {
		noun = "error"
	}
	_, err := fmt.Fprintf(w, "%s, %d %s\n", strings.Join(sums, ", "), fs.Count(Error), noun)
	return err
}

// Clean keeps a hostile file from steering the terminal or the YAML that it is shown in.
func Clean(s string) string {
	if len(s) > 400 {
		s = s[:400] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Place is where something stands.
type Place struct {
	File      string
	Line, Col int
}

// Top is the beginning of a file.
func Top(file string) Place { return Place{file, 1, 1} }

func (p Place) String() string { return fmt.Sprintf("%s:%d", Clean(p.File), p.Line) }

// spot is a place, or what is wrong with a whole file: an option of the command line.
type spot struct {
	Place
	option string
}

// Ledger collects what is said of each line.
type Ledger struct {
	rows  map[spot]*Finding
	Files []string // in the order they were read
	hints int
}

// Mark says something of a line. What has more to say replaces what was said before.
func (l *Ledger) Mark(at Place, f Finding) {
	f.File, f.Line, f.Col = at.File, at.Line, at.Col
	if l.rows == nil {
		l.rows = map[spot]*Finding{}
	}
	where := spot{Place: at}
	if strings.HasPrefix(f.Directive, "--") || strings.HasPrefix(f.Directive, "-D") {
		where.option = f.Directive
	}
	old := l.rows[where]
	switch {
	case old == nil:
		l.rows[where] = &f
	case slices.Index(verdicts, f.Verdict) > slices.Index(verdicts, old.Verdict):
		if f.Directive == "" {
			f.Directive = old.Directive
		}
		*old = f
	}
}

// Sorted returns what was said, by file and place.
func (l *Ledger) Sorted() Findings {
	all := Findings{}
	for _, f := range l.rows {
		all = append(all, *f)
	}
	order := map[string]int{}
	for i, name := range l.Files {
		order[name] = i
	}
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Directive, b.Directive))
	})
	return all
}

// Said returns what was said of a line, nil if nothing was.
func (l *Ledger) Said(at Place) *Finding { return l.rows[spot{Place: at}] }

// Failed tells whether anything is an error.
func (l *Ledger) Failed() bool {
	for _, f := range l.rows {
		if f.Verdict == Error {
			return true
		}
	}
	return false
}

const (
	maxHints = 500 // nobody mends more mistakes at once, and guessing takes its time
	maxNames = 200 // that are guessed from
)

// Near guesses which name was meant.
func (l *Ledger) Near(name string, names []string) string {
	if l.hints++; l.hints > maxHints {
		return ""
	}
	return form.DidYouMean(name, names[:min(len(names), maxNames)])
}
