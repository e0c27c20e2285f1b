package properties

import (
	"bytes"
	"fmt"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/verdict"
)

const (
	MaxBytes     = 1 << 20 // of a file
	MaxLine      = 8192    // of a line and of a value: mod_jk's own limit
	MaxLines     = 20_000  // with something in them
	MaxVariables = 20      // replaced in one value
)

// Line is what is left of a line without its comment: not empty, Blanks trimmed.
type Line struct {
	Text string
	At   verdict.Place
}

// Blanks are trimmed.
const Blanks = " \t\r\n\v\f"

// Lines splits a file as mod_jk does: everything behind the first '#' is a comment, also within a value.
func Lines(name string, file []byte, l *verdict.Ledger) []Line {
	if len(file) > MaxBytes {
		l.Mark(verdict.Top(name), verdict.Finding{Verdict: verdict.Error, Note: fmt.Sprintf("the file has more than %d bytes", MaxBytes)})
		return nil
	}
	var all []Line
	for i, raw := range bytes.Split(file, []byte("\n")) {
		text, _, _ := strings.Cut(string(raw), "#")
		trimmed := strings.Trim(text, Blanks)
		at := verdict.Place{File: name, Line: i + 1, Col: 1 + len(text) - len(strings.TrimLeft(text, Blanks))}
		switch {
		case len(raw) >= MaxLine:
			l.Mark(verdict.Place{File: name, Line: i + 1, Col: MaxLine}, verdict.Finding{Verdict: verdict.Error, Note: fmt.Sprintf("the line has %d bytes: mod_jk reads less than %d", len(raw), MaxLine), Hint: "split it: lists may be given in several lines"})
		case trimmed == "":
		case strings.ContainsFunc(trimmed, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			l.Mark(at, verdict.Finding{Verdict: verdict.Error, Note: "a control character", Hint: "is this a text file?"})
		case len(all) == MaxLines:
			l.Mark(at, verdict.Finding{Verdict: verdict.Error, Note: fmt.Sprintf("more than %d lines", MaxLines)})
			return all
		default:
			all = append(all, Line{trimmed, at})
		}
	}
	return all
}

// Entry is what the file says of one key.
type Entry struct {
	Key, Value string
	At         []verdict.Place // of the lines that count
	Col        int             // of the first value
	Referred   bool            // a value has $(key)
}

// Keys are the keys of files in the order of their first lines.
type Keys struct {
	*verdict.Ledger
	Lookup func(string) (string, bool) // of variables that no line sets
	// Joint is what stands between the values of a key that is said again; "": the last one counts.
	Joint func(key string) string
	Order []*Entry
	byKey map[string]*Entry
}

// Get returns what is said of a key, nil if nothing is.
func (p *Keys) Get(key string) *Entry { return p.byKey[key] }

// Add takes one line "name = value". Whatever is wrong with it is told.
func (p *Keys) Add(ln Line) {
	key, value, found := strings.Cut(ln.Text, "=")
	col := ln.At.Col + len(key) + 1 + len(value) - len(strings.TrimLeft(value, Blanks))
	key, value = strings.Trim(key, Blanks), strings.Trim(value, Blanks)
	switch {
	case !found:
		p.Mark(ln.At, verdict.Finding{Directive: form.Quote(ln.Text), Verdict: verdict.Ignored, Note: "no \"=\": mod_jk skips the line, too"})
		return
	case key == "" || value == "":
		p.Mark(ln.At, verdict.Finding{Directive: key, Verdict: verdict.Ignored, Note: "no name or no value: mod_jk skips the line, too"})
		return
	}
	if strings.HasSuffix(value, `\`) {
		p.Mark(ln.At, verdict.Finding{Directive: key, Verdict: verdict.Error, Note: `mod_jk knows no continuation lines: the "\" would be part of the value`, Hint: "write one line, or repeat the list's key"})
		return
	}
	value, ok := p.expand(key, value, ln.At)
	if !ok {
		return
	}
	p.set(key, value, ln.At, col)
}

// set puts a value beside or in the place of an earlier one.
func (p *Keys) set(key, value string, at verdict.Place, col int) {
	if p.byKey == nil {
		p.byKey = map[string]*Entry{}
	}
	old := p.byKey[key]
	if old == nil {
		e := &Entry{Key: key, Value: value, At: []verdict.Place{at}, Col: col}
		p.byKey[key], p.Order = e, append(p.Order, e)
		return
	}
	joint := p.Joint(key)
	if joint == "" {
		for _, before := range old.At {
			p.Mark(before, verdict.Finding{Directive: key, Verdict: verdict.Ignored, Note: fmt.Sprintf("line %d says it again: the last one counts", at.Line)})
		}
		old.Value, old.At, old.Col = value, []verdict.Place{at}, col
		return
	}
	if len(old.Value)+1+len(value) > MaxLine {
		p.Mark(at, verdict.Finding{Directive: key, Verdict: verdict.Error, Note: fmt.Sprintf("the joined value is longer than %d bytes", MaxLine)})
		return
	}
	old.Value += joint + value
	old.At = append(old.At, at)
}

// expand replaces $(name) by an earlier key or a variable of the environment. What it was replaced by is not looked at again.
func (p *Keys) expand(key, value string, at verdict.Place) (string, bool) {
	var b strings.Builder
	rest, n := value, 0
	for {
		i := strings.Index(rest, "$(")
		if i < 0 {
			break
		}
		j := strings.IndexByte(rest[i:], ')')
		if j < 0 {
			break
		}
		name := rest[i+2 : i+j]
		by, ok := p.variable(name)
		if n++; n > MaxVariables {
			p.Mark(at, verdict.Finding{Directive: key, Verdict: verdict.Error, Note: fmt.Sprintf("more than %d variables in one value: mod_jk replaces no more", MaxVariables)})
			return "", false
		}
		if !ok {
			p.Mark(at, verdict.Finding{Directive: key, Verdict: verdict.Error, Note: "there is no variable " + form.Quote(name) + " above this line or in the environment",
				Hint: strings.TrimSuffix("set it for this command; "+p.Near(name, p.names()), "; ")})
			return "", false
		}
		b.WriteString(rest[:i])
		b.WriteString(by)
		rest = rest[i+j+1:]
		if b.Len()+len(rest) > MaxLine {
			p.Mark(at, verdict.Finding{Directive: key, Verdict: verdict.Error, Note: fmt.Sprintf("with its variables the value is longer than %d bytes", MaxLine)})
			return "", false
		}
	}
	b.WriteString(rest)
	return b.String(), true
}

func (p *Keys) variable(name string) (string, bool) {
	if e := p.byKey[name]; e != nil {
		e.Referred = true
		return e.Value, true
	}
	if p.Lookup == nil {
		return "", false
	}
	return p.Lookup(name)
}

func (p *Keys) names() []string {
	var names []string
	for _, e := range p.Order[:min(len(p.Order), 200)] {
		names = append(names, e.Key)
	}
	return names
}

// List takes a list apart as mod_jk does.
func List(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
}

// Number reads as C's atoi does; clean tells whether the text was a number.
func Number(s string) (n int, clean bool) {
	digits := strings.TrimLeft(s, "+-")
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			break
		}
		n = min(n*10+int(c-'0'), 1<<31-1)
	}
	negative := strings.HasPrefix(s, "-")
	if negative {
		n = -n
	}
	clean = digits != "" && strings.Trim(digits, "0123456789") == "" && len(s)-len(digits) <= 1
	return n, clean
}

// Measure reads a number that may have K or M behind it, as mod_jk reads those of workers. The text is not empty.
func Measure(s string) (n int, clean bool) {
	times := map[byte]int{'k': 1 << 10, 'K': 1 << 10, 'm': 1 << 20, 'M': 1 << 20}[s[len(s)-1]]
	if n, clean = Number(s[:len(s)-1]); times == 0 || !clean || max(n, -n) > (1<<31-1)/times {
		return Number(s)
	}
	return n * times, true
}

// Truth reads a boolean as mod_jk does; of anything else ok is false.
func Truth(s string) (value, ok bool) {
	low := strings.ToLower(s)
	switch {
	case low == "0" || low == "off" || strings.HasPrefix(low, "f") || strings.HasPrefix(low, "n"):
		return false, true
	case low == "1" || low == "on" || strings.HasPrefix(low, "t") || strings.HasPrefix(low, "y"):
		return true, true
	}
	return false, false
}

// Origin is the line of a key.
func (p *Keys) Origin(key string) string {
	if e := p.byKey[key]; e != nil {
		return e.At[0].String()
	}
	return "mod_jk's default"
}
