package config

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// socket is a listener, and the key that says it.
type socket struct {
	path string
	form.Socket
}

// sockets lists every listener that could be read.
func sockets(c *Config) []socket {
	var all []socket
	add := func(path, network, addr string) {
		if host, port, err := form.SplitHostPort(addr); err == nil {
			all = append(all, socket{path, form.Socket{Host: host, Port: port, Network: network}})
		}
	}
	for i, l := range c.Listen.HTTP {
		add(fmt.Sprintf("listen.http[%d].addr", i), "tcp", l.Addr)
	}
	for _, side := range c.Listen.SIP.Sides() {
		for i, u := range side.URLs {
			transport, addr := form.SplitSIPURL(u)
			add(fmt.Sprintf("%s[%d]", side.Path, i), form.Network(transport), addr)
		}
	}
	if h := &c.Heartbeat; h.RMI.Listen != "" {
		add("heartbeat.rmi.listen", "tcp", h.RMI.Listen)
		add("heartbeat.rmi.objectPort", "tcp", h.RMI.Objects())
	}
	if c.Heartbeat.JSON.Listen != "" {
		add("heartbeat.json.listen", "tcp", c.Heartbeat.JSON.Listen)
	}
	if c.Admin.Listen != "" {
		add("admin.listen", "tcp", c.Admin.Listen)
	}
	return all
}

func (r *checker) checkListen(c *Config) {
	l := c.Listen
	if len(l.HTTP)+len(l.SIP.External)+len(l.SIP.Internal) == 0 && !r.FailedUnder("listen") {
		r.Bad("listen", `such as: listen: {http: [{addr: ":8080"}]}`, "nothing to listen on")
	}
	for i := range l.HTTP {
		if h := &l.HTTP[i]; h.HTTPS != 0 && h.TLS.On() {
			r.Bad(fmt.Sprintf("listen.http[%d].https", i), "keep tls or https", "a listener with tls serves HTTPS itself")
		}
	}
	all := sockets(c)
	for i, b := range all {
		for _, a := range all[:i] {
			if a.Clash(b.Socket) {
				hint := "choose another port"
				if a.Host == b.Host {
					hint = "keep one of them, or choose another port"
				}
				r.Bad(b.path, hint, "port %d is already taken by %s (line %d)", b.Port, a.path, r.At(a.path).Line)
				break
			}
		}
	}
}

func (r *checker) checkAffinity(c *Config) {
	a := c.Affinity
	seen, cookie := seenAt{}, ""
	for i, s := range a.HTTP {
		if at := fmt.Sprintf("affinity.http[%d]", i); s.Source == "cookie" && s.Name != "" {
			if cookie != "" && cookie != s.Name {
				r.Bad(at, "keep the one that the nodes set", "a second session cookie: %s is read already", form.Quote(cookie))
			}
			cookie = s.Name
		}
		if s.Source != "" && s.Name != "" {
			p := fmt.Sprintf("affinity.http[%d]", i)
			r.twice(seen, s.Source+" "+s.Name, use{p, p}, "keep one of them")
		}
	}
	if cookie == "" && len(c.Listen.HTTP) > 0 && !r.FailedUnder("affinity.http") {
		r.Warn("affinity.http", "add {source: cookie, name: JSESSIONID}", "no cookie: session ids and their routes are not read, browsers stick by other keys only")
	}
	seen = seenAt{}
	for i, s := range a.SIP {
		p := fmt.Sprintf("affinity.sip[%d]", i)
		r.twice(seen, strings.ToLower(s.Source), use{p, p}, "keep one of them")
		if len(s.Exclude.Users)+len(s.Exclude.Networks) > 0 && s.Source == "call-id" {
			r.Warn(p+".exclude", "exclude belongs to user keys such as from.user", "a Call-ID names no user: nothing to exclude")
		}
	}
	if a.TTL.Max != 0 && a.TTL.Idle > a.TTL.Max {
		r.Bad("affinity.ttl.idle", "idle is the life without traffic, max the life in all", "%s is longer than max (%s)", form.Short(a.TTL.Idle), form.Short(a.TTL.Max))
	}
	if a.Route.Query != "" && slices.Contains(a.HTTP, HTTPSource{"query", a.Route.Query}) {
		r.Bad("affinity.route.query", "keep it here", "affinity.http takes the same parameter for an application session: it would be two things at once")
	}
	if cookie == "" && (a.Route.Query != "" || a.Route.AnyCase) && !r.FailedUnder("affinity.http") {
		r.Warn("affinity.route", "add {source: cookie, name: JSESSIONID} to affinity.http", "has no effect: session ids are not read")
	}
	switch {
	case a.Leader == "http" && r.Given("followSip"):
		r.Warn("followSip", "set affinity.leader: sip to let HTTP follow SIP", "has no effect: the leader is http, SIP follows HTTP")
	case a.Leader == "sip" && !c.Listen.SIP.On() && !r.FailedUnder("listen"):
		r.Warn("affinity.leader", "add listen.sip.external", "the leader is sip, but there is no SIP listener")
	case a.Leader == "sip" && !slices.ContainsFunc(a.SIP, func(s SIPSource) bool { return s.Source != "call-id" }):
		r.Warn("affinity.sip", "add from.user or to.user",
			"the leader is sip and calls are known by Call-ID only: two calls of one session may pull HTTP back and forth")
	}
}

