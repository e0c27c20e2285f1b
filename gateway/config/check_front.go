package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// socket is a listener as the check for clashes sees it.
type socket struct {
	path, host string
	port       int
	network    string // "udp", "tcp"
}

// clash tells whether two sockets cannot both be bound. A host name may be
// any address; port 0 is any free port.
func (a socket) clash(b socket) bool {
	if a.port != b.port || a.port == 0 || a.network != b.network {
		return false
	}
	return a.host == b.host || wildcard(a.host) || wildcard(b.host)
}

func wildcard(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.IsUnspecified()
}

// sockets lists every listener that could be read.
func sockets(c *Config) []socket {
	var all []socket
	add := func(path, network, addr string) {
		if host, port, err := form.SplitHostPort(addr); err == nil {
			all = append(all, socket{path, host, port, network})
		}
	}
	for i, l := range c.Listen.HTTP {
		add(fmt.Sprintf("listen.http[%d].addr", i), "tcp", l.Addr)
	}
	for _, side := range c.Listen.SIP.sides() {
		for i, u := range side.urls {
			network, addr := form.SplitSIPURL(u)
			add(fmt.Sprintf("%s[%d]", side.path, i), network, addr)
		}
	}
	if h := &c.Heartbeat; h.RMI.Listen != "" {
		add("heartbeat.rmi.listen", "tcp", h.RMI.Listen)
		add("heartbeat.rmi.objectPort", "tcp", h.RMI.objects())
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
	all := sockets(c)
	for i, b := range all {
		for _, a := range all[:i] {
			if a.clash(b) {
				hint := "choose another port"
				if a.host == b.host {
					hint = "keep one of them, or choose another port"
				}
				r.Bad(b.path, hint, "port %d is already taken by %s (line %d)", b.port, a.path, r.At(a.path).Line)
				break
			}
		}
	}
}

func (r *checker) checkAdmin(c *Config) {
	host, _, err := form.SplitHostPort(c.Admin.Listen)
	if c.Admin.Listen == "" || err != nil || c.Admin.Insecure {
		return
	}
	a, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && a.IsLoopback() {
		return
	}
	r.Bad("admin.listen", "listen on 127.0.0.1, or accept it with admin.insecure: true",
		"passwords and session keys would cross the network in clear")
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
	switch {
	case a.Leader == "http" && r.Given("followSip"):
		r.Warn("followSip", "set affinity.leader: sip to let HTTP follow SIP", "has no effect: the leader is http, SIP follows HTTP")
	case a.Leader == "sip" && len(c.Listen.SIP.External) == 0 && !r.FailedUnder("listen"):
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
	if len(c.Listen.SIP.External) > 0 {
		refuse("sip.balance", c.SIP.Balance)
	}
}

func (r *checker) checkRest(c *Config) {
	if c.HTTP.Unavailable.Redirect != "" && c.HTTP.Unavailable.Page != "" {
		r.Bad("http.unavailable.page", "keep redirect or page", "redirect is set as well: only one of them can be answered")
	}
	if len(c.Listen.HTTP) > 0 {
		r.checkMounted(c)
	}
	if c.Shutdown.Grace != 0 && c.Shutdown.Announce > c.Shutdown.Grace {
		r.Warn("shutdown.announce", "announce is part of grace: no time would be left for calls to end", "%s is longer than grace (%s)", form.Short(c.Shutdown.Announce), form.Short(c.Shutdown.Grace))
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
