package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// side is the listeners of one side of the SIP front.
type side struct {
	path string
	urls []string
	as   Public
}

// sides are the external and the internal one.
func (l SIPListen) sides() [2]side {
	return [2]side{{"listen.sip.external", l.External, l.Advertise.External}, {"listen.sip.internal", l.Internal, l.Advertise.Internal}}
}

// speaks tells whether a listener has a transport.
func (s side) speaks(transport string) bool { return s.reaches(transport, "") }

// reaches tells whether a listener sends to a host by a transport. What is a
// name may be anything.
func (s side) reaches(transport, host string) bool {
	to, err := netip.ParseAddr(host)
	return slices.ContainsFunc(s.urls, func(u string) bool {
		own, addr := form.SplitSIPURL(u)
		from, _, _ := form.SplitHostPort(addr)
		a, failed := netip.ParseAddr(from)
		return own == transport && (err != nil || failed != nil || a.Is6() && a.IsUnspecified() || a.Unmap().Is4() == to.Unmap().Is4())
	})
}

func (r *checker) checkSIP(c *Config) {
	l, sides := c.Listen.SIP, c.Listen.SIP.sides()
	r.checkFailover(c)
	for _, s := range sides {
		r.checkAdvertise(s)
	}
	if l.Advertise.InContact && l.Advertise.External.Host == "" {
		r.Warn("listen.sip.advertise.inContact", "add external: {host: ...}", "has no effect without a host")
	}
	if l.Advertise.InVia && l.Advertise.External.Host+l.Advertise.Internal.Host == "" {
		r.Warn("listen.sip.advertise.inVia", "add external: {host: ...}", "has no effect without a host")
	} else if l.Advertise.InVia && c.Gateways > 1 && c.SIP.Failover.Attempts > 0 {
		r.Warn("listen.sip.advertise.inVia", "sip: {sendTrying: never, failover: {attempts: 0}}, unless one caller's packets always come to one gateway",
			"an answer that comes back to another gateway does not end the wait of the one that sent the INVITE: it tries another node")
	}
	switch {
	case len(l.External) == 0 && len(l.Internal) > 0 && !r.Failed("listen.sip.external"):
		r.Bad("listen.sip.internal", "add listen.sip.external, the port for clients", "an internal port alone serves no client")
	case len(l.External) == 0 && !r.FailedUnder("listen"):
		for _, path := range []string{"sip", "limits.sip", "listen.sip.advertise", "listen.sip.aliases"} {
			if r.Given(path) {
				r.Warn(path, `add listen: {sip: {external: ["udp://0.0.0.0:5060"]}}`, "has no effect: there is no SIP listener")
			}
		}
		return
	case len(l.External) == 0 || r.FailedUnder("listen.sip.external") || r.FailedUnder("listen.sip.internal"):
		return
	case len(l.Internal) == 0:
		if sides[0].speaks("udp") {
			r.Warn("listen.sip.external", "add listen.sip.internal, a port that only nodes can reach",
				"one port for clients and nodes: over UDP a forged source address makes a client a node")
		}
		if l.Advertise.Internal.Host != "" {
			r.Bad("listen.sip.advertise.internal", "remove it, or add listen.sip.internal", "there is no internal port to advertise")
		}
	}
	r.checkWays(c, sides)
	r.checkProxy(c, sides)
	pools := poolNames(c)
	i := slices.Index(pools, c.SIP.Pool)
	if i < 0 {
		if !r.Failed("sip.pool") {
			r.Bad("sip.pool", form.Meant(c.SIP.Pool, pools), "there is no pool %s", form.Quote(c.SIP.Pool))
		}
		return
	}
	serves := func(m Member) bool { return m.SIP }
	if ms := c.Members(c.Pools[i]); len(ms) > 0 && !slices.ContainsFunc(ms, serves) && !r.FailedUnder("nodes") {
		r.badPool(c.SIP.Pool, `give nodes sip: ["udp://host:port"]`, "SIP is served from this pool, but none of its nodes speaks SIP")
	}
}

func (r *checker) checkAdvertise(s side) {
	path := strings.Replace(s.path, "sip.", "sip.advertise.", 1)
	switch {
	case s.as.Host == "" && s.as.Ports != (Ports{}):
		r.Bad(path, "add host:", "ports are advertised without a host")
	case len(s.urls) > 0 && (s.as.Ports.UDP != 0 && !s.speaks("udp") || s.as.Ports.TCP != 0 && !s.speaks("tcp")):
		r.Warn(path+".ports", "leave the port out, or add a listener to "+s.path, "a port is advertised for a transport that has no listener")
	}
}

// checkWays complains of what no listener can send.
func (r *checker) checkWays(c *Config, sides [2]side) {
	out, in := sides[0], sides[1]
	if len(in.urls) == 0 {
		in = out
	}
	way, key := c.SIP.InternalTransport, "sip.internalTransport"
	if r.Failed(key) {
		way = ""
	}
	if way != "" && !in.speaks(way) {
		r.Bad(key, fmt.Sprintf(`add "%s://host:port" to %s`, way, in.path), "%s has no such listener", in.path)
	}
	if way := c.SIP.ExternalTransport; way != "" && !r.Failed("sip.externalTransport") && !out.speaks(way) {
		r.Bad("sip.externalTransport", fmt.Sprintf(`add "%s://host:port" to %s`, way, out.path), "%s has no such listener", out.path)
	}
	for i, n := range c.Nodes {
		if path := fmt.Sprintf("nodes[%d].sip", i); len(n.SIP) > 0 && !r.FailedUnder(path) && !r.Failed(key) {
			r.checkWay(path, way, n, in)
		}
	}
	if c.SIP.UDPLimit > 0 && !in.speaks("tcp") && !out.speaks("tcp") {
		r.Bad("sip.udpLimit", `add "tcp://host:port" to listen.sip`, "there is no TCP listener that larger requests could leave by")
	}
}