// checkGateways: several gateways that share nothing must answer alike.
func (r *checker) checkGateways(c *Config) {
	if c.Gateways < 2 {
		return
	}
	refuse := func(path, algorithm string) {
		if algorithm == "" || slices.Contains(r.words.Deterministic, algorithm) || r.Failed(path) {
			return
		}
		where := "gateways"
		if r.Given(path) {
			where = path
		}
		r.BadAt(where, decode.Problem{Path: path, Hint: "use one of: " + strings.Join(r.words.Deterministic, ", "),
			Message: fmt.Sprintf("%d gateways with tables of their own need a balance that all compute alike; %s is not", c.Gateways, form.Quote(algorithm))})
	}
	for _, p := range c.Pools {
		refuse(decode.Join("pools", p.Name)+".balance", p.Balance)
	}
	if c.Listen.SIP.On() {
		refuse("sip.balance", c.SIP.Balance)
	}
}

func (r *checker) checkRest(c *Config) {
	r.checkUnavailable(c)
	r.checkInstances(c)
	r.checkErrorMatch("health.http.errors", &c.Health.HTTP.Errors)
	r.checkErrorMatch("health.ajp.errors", &c.Health.AJP.Errors)
	if len(c.Listen.HTTP) > 0 {
		r.checkMounted(c)
	}
	if c.Shutdown.Grace != 0 && c.Shutdown.Announce > c.Shutdown.Grace {
		r.Warn("shutdown.announce", "announce is part of grace: no time would be left for calls to end", "%s is longer than grace (%s)", form.Short(c.Shutdown.Announce), form.Short(c.Shutdown.Grace))
	}
}

// checkUnavailable: one answer stands in for the nodes, and it is not us.
func (r *checker) checkUnavailable(c *Config) {
	u := &c.HTTP.Unavailable
	said := ""
	for _, w := range []struct{ key, value string }{{"redirect", u.Redirect}, {"page", u.Page}, {"proxy", u.Proxy}} {
		switch {
		case w.value == "":
		case said != "":
			r.Bad("http.unavailable."+w.key, "keep "+said+" or "+w.key, "%s is set as well: only one of them can be answered", said)
		default:
			said = w.key
		}
	}
	for i, l := range c.Listen.HTTP {
		if u.Proxy != "" && form.Reaches(u.Proxy, l.Addr) && !r.Failed("http.unavailable.proxy") {
			r.Bad("http.unavailable.proxy", "name another host or port", "this is listen.http[%d] (line %d): requests would go round in circles", i, r.At(fmt.Sprintf("listen.http[%d]", i)).Line)
		}
	}
}

// checkInstances: an instance is one node.
func (r *checker) checkInstances(c *Config) {
	seen := seenAt{}
	for i, n := range c.Nodes {
		p := fmt.Sprintf("nodes[%d]", i)
		r.twice(seen, n.Instance, use{p, p + ".instance"}, "each node has its own")
		if n.Instance != "" && !c.Affinity.Instance && !r.Failed(p+".instance") {
			r.Warn(p+".instance", "set affinity.instance: true", "has no effect: paths are not looked at for instances")
		}
	}
}

// checkErrorMatch: errors have to count before it matters whose they are.
func (r *checker) checkErrorMatch(path string, e *HTTPErrorRule) {
	if e.Match != "" && e.Limit == 0 && !r.Failed(path+".limit") && !r.Failed(path+".match") {
		r.Warn(path+".match", "set limit, such as limit: 1", "has no effect without limit")
	}
}

// checkMounted complains of pools that are mounted but cannot serve HTTP.
func (r *checker) checkMounted(c *Config) {
	for _, p := range c.Pools {
		mounted := slices.ContainsFunc(c.Mounts, func(m Mount) bool { return m.Pool == p.Name && !m.excludes() })
		ms := c.Members(p)
		if mounted && len(ms) > 0 && !slices.ContainsFunc(ms, func(m Member) bool { return m.HTTP }) && !r.FailedUnder("nodes") {
			r.badPool(p.Name, `give nodes http: "http://host:port"`, "this pool is mounted, but none of its nodes speaks HTTP")
		}
	}
}

// badPool complains of a pool; of one that the file does not write, at the nodes.
func (r *checker) badPool(name, hint, message string) {
	path := decode.Join("pools", name)
	where := path
	if !r.Given(path) {
		where = "nodes"
	}
	r.BadAt(where, decode.Problem{Path: path, Message: message, Hint: hint})
}
