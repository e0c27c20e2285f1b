package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

func (r *checker) checkMounts(c *Config) {
	seen, variants := seenAt{}, map[string]bool{}
	for i := range c.Mounts {
		m, p := &c.Mounts[i], fmt.Sprintf("mounts[%d]", i)
		r.checkTarget(c, m, p)
		key := m.Path
		if m.excludes() {
			key += " " + m.Pool + " " + m.Status
		}
		if first, ok := seen[key]; ok && m.Path != "" {
			r.Bad(p+".path", "keep one of them", "%s is already mounted by %s (line %d)", form.Quote(m.Path), first, r.At(first).Line)
		}
		seen[key] = p
		r.checkMountWords(c, m, p)
		if v := m.Variant(); v != "" && !variants[m.Pool+" "+v] {
			if variants[m.Pool+" "+v] = true; len(variants) == MaxVariants+1 {
				r.Bad(p, "let mounts ask for the same", "mounts ask for more than %d variants of pools (stickyIgnore, stateless, active, disabled, stopped)", MaxVariants)
			}
		}
	}
	if len(c.Mounts) == 0 && len(c.Listen.HTTP) > 0 && !r.Failed("mounts") {
		r.Bad("mounts", `mounts: [{path: "/*", pool: default}]`, "nothing is mounted: every HTTP request would be refused")
	}
}

func (m *Mount) excludes() bool { return strings.HasPrefix(m.Path, "!") }

// checkTarget looks at what a mount leads to.
func (r *checker) checkTarget(c *Config, m *Mount, p string) {
	pools := poolNames(c)
	switch {
	case m.Status != "" && m.Pool != "":
		r.Bad(p+".status", "keep pool or status", "pool is set as well: a path leads to one of them")
	case m.Status != "":
		var known []string
		for _, s := range c.Status {
			known = append(known, s.Name)
		}
		if !slices.Contains(known, m.Status) && !r.Failed(p+".status") {
			hint := form.Meant(m.Status, known)
			if len(known) == 0 {
				hint = fmt.Sprintf("such as: status: {%s: {}}", m.Status)
			}
			r.Bad(p+".status", hint, "there is no status worker %s", form.Quote(m.Status))
		}
	case m.Pool == allNodes && !m.excludes():
		r.Bad(p+".pool", "name one pool", `only an exclusion ("!/path") may stand for all pools`)
	case m.Pool == allNodes || r.Failed(p+".pool") || len(c.Listen.HTTP) == 0:
	case !slices.Contains(pools, m.Pool) && !r.Given("mounts"):
		r.Bad("mounts", "call a pool default, or write mounts", `the default mount "/*" needs a pool "default"`)
	case !slices.Contains(pools, m.Pool):
		r.Bad(p+".pool", form.Meant(m.Pool, pools), "there is no pool %s", form.Quote(m.Pool))
	}
}

// mountWords are the keys of a mount that say something of requests.
var mountWords = []string{"stickyIgnore", "stateless", "active", "disabled", "stopped", "replyTimeout", "failOnStatus", "serverErrors", "session"}

func (r *checker) checkMountWords(c *Config, m *Mount, p string) {
	for _, word := range mountWords {
		at := decode.Join(p, word)
		switch {
		case !r.Given(at) || r.FailedUnder(at):
		case m.excludes():
			r.Warn(at, "write it where the path is mounted", "has no effect: an exclusion leads nowhere")
		case m.Status != "":
			r.Warn(at, "leave it out", "has no effect: a status worker answers by itself")
		}
	}
	if m.FailOnStatus != nil {
		r.checkStatuses(p+".failOnStatus", *m.FailOnStatus)
	}
	if m.ServerErrors != nil {
		r.checkServerErrors(p+".serverErrors", *m.ServerErrors)
	}
	i := slices.IndexFunc(c.Pools, func(pool Pool) bool { return pool.Name == m.Pool })
	if i < 0 {
		return
	}
	r.checkVariant(m, p, c.Members(c.Pools[i]))
}

