package lbprops

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// beats reads how nodes tell of themselves.
func (c *converter) beats() {
	host, says := c.host("heartbeat")
	json, rmi := c.protocols()
	if json {
		e := c.get("heartbeat/heartbeatConfig/heartbeatPort")
		port, ok := c.number(e, 1, 65535)
		if !ok {
			port = 2610
		}
		c.set("heartbeat.json.listen", sheet.Quote(net.JoinHostPort(host, strconv.Itoa(port))), compact([]*entry{e, c.get("heartbeat/@configclass"), says})...)
	}
	if rmi {
		e := c.get("rmiRegistryPort")
		port, ok := c.number(e, 1, 65535)
		if !ok {
			port = 2000
		}
		c.set("heartbeat.rmi.listen", sheet.Quote(net.JoinHostPort(host, strconv.Itoa(port))), compact([]*entry{e, c.get("heartbeat/@configclass"), says})...)
		e = c.get("rmiRemoteObjectPort")
		if port, ok := c.number(e, 1, 65535); ok {
			c.set("heartbeat.rmi.objectPort", strconv.Itoa(port), e)
		}
	}
	if c.twoPort {
		c.setAs("heartbeat.sip", "true", asItWas)
	}
	c.pace()
	c.allow()
	c.groups()
}

// protocols tells which heartbeats are listened for. A .properties file means RMI, the XML what its class says, or either.
func (c *converter) protocols() (json, rmi bool) {
	e := c.get("heartbeat/@configclass")
	if e == nil {
		return c.xml, true
	}
	switch name := e.value[strings.LastIndexByte(e.value, '.')+1:]; name {
	case "HeartbeatConfigHttp":
		for _, other := range []*entry{c.get("rmiRegistryPort"), c.get("rmiRemoteObjectPort")} {
			if other != nil {
				c.say(other, verdict.Finding{Verdict: verdict.Ignored, Note: "configclass says that heartbeats come by HTTP"})
			}
		}
		return true, false
	case "HeartbeatConfigRmi":
		return false, true
	case "HeartbeatConfigKube":
		c.wrong(e, "not supported yet: nodes that are looked for in Kubernetes", "let the nodes send heartbeats, or write them under nodes")
	default:
		c.wrong(e, form.Quote(e.value)+" is no class of heartbeats", near(name, "HeartbeatConfigHttp", "HeartbeatConfigRmi"))
	}
	return false, false
}

// tooShort is below what the old balancer takes, in milliseconds.
const tooShort = 15

// pace reads when a silent node departs, and how often somebody looks, which is not less often.
func (c *converter) pace() {
	usual, every := 10200*time.Millisecond, 150*time.Millisecond
	if c.xml {
		usual = 8400 * time.Millisecond
	}
	timeout, saysTimeout := c.beat("nodeTimeout", 100*time.Millisecond, time.Hour, usual)
	sweep, saysSweep := c.beat("heartbeatInterval", tooShort*time.Millisecond, time.Minute, every)
	for _, v := range []struct {
		key  string
		d    time.Duration
		says *entry
	}{{"heartbeat.timeout", timeout, saysTimeout}, {"heartbeat.sweep", min(sweep, timeout), saysSweep}} {
		if v.says == nil {
			c.setAs(v.key, form.Short(v.d), byDefault)
		} else {
			c.set(v.key, form.Short(v.d), v.says)
		}
	}
}

// beat reads one of the two times.
func (c *converter) beat(name string, least, most, usual time.Duration) (time.Duration, *entry) {
	e := c.get(name)
	if e == nil {
		return usual, nil
	}
	if n, err := strconv.Atoi(e.value); err == nil && n < tooShort {
		c.wrong(e, fmt.Sprintf("%d ms is too short: the old balancer refuses it, too", n), fmt.Sprintf("at least %d", tooShort))
		return usual, nil
	}
	d, ok := c.span(e, time.Millisecond, least, most)
	if !ok {
		return usual, nil
	}
	return d, e
}

// allow says who may be a node. The old balancers took anybody.
func (c *converter) allow() {
	all := []string{"127.0.0.0/8", "::1/128"}
	if c.in.Networks != nil {
		for _, p := range c.in.Networks(c.hosts()) {
			if s := p.String(); !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	for _, s := range c.in.Allow {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	c.setAs("heartbeat.allow", sheet.List(all), "the networks of the addresses that nodes come to")
	c.Mark(verdict.Top(c.in.File.Name), verdict.Finding{Directive: "--allow", Verdict: verdict.Approximated,
		Note: "heartbeat.allow: the old balancer took nodes from everywhere, here they may come from " + strings.Join(all, ", "), Hint: "more with --allow"})
}

// groups reads subclusterMap: ( address, address ) ( address ... ).
func (c *converter) groups() {
	e := c.get("subclusterMap")
	if e == nil {
		return
	}
	text := strings.Join(strings.Fields(e.value), "")
	inner, ok := strings.CutPrefix(text, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed {
		c.wrong(e, form.Quote(e.value)+" is no list of groups", "such as ( 10.0.0.1, 10.0.0.2 ) ( 10.0.0.3, 10.0.0.4 )")
		return
	}
	c.domains = map[netip.Addr]string{}
	for i, group := range strings.Split(inner, ")(") {
		var nodes []string
		for s := range strings.SplitSeq(group, ",") {
			a, err := netip.ParseAddr(s)
			switch {
			case s == "":
				continue
			case err != nil || a.Zone() != "":
				c.wrong(e, form.Quote(s)+" is no address", "nodes are known by the address that they tell")
				return
			case c.domains[a.Unmap()] != "":
				c.wrong(e, s+" stands there twice", "an address is in one group")
				return
			}
			c.domains[a.Unmap()] = fmt.Sprintf("group%d", i+1)
			nodes = append(nodes, s)
		}
		if len(nodes) > 0 {
			c.set(fmt.Sprintf("heartbeat.domains.group%d", i+1), sheet.List(nodes), e)
		}
	}
}
