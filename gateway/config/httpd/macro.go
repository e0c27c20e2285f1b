package httpd

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// macro is a <Macro> of mod_macro: lines that stand wherever it is used.
type macro struct {
	tag    string
	params []string
	lines  []written
	depth  int // of macros within it that are being read
	used   bool
}

// written is a line as it was written.
type written struct {
	text string
	at   Place
}

const (
	maxMacros   = 1000
	maxExpanded = 200_000 // lines that come from macros
)

// define begins a macro.
func (r *reading) define(tag string, args []string, at Place) {
	m := &macro{tag: tag}
	if len(args) == 0 || len(r.macros) == maxMacros {
		r.problem(at, "<Macro", fmt.Sprintf("a macro has a name, and there are at most %d", maxMacros), "")
	} else {
		m.params = args[1:]
		if r.macros == nil {
			r.macros = map[string]*macro{}
		}
		r.macros[strings.ToLower(args[0])] = m
		r.written = append(r.written, m)
	}
	r.defining = m
}

// collect takes a line of the macro that is being read.
func (r *reading) collect(text string, at Place) {
	m := r.defining
	switch lower := strings.ToLower(text); {
	case strings.HasPrefix(lower, "<macro"):
		m.depth++
	case strings.HasPrefix(lower, "</macro") && m.depth == 0:
		r.defining = nil
		return
	case strings.HasPrefix(lower, "</macro"):
		m.depth--
	}
	if m.lines = append(m.lines, written{text, at}); len(m.lines) > maxLines {
		r.stop(at, m.tag, fmt.Sprintf("more than %d lines", maxLines))
	}
}

// use puts the lines of a macro in, with values in the place of its parameters.
func (r *reading) use(d Directive) {
	m := r.macros[strings.ToLower(d.Args[0])]
	switch {
	case m == nil:
		r.problem(d.Place, d.Name, "there is no macro "+strconv.QuoteToASCII(d.Args[0]), "")
		return
	case len(d.Args)-1 != len(m.params):
		r.problem(d.Place, d.Name, fmt.Sprintf("%s takes %d values, not %d", m.tag, len(m.params), len(d.Args)-1), "")
		return
	case r.within == maxDepth:
		r.stop(d.Place, d.Name, fmt.Sprintf("more than %d macros use each other", maxDepth))
		return
	}
	m.used = true
	order := make([]int, len(m.params))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(m.params[b]), len(m.params[a])) })
	var pairs []string
	for _, i := range order {
		if m.params[i] != "" {
			pairs = append(pairs, m.params[i], d.Args[i+1])
		}
	}
	values := strings.NewReplacer(pairs...)
	r.within++
	defer func() { r.within-- }()
	for _, w := range m.lines {
		if r.stopped {
			return
		}
		text := strings.Trim(values.Replace(w.text), blanks)
		if r.expanded++; r.expanded > maxExpanded || len(text) >= maxLogical {
			r.stop(d.Place, d.Name, fmt.Sprintf("macros make more than %d lines, or one of more than %d bytes", maxExpanded, maxLogical))
			return
		}
		if text != "" {
			r.line(text, w.at)
		}
	}
}

// unused reads the macros that nobody used: nothing in them is in force.
func (r *reading) unused() {
	for _, m := range r.written {
		if m.used || r.stopped {
			continue
		}
		r.sections = append(r.sections[:1], section{host: r.Hosts[0], off: m.tag})
		r.base = 1
		for _, w := range m.lines {
			r.line(w.text, w.at)
		}
		r.defining = nil
	}
}
