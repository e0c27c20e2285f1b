package limits

import (
	"fmt"
	"net/netip"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// Around is what other keys say that matters here.
type Around struct {
	Stateless bool      // no unanswered INVITE is kept
	UDPLimit  form.Size // sip.udpLimit
}

// Check warns of limits that do not do what they seem to.
func (a *Limits) Check(r *decode.Reader, o *Around) {
	l, p := a.SIP, "limits.sip"
	for i, s := range a.Trusted {
		path := fmt.Sprintf("limits.trusted[%d]", i)
		network, err := form.ParseNetwork(s)
		written, bad := netip.ParsePrefix(s)
		switch {
		case err != nil || r.Failed(path):
		case network.Bits() == 0:
			r.Warn(path, "name the networks of trunks and of many phones behind one address", "everybody is trusted: no limit per source holds for anybody")
		case bad == nil && written.Addr() != network.Addr():
			r.Warn(path, fmt.Sprintf("write %s for the network, or %s for the one address", network, written.Addr()), "%s is all of %s", s, network)
		}
	}
	if h, at := a.HTTP, "limits.http.connectionsPerSource"; h.Connections > 0 && h.ConnectionsPerSource > h.Connections && r.Given(at) && !r.Failed(at) {
		r.Warn(at, "set it below connections", "has no effect: all sources together may have %d", h.Connections)
	}
	idle := func(key, hint, why string) {
		if at := decode.Join(p, key); r.Given(at) && !r.Failed(at) {
			r.Warn(at, hint, "has no effect: %s", why)
		}
	}
	if l.Rate == 0 && !r.Failed(p+".rate") {
		for _, key := range []string{"burst", "ban"} {
			idle(key, "set rate, or leave it out", "with rate: 0 there is no limit of one source")
		}
	}
	if l.ConnectionsPerSource > l.Connections {
		idle("connectionsPerSource", "set it below connections", fmt.Sprintf("all sources together may have %d", l.Connections))
	}
	if w, at := l.WebSocket, p+".websocket.ping"; w.IdleTimeout != 0 && w.Ping >= w.IdleTimeout && r.Given(p+".websocket") && !r.FailedUnder(p+".websocket") {
		r.Warn(at, "such as a third of idleTimeout", "has no effect: not before idleTimeout (%s)", form.Short(w.IdleTimeout))
	}
	if o.Stateless {
		idle("pending", "leave it out", "with failover.attempts: 0 and sendTrying: never no INVITE is kept")
	}
	if o.UDPLimit >= l.MaxMessage && o.UDPLimit > 0 && !r.Failed("sip.udpLimit") {
		r.Warn("sip.udpLimit", "such as 1300", "has no effect: no message is larger than limits.sip.maxMessage (%s)", l.MaxMessage)
	}
}
