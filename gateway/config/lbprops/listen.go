package lbprops

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// transports are those of the old balancers; only the first two are served.
var transports = []string{"Udp", "Tcp", "Tls", "Ws", "Wss"}

// leg is one side of the SIP front.
type leg struct {
	name  string            // "external", "internal"
	ports map[string]int    // by transport, of IPv4; 0: not opened
	six   map[string]int    // of IPv6
	says  map[string]*entry // that a port comes from; with "6" behind for IPv6; nil: a default
}

// open tells whether anything is listened on.
func (l *leg) open() bool {
	return l.ports["Udp"]+l.ports["Tcp"]+l.six["Udp"]+l.six["Tcp"] > 0
}

// listen reads addresses and ports of both sides.
func (c *converter) listen() {
	out, in := c.leg("external"), c.leg("internal")
	c.twoPort = in.open()
	if !out.open() && !c.Failed() {
		c.Mark(verdict.Top(c.in.File.Name), verdict.Finding{Directive: "--lb", Verdict: verdict.Error, Note: "no port for SIP clients is open", Hint: "such as externalPort=5060"})
		return
	}
	for i, l := range []*leg{out, in} {
		var urls []string
		var from []*entry
		host, says := c.host(l.name)
		six, saysSix := c.hostSix(l.name)
		for _, t := range transports[:2] {
			for _, a := range []struct {
				host string
				port int
				says []*entry
			}{{host, l.ports[t], []*entry{l.says[t], says}}, {six, l.six[t], []*entry{l.says[t+"6"], saysSix}}} {
				if a.port == 0 {
					continue
				}
				urls = append(urls, strings.ToLower(t)+"://"+net.JoinHostPort(a.host, strconv.Itoa(a.port)))
				from = append(from, a.says...)
				if !slices.Contains(c.ways[i], t) {
					c.ways[i] = append(c.ways[i], t)
				}
			}
		}
		if len(urls) > 0 {
			c.set("listen.sip."+l.name, sheet.List(urls), compact(from)...)
		}
	}
	c.advertise(out, in)
}

// compact leaves out what is nil or stands there already.
func compact(all []*entry) (some []*entry) {
	for _, e := range all {
		if e != nil && !slices.Contains(some, e) {
			some = append(some, e)
		}
	}
	return some
}

// leg reads the ports of a side.
func (c *converter) leg(name string) *leg {
	l := &leg{name, map[string]int{}, map[string]int{}, map[string]*entry{}}
	both := c.get(name + "Port")
	whole := c.port(both)
	split := false
	for i, t := range transports {
		e := c.get(name + t + "Port")
		split = split || e != nil
		switch n := c.port(e); {
		case i > 1:
			c.closed(e, n)
		case e != nil:
			l.ports[t], l.says[t] = n, e
		case whole > 0:
			l.ports[t], l.says[t] = whole, both
		}
		e = c.get("sip/" + name + "/ipv6" + t + "Port")
		if n := c.port(e); i > 1 {
			c.closed(e, n)
		} else {
			l.six[t], l.says[t+"6"] = n, e
		}
	}
	if name == "external" && both == nil && (c.xml || !split) {
		for _, t := range transports[:2] {
			if l.says[t] == nil {
				l.ports[t] = 5060
			}
		}
	}
	return l
}

// closed refuses a port of a transport that is not served, unless it is 0.
func (c *converter) closed(e *entry, port int) {
	switch {
	case e == nil || c.Said(e.at) != nil:
	case port > 0:
		c.wrong(e, e.key.Note, "leave such clients to the old balancer until then")
	default:
		c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "not opened"})
	}
}

// host is where a side listens. What a .properties file says of one side counts for the other, and for heartbeats, when
// host is missing.
func (c *converter) host(side string) (string, *entry) {
	e := c.get(side+"Host", "host")
	if e == nil && !c.xml {
		e = c.get("internalHost", "externalHost")
	}
	if e == nil {
		return "127.0.0.1", nil
	}
	return e.value, e
}

func (c *converter) hostSix(side string) (string, *entry) {
	e := c.get("sip/"+side+"/ipv6Host", "common/ipv6Host")
	if e == nil {
		return "::1", nil
	}
	return strings.Trim(e.value, "[]"), e
}

// hosts are all addresses that nodes come to.
func (c *converter) hosts() (all []string) {
	for _, side := range []string{"internal", "heartbeat", "external"} {
		if host, _ := c.host(side); !slices.Contains(all, host) && (side != "external" || !c.twoPort) {
			all = append(all, host)
		}
	}
	return all
}

// literal tells whether text is an address.
func literal(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
