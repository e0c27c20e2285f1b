package modjk

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"twinhop/gateway/config/form"
)

// Input is what is converted. Without URIMap and HTTPD only the mount lines of workers map anything.
type Input struct {
	Workers Source
	URIMap  *Source
	HTTPD   *Source

	Host   string                      // virtual host whose rules count; empty: the only one that has some
	Listen string                      // address to be served; empty: ":8080"
	Lookup func(string) (string, bool) // variables of the environment; nil: none
}

// Result is what came out.
type Result struct {
	YAML     []byte // nil when a finding is an Error
	Secrets  bool   // YAML holds a secret: nobody else should read it
	Findings Findings
}

// converter is one conversion.
type converter struct {
	ledger
	props   *properties
	files   map[string]section // what each worker's lines say
	begins  map[string]place   // first line of each
	workers map[string]*worker // those that are used; nil: one that cannot be
	listed  []string           // worker.list
	nodes   map[string]*node
	order   []*node
	pools   []*pool
	mounts  []mount
	mounted map[string]int // a mount's pattern, with its pool if it excludes, to its index
	cookie  *entry         // of session_cookie that counts
}

// Convert says in YAML what the files say to mod_jk.
func Convert(in Input) Result {
	c := &converter{begins: map[string]place{}, workers: map[string]*worker{}, nodes: map[string]*node{}, mounted: map[string]int{}}
	var front *httpd
	if in.HTTPD != nil {
		c.reads(in.HTTPD.Name)
		front = readHTTPD(in.HTTPD, &c.ledger)
	}
	c.props = &properties{ledger: &c.ledger, lookup: c.lookup(in.Lookup, front)}
	if front != nil {
		for _, ln := range front.workers {
			c.props.add(ln)
		}
	}
	c.reads(in.Workers.Name)
	for _, ln := range lines(&in.Workers, &c.ledger) {
		c.props.add(ln)
	}
	c.files = c.sections()
	c.list(in.Workers.Name)
	c.makePools()
	c.mapURIs(in, front)
	c.leftOver()
	r := Result{Findings: c.sorted()}
	if r.Findings.Count(Error) == 0 {
		r.YAML, r.Secrets = c.write(in)
	}
	return r
}

// reads remembers the order of the files.
func (c *converter) reads(name string) { c.ledger.files = append(c.ledger.files, name) }

func (c *converter) lookup(env func(string) (string, bool), front *httpd) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if env != nil {
			if v, ok := env(name); ok {
				return v, true
			}
		}
		if name == "ServerRoot" && front != nil && front.root != "" {
			return front.root, true
		}
		return "", false
	}
}

// say gives the verdict about all lines of an entry.
func (c *converter) say(e *entry, f Finding) {
	f.Directive = e.key
	for _, at := range e.at {
		c.mark(at, f)
	}
}

// wrong is say for a value that is an error: it stands where the value stands.
func (c *converter) wrong(e *entry, f Finding) {
	f.Verdict = Error
	c.say(e, f)
	if row := c.rows[spot{place: e.at[0]}]; e.col > 0 && row.Note == f.Note {
		row.Col = e.col
	}
}

// list reads worker.list.
func (c *converter) list(file string) {
	e := c.props.byKey["worker.list"]
	if e == nil { // mod_jk's default
		e = &entry{key: "worker.list", value: "ajp13", at: []place{{file, 1, 1}}}
		if c.files["ajp13"] == nil && len(c.files) > 0 {
			c.mark(e.at[0], Finding{Directive: "--workers", Verdict: Error, Note: "worker.list is missing: no worker can be mapped", Hint: "such as worker.list=" + strings.Join(c.workerNames()[:min(len(c.files), 1)], "")})
			return
		}
	}
	for _, name := range split(e.value) {
		if slices.Contains(c.listed, name) {
			c.say(e, Finding{Verdict: Approximated, Note: form.Quote(name) + " is named twice"})
			continue
		}
		if c.worker(name, e) != nil {
			c.listed = append(c.listed, name)
		}
	}
}

// mapURIs collects the rules in their order of precedence, and makes mounts of them.
func (c *converter) mapURIs(in Input, front *httpd) {
	var rules []rule
	var httpdRules []rule
	var mapFile *directive
	if front != nil {
		httpdRules, mapFile = front.chosen(in.Host)
		c.given(front.file, "JkWorkersFile", in.Workers.Name)
		name := ""
		if in.URIMap != nil {
			name = in.URIMap.Name
		}
		c.given(mapFile, "JkMountFile", name)
	} else if in.Host != "" {
		c.mark(place{in.Workers.Name, 1, 1}, Finding{Directive: "--host", Verdict: Error, Note: "virtual hosts are in an httpd.conf", Hint: "give it with --httpd"})
	}
	if in.URIMap != nil {
		c.reads(in.URIMap.Name)
		if mapFile == nil && front != nil && slices.ContainsFunc(front.hosts, func(v *host) bool { return v.mapFile != nil }) && !c.failed() {
			c.mark(place{in.URIMap.Name, 1, 1}, Finding{Directive: "--urimap", Verdict: Error, Note: "the host that is converted has no JkMountFile: the map is that of another", Hint: "leave --urimap out"})
		}
		rules = readMap(in.URIMap, &c.ledger)
	}
	rules = append(append(rules, httpdRules...), c.ownRules()...)
	for _, r := range rules {
		c.mount(r)
	}
	c.exclude(rules)
	if len(c.mounts) == 0 && !c.failed() {
		c.mark(place{in.Workers.Name, 1, 1}, Finding{Directive: "--urimap", Verdict: Error, Note: "no rule maps anything to a worker that can be used", Hint: "give the rules with --urimap or --httpd"})
	}
}

// given holds a file that httpd.conf names against the one that was given.
func (c *converter) given(d *directive, name, file string) {
	switch {
	case d == nil:
	case file == "":
		c.mark(d.at, Finding{Directive: name, Verdict: Error, Note: form.Quote(d.args[0]) + " was not read", Hint: "give it with --urimap"})
	case path.Base(d.args[0]) != path.Base(file):
		c.mark(d.at, Finding{Directive: name, Verdict: Approximated, Note: fmt.Sprintf("%s was read in the place of %s", form.Quote(file), form.Quote(d.args[0]))})
	default:
		c.mark(d.at, Finding{Directive: name, Verdict: Used, Note: "read as " + form.Quote(file)})
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
		for _, pattern := range split(text) {
			if r, ok := newRule(w.says["mount"].at[0], pattern, name, &c.ledger); ok {
				r.text = w.says["mount"].key
				all = append(all, r)
			}
		}
	}
	return all
}
