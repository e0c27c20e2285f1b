package config

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config/beats"
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/limits"
)

// check finds what does not fit together. Problems stand where the value
// stands, or at the nearest key around it when it was left out.
func (r *checker) check(c *Config) {
	r.checkNodes(c)
	r.checkAJP(c)
	r.checkPools(c)
	r.checkRealms(c)
	r.checkMounts(c)
	r.checkStatus(c)
	r.checkSIP(c)
	r.checkResources(c)
	c.Limits.Check(&r.Reader, &limits.Around{Stateless: c.SIP.Failover.Attempts == 0 && c.SIP.SendTrying == "never", UDPLimit: c.SIP.UDPLimit})
	r.checkListen(c)
	r.checkTLS(c)
	c.Heartbeat.Check(&r.Reader, &beats.Around{Internal: len(c.Listen.SIP.Internal) > 0, Files: r.words.Files,
		Taken: slices.ContainsFunc(c.Pools, func(p Pool) bool { return p.takesAll() })})
	c.Admin.Check(&r.Reader, r.words.Files)
	c.Telemetry.Check(&r.Reader)
	r.checkAffinity(c)
	r.checkGateways(c)
	r.checkRest(c)
}

// seenAt remembers which path used a value first.
type seenAt map[string]string

// use is a value's path, and the thing that has the value: "nodes[0]".
type use struct{ of, path string }

// twice complains when value was used before.
func (r *checker) twice(seen seenAt, value string, by use, hint string) {
	if value == "" {
		return
	}
	if first, ok := seen[value]; ok {
		r.Bad(by.path, hint, "%s is already used by %s (line %d)", form.Quote(value), first, r.At(first).Line)
		return
	}
	seen[value] = by.of
}

func (r *checker) checkNodes(c *Config) {
	if len(c.Nodes) == 0 && !c.Heartbeat.On() && !r.Failed("nodes") {
		r.Bad("nodes", `such as: nodes: [{name: node1, http: "http://10.0.0.1:8080"}]`, "no node is configured: there is nothing to forward to")
	}
	names, routes, https, sips := seenAt{}, seenAt{}, seenAt{}, seenAt{}
	for i, n := range c.Nodes {
		p := fmt.Sprintf("nodes[%d]", i)
		if !r.Given(p) || n.Name == "" {
			continue
		}
		r.twice(names, n.Name, use{p, p + ".name"}, "each node needs its own name")
		if r.Given(p+".route") || names[n.Name] == p { // a second complaint about one name helps nobody
			hint := "each node needs its own route"
			if n.Route != n.Name && !slices.Contains(allRoutes(c), n.Name) {
				hint += "; did you mean " + form.Quote(n.Name) + "?"
			}
			r.twice(routes, n.Route, use{p, p + ".route"}, hint)
		}
		if n.HTTP == "" && len(n.SIP) == 0 && !r.Failed(p+".http") && !r.Failed(p+".sip") {
			r.Bad(p, "give it http: or sip:, or both", "node %s serves neither HTTP nor SIP", form.Quote(n.Name))
		}
		r.checkRequests(p, n.FailOnStatus, n.Repeat)
		if n.HTTP != "" {
			if first, ok := https[n.HTTP]; ok {
				r.Warn(p+".http", "two names for one server count its load twice", "%s is also the address of %s (line %d)", form.Quote(n.HTTP), first, r.At(first).Line)
			}
			https[n.HTTP] = p
		}
		for j, s := range n.SIP { // one address over both transports is one address
			if _, addr := form.SplitSIPURL(s); sips[addr] != p || slices.Contains(n.SIP[:j], s) {
				hint := "a SIP message must be able to tell which node it means"
				if sips[addr] == p {
					hint = "keep one of them"
				}
				r.twice(sips, addr, use{p, fmt.Sprintf("%s.sip[%d]", p, j)}, hint)
			}
		}
	}
	for i, n := range c.Nodes {
		r.checkRedirect(fmt.Sprintf("nodes[%d].redirect", i), n.Redirect, n.Route, allRoutes(c))
	}
}

func allRoutes(c *Config) []string {
	var routes []string
	for _, n := range c.Nodes {
		routes = append(routes, n.Route)
	}
	for _, p := range c.Pools {
		for _, n := range p.Nodes {
			if n.Route != nil {
				routes = append(routes, *n.Route)
			}
		}
	}
	return routes
}

