package modjk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/sheet"
)

// once are extensions of which the first counts; of the others it is the last.
var once = strings.Fields("active disabled stopped fail_on_status session_cookie session_path session_cookie_path")

// ofAny are extensions that mean something for a worker that is no lb.
var ofAny = strings.Fields("reply_timeout fail_on_status use_server_errors")

// words are what a rule's extensions are in a mount of worker w. What is odd about them is told.
func (c *converter) words(r *rule, w *worker) []pair {
	m := mountWords{converter: c, rule: r, says: map[string]string{}}
	for _, x := range r.says {
		switch _, twice := m.says[x.name]; {
		case !slices.Contains(words("rule"), ";"+x.name):
			m.odd("there is no extension "+form.Quote(x.name)+": mod_jk skips it, too", strings.Replace(c.Near(";"+x.name, words("rule")), `";`, `"`, 1))
		case w.kind == "status":
			m.odd(x.name+" means nothing for a status worker", "")
		case w.kind == "ajp13" && !slices.Contains(ofAny, x.name):
			m.odd(x.name+" means something for an lb only: mod_jk skips it, too", "")
		case twice && slices.Contains(once, x.name):
			m.odd(x.name+" is given twice: the first counts, as with mod_jk", "")
		default:
			m.says[x.name] = x.value
		}
	}
	m.flag("sticky_ignore", "stickyIgnore")
	m.flag("stateless", "stateless")
	m.activations(c.pool(w))
	if n, ok := m.number("reply_timeout"); ok && n >= 0 {
		d := time.Duration(n) * time.Millisecond
		if d > day {
			m.odd("reply_timeout: a day, which is the longest", "")
		}
		m.add("replyTimeout", short(min(d, day)))
	}
	m.failures()
	m.session(c.pool(w))
	if len(m.notes) > 0 {
		c.Mark(r.at, Finding{Directive: r.text, Verdict: Approximated, Note: strings.Join(m.notes, "; "), Hint: m.hint})
	}
	return m.all
}

// pool is that of a worker, nil if it has none.
func (c *converter) pool(w *worker) *pool {
	if i := slices.IndexFunc(c.pools, func(p *pool) bool { return p.w == w }); i >= 0 {
		return c.pools[i]
	}
	return nil
}

// mountWords are made of the extensions of one rule.
type mountWords struct {
	*converter
	rule  *rule
	says  map[string]string
	all   []pair
	notes []string // that the rule is not taken over whole, or not quite
	hint  string
}

func (m *mountWords) odd(note, hint string) {
	if m.notes = append(m.notes, note); m.hint == "" {
		m.hint = hint
	}
}

func (m *mountWords) add(key, text string) { m.all = append(m.all, pair{Key: key, Text: text}) }

// bad refuses a value.
func (m *mountWords) bad(name, note, hint string) {
	m.Mark(m.rule.at, Finding{Directive: m.rule.text, Verdict: Error, Note: name + ": " + note, Hint: hint})
}

// number reads one as C does.
func (m *mountWords) number(name string) (int, bool) {
	text, ok := m.says[name]
	if !ok {
		return 0, false
	}
	n, clean := properties.Number(text)
	if !clean {
		m.odd(fmt.Sprintf("%s: mod_jk reads %s as %d, and so it is taken", name, form.Quote(text), n), "")
	}
	return n, true
}

func (m *mountWords) flag(name, key string) {
	if n, ok := m.number(name); ok && n != 0 {
		m.add(key, "true")
	}
}

// activations reads active, disabled and stopped. A member in two lists is what the last of them says.
func (m *mountWords) activations(p *pool) {
	lists := []string{"active", "disabled", "stopped"}
	is := map[string]string{}
	var order []string
	for _, list := range lists {
		for _, name := range properties.List(m.says[list]) {
			var known []string
			for _, member := range p.members {
				known = append(known, member.n.w.name)
			}
			if !slices.Contains(known, name) {
				m.odd(fmt.Sprintf("%s: worker %s has no member %s: left out", list, p.w.name, form.Quote(name)), m.Near(name, known))
				continue
			}
			if is[name] == "" {
				order = append(order, name)
			}
			is[name] = list
		}
	}
	for _, list := range lists {
		if names := slices.DeleteFunc(slices.Clone(order), func(n string) bool { return is[n] != list }); len(names) > 0 {
			slices.Sort(names)
			m.add(list, sheet.List(names))
		}
	}
}

// failures reads which answers are failures.
func (m *mountWords) failures() {
	if text, ok := m.says["fail_on_status"]; ok {
		list, odd := statuses(text)
		if len(odd) > 0 {
			m.odd("fail_on_status: "+strings.Join(odd, ", ")+": no answer has such a status, or it is there already; left out", "")
		}
		switch {
		case len(list) > maxStatuses:
			m.bad("fail_on_status", fmt.Sprintf("more than %d statuses", maxStatuses), "")
		case len(list) > 0: // an empty list is the worker's
			m.add("failOnStatus", numbers(list))
		}
	}
	n, ok := m.number("use_server_errors")
	switch {
	case !ok || n <= 0 || n > 599:
	case n < 400:
		m.odd("use_server_errors: 400, for what is below is no error", "")
		n = 400
		fallthrough
	default:
		m.add("serverErrors", fmt.Sprint(n))
	}
}

// session reads what the session id is called here, and whether a cookie is set.
func (m *mountWords) session(p *pool) {
	if name, ok := m.says["session_cookie"]; ok {
		if !form.IsToken(name) || len(name) > maxName {
			m.bad("session_cookie", form.Quote(name)+" is no name of a cookie", "")
		}
		m.add("session.cookie", sheet.Quote(name))
	}
	if text, ok := m.says["session_path"]; ok {
		path, f := parameter(text)
		switch f.Verdict {
		case Error:
			m.bad("session_path", f.Note, f.Hint)
		case Approximated:
			m.odd("session_path: "+f.Note, "")
		}
		m.add("session.path", sheet.Quote(path))
	}
	if n, ok := m.number("set_session_cookie"); ok && n != 0 {
		m.add("session.set", "true")
		p.sets = true
	}
	if text, ok := m.says["session_cookie_path"]; ok {
		if hint, err := form.Check("cookiePath", text); err != nil {
			m.bad("session_cookie_path", err.Error(), hint)
		}
		m.add("session.setPath", sheet.Quote(text))
	}
}
