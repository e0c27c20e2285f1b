package siplisten

import (
	"fmt"
	"strings"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/secure"
)

// MaxListeners is how many there may be by which SIP comes, HTTP's among them:
// what the SIP front can tell apart.
const MaxListeners = 26

// Around is what other keys say that matters here.
type Around struct {
	HTTP     int          // HTTP listeners that serve requests
	Waits    bool         // one of several gateways waits for answers to INVITEs
	Files    secure.Files // nil: nobody looks
	External []string     // further keys that mean nothing without a listener
}

// Check complains of what is below listen.sip. It is false when there is
// nothing that the keys of the SIP front could be held against.
func (l *Listen) Check(r *decode.Reader, o *Around) bool {
	sides := l.Sides()
	for _, s := range sides {
		s.checkPublic(r, l.WebSocket != "")
	}
	l.checkAdvertise(r, o)
	l.checkTLS(r, o)
	l.checkWeb(r, o)
	switch broken := r.FailedUnder("listen.sip.external") || r.FailedUnder("listen.sip.internal"); {
	case broken:
		return false
	case !l.On() && len(l.Internal) > 0:
		r.Bad("listen.sip.internal", "add listen.sip.external, the port for clients", "an internal port alone serves no client")
	case !l.On():
		for _, path := range append(o.External, "listen.sip.advertise", "listen.sip.aliases") {
			if r.Given(path) && !r.FailedUnder("listen") {
				r.Warn(path, `add listen: {sip: {external: ["udp://0.0.0.0:5060"]}}`, "has no effect: there is no SIP listener")
			}
		}
		return false
	case len(l.External)+len(l.Internal) == 0:
		r.Bad("listen.sip.websocket", `add listen: {sip: {internal: ["udp://0.0.0.0:5065"]}}`, "there is no listener that could speak with nodes")
		return false
	}
	if len(l.Internal) == 0 {
		if sides[0].Speaks("udp") {
			r.Warn("listen.sip.external", "add listen.sip.internal, a port that only nodes can reach",
				"one port for clients and nodes: over UDP a forged source address makes a client a node")
		}
		if l.Advertise.Internal.Host != "" {
			r.Bad("listen.sip.advertise.internal", "remove it, or add listen.sip.internal", "there is no internal port to advertise")
		}
	}
	return true
}

func (l *Listen) checkAdvertise(r *decode.Reader, o *Around) {
	a := &l.Advertise
	if a.InContact && a.External.Host == "" {
		r.Warn("listen.sip.advertise.inContact", "add external: {host: ...}", "has no effect without a host")
	}
	if a.InVia && a.External.Host+a.Internal.Host == "" {
		r.Warn("listen.sip.advertise.inVia", "add external: {host: ...}", "has no effect without a host")
	} else if a.InVia && o.Waits {
		r.Warn("listen.sip.advertise.inVia", "sip: {sendTrying: never, failover: {attempts: 0}}, unless one caller's packets always come to one gateway",
			"an answer that comes back to another gateway does not end the wait of the one that sent the INVITE: it tries another node")
	}
}

// checkPublic looks at the public address of a side. web: the HTTP listeners
// have WebSockets, too.
func (s Side) checkPublic(r *decode.Reader, web bool) {
	path := strings.Replace(s.Path, "sip.", "sip.advertise.", 1)
	if s.As.Host == "" && s.As.Ports != (Ports{}) {
		r.Bad(path, "add host:", "ports are advertised without a host")
		return
	}
	for _, transport := range []string{"udp", "tcp", "tls", "ws", "wss"} {
		if web && strings.HasPrefix(transport, "ws") {
			continue
		}
		if len(s.URLs) > 0 && s.As.Ports.Of(transport) != 0 && !s.Speaks(transport) {
			r.Warn(path+".ports", "leave the port out, or add a listener to "+s.Path, "a port is advertised for a transport that has no listener")
			return
		}
	}
}

// checkWeb looks at SIP over WebSocket.
func (l *Listen) checkWeb(r *decode.Reader, o *Around) {
	own := len(l.External) + len(l.Internal)
	switch {
	case l.WebSocket == "" || r.FailedUnder("listen.http") || r.Failed("listen.sip.websocket"):
	case own+o.HTTP > MaxListeners:
		r.Bad("listen.sip.websocket", fmt.Sprintf("at most %d", MaxListeners), "%d HTTP and %d SIP listeners are too many for SIP on all of them", o.HTTP, own)
	case o.HTTP == 0:
		r.Bad("listen.sip.websocket", `add listen: {http: [{addr: ":8080"}]}, or "ws://0.0.0.0:5066" to listen.sip.external`, "there is no HTTP listener that could take it")
	}
	s := l.Sides()[0]
	if r.Given("listen.sip.origins") && l.WebSocket == "" && !s.Speaks("ws") && !s.Speaks("wss") && !r.FailedUnder("listen.sip") {
		r.Warn("listen.sip.origins", `add websocket: /sip, or "wss://0.0.0.0:5067" to listen.sip.external`, "has no effect: nobody listens for WebSockets")
	}
}

// checkTLS looks for certificates where they are needed, and nowhere else.
func (l *Listen) checkTLS(r *decode.Reader, o *Around) {
	const own, inner = "listen.sip.tls", "listen.sip.internalTLS"
	secure.Check(r, own, &l.TLS, o.Files)
	secure.Check(r, inner, &l.InternalTLS, o.Files)
	for _, path := range []string{own, inner, "listen.sip.external", "listen.sip.internal"} {
		if r.FailedUnder(path) {
			return
		}
	}
	sides := l.Sides()
	certificates := "tls: {cert: site.pem, key: site.key}"
	if sides[0].secure() && !l.TLS.On() {
		r.Bad(sides[0].Path, "add "+certificates+" to listen.sip", "tls:// and wss:// need a certificate, and there is none")
	}
	if t, _ := l.NodeTLS(); sides[1].secure() && !t.On() {
		r.Bad(sides[1].Path, "add "+certificates+" to listen.sip", "tls:// needs a certificate, and there is none")
	}
	if l.TLS.On() && !sides[0].secure() && (!sides[1].secure() || l.InternalTLS.On()) {
		r.Warn(own, `add "tls://0.0.0.0:5061" to listen.sip.external`, "has no effect: no listener speaks TLS")
	}
	if l.InternalTLS.On() && !sides[1].secure() {
		r.Warn(inner, `add "tls://0.0.0.0:5071" to listen.sip.internal`, "has no effect: no internal listener speaks TLS")
	}
}
