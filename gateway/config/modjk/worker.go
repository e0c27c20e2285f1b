package modjk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/verdict"
)

// maxDepth is how many templates may refer to each other.
const maxDepth = 20

// worker is what the file says of one, templates included.
type worker struct {
	name, kind string
	says       map[string]*properties.Entry // by the directive's present name
	used       map[string]bool              // directives that were taken up
	at         place                        // of its first line
}

var workerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// section is the lines of one worker's name.
type section map[string]*properties.Entry

// sections sorts the keys by worker and finds those that nobody knows.
func (c *converter) sections() map[string]section {
	all := map[string]section{}
	for _, e := range c.props.Order {
		if !strings.HasPrefix(e.Key, "worker.") {
			continue
		}
		name, word := splitKey(e.Key)
		known := find(word)
		switch {
		case name == "" && (word == "list" || word == "maintain"):
			c.say(e, Finding{Verdict: known.Verdict, Note: known.Note})
			continue
		case name == "" || known == nil || known.Of == "file":
			c.say(e, Finding{Verdict: Error, Note: "mod_jk has no such directive, and does not start with it", Hint: c.Near(word, slices.Concat(words("ajp13"), words("lb"), words("member"), words("status")))})
			continue
		case len(name) > maxName:
			c.say(e, Finding{Verdict: Error, Note: fmt.Sprintf("the worker's name is longer than %d bytes", maxName)})
			continue
		}
		if all[name] == nil {
			all[name], c.begins[name] = section{}, e.At[0]
		}
		if old := all[name][known.Name]; old != nil && old.Key == "worker."+name+"."+known.Name { // the present name counts
			c.say(e, Finding{Verdict: Ignored, Note: known.Name + " says it, too"})
			continue
		} else if old != nil {
			c.say(old, Finding{Verdict: Ignored, Note: form.Quote(e.Key) + " says it, too"})
		}
		all[name][known.Name] = e
	}
	return all
}

// resolve copies what templates say.
func (c *converter) resolve(name string) map[string]*properties.Entry {
	says := map[string]*properties.Entry{}
	for from, depth := name, 0; ; depth++ {
		for word, e := range c.files[from] {
			if says[word] == nil && (word != "reference" || depth == 0) {
				says[word] = e
			}
		}
		ref := c.files[from]["reference"]
		if ref == nil {
			return says
		}
		to, ok := strings.CutPrefix(ref.Value, "worker.")
		switch {
		case !ok:
			c.wrong(ref, Finding{Note: form.Quote(ref.Value) + " is no prefix of a worker", Hint: "write " + form.Quote("worker."+ref.Value)})
			return says
		case c.files[to] == nil:
			c.wrong(ref, Finding{Note: "nothing is said of " + form.Quote(ref.Value), Hint: c.Near(to, c.workerNames())})
			return says
		case depth == maxDepth:
			c.wrong(ref, Finding{Note: fmt.Sprintf("more than %d templates refer to each other, or in a circle", maxDepth)})
			return says
		}
		c.say(ref, Finding{Verdict: Used, Note: find("reference").Note})
		from = to
	}
}