// checkVariant looks at the activations that a mount gives to members of its pool.
func (r *checker) checkVariant(m *Mount, p string, members []Member) {
	seen, is := seenAt{}, map[string]string{}
	var known []string
	for _, member := range members {
		known = append(known, member.Node)
		is[member.Node] = member.Activation
	}
	for _, list := range m.activations() {
		for j, name := range list.nodes {
			at := fmt.Sprintf("%s.%s[%d]", p, list.word, j)
			if !slices.Contains(known, name) && !r.Failed(at) {
				r.Bad(at, form.Meant(name, known), "pool %s has no node %s", form.Quote(m.Pool), form.Quote(name))
				continue
			}
			r.twice(seen, name, use{at, at}, "a node has one activation")
			is[name] = list.word
		}
	}
	before := slices.ContainsFunc(members, func(member Member) bool { return member.Activation == "active" })
	if before && !slices.Contains(slices.Collect(maps.Values(is)), "active") && !r.FailedUnder(p) {
		r.Warn(p, "leave one active", "no node of the pool takes new sessions here")
	}
}

// checkPoolWords looks at what a pool says of requests.
func (r *checker) checkPoolWords(c *Config, p *Pool) {
	path := decode.Join("pools", p.Name)
	for i, n := range p.Nodes {
		own := fmt.Sprintf("%s.nodes[%d]", path, i)
		var statuses []int
		var methods []string
		override(&statuses, n.FailOnStatus)
		override(&methods, n.Repeat)
		r.checkRequests(own, statuses, methods)
	}
	if p.FailOnStatus != nil {
		r.checkStatuses(path+".failOnStatus", *p.FailOnStatus)
	}
	r.checkServerErrors(path+".serverErrors", p.ServerErrors)
	if at := path + ".health.sip.mode"; c.Health.SIP.Interval == 0 && (p.Health.SIP.Mode == "always" || p.Health.SIP.Mode == "down") && !r.Failed(at) {
		r.Warn(at, "set health.sip.interval", "has no effect: with health.sip.interval: 0 nobody is probed")
	}
	sets := func(m Mount) bool { return m.Pool == p.Name && m.Session.Set != nil && *m.Session.Set }
	if at := path + ".session.setPath"; r.Given(at) && !r.Failed(at) && !p.Session.Set && !slices.ContainsFunc(c.Mounts, sets) {
		r.Warn(at, "set session.set: true", "has no effect: no cookie is set")
	}
}

// checkRequests looks at what a node, at path, says of requests.
func (r *checker) checkRequests(path string, statuses []int, methods []string) {
	r.checkStatuses(path+".failOnStatus", statuses)
	for i, m := range methods {
		at := fmt.Sprintf("%s.repeat[%d]", path, i)
		if slices.Contains([]string{"POST", "PATCH", "CONNECT"}, m) && !r.Failed(at) {
			r.Warn(at, "leave it out unless the application can tell a request that comes again", "a %s that was sent may be done twice", m)
		}
	}
}

// checkStatuses looks at a list of statuses. With "-" in front they stand for
// what the node is not to blame for.
func (r *checker) checkStatuses(path string, list []int) {
	for i, status := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case r.Failed(at):
		case max(status, -status) < 100:
			r.Bad(at, "between 100 and 599, or -599 and -100", "%d is no status", status)
		case slices.Contains(list[:i], status):
			r.Bad(at, "keep one of them", "%d is there twice", status)
		case slices.Contains(list[:i], -status):
			r.Bad(at, "keep one of them", "%d and %d contradict each other", -status, status)
		}
	}
}

func (r *checker) checkServerErrors(at string, least int) {
	if least > 0 && least < 400 && !r.Failed(at) {
		r.Bad(at, "such as 500; 0 is off", "%d is no error: pages that are none would be lost", least)
	}
}

// checkStatus looks at the status workers.
func (r *checker) checkStatus(c *Config) {
	for _, s := range c.Status {
		if at := decode.Join("status", s.Name) + ".allow"; s.ReadOnly && r.Given(at) {
			r.Warn(at, "set readOnly: false", "has no effect: nothing may be changed")
		}
	}
}
