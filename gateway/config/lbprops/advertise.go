package lbprops

import (
	"slices"
	"strconv"
	"strings"

	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// advertised is what a side tells instead of its own address.
type advertised struct {
	hosts []string
	says  *entry
	ports map[string]*entry // by transport
}

// advertise reads what others see of the two sides: IP load balancers, and the public address.
func (c *converter) advertise(out, in *leg) {
	a, b := c.balanced(out), c.balanced(in)
	for _, t := range transports[:2] {
		if e := a.ports[t]; e != nil && c.twoPort && b.ports[t] == nil {
			c.wrong(e, "the external IP load balancer has a port for "+strings.ToUpper(t)+", the internal one has none: the old balancer does not start so, either", "give internalIpLoadBalancer"+t+"Port, too")
		}
	}
	if len(b.hosts) > 0 && !c.twoPort {
		c.oneSide(b)
	}
	var aliases []string
	var from []*entry
	alias := func(e *entry, names ...string) {
		for _, n := range names {
			if !slices.Contains(aliases, n) {
				aliases = append(aliases, n)
			}
			from = append(from, e)
		}
	}
	told := a.says
	if len(a.hosts) > 0 {
		c.tell(out, a)
		alias(a.says, a.hosts[1:]...)
	}
	told = c.public(told, alias)
	switch {
	case len(b.hosts) > 0 && c.twoPort:
		c.tell(in, b)
		alias(b.says, b.hosts[1:]...)
		told = b.says
	case len(b.hosts) > 0:
		alias(b.says, b.hosts...)
	}
	if e := c.get("useIpLoadBalancerAddressInViaHeaders"); c.truth(e) && told != nil {
		c.set("listen.sip.advertise.inVia", "true", e)
		c.set("sip.failover.attempts", "0", e) // the answer may come to another balancer: this one would take the node for silent
	} else if e != nil && told == nil && c.Said(e.at) == nil {
		c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "there is no IP load balancer"})
	}
	if e := c.get("matchingHostnameForRoute"); e != nil {
		alias(e, e.value)
		if sub := c.get("isFilterSubdomain"); c.truth(sub) {
			alias(sub, "*."+e.value)
		}
	} else if sub := c.get("isFilterSubdomain"); sub != nil {
		c.truth(sub)
		if c.Said(sub.at) == nil {
			c.say(sub, verdict.Finding{Verdict: verdict.Ignored, Note: "there is no matchingHostnameForRoute"})
		}
	}
	if len(aliases) > 0 {
		c.set("listen.sip.aliases", sheet.List(aliases), compact(from)...)
	}
}

// oneSide says what becomes of an internal IP load balancer where there is no internal port.
func (c *converter) oneSide(b advertised) {
	c.say(b.says, verdict.Finding{Verdict: verdict.Approximated, Note: "listen.sip.aliases: there is one port for both sides, which says the external address"})
	for _, t := range append([]string{""}, transports[:3]...) {
		for _, e := range []*entry{c.get("internalIpLoadBalancer" + t + "Port"), c.get("internalLoadBalancer" + t + "Port")} {
			if e != nil && c.Said(e.at) == nil {
				c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "there is one port for both sides"})
			}
		}
	}
}

// balanced reads the address and the ports of the IP load balancer of a side. IPv6 stands in where there is no other.
func (c *converter) balanced(l *leg) advertised {
	a := advertised{ports: map[string]*entry{}}
	name, six := l.name+"IpLoadBalancer", "sip/"+l.name+"/ipv6LoadBalancer"
	four, sixth := c.get(name+"Address"), c.get(six+"Address")
	if a.says = four; four == nil {
		a.says = sixth
	}
	a.hosts = append(list(four), list(sixth)...)
	for _, t := range transports[2:] {
		for _, e := range []*entry{c.get(name + t + "Port"), c.get(six + t + "Port")} {
			if !slices.Contains(l.served(), t) {
				c.closed(e)
			}
			c.shut(e)
		}
	}
	some := false
	for i, t := range l.served() {
		e := c.get(name+t+"Port", six+t+"Port")
		if i < 2 { // what is said of all is said of those two
			e = c.get(name+t+"Port", name+"Port", l.name+"LoadBalancerPort", six+t+"Port")
		}
		if c.port(e) == 0 {
			continue
		}
		if some = true; len(a.hosts) > 0 && (slices.Contains(c.ways[0], t) && l.name == "external" || slices.Contains(c.ways[1], t) && l.name == "internal") {
			a.ports[t] = e
		}
	}
	if len(a.hosts) > 0 && !some && !c.failed(name, six) {
		c.wrong(a.says, "the IP load balancer's address has no port: the old balancer does not start so, either", "such as "+name+"UdpPort=5060")
	}
	for _, t := range append([]string{""}, l.served()...) {
		for _, e := range []*entry{c.get(name + t + "Port"), c.get(six + t + "Port"), c.get(l.name + "LoadBalancerPort")} {
			if e != nil && c.Said(e.at) == nil && len(a.hosts) == 0 {
				c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "there is no IP load balancer on this side"})
			}
		}
	}
	return a
}

// failed tells whether something was wrong with a port of these names.
func (c *converter) failed(names ...string) bool {
	return slices.ContainsFunc(c.order, func(e *entry) bool {
		f := c.Said(e.at)
		return f != nil && f.Verdict == verdict.Error && slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(e.key.Name, n) })
	})
}

// tell writes what a side says of itself.
func (c *converter) tell(l *leg, a advertised) {
	path := "listen.sip.advertise." + l.name
	c.set(path+".host", sheet.Quote(a.hosts[0]), a.says)
	for _, t := range l.served() {
		if e := a.ports[t]; e != nil {
			c.set(path+".ports."+strings.ToLower(t), strconv.Itoa(c.port(e)), e)
		}
	}
}

// public reads the address of a translation. Where an IP load balancer's is told already, it is only known as our own.
func (c *converter) public(told *entry, alias func(*entry, ...string)) *entry {
	four, six := c.get("public-ip"), c.get("sip/publicIpv6")
	for _, e := range []*entry{four, six} {
		switch {
		case e == nil:
		case told != nil:
			alias(e, e.value)
			c.say(e, verdict.Finding{Verdict: verdict.Approximated, Note: "listen.sip.aliases: one address is told to clients, that of " + told.name})
		default:
			c.set("listen.sip.advertise.external.host", sheet.Quote(e.value), e)
			c.set("listen.sip.advertise.inContact", "true", e)
			told = e
		}
	}
	return told
}