// checkRedirect complains of a redirect that leads nowhere.
func (r *checker) checkRedirect(path, redirect, own string, routes []string) {
	switch {
	case redirect == "" || r.Failed(path):
	case redirect == own:
		r.Bad(path, "name the route of another node", "a node cannot be its own substitute")
	case !slices.Contains(routes, redirect):
		r.Bad(path, form.Meant(redirect, routes), "there is no route %s", form.Quote(redirect))
	}
}

func nodeNames(c *Config) []string {
	names := make([]string, 0, len(c.Nodes))
	for _, n := range c.Nodes {
		names = append(names, n.Name)
	}
	return names
}

func poolNames(c *Config) []string {
	names := make([]string, 0, len(c.Pools))
	for _, p := range c.Pools {
		names = append(names, p.Name)
	}
	return names
}

func (r *checker) checkPools(c *Config) {
	names := nodeNames(c)
	for _, p := range c.Pools {
		path := decode.Join("pools", p.Name)
		if len(p.Nodes) == 0 && !r.Failed(path+".nodes") {
			r.Bad(path+".nodes", `nodes: ["*"] takes all`, "pool %s has no node", form.Quote(p.Name))
		}
		seen := seenAt{}
		for i, n := range p.Nodes {
			at := fmt.Sprintf("%s.nodes[%d]", path, i)
			if n.Name != allNodes && n.Name != "" && !slices.Contains(names, n.Name) && !r.Failed(at) && !r.Failed(at+".name") {
				r.Bad(at, form.Meant(n.Name, names), "there is no node %s", form.Quote(n.Name))
			}
			r.twice(seen, n.Name, use{at, at}, "a node is once in a pool")
			if n.Name == allNodes && n.Route != nil {
				r.Bad(at+".route", "give each node its own route", "all nodes cannot have one route")
			}
		}
		r.checkMembers(path, c.Members(p))
		r.checkPoolWords(c, &p)
		r.checkPlacement(c, &p)
		if p.StickyForce && !p.Sticky {
			r.Warn(path+".stickyForce", "set sticky: true", "has no effect without sticky")
		}
	}
}

// checkMembers looks at a pool as the gateway will see it.
func (r *checker) checkMembers(path string, members []Member) {
	routes, active := seenAt{}, 0
	var known []string
	for _, m := range members {
		known = append(known, m.Route)
		if m.Activation == "active" {
			active++
		}
	}
	if len(members) > 0 && active == 0 {
		r.Warn(path, "set one to activation: active", "no node of this pool takes new sessions")
	}
	for _, m := range members {
		own := fmt.Sprintf("%s.nodes[%d]", path, m.Index)
		if first := routes[m.Route]; r.Given(own+".route") || r.Given(first+".route") {
			r.twice(routes, m.Route, use{own, own + ".route"}, "each node of a pool needs its own route")
		} else if first == "" {
			routes[m.Route] = own
		}
		if r.Given(own + ".redirect") {
			r.checkRedirect(own+".redirect", m.Redirect, m.Route, known)
		}
	}
}

// checkRealms: sessions of one realm may meet in any of its pools, so each
// must be able to reach every node.
func (r *checker) checkRealms(c *Config) {
	first := map[string]Pool{}
	for _, p := range c.Pools {
		if r.Failed(decode.Join("pools", p.Name) + ".nodes") {
			continue
		}
		other, ok := first[p.Realm]
		if !ok {
			first[p.Realm] = p
			continue
		}
		a, b := members(c, other), members(c, p)
		if slices.Equal(a, b) {
			continue
		}
		realm := "the default realm"
		if p.Realm != "" {
			realm = "realm " + form.Quote(p.Realm)
		}
		r.Bad(decode.Join("pools", p.Name), "give it the same nodes, or a realm of its own",
			"pools of one realm need the same nodes: in %s, pool %s has %s, this one %s",
			realm, form.Quote(other.Name), strings.Join(a, " "), strings.Join(b, " "))
	}
}

func members(c *Config, p Pool) []string {
	var names []string
	for _, m := range c.Members(p) {
		names = append(names, m.Node)
	}
	if c.Heartbeat.On() && p.takesAll() { // and those that announce themselves
		names = append(names, allNodes)
	}
	slices.Sort(names)
	return names
}
