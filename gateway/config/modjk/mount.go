package modjk

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/sheet"
)

// maxMounts is how many a file may have; more would not fit into one.
const maxMounts = 4_000

// mount is a line of mounts.
type mount struct {
	path  string
	to    pair // pool or status
	words []pair
	from  place
	text  string
}

// mount maps what a rule maps.
func (c *converter) mount(r rule) {
	if r.not || !slices.Contains(c.listed, r.worker) {
		return
	}
	paths, err := r.patterns()
	if err != nil {
		c.Mark(r.at, Finding{Directive: r.text, Verdict: Error, Note: err.Error(), Hint: "such a pattern cannot be written in mounts"})
		return
	}
	w := c.workers[r.worker]
	c.Mark(r.at, Finding{Directive: r.text, Verdict: Used})
	said := c.words(&r, w)
	for _, p := range paths {
		c.place(mount{path: p, to: target(w), words: said, from: r.at, text: r.text})
	}
}

// target is the pool or the status worker that a worker becomes.
func target(w *worker) pair {
	if w.kind == "status" {
		return pair{Key: "status", Text: sheet.Quote(w.name)}
	}
	return pair{Key: "pool", Text: sheet.Quote(w.name)}
}

// place adds a mount, unless it says what another one says.
func (c *converter) place(m mount) {
	key := m.path
	if strings.HasPrefix(m.path, "!") {
		key += " " + m.to.Text
	}
	if i, twice := c.mounted[key]; twice {
		f := Finding{Directive: m.text, Verdict: Approximated}
		switch old := c.mounts[i]; {
		case old.to == m.to && slices.Equal(old.words, m.words):
			f.Note = "says what " + old.from.String() + " says"
		case old.from.File == m.from.File && old.text != m.text:
			f.Note, f.Hint = "the same pattern as "+old.from.String()+", which counts; mod_jk takes either", "remove one"
		default:
			f.Note = "never reached, as with mod_jk: " + old.from.String() + " has the same pattern and comes first"
		}
		c.Mark(m.from, f)
		return
	}
	if len(c.mounts) == maxMounts {
		c.Mark(m.from, Finding{Directive: m.text, Verdict: Error, Note: fmt.Sprintf("this makes more than %d mounts", maxMounts)})
		return
	}
	if v := m.variant(); v != "" && !c.variants[v] {
		if c.variants[v] = true; len(c.variants) > config.MaxVariants {
			c.Mark(m.from, Finding{Directive: m.text, Verdict: Error, Note: fmt.Sprintf("this makes more than %d variants of lbs", config.MaxVariants), Hint: "let rules say the same of stickiness and activation"})
			return
		}
	}
	c.mounted[key] = len(c.mounts)
	c.mounts = append(c.mounts, m)
}

// variant is what the mount asks of its pool other than the pool has it, "" for nothing.
func (m *mount) variant() string {
	var words []string
	for _, p := range m.words {
		if slices.Contains([]string{"stickyIgnore", "stateless", "active", "disabled", "stopped"}, p.Key) {
			words = append(words, p.Key+": "+p.Text)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return m.to.Text + " " + strings.Join(words, " ")
}

// nowhere takes a rule whose worker is not there. mod_jk forwards nothing that it wins, so that it becomes an exclusion,
// unless that would keep others out that come before it.
func (c *converter) nowhere(r rule, rules []rule) {
	if e := c.props.Get("worker.list"); e != nil && slices.Contains(properties.List(e.Value), r.worker) {
		return // it cannot be used, which was told
	}
	f := Finding{Directive: r.text, Verdict: Approximated, Note: "worker.list has no worker " + form.Quote(r.worker) + ": nothing is forwarded, 404", Hint: c.Near(r.worker, c.listed)}
	if f.Hint == "" && len(c.listed) > 0 {
		f.Hint = "there is " + strings.Join(c.listed[:min(len(c.listed), 8)], ", ")
	}
	if c.files[r.worker] != nil {
		f.Hint = "add it to worker.list"
	}
	i := slices.IndexFunc(rules, func(q rule) bool { return !q.not && slices.Contains(c.listed, q.worker) && q.before(r) })
	paths, err := r.patterns()
	switch {
	case err != nil:
		f.Verdict, f.Note, f.Hint = Error, err.Error(), "such a pattern cannot be written in mounts"
	case i >= 0:
		f.Note = "worker.list has no worker " + form.Quote(r.worker) + ": left out, for an exclusion would take paths of " + rules[i].at.String()
	}
	if c.Mark(r.at, f); err == nil && i < 0 {
		for _, p := range paths {
			c.place(mount{path: "!" + p, to: pair{Key: "pool", Text: `"*"`}, from: r.at, text: r.text})
		}
	}
}

// before tells whether a path may match both rules, and r is the one that wins.
func (r rule) before(other rule) bool {
	const wild = "*?|"
	literal := func(s string) string { return s[:strings.IndexAny(s+"*", wild)] }
	a, b := literal(r.pattern), literal(other.pattern)
	if (a == r.pattern || !strings.HasPrefix(b, a)) && (b == other.pattern || !strings.HasPrefix(a, b)) && a != b {
		return false
	}
	slashes := strings.Count(r.pattern, "/") - strings.Count(other.pattern, "/")
	return slashes > 0 || slashes == 0 && len(r.pattern) >= len(other.pattern)
}

// exclude writes the exclusions behind the rules.
func (c *converter) exclude(rules []rule) {
	for _, r := range rules {
		if !r.not && !slices.Contains(c.listed, r.worker) {
			c.nowhere(r, rules)
		}
		if !r.not {
			continue
		}
		to := pair{Key: "pool", Text: `"*"`}
		if r.worker != "*" && !slices.Contains(c.listed, r.worker) {
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Ignored, Note: "worker.list has no worker " + form.Quote(r.worker) + ": it excludes nothing, with mod_jk neither", Hint: c.Near(r.worker, c.listed)})
			continue
		} else if r.worker != "*" {
			to = target(c.workers[r.worker])
		}
		paths, err := r.patterns()
		if err != nil {
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Error, Note: err.Error(), Hint: "such a pattern cannot be written in mounts"})
			continue
		}
		c.Mark(r.at, Finding{Directive: r.text, Verdict: Used})
		for _, path := range paths {
			c.place(mount{path: path, to: to, from: r.at, text: r.text})
		}
	}
}
