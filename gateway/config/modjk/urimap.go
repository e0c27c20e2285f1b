package modjk

import (
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/verdict"
)

// rule is one line of the URI map, wherever it stood.
type rule struct {
	at              place
	text            string // "PATTERN=WORKER", for the report
	pattern, worker string
	not, off        bool
	says            []extension
}

// extension is a word behind a rule's worker.
type extension struct{ name, value string }

// readMap reads a uriworkermap.properties. Its lines are raw: there are no variables in them.
func readMap(s *Source, l *verdict.Ledger) []rule {
	var all []rule
	for _, ln := range properties.Lines(s.Name, s.Text, l) {
		pattern, worker, found := strings.Cut(ln.Text, "=")
		pattern, worker = strings.Trim(pattern, properties.Blanks), strings.Trim(worker, properties.Blanks)
		if !found || pattern == "" || worker == "" {
			l.Mark(ln.At, Finding{Directive: form.Quote(ln.Text), Verdict: Ignored, Note: "no pattern or no worker: mod_jk skips the line, too", Hint: `such as "/app|/*=worker"`})
			continue
		}
		if r, ok := newRule(ln.At, pattern, worker, l); ok {
			all = append(all, r)
		}
	}
	return all
}

// newRule takes the parts of a rule apart.
func newRule(at place, pattern, worker string, l *verdict.Ledger) (rule, bool) {
	r := rule{at: at, text: pattern + "=" + worker}
	name, extensions, _ := strings.Cut(worker, ";")
	r.worker = strings.Trim(name, properties.Blanks)
	pattern, r.off = strings.CutPrefix(pattern, "-")
	r.pattern, r.not = strings.CutPrefix(pattern, "!")
	switch {
	case r.off:
		l.Mark(at, Finding{Directive: r.text, Verdict: Ignored, Note: "switched off by its \"-\""})
		return r, false
	case !strings.HasPrefix(r.pattern, "/"):
		l.Mark(at, Finding{Directive: r.text, Verdict: Ignored, Note: "a pattern begins with \"/\": mod_jk refuses the rule, too"})
		return r, false
	case len(r.worker) > maxName || r.worker == "" || strings.ContainsAny(r.worker, properties.Blanks):
		l.Mark(at, Finding{Directive: r.text, Verdict: Error, Note: form.Quote(r.worker) + " is no name of a worker"})
		return r, false
	}
	r.extend(extensions)
	return r, true
}

// extend reads ";name=value;name=value". A path that begins with a semicolon (session_path=;name) is one value.
func (r *rule) extend(text string) {
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, ";")
		name, value, _ := strings.Cut(one, "=")
		name, value = strings.Trim(name, properties.Blanks), strings.Trim(value, properties.Blanks)
		if name == "session_path" && value == "" {
			value, text, _ = strings.Cut(text, ";")
			value = ";" + strings.Trim(value, properties.Blanks)
		}
		if name != "" {
			r.says = append(r.says, extension{name, value})
		}
	}
}

// patterns are the paths of mounts that say the same. "X|Y" is X and XY; only "|/" can be written as it is.
func (r *rule) patterns() (paths []string, err error) {
	sign := ""
	if r.not {
		sign = "!"
	}
	paths = []string{sign + r.pattern}
	if x, y, short := strings.Cut(r.pattern, "|"); short && (!strings.HasPrefix(y, "/") || strings.Contains(y, "|")) {
		paths = []string{sign + x, sign + x + y}
	}
	for _, p := range paths {
		if _, err := form.Check("mount", p); err != nil {
			return nil, err
		}
	}
	return paths, nil
}