func (c *converter) workerNames() []string {
	var names []string
	for n := range c.files {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// worker returns one by its name; nil, after a complaint at e, when there is none that can be used.
func (c *converter) worker(name string, e *properties.Entry) *worker {
	if w, ok := c.workers[name]; ok {
		return w
	}
	c.workers[name] = nil
	says := c.resolve(name)
	switch {
	case len(says) == 0 && name != "ajp13": // the one that mod_jk has without a word
		hint := c.Near(name, c.workerNames())
		if hint == "" {
			hint = "mod_jk would take localhost:8009; if that is meant, write worker." + name + ".host=localhost"
		}
		c.wrong(e, Finding{Note: "nothing is said of worker " + form.Quote(name), Hint: hint})
		return nil
	case !workerName.MatchString(name):
		c.wrong(e, Finding{Note: form.Quote(name) + " cannot be a name here", Hint: "letters, digits, '_', '-'; begin with a letter or digit"})
		return nil
	}
	w := &worker{name: name, kind: "ajp13", says: says, used: map[string]bool{}, at: c.begins[name]}
	if len(says) == 0 {
		w.at = e.At[0]
	}
	if t := says["type"]; t != nil {
		w.kind = t.Value
		if !slices.Contains([]string{"ajp13", "lb", "status"}, w.kind) {
			c.wrong(t, Finding{Note: form.Quote(w.kind) + " is no type that is known here", Hint: strings.TrimSpace("ajp13, lb or status; " + form.DidYouMean(w.kind, []string{"ajp13", "lb", "status"}))})
			return nil
		}
	}
	c.workers[name] = w
	return w
}

// get returns a value and remembers that it is used.
func (c *converter) get(w *worker, word string) (string, bool) {
	e := w.says[word]
	if e == nil {
		return "", false
	}
	w.used[word] = true
	d := find(word)
	c.say(e, Finding{Verdict: d.Verdict, Note: d.Note})
	return e.Value, true
}

// idle says why a directive that was not asked for has no effect.
func (c *converter) idle(w *worker, word, why string) {
	if e := w.says[word]; e != nil && !w.used[word] {
		w.used[word] = true
		c.say(e, Finding{Verdict: Ignored, Note: why})
	}
}

// of names the lines that a value comes from.
func (c *converter) of(w *worker, words ...string) string {
	var all []string
	for _, word := range words {
		if e := w.says[word]; e != nil {
			at := e.At[0].String()
			for _, more := range e.At[1:min(len(e.At), 4)] {
				at += fmt.Sprintf(",%d", more.Line)
			}
			all = append(all, at+" "+word)
		}
	}
	return strings.Join(all, ", ")
}

// integer reads a number within bounds.
func (c *converter) integer(w *worker, word string, least, most int) (int, bool) {
	text, ok := c.get(w, word)
	if !ok {
		return 0, false
	}
	e := w.says[word]
	n, clean := properties.Measure(text)
	switch {
	case n < least:
		c.wrong(e, Finding{Note: fmt.Sprintf("%s is less than %d", form.Quote(text), least)})
		return 0, false
	case n > most:
		c.wrong(e, Finding{Note: fmt.Sprintf("%s is more than %d", form.Quote(text), most)})
		return 0, false
	}
	if !clean {
		c.say(e, Finding{Verdict: Approximated, Note: fmt.Sprintf("mod_jk reads %s as %d, and so it is taken", form.Quote(text), n), Hint: fmt.Sprintf("write %d, or what was meant", n)})
	}
	return n, true
}

// boolean reads true or false.
func (c *converter) boolean(w *worker, word string, def bool) bool {
	text, ok := c.get(w, word)
	if !ok {
		return def
	}
	v, ok := properties.Truth(text)
	if !ok {
		c.say(w.says[word], Finding{Verdict: Approximated, Note: fmt.Sprintf("%s is neither true nor false: mod_jk takes %v, and so it is taken", form.Quote(text), def), Hint: "write true or false"})
		return def
	}
	return v
}

// name reads a route or the like.
func (c *converter) name(w *worker, word string) (string, bool) {
	text, ok := c.get(w, word)
	if !ok {
		return "", false
	}
	if hint, err := form.Check("route", text); err != nil {
		c.wrong(w.says[word], Finding{Note: err.Error(), Hint: hint})
		return "", false
	}
	return text, true
}

// leftOver gives the verdict about what nobody took up.
func (c *converter) leftOver() {
	for _, w := range c.workers {
		if w == nil {
			continue
		}
		for word, e := range w.says {
			d := find(word)
			switch {
			case w.used[word] || word == "reference":
			case !slices.ContainsFunc(strings.Fields(d.Of), func(of string) bool { return c.is(w, of) }):
				c.say(e, Finding{Verdict: Ignored, Note: fmt.Sprintf("has no effect on worker %s (%s)", w.name, c.kind(w))})
			default:
				c.say(e, Finding{Verdict: d.Verdict, Note: d.Note})
			}
		}
	}
	for _, e := range c.props.Order {
		name, _ := splitKey(e.Key)
		switch {
		case c.Said(e.At[0]) != nil:
		case strings.HasPrefix(e.Key, "worker."):
			c.say(e, Finding{Verdict: Ignored, Note: "nobody uses worker " + verdict.Clean(name)})
		case e.Referred:
			c.say(e, Finding{Verdict: Used, Note: "a variable"})
		default:
			c.say(e, Finding{Verdict: Ignored, Note: "a variable that no value refers to"})
		}
	}
}

// is tells whether a worker is of a kind of the table.
func (c *converter) is(w *worker, of string) bool {
	switch of {
	case "member":
		return c.nodes[w.name] != nil && c.nodes[w.name].member
	case "ajp13":
		return w.kind == "ajp13" && c.nodes[w.name] != nil && !c.nodes[w.name].member
	}
	return w.kind == of
}

func (c *converter) kind(w *worker) string {
	if c.is(w, "member") {
		return "member"
	}
	return w.kind
}