// checkProxy complains of an outbound proxy that nothing can be sent to, or that is the gateway itself.
func (r *checker) checkProxy(c *Config, sides [2]side) {
	p, err := form.ParseSIPPeer(c.SIP.OutboundProxy)
	if err != nil {
		return
	}
	out := sides[0]
	if p.Transport != "" && !out.speaks(p.Transport) {
		r.Bad("sip.outboundProxy", fmt.Sprintf(`add "%s://host:port" to %s`, p.Transport, out.path), "%s has no such listener", out.path)
	}
	ip, _ := netip.ParseAddr(p.Host)
	for _, s := range sides {
		for _, u := range s.urls {
			_, addr := form.SplitSIPURL(u)
			host, port, _ := form.SplitHostPort(addr)
			own, _ := netip.ParseAddr(host)
			if port == p.Port && ip.IsValid() && (own == ip || ip.IsLoopback() && (own.IsUnspecified() || host == "")) {
				r.Bad("sip.outboundProxy", "name the next proxy, or leave it out", "%s is this gateway: what nodes send would come back to it", form.Quote(c.SIP.OutboundProxy))
				return
			}
		}
	}
}

// checkWay complains of a node to which nothing can be sent.
func (r *checker) checkWay(path, way string, n Node, in side) {
	switch at, hint, err := in.way(way, &n); {
	case err != nil && at < 0:
		r.Bad(path, hint, "%v", err)
	case err != nil:
		r.Bad(fmt.Sprintf("%s[%d]", path, at), hint, "%v", err)
	}
}

// way tells why nothing can be sent to a node by a transport, or with "" by that of its first address: for that address, or with -1
// because it has none.
func (s side) way(transport string, n *Node) (at int, hint string, err error) {
	at = slices.IndexFunc(n.SIP, func(u string) bool { return strings.HasPrefix(u, transport) })
	if at < 0 {
		return at, fmt.Sprintf(`add "%s://host:port"`, transport), fmt.Errorf("sip.internalTransport is %s, and node %s has no such address", transport, form.Quote(n.Name))
	}
	transport, addr := form.SplitSIPURL(n.SIP[at])
	if host, _, _ := form.SplitHostPort(addr); !s.reaches(transport, host) {
		return at, fmt.Sprintf(`add "%s://host:port" to %s, of the same IP version`, transport, s.path),
			fmt.Errorf("node %s is to be sent to at %s, but no listener of %s can", form.Quote(n.Name), n.SIP[at], s.path)
	}
	return at, "", nil
}

// Reaches tells why no listener can send to the SIP addresses of a node that is not in the file; nil when one can.
func (c *Config) Reaches(n *Node) error {
	sides := c.Listen.SIP.sides()
	in := sides[1]
	if len(in.urls) == 0 {
		in = sides[0]
	}
	if len(n.SIP) == 0 || len(in.urls) == 0 {
		return nil
	}
	_, hint, err := in.way(c.SIP.InternalTransport, n)
	if err != nil {
		return fmt.Errorf("%w: %s", err, hint)
	}
	return nil
}

// patience is how long a caller waits for an answer (RFC 3261 timer B), less
// what the way takes.
const patience = 30 * time.Second

func (r *checker) checkFailover(c *Config) {
	f, p := c.SIP.Failover, "sip.failover"
	if r.FailedUnder(p) {
		return
	}
	if f.Attempts == 0 {
		for _, key := range []string{"invite", "trying", "total", "codes"} {
			if at := decode.Join(p, key); r.Given(at) {
				r.Warn(at, "leave it out, or set attempts: 2 or 3", "has no effect: with attempts: 0 no other node is tried")
			}
		}
		return
	}
	last := f.Total
	if last == 0 {
		last = time.Duration(f.Attempts) * max(f.Invite, f.Trying)
	}
	switch {
	case f.Total != 0 && f.Invite >= f.Total:
		r.Bad(p+".invite", "invite is for one node, total for all", "%s is not shorter than total (%s)", form.Short(f.Invite), form.Short(f.Total))
	case f.Total != 0 && f.Trying > f.Total:
		r.Bad(p+".trying", "trying is for one node, total for all", "%s is longer than total (%s)", form.Short(f.Trying), form.Short(f.Total))
	case last > patience:
		r.Warn(p+".total", "at most "+form.Short(patience), "another node may be tried after %s, but callers give up after 32s", form.Short(last))
	}
	for i, code := range f.Codes {
		at := fmt.Sprintf("%s.codes[%d]", p, i)
		if slices.Contains(f.Codes[:i], code) {
			r.Warn(at, "remove it", "%d is listed twice", code)
		}
		if code == 401 || code == 407 || code == 487 { // challenges, and the answer to CANCEL
			r.Bad(at, "remove it", "%d is an answer for the caller, not a failure of the node", code)
		}
	}
}
