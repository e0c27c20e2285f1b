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

// transports are those of the old balancers.
var transports = []string{"Udp", "Tcp", "Tls", "Ws", "Wss"}

// leg is one side of the SIP front.
type leg struct {
	name  string            // "external", "internal"
	lost  *entry            // a port that is not served
	ports map[string]int    // by transport, of IPv4; 0: not opened
	six   map[string]int    // of IPv6
	says  map[string]*entry // that a port comes from; with "6" behind for IPv6; nil: a default
}

// served are the transports that the side has here: nodes are not spoken with by WebSockets.
func (l *leg) served() []string {
	if l.name == "internal" {
		return transports[:3]
	}
	return transports
}

// open tells whether anything is listened on.
func (l *leg) open() bool {
	return slices.ContainsFunc(l.served(), func(t string) bool { return l.ports[t]+l.six[t] > 0 })
}

// port is what says that a transport is listened by; nil: it is not.
func (l *leg) port(t string) *entry {
	switch {
	case l.ports[t] > 0:
		return l.says[t]
	case l.six[t] > 0:
		return l.says[t+"6"]
	}
	return nil
}

// listen reads addresses and ports of both sides.
func (c *converter) listen() {
	out, in := c.leg("external"), c.leg("internal")
	c.twoPort = in.open()
	if !out.open() && !c.Failed() {
		c.Mark(verdict.Top(c.in.File.Name), verdict.Finding{Directive: "--lb", Verdict: verdict.Error, Note: "no port for SIP clients is open", Hint: "such as externalPort=5060"})
		return
	}
	if e := in.lost; e != nil && !c.twoPort {
		c.wrong(e, "the port of nodes is one of WebSockets, by which they are not spoken with", "open internalTcpPort, and the TCP connectors of the nodes")
	}
	for i, l := range []*leg{out, in} {
		var urls []string
		var from []*entry
		host, says := c.host(l.name)
		six, saysSix := c.hostSix(l.name)
		for _, t := range l.served() {
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
	if out.port("Ws") != nil || out.port("Wss") != nil {
		c.setAs("listen.sip.origins", `["*"]`, asItWas+", which looked at no Origin")
	}
	c.sips, c.wss = compact([]*entry{out.port("Tls"), in.port("Tls")}), out.port("Wss")
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
	l := &leg{name: name, ports: map[string]int{}, six: map[string]int{}, says: map[string]*entry{}}
	both := c.get(name + "Port")
	whole := c.port(both)
	split := false
	for i, t := range transports {
		e, six := c.get(name+t+"Port"), c.get("sip/"+name+"/ipv6"+t+"Port")
		split = split || e != nil
		if !slices.Contains(l.served(), t) {
			if c.closed(e) || c.closed(six) {
				l.lost = compact([]*entry{e, six})[0]
			}
			continue
		}
		if n := c.port(e); e != nil {
			l.ports[t], l.says[t] = n, e
		} else if whole > 0 && i < 2 {
			l.ports[t], l.says[t] = whole, both
		}
		l.six[t], l.says[t+"6"] = c.port(six), six
		if i > 1 {
			c.shut(e, six)
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

// closed tells that the file opens a port which is not served here.
func (c *converter) closed(e *entry) bool {
	switch port := c.port(e); {
	case e == nil || c.Said(e.at) != nil:
		return false
	case port > 0:
		c.say(e, verdict.Finding{Verdict: verdict.Unsupported, Note: e.key.Note})
		return true
	}
	c.shut(e)
	return false
}

// shut says of ports that they are not opened, if they are not.
func (c *converter) shut(all ...*entry) {
	for _, e := range all {
		if e != nil && c.port(e) == 0 && c.Said(e.at) == nil {
			c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "not opened"})
		}
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
