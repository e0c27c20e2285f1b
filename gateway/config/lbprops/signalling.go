package lbprops

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// signalling reads what is said of SIP messages.
func (c *converter) signalling() {
	c.setAs("sip.hint", "legacy", asItWas)
	c.setAs("sip.initialRemote", "true", asItWas)
	if e := c.get("isSendTrying"); e == nil {
		c.setAs("sip.sendTrying", "always", byDefault)
	} else if c.truth(e) {
		c.set("sip.sendTrying", "always", e)
	} else {
		c.set("sip.sendTrying", "never", e)
	}
	for i, name := range []string{"externalTransport", "internalTransport"} {
		e := c.get(name)
		if e == nil {
			continue
		}
		low := strings.ToLower(e.value)
		if low == "ws" || low == "wss" {
			c.say(e, verdict.Finding{Verdict: verdict.Unsupported, Note: "what has no WebSocket open is sent to by UDP, TCP or TLS: a node by its first address"})
		} else if low != "udp" && low != "tcp" && low != "tls" {
			c.wrong(e, form.Quote(e.value)+" is no transport", near(e.value, "UDP", "TCP", "TLS"))
		} else {
			ways := c.ways[i]
			if i == 1 && !c.twoPort {
				ways = c.ways[0]
			}
			if way := strings.ToUpper(low[:1]) + low[1:]; slices.Contains(ways, way) {
				c.set("sip."+name, low, e)
			} else if !c.Failed() {
				c.wrong(e, "no port of that side is open for "+strings.ToUpper(low), "open one")
			}
		}
	}
	c.extra()
	c.scanners()
	c.setAs("limits.sip.rate", "0", asItWas+": no limit for one source")
}

// extra reads the servers that are nodes without telling so.
func (c *converter) extra() {
	e, mode := c.get("extraServerNodes"), c.get("performanceTestingMode")
	real := c.truth(mode)
	if mode != nil && e == nil && c.Said(mode.at) == nil {
		c.say(mode, verdict.Finding{Verdict: verdict.Ignored, Note: "there are no extraServerNodes"})
	} else if mode != nil && !real && c.Said(mode.at) == nil {
		c.say(mode, verdict.Finding{Verdict: verdict.Ignored, Note: "off"})
	}
	if e == nil {
		return
	}
	var peers, nodes []string
	for i, s := range list(e) {
		host, port, ok := c.server(e, s)
		if !ok {
			return
		}
		addr := net.JoinHostPort(host, port)
		peers = append(peers, addr)
		nodes = append(nodes, c.node(i, host, addr))
	}
	if real {
		c.set("nodes", "["+strings.Join(nodes, ", ")+"]", e, mode)
	} else {
		c.set("sip.extraServerNodes", sheet.List(peers), e)
	}
}

// server takes the address of a server apart.
func (c *converter) server(e *entry, s string) (host, port string, ok bool) {
	host, port, found := strings.Cut(s, ":")
	if literal(strings.Trim(s, "[]")) { // IPv6, which the old balancer could not read here
		host, found = strings.Trim(s, "[]"), false
	}
	if !found {
		port = "5060"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		c.wrong(e, form.Quote(port)+" is no port", "such as 10.0.0.7:5060")
		return "", "", false
	}
	if _, err := form.Check("publicHost", host); err != nil || host == "" {
		c.wrong(e, form.Quote(host)+" is no address and no host name", "such as 10.0.0.7:5060")
		return "", "", false
	}
	return host, port, true
}

// node is a server that is one.
func (c *converter) node(i int, host, addr string) string {
	ways := c.ways[0]
	if c.twoPort {
		ways = c.ways[1]
	}
	var sip []string
	for _, t := range ways {
		if t != "Udp" && t != "Tcp" { // the one port that is said is of those
			continue
		}
		sip = append(sip, strings.ToLower(t)+"://"+addr)
	}
	words := fmt.Sprintf("name: ExtraServerNode%d", i)
	if e := c.get("httpPort"); e == nil || e.value != "" {
		words += ", http: " + sheet.Quote("http://"+net.JoinHostPort(host, fmt.Sprint("808", i)))
	}
	words += ", sip: " + sheet.List(sip)
	if a, err := netip.ParseAddr(host); err == nil && c.domains[a.Unmap()] != "" {
		words += ", domain: " + c.domains[a.Unmap()]
	}
	return "{" + words + "}"
}

// scanners reads the words of what nobody wants to hear from.
func (c *converter) scanners() {
	e := c.get("blockedValues", "blocked-values")
	if e == nil {
		return
	}
	words := list(e)
	for _, w := range words {
		if hint, err := form.Check("scanner", w); err != nil {
			c.wrong(e, err.Error(), hint)
		}
	}
	c.set("limits.sip.scanners", sheet.List(words), e)
}
