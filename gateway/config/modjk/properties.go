package modjk

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config/form"
)

const (
	maxBytes     = 1 << 20 // of a file
	maxLine      = 8192    // of a line and of a value: mod_jk's own limit
	maxLines     = 20_000  // with something in them
	maxVariables = 20      // replaced in one value
	maxName      = 60      // of a worker, route, domain, cookie
)

// line is what is left of a line without its comment: not empty, blanks trimmed.
type line struct {
	text string
	at   place
}

const blanks = " \t\r\n\v\f"

// lines splits a file as mod_jk does: everything behind the first '#' is a comment, also within a value.
func lines(s *Source, l *ledger) []line {
	if len(s.Text) > maxBytes {
		l.mark(place{s.Name, 1, 1}, Finding{Verdict: Error, Note: fmt.Sprintf("the file has more than %d bytes", maxBytes)})
		return nil
	}
	var all []line
	for i, raw := range bytes.Split(s.Text, []byte("\n")) {
		text, _, _ := strings.Cut(string(raw), "#")
		trimmed := strings.Trim(text, blanks)
		at := place{s.Name, i + 1, 1 + len(text) - len(strings.TrimLeft(text, blanks))}
		switch {
		case len(raw) >= maxLine:
			l.mark(place{s.Name, i + 1, maxLine}, Finding{Verdict: Error, Note: fmt.Sprintf("the line has %d bytes: mod_jk reads less than %d", len(raw), maxLine), Hint: "split it: lists may be given in several lines"})
		case trimmed == "":
		case strings.ContainsFunc(trimmed, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			l.mark(at, Finding{Verdict: Error, Note: "a control character", Hint: "is this a text file?"})
		case len(all) == maxLines:
			l.mark(at, Finding{Verdict: Error, Note: fmt.Sprintf("more than %d lines", maxLines)})
			return all
		default:
			all = append(all, line{trimmed, at})
		}
	}
	return all
}

// entry is what the file says of one key.
type entry struct {
	key, value string
	at         []place // of the lines that count
	col        int     // of the first value
	referred   bool    // a value has $(key)
}

// properties are the keys of a file in the order of their first lines.
type properties struct {
	*ledger
	lookup func(string) (string, bool) // of variables that no line sets
	order  []*entry
	byKey  map[string]*entry
}

// listKeys are joined with a comma when they are given again.
var listKeys = []string{"list", "balance_workers", "mount", "fail_on_status", "user", "good", "bad"}

// add takes one line "name = value". Whatever is wrong with it is told.
func (p *properties) add(ln line) {
	key, value, found := strings.Cut(ln.text, "=")
	col := ln.at.col + len(key) + 1 + len(value) - len(strings.TrimLeft(value, blanks))
	key, value = strings.Trim(key, blanks), strings.Trim(value, blanks)
	switch {
	case !found:
		p.mark(ln.at, Finding{Directive: form.Quote(ln.text), Verdict: Ignored, Note: "no \"=\": mod_jk skips the line, too"})
		return
	case key == "" || value == "":
		p.mark(ln.at, Finding{Directive: key, Verdict: Ignored, Note: "no name or no value: mod_jk skips the line, too"})
		return
	}
	if strings.HasSuffix(value, `\`) {
		p.mark(ln.at, Finding{Directive: key, Verdict: Error, Note: `mod_jk knows no continuation lines: the "\" would be part of the value`, Hint: "write one line, or repeat the list's key"})
		return
	}
	value, ok := p.expand(key, value, ln.at)
	if !ok {
		return
	}
	p.set(key, value, ln.at, col)
}

// set puts a value beside or in the place of an earlier one.
func (p *properties) set(key, value string, at place, col int) {
	if p.byKey == nil {
		p.byKey = map[string]*entry{}
	}
	old := p.byKey[key]
	if old == nil {
		e := &entry{key: key, value: value, at: []place{at}, col: col}
		p.byKey[key], p.order = e, append(p.order, e)
		return
	}
	_, word := splitKey(key)
	joint := "*"
	switch {
	case strings.HasPrefix(key, "worker.") && slices.Contains(listKeys, word):
		joint = ","
	case strings.HasPrefix(key, "worker.") && find(word) != nil && word != "balanced_workers":
		for _, before := range old.at {
			p.mark(before, Finding{Directive: key, Verdict: Ignored, Note: fmt.Sprintf("line %d says it again: the last one counts", at.line)})
		}
		old.value, old.at, old.col = value, []place{at}, col
		return
	}
	if len(old.value)+1+len(value) > maxLine {
		p.mark(at, Finding{Directive: key, Verdict: Error, Note: fmt.Sprintf("the joined value is longer than %d bytes", maxLine)})
		return
	}
	old.value += joint + value
	old.at = append(old.at, at)
}

// expand replaces $(name) by an earlier key or a variable of the environment. What it was replaced by is not looked at again.
func (p *properties) expand(key, value string, at place) (string, bool) {
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
		if n++; n > maxVariables {
			p.mark(at, Finding{Directive: key, Verdict: Error, Note: fmt.Sprintf("more than %d variables in one value: mod_jk replaces no more", maxVariables)})
			return "", false
		}
		if !ok {
			p.mark(at, Finding{Directive: key, Verdict: Error, Note: "there is no variable " + form.Quote(name) + " above this line or in the environment",
				Hint: strings.TrimSuffix("set it for this command; "+p.near(name, p.names()), "; ")})
			return "", false
		}
		b.WriteString(rest[:i])
		b.WriteString(by)
		rest = rest[i+j+1:]
		if b.Len()+len(rest) > maxLine {
			p.mark(at, Finding{Directive: key, Verdict: Error, Note: fmt.Sprintf("with its variables the value is longer than %d bytes", maxLine)})
			return "", false
		}
	}
	b.WriteString(rest)
	return b.String(), true
}

func (p *properties) variable(name string) (string, bool) {
	if e := p.byKey[name]; e != nil {
		e.referred = true
		return e.value, true
	}
	if p.lookup == nil {
		return "", false
	}
	return p.lookup(name)
}

func (p *properties) names() []string {
	var names []string
	for _, e := range p.order[:min(len(p.order), 200)] {
		names = append(names, e.key)
	}
	return names
}

// splitKey takes "worker.NAME.word" apart; of "worker.list" there is no name.
func splitKey(key string) (worker, word string) {
	key = strings.TrimPrefix(key, "worker.")
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key
	}
	return key[:i], key[i+1:]
}

// split takes a list apart as mod_jk does.
func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
}

// number reads as C's atoi does; clean tells whether the text was a number.
func number(s string) (n int, clean bool) {
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

// truth reads a boolean as mod_jk does; of anything else ok is false.
func truth(s string) (value, ok bool) {
	low := strings.ToLower(s)
	switch {
	case low == "0" || low == "off" || strings.HasPrefix(low, "f") || strings.HasPrefix(low, "n"):
		return false, true
	case low == "1" || low == "on" || strings.HasPrefix(low, "t") || strings.HasPrefix(low, "y"):
		return true, true
	}
	return false, false
}
