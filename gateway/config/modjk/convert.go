package modjk

import (
	"slices"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/verdict"
)

// converter is one conversion.
type converter struct {
	verdict.Ledger
	source
	props    *properties.Keys
	files    map[string]section // what each worker's lines say
	begins   map[string]place   // first line of each
	workers  map[string]*worker // those that are used; nil: one that cannot be
	listed   []string           // worker.list
	nodes    map[string]*node
	order    []*node
	pools    []*pool
	mounts   []mount
	variants map[string]bool // that mounts make of pools
	mounted  map[string]int  // a mount's pattern, with its pool if it excludes, to its index
}

// Convert says in YAML what the files say to mod_jk.
func Convert(in Input) Result {
	c := &converter{begins: map[string]place{}, workers: map[string]*worker{}, nodes: map[string]*node{}, mounted: map[string]int{}, variants: map[string]bool{}}
	rules := c.read(&in)
	c.files = c.sections()
	c.list(in.Workers.Name)
	c.makePools()
	c.mapURIs(in.Workers.Name, rules)
	c.cookiePaths()
	status := c.statusWorkers()
	c.leftOver()
	r := Result{Findings: c.Sorted(), Files: c.Files, Workers: c.props.Order, Input: in, MapFile: c.mapFile, Reload: c.reload}
	if r.Findings.Count(Error) == 0 {
		r.YAML, r.Secrets = c.write(&in, status)
	}
	return r
}

// say gives the verdict about all lines of an entry.
func (c *converter) say(e *properties.Entry, f Finding) {
	f.Directive = e.Key
	for _, at := range e.At {
		c.Mark(at, f)
	}
}

// wrong is say for a value that is an error: it stands where the value stands.
func (c *converter) wrong(e *properties.Entry, f Finding) {
	f.Verdict = Error
	c.say(e, f)
	if row := c.Said(e.At[0]); e.Col > 0 && row.Note == f.Note {
		row.Col = e.Col
	}
}

// list reads worker.list.
func (c *converter) list(file string) {
	e := c.props.Get("worker.list")
	if e == nil { // mod_jk's default
		e = &properties.Entry{Key: "worker.list", Value: "ajp13", At: []place{verdict.Top(file)}}
		if c.files["ajp13"] == nil && len(c.files) > 0 {
			c.Mark(e.At[0], Finding{Directive: "--workers", Verdict: Error, Note: "worker.list is missing: no worker can be mapped", Hint: "such as worker.list=" + strings.Join(c.workerNames()[:min(len(c.files), 1)], "")})
			return
		}
	}
	for _, name := range properties.List(e.Value) {
		if slices.Contains(c.listed, name) {
			c.say(e, Finding{Verdict: Approximated, Note: form.Quote(name) + " is named twice"})
			continue
		}
		if c.worker(name, e) != nil {
			c.listed = append(c.listed, name)
		}
	}
}

// mapURIs makes mounts of the rules, in their order of precedence.
func (c *converter) mapURIs(file string, rules []rule) {
	rules = append(rules, c.ownRules()...)
	for _, r := range rules {
		c.mount(r)
	}
	c.exclude(rules)
	if !slices.ContainsFunc(c.mounts, func(m mount) bool { return m.path[0] != '!' }) && !c.Failed() {
		c.Mark(verdict.Top(file), Finding{Directive: "--urimap", Verdict: Error, Note: "no rule maps anything to a worker that can be used", Hint: "give the rules with --urimap or --httpd"})
	}
}

// ownRules are those of the mount lines of listed workers.
func (c *converter) ownRules() []rule {
	var all []rule
	for _, name := range c.listed {
		w := c.workers[name]
		text, ok := c.get(w, "mount")
		if !ok {
			continue
		}
		for _, pattern := range properties.List(text) {
			if r, ok := newRule(w.says["mount"].At[0], pattern, name, &c.Ledger); ok {
				r.text = w.says["mount"].Key
				all = append(all, r)
			}
		}
	}
	return all
}
