package modjk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/sheet"
)

// pool is an lb, or an ajp13 worker that is mapped itself.
type pool struct {
	w       *worker
	members []member
	words   []pair
	sets    bool // session cookies, for all or for some of its rules
	from    string
}

// member is a node of a pool.
type member struct {
	n          *node
	activation *pair // other than the node's
	from       string
}

// maxPools is how many pools, and nodes of all, a configuration may have.
const maxPools = 256

// crowded complains, at a place, of one pool or node too many.
func (c *converter) crowded(at place, directive string) bool {
	if len(c.pools) < maxPools && len(c.order) <= maxPools {
		return false
	}
	c.Mark(at, Finding{Directive: directive, Verdict: Error, Note: fmt.Sprintf("more than %d pools or nodes", maxPools)})
	return true
}

func (c *converter) makePools() {
	for _, name := range c.listed {
		w := c.workers[name]
		if c.crowded(w.at, "worker."+name) {
			return
		}
		if w.kind == "lb" {
			c.lb(w)
		}
	}
	for _, name := range c.listed {
		if w := c.workers[name]; w.kind == "ajp13" && !c.crowded(w.at, "worker."+name) {
			m := member{n: c.node(w), from: c.props.Origin("worker.list")}
			if m.n.activation != "active" && m.n.member {
				m.activation = &pair{Key: "activation", Text: "active", From: "mapped itself: the activation is that of the lb's member"}
			}
			c.pools = append(c.pools, &pool{w: w, members: []member{m}, from: w.at.String()})
		}
	}
	c.redirects()
	c.oneAddress()
}

// oneAddress lets workers at one address agree on the same things with their connector: there is one for both.
func (c *converter) oneAddress() {
	first := map[string]*node{}
	for _, n := range c.order {
		other := first[n.http.Text]
		if other == nil {
			first[n.http.Text] = n
			continue
		}
		for word, e := range n.w.says {
			if d := find(word); word == "host" || word == "port" || n.w.used[word] && d.Of != "member" && strings.HasPrefix(d.Note, "ajp.") && (other.w.says[word] == nil || other.w.says[word].Value != e.Value) {
				c.say(e, Finding{Verdict: Approximated, Note: fmt.Sprintf("worker %s is at the same address: what it says of connections counts for both", other.w.name), Hint: "let one worker be in both places, or say the same of both"})
			}
		}
		n.ajp, n.secret = other.ajp, other.secret
	}
}

func (c *converter) lb(w *worker) {
	p := &pool{w: w, from: w.at.String()}
	c.pools = append(c.pools, p)
	text, ok := c.get(w, "balance_workers")
	if !ok {
		c.Mark(w.at, Finding{Verdict: Error, Directive: "worker." + w.name, Note: "an lb without balance_workers has nobody to balance"})
		return
	}
	e, routes := w.says["balance_workers"], map[string]string{}
	for _, name := range properties.List(text) {
		m := c.worker(name, e)
		switch {
		case m == nil:
			c.wrong(e, Finding{Note: "worker " + form.Quote(name) + " cannot be used"})
			continue
		case m.kind != "ajp13":
			c.wrong(e, Finding{Note: fmt.Sprintf("worker %s is of type %s: members are of type ajp13", name, m.kind)})
			continue
		case slices.ContainsFunc(p.members, func(o member) bool { return o.n.w == m }):
			c.say(e, Finding{Verdict: Approximated, Note: form.Quote(name) + " is named twice"})
			continue
		}
		n := c.node(m)
		if c.crowded(w.at, "worker."+w.name) {
			return
		}
		c.memberWords(n)
		c.secretOf(n, w)
		if first, twice := routes[n.route]; twice {
			c.wrong(e, Finding{Note: fmt.Sprintf("%s and %s have the same route %s: mod_jk refuses that, too", first, name, form.Quote(n.route)), Hint: "each member needs its own route"})
		}
		routes[n.route] = name
		p.members = append(p.members, member{n: n, from: c.of(w, "balance_workers")})
	}
	c.lbWords(w, p)
}

// memberWords reads what counts for members only, once.
func (c *converter) memberWords(n *node) {
	if n.member {
		return
	}
	n.member = true
	w := n.w
	if v, ok := c.integer(w, "lbfactor", -largest, 1_000_000); ok {
		n.own = append(n.own, pair{Key: "weight", Text: strconv.Itoa(max(v, 1)), From: c.of(w, "lbfactor")})
		if v < 1 {
			c.say(w.says["lbfactor"], Finding{Verdict: Used, Note: "nodes[].weight: 1, as mod_jk takes it"})
		}
	}
	if v, ok := c.name(w, "route"); ok {
		n.route = v
	}
	if v, ok := c.name(w, "domain"); ok {
		n.domain = v
		n.own = append(n.own, pair{Key: "domain", Text: sheet.Quote(v), From: c.of(w, "domain")})
	}
	if v, ok := c.integer(w, "distance", 0, 1_000_000); ok {
		n.own = append(n.own, pair{Key: "distance", Text: strconv.Itoa(v), From: c.of(w, "distance")})
	}
	if v, ok := c.name(w, "redirect"); ok {
		n.redirect = v
	}
	c.activation(n)
}

// activation reads the present word or, in its absence, the two old ones.
func (c *converter) activation(n *node) {
	w, from := n.w, c.of(n.w, "port")
	word := ""
	if text, ok := c.get(w, "activation"); ok {
		from = c.of(w, "activation")
		switch strings.ToLower(text)[0] {
		case 'a', '0':
			word = "active"
		case 'd', '1':
			word = "disabled"
		case 's', '2':
			word = "stopped"
		default:
			c.say(w.says["activation"], Finding{Verdict: Approximated, Note: form.Quote(text) + " is no activation: mod_jk takes Active, and so it is taken", Hint: "Active, Disabled or Stopped"})
		}
		for _, old := range []string{"disabled", "stopped"} {
			if e := w.says[old]; e != nil {
				w.used[old] = true
				c.say(e, Finding{Verdict: Ignored, Note: "activation says it"})
			}
		}
	} else {
		if c.boolean(w, "disabled", false) {
			word, from = "disabled", c.of(w, "disabled")
		}
		if c.boolean(w, "stopped", false) {
			word, from = "stopped", c.of(w, "stopped")
		}
	}
	if n.activation != "stopped" && word != "" {
		n.activation = word
	}
	if n.activation != "active" {
		n.own = append(n.own, pair{Key: "activation", Text: n.activation, From: from})
	}
}

// redirects are looked at when all routes are known.
func (c *converter) redirects() {
	known := map[string]bool{}
	for _, n := range c.order {
		known[n.route] = true
	}
	for _, n := range c.order {
		e := n.w.says["redirect"]
		switch {
		case n.redirect == "":
		case n.redirect == n.route:
			c.say(e, Finding{Verdict: Approximated, Note: "a member cannot be its own substitute: left out"})
		case !known[n.redirect]:
			var routes []string
			for _, o := range c.order {
				routes = append(routes, o.route)
			}
			c.say(e, Finding{Verdict: Approximated, Note: "no member has the route " + form.Quote(n.redirect) + ": left out", Hint: c.Near(n.redirect, routes)})
		default:
			n.own = append(n.own, pair{Key: "redirect", Text: sheet.Quote(n.redirect), From: c.of(n.w, "redirect")})
		}
	}
}
