package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/siplisten"
)

func (r *checker) checkSIP(c *Config) {
	r.checkFailover(c)
	served := len(slices.DeleteFunc(slices.Clone(c.Listen.HTTP), func(l HTTPListener) bool { return l.HTTPS != 0 }))
	if !c.Listen.SIP.Check(&r.Reader, &siplisten.Around{HTTP: served,
		Waits: c.Gateways > 1 && c.SIP.Failover.Attempts > 0, Files: r.words.Files, External: []string{"sip", "limits.sip"}}) {
		return
	}
	r.checkWebSocket(c)
	r.checkWays(c)
	r.checkProxy(c)
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

// checkWays complains of what no listener can send.
func (r *checker) checkWays(c *Config) {
	out, in := c.Listen.SIP.Sides()[0], c.Listen.SIP.Inner()
	way, key := c.SIP.InternalTransport, "sip.internalTransport"
	if r.Failed(key) {
		way = ""
	}
	if way != "" && !in.Speaks(way) {
		r.Bad(key, fmt.Sprintf(`add "%s://host:port" to %s`, way, in.Path), "%s has no such listener", in.Path)
	}
	if way := c.SIP.ExternalTransport; way != "" && !r.Failed("sip.externalTransport") && !out.Speaks(way) {
		r.Bad("sip.externalTransport", fmt.Sprintf(`add "%s://host:port" to %s`, way, out.Path), "%s has no such listener", out.Path)
	}
	for i, n := range c.Nodes {
		path := fmt.Sprintf("nodes[%d].sip", i)
		if len(n.SIP) == 0 || r.FailedUnder(path) || r.Failed(key) {
			continue
		}
		switch at, hint, err := in.Way(way, n.Name, n.SIP); {
		case err != nil && at < 0:
			r.Bad(path, hint, "%v", err)
		case err != nil:
			r.Bad(fmt.Sprintf("%s[%d]", path, at), hint, "%v", err)
		}
	}
	if c.SIP.UDPLimit > 0 && !in.Speaks("tcp") && !out.Speaks("tcp") {
		r.Bad("sip.udpLimit", `add "tcp://host:port" to listen.sip`, "there is no TCP listener that larger requests could leave by")
	}
	if r.Given("sip.tls") && !in.Speaks("tls") && !out.Speaks("tls") && !r.FailedUnder("sip.tls") {
		r.Warn("sip.tls", `add "tls://host:port" to `+in.Path, "has no effect: no listener speaks TLS with nodes or next hops")
	}
}

// checkProxy complains of an outbound proxy that nothing can be sent to, or that is the gateway itself.
func (r *checker) checkProxy(c *Config) {
	p, err := form.ParseSIPPeer(c.SIP.OutboundProxy)
	if err != nil {
		return
	}
	sides := c.Listen.SIP.Sides()
	if out := sides[0]; p.Transport != "" && !out.Speaks(p.Transport) {
		r.Bad("sip.outboundProxy", fmt.Sprintf(`add "%s://host:port" to %s`, p.Transport, out.Path), "%s has no such listener", out.Path)
	}
	if sides[0].Has(p.Host, p.Port) || sides[1].Has(p.Host, p.Port) {
		r.Bad("sip.outboundProxy", "name the next proxy, or leave it out", "%s is this gateway: what nodes send would come back to it", form.Quote(c.SIP.OutboundProxy))
	}
}

// checkWebSocket: a path that the gateway serves is served by nobody else.
func (r *checker) checkWebSocket(c *Config) {
	path, key := c.Listen.SIP.WebSocket, "listen.sip.websocket"
	if path == "" || r.Failed(key) {
		return
	}
	for i := range c.Mounts {
		if m := &c.Mounts[i]; !m.excludes() && slices.Contains(strings.FieldsFunc(m.Path, func(r rune) bool { return r == '|' || r == '*' }), path) {
			r.Warn(key, "choose another path, or remove the mount", "mounts[%d] (line %d) is for the same path: what is mounted there is not reached", i, r.At(fmt.Sprintf("mounts[%d]", i)).Line)
		}
	}
}

// Reaches tells why no listener can send to the SIP addresses of a node that is not in the file; nil when one can.
func (c *Config) Reaches(n *Node) error {
	in := c.Listen.SIP.Inner()
	if len(n.SIP) == 0 || len(in.URLs) == 0 {
		return nil
	}
	if _, hint, err := in.Way(c.SIP.InternalTransport, n.Name, n.SIP); err != nil {
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
