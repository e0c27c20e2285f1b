package modjk

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
)

// maxMounts is how many a file may have; more would not fit into one.
const maxMounts = 10_000

// mount is a line of mounts.
type mount struct {
	path, pool string
	from       place
	text       string
}

// mount maps what a rule maps.
func (c *converter) mount(r rule) {
	if r.not {
		return
	}
	if !slices.Contains(c.listed, r.worker) {
		if e := c.props.Get("worker.list"); e != nil && slices.Contains(properties.List(e.Value), r.worker) {
			return // it cannot be used, which was told
		}
		hint := c.Near(r.worker, c.listed)
		if hint == "" && len(c.listed) > 0 {
			hint = "there is " + strings.Join(c.listed[:min(len(c.listed), 8)], ", ")
		}
		if c.files[r.worker] != nil {
			hint = "add it to worker.list"
		}
		c.Mark(r.at, Finding{Directive: r.text, Verdict: Error, Note: "worker.list has no worker " + form.Quote(r.worker), Hint: hint})
		return
	}
	paths, err := r.patterns()
	if err != nil {
		c.Mark(r.at, Finding{Directive: r.text, Verdict: Error, Note: err.Error(), Hint: "such a pattern cannot be written in mounts"})
		return
	}
	f := Finding{Directive: r.text, Verdict: Used}
	pool := r.worker
	switch w := c.workers[r.worker]; {
	case w.kind == "status":
		f.Verdict, f.Note = Unsupported, "there is no status worker yet: the path is excluded, and answered 404; see the admin UI"
		for i := range paths {
			paths[i] = "!" + paths[i]
		}
		pool = "*"
	case w.kind == "ajp13" && (r.sticky || len(r.activation) > 0):
		f.Verdict, f.Note = Approximated, "its extensions mean something for an lb only"
	case r.sticky || len(r.activation) > 0:
		pool = c.variant(r)
		f.Note = "pool " + pool
	}
	c.Mark(r.at, f)
	for _, p := range paths {
		c.place(p, pool, r)
	}
}

// place adds a mount, unless it says what another one says.
func (c *converter) place(path, pool string, r rule) {
	key := path
	if strings.HasPrefix(path, "!") {
		key += " " + pool
	}
	if i, twice := c.mounted[key]; twice {
		switch old := c.mounts[i]; {
		case old.pool == pool:
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Approximated, Note: "says what " + old.from.String() + " says"})
		case old.from.File == r.at.File && old.text != r.text:
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Approximated, Note: "the same pattern as " + old.from.String() + ", which counts; mod_jk takes either", Hint: "remove one"})
		default:
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Approximated, Note: "never reached, as with mod_jk: " + old.from.String() + " has the same pattern and comes first"})
		}
		return
	}
	if len(c.mounts) == maxMounts {
		c.Mark(r.at, Finding{Directive: r.text, Verdict: Error, Note: fmt.Sprintf("this makes more than %d mounts", maxMounts)})
		return
	}
	c.mounted[key] = len(c.mounts)
	c.mounts = append(c.mounts, mount{path, pool, r.at, r.text})
}

// variant is the pool of a worker as a rule's extensions change it.
func (c *converter) variant(r rule) string {
	i := slices.IndexFunc(c.pools, func(p *pool) bool { return p.name == r.worker })
	base := c.pools[i]
	v := *base
	v.members = slices.Clone(base.members)
	if r.sticky {
		v.sticky, v.stickyForce = false, nil
		v.words = slices.DeleteFunc(slices.Clone(base.words), func(p pair) bool { return p.key == "sticky" })
		v.words = append(v.words, pair{"sticky", "false", r.at.String() + " sticky_ignore"})
	}
	for _, a := range r.activation {
		j := slices.IndexFunc(v.members, func(m member) bool { return m.n.w.name == a.member })
		if j < 0 {
			var names []string
			for _, m := range v.members {
				names = append(names, m.n.w.name)
			}
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Approximated, Note: fmt.Sprintf("%s: worker %s has no member %s: left out", a.word, r.worker, form.Quote(a.member)), Hint: c.Near(a.member, names)})
			continue
		}
		v.members[j].activation = &pair{"activation", a.word, r.at.String()}
	}
	v.key = v.says()
	for _, p := range c.pools {
		if p.key == "" {
			p.key = p.says()
		}
		if p.of == r.worker && p.key == v.key {
			return p.name
		}
	}
	if c.crowded(r.at, r.text) {
		return r.worker
	}
	n := 2
	for slices.ContainsFunc(c.pools, func(p *pool) bool { return p.name == fmt.Sprintf("%s.%d", r.worker, n) }) {
		n++
	}
	v.name, v.from = fmt.Sprintf("%s.%d", r.worker, n), r.at.String()
	c.pools = append(c.pools, &v)
	return v.name
}

// says is what sets a pool apart from others of its worker.
func (p *pool) says() string {
	var b strings.Builder
	fmt.Fprint(&b, p.sticky)
	for _, m := range p.members {
		act := m.n.activation
		if m.activation != nil {
			act = m.activation.text
		}
		fmt.Fprint(&b, " ", act)
	}
	return b.String()
}

// exclude writes the exclusions, when all pools are known.
func (c *converter) exclude(rules []rule) {
	for _, r := range rules {
		if !r.not {
			continue
		}
		var pools []string
		for _, p := range c.pools {
			if p.of == r.worker {
				pools = append(pools, p.name)
			}
		}
		w := c.workers[r.worker]
		switch {
		case r.worker == "*":
			pools = []string{"*"}
		case w != nil && w.kind == "status":
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Ignored, Note: "nothing is mapped to a status worker"})
		case len(pools) == 0:
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Ignored, Note: "worker.list has no worker " + form.Quote(r.worker) + ": it excludes nothing, with mod_jk neither", Hint: c.Near(r.worker, c.listed)})
		}
		paths, err := r.patterns()
		if err != nil {
			c.Mark(r.at, Finding{Directive: r.text, Verdict: Error, Note: err.Error(), Hint: "such a pattern cannot be written in mounts"})
			continue
		}
		for _, path := range paths {
			for _, p := range pools {
				c.Mark(r.at, Finding{Directive: r.text, Verdict: Used})
				c.place(path, p, r)
			}
		}
	}
}
