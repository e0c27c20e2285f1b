package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
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
		if host, port, err := splitHostPort(addr); err == nil {
			all = append(all, socket{path, host, port, network})
		}
	}
	for i, l := range c.Listen.HTTP {
		add(fmt.Sprintf("listen.http[%d].addr", i), "tcp", l.Addr)
	}
	for _, side := range c.Listen.SIP.sides() {
		for i, u := range side.urls {
			network, addr := SplitSIPURL(u)
			add(fmt.Sprintf("%s[%d]", side.path, i), network, addr)
		}
	}
	if c.Admin.Listen != "" {
		add("admin.listen", "tcp", c.Admin.Listen)
	}
	return all
}

func (r *reader) checkListen(c *Config) {
	l := c.Listen
	if len(l.HTTP)+len(l.SIP.External)+len(l.SIP.Internal) == 0 && !r.failedUnder("listen") {
		r.bad("listen", `such as: listen: {http: [{addr: ":8080"}]}`, "nothing to listen on")
	}
	all := sockets(c)
	for i, b := range all {
		for _, a := range all[:i] {
			if a.clash(b) {
				r.bad(b.path, "choose another port", "port %d is already taken by %s (line %d)", b.port, a.path, r.at(a.path).line)
				break
			}
		}
	}
}

// failedUnder tells whether anything at or below path was complained of.
func (r *reader) failedUnder(path string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool {
		return p.Severity == Error && (p.Path == path || strings.HasPrefix(p.Path, path+".") || strings.HasPrefix(p.Path, path+"["))
	})
}

func (r *reader) checkAdmin(c *Config) {
	host, _, err := splitHostPort(c.Admin.Listen)
	if c.Admin.Listen == "" || err != nil || c.Admin.Insecure {
		return
	}
	a, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && a.IsLoopback() {
		return
	}
	r.bad("admin.listen", "listen on 127.0.0.1, or accept it with admin.insecure: true",
		"passwords and session keys would cross the network in clear")
}

func (r *reader) checkAffinity(c *Config) {
	a := c.Affinity
	seen, cookie := seenAt{}, ""
	for i, s := range a.HTTP {
		if at := fmt.Sprintf("affinity.http[%d]", i); s.Source == "cookie" && s.Name != "" {
			if cookie != "" && cookie != s.Name {
				r.bad(at, "keep the one that the nodes set", "a second session cookie: %s is read already", quote(cookie))
			}
			cookie = s.Name
		}
		if s.Source != "" && s.Name != "" {
			p := fmt.Sprintf("affinity.http[%d]", i)
			r.twice(seen, s.Source+" "+s.Name, use{p, p}, "keep one of them")
		}
	}
	if cookie == "" && len(c.Listen.HTTP) > 0 && !r.failedUnder("affinity.http") {
		r.warn("affinity.http", "add {source: cookie, name: JSESSIONID}", "no cookie: session ids and their routes are not read, browsers stick by other keys only")
	}
	seen = seenAt{}
	for i, s := range a.SIP {
		p := fmt.Sprintf("affinity.sip[%d]", i)
		r.twice(seen, strings.ToLower(s.Source), use{p, p}, "keep one of them")
		if len(s.Exclude.Users)+len(s.Exclude.Networks) > 0 && s.Source == "call-id" {
			r.warn(p+".exclude", "exclude belongs to user keys such as from.user", "a Call-ID names no user: nothing to exclude")
		}
	}
	if a.TTL.Max != 0 && a.TTL.Idle > a.TTL.Max {
		r.bad("affinity.ttl.idle", "idle is the life without traffic, max the life in all", "%s is longer than max (%s)", short(a.TTL.Idle), short(a.TTL.Max))
	}
	switch {
	case a.Leader == "http" && r.given("followSip"):
		r.warn("followSip", "set affinity.leader: sip to let HTTP follow SIP", "has no effect: the leader is http, SIP follows HTTP")
	case a.Leader == "sip" && len(c.Listen.SIP.External) == 0 && !r.failedUnder("listen"):
		r.warn("affinity.leader", "add listen.sip.external", "the leader is sip, but there is no SIP listener")
	case a.Leader == "sip" && !slices.ContainsFunc(a.SIP, func(s SIPSource) bool { return s.Source != "call-id" }):
		r.warn("affinity.sip", "add from.user or to.user",
			"the leader is sip and calls are known by Call-ID only: two calls of one session may pull HTTP back and forth")
	}
}

// checkGateways: several gateways that share nothing must answer alike.
func (r *reader) checkGateways(c *Config) {
	if c.Gateways < 2 {
		return
	}
	refuse := func(path, algorithm string) {
		if algorithm == "" || slices.Contains(r.words.Deterministic, algorithm) || r.failed(path) {
			return
		}
		at := r.at("gateways")
		if r.given(path) {
			at = r.at(path)
		}
		r.wrong(spot{at, path}, "use one of: "+strings.Join(r.words.Deterministic, ", "),
			"%d gateways with tables of their own need a balance that all compute alike; %s is not", c.Gateways, quote(algorithm))
	}
	for _, p := range c.Pools {
		refuse(join("pools", p.Name)+".balance", p.Balance)
	}
	if len(c.Listen.SIP.External) > 0 {
		refuse("sip.balance", c.SIP.Balance)
	}
}

func (r *reader) checkRest(c *Config) {
	if c.HTTP.Unavailable.Redirect != "" && c.HTTP.Unavailable.Page != "" {
		r.bad("http.unavailable.page", "keep redirect or page", "redirect is set as well: only one of them can be answered")
	}
	if len(c.Listen.HTTP) > 0 {
		r.checkMounted(c)
	}
	if c.Shutdown.Grace != 0 && c.Shutdown.Announce > c.Shutdown.Grace {
		r.warn("shutdown.announce", "announce is part of grace: no time would be left for calls to end", "%s is longer than grace (%s)", short(c.Shutdown.Announce), short(c.Shutdown.Grace))
	}
}

// checkMounted complains of pools that are mounted but cannot serve HTTP.
func (r *reader) checkMounted(c *Config) {
	for _, p := range c.Pools {
		mounted := slices.ContainsFunc(c.Mounts, func(m Mount) bool { return m.Pool == p.Name && !strings.HasPrefix(m.Path, "!") })
		ms := c.Members(p)
		if mounted && len(ms) > 0 && !slices.ContainsFunc(ms, func(m Member) bool { return m.HTTP }) && !r.failedUnder("nodes") {
			r.bad(join("pools", p.Name), `give nodes http: "http://host:port"`, "this pool is mounted, but none of its nodes speaks HTTP")
		}
	}
}
