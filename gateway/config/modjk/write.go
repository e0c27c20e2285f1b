package modjk

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"twinhop/gateway/config/verdict"
)

// plain is text that is a string to YAML without quotation marks.
var plain = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// taken are words that some reader of YAML takes for something else.
var taken = strings.Fields("true false null yes no on off y n")

func quoted(s string) string {
	if plain.MatchString(s) && !slices.Contains(taken, s) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// writer writes lines with the place that they come from.
type writer struct{ bytes.Buffer }

func (w *writer) line(from, format string, args ...any) {
	fmt.Fprintf(w, format, args...)
	if from != "" {
		fmt.Fprintf(w, " # %s", verdict.Clean(from))
	}
	w.WriteByte('\n')
}

// write makes the file, and tells whether it holds a secret.
func (c *converter) write(in Input) (text []byte, secrets bool) {
	w := &writer{}
	w.line("", "# Converted from %s.", verdict.Clean(strings.Join(in.names(), ", ")))
	w.line("", "# The comment of a line says where its value comes from.")
	w.line("", "version: 1\n")
	listen, from := in.Listen, "--listen"
	if listen == "" {
		listen, from = ":8080", "change it to what httpd listens to when this takes over"
	}
	w.line("", "listen:\n  http:")
	w.line(from, "    - {addr: %s}", quoted(listen))
	w.line("", "\nnodes:")
	apart := c.sharedRoutes()
	for _, n := range c.order {
		w.node(n, apart)
		secrets = secrets || n.secret != ""
	}
	w.line("", "\npools:")
	realms := c.realms()
	for _, p := range c.pools {
		w.pool(p, apart)
		if r := realms[p.name]; r != "" {
			w.line("the other pools have other nodes", "    realm: %s", quoted(r))
		}
	}
	w.line("", "\nmounts:")
	for _, m := range c.mounts {
		w.line(m.from.String(), "  - {path: %s, pool: %s}", quoted(m.path), quoted(m.pool))
	}
	name, from := "JSESSIONID", "mod_jk's default; it looks at nothing else"
	if c.cookie != nil {
		name, from = c.cookie.Value, c.cookie.At[0].String()+" session_cookie"
	}
	w.line("", "\naffinity:\n  http:")
	w.line(from, "    - {source: cookie, name: %s}", quoted(name))
	c.rest(w)
	return w.Bytes(), secrets
}

// rest lists what the file does not say.
func (c *converter) rest(w *writer) {
	first := true
	for _, f := range c.Sorted() {
		if f.Verdict != Approximated && f.Verdict != Unsupported {
			continue
		}
		if first {
			w.line("", "\n# What mod_jk was told and this file says otherwise, or not at all:")
			first = false
		}
		w.line("", "#   %s:%d %s: %s: %s", verdict.Clean(f.File), f.Line, verdict.Clean(f.Directive), f.Verdict, verdict.Clean(f.Note))
	}
}

// sharedRoutes tells whether members of different pools have the same route. Then routes belong to pools.
func (c *converter) sharedRoutes() bool {
	seen := map[string]bool{}
	for _, n := range c.order {
		if seen[n.route] {
			return true
		}
		seen[n.route] = true
	}
	return false
}

func (w *writer) node(n *node, apart bool) {
	w.line(n.w.at.String(), "  - name: %s", quoted(n.w.name))
	w.line(n.http.from, "    http: %s", n.http.text)
	if !apart && n.route != n.w.name {
		w.line(n.w.says["route"].At[0].String()+" route", "    route: %s", quoted(n.route))
	}
	for _, p := range n.own {
		w.line(p.from, "    %s: %s", p.key, p.text)
	}
	w.line("", "    ajp:")
	ping := false
	for _, p := range n.ajp {
		key, isPing := strings.CutPrefix(p.key, "ping.")
		if isPing && !ping {
			w.line("", "      ping:")
			ping = true
		}
		if isPing {
			key = "  " + key
		}
		w.line(p.from, "      %s: %s", key, p.text)
	}
}

func (w *writer) pool(p *pool, apart bool) {
	w.line(p.from, "  %s:", quoted(p.name))
	w.line("", "    nodes:")
	for _, m := range p.members {
		words := ""
		if apart && m.n.route != m.n.w.name {
			words = ", route: " + quoted(m.n.route)
		}
		from := m.from
		if m.activation != nil {
			words += ", activation: " + m.activation.text
			from += ", " + m.activation.from
		}
		if words == "" {
			w.line(from, "      - %s", quoted(m.n.w.name))
		} else {
			w.line(from, "      - {name: %s%s}", quoted(m.n.w.name), words)
		}
	}
	for _, k := range p.words {
		w.line(k.from, "    %s: %s", k.key, k.text)
	}
	if p.stickyForce != nil {
		w.line(p.stickyForce.from, "    %s: %s", p.stickyForce.key, p.stickyForce.text)
	}
}

// realms gives pools that have other nodes sessions of their own.
func (c *converter) realms() map[string]string {
	first := map[string]string{} // what the pool's nodes are -> its realm
	realms := map[string]string{}
	for i, p := range c.pools {
		var nodes []string
		for _, m := range p.members {
			nodes = append(nodes, m.n.w.name)
		}
		slices.Sort(nodes)
		key := strings.Join(nodes, " ")
		realm, known := first[key]
		if !known {
			if i > 0 {
				realm = p.of
			}
			first[key] = realm
		}
		realms[p.name] = realm
	}
	return realms
}
