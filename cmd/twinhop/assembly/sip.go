package assembly

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"

	"twinhop/cmd/twinhop/certs"
	"twinhop/cmd/twinhop/handshake"
	"twinhop/cmd/twinhop/secrets"
	"twinhop/cmd/twinhop/sipwords"
	"twinhop/gateway"
	"twinhop/gateway/config"
	sipfront "twinhop/sip"
	"twinhop/sip/seal"
	"twinhop/sip/websocket"
)

// buildSIP builds the SIP front.
func (g *Gateway) buildSIP(p *plan) error {
	m, err := sipfront.NewMetrics(g.metrics)
	if err != nil {
		return err
	}
	current, previous := g.secrets.Key(secrets.SIP, 16)
	var keys seal.Secrets
	copy(keys.Current[:], current)
	copy(keys.Previous[:], previous)
	l := &g.config.Listen.SIP
	inner, key := l.NodeTLS()
	if err := g.secureSIP(g.sockets.External, &l.TLS, "listen.sip.tls"); err != nil {
		return err
	}
	if err := g.secureSIP(g.sockets.Internal, inner, key); err != nil {
		return err
	}
	toward, err := g.towardPeers()
	if err != nil {
		return err
	}
	g.web = &websocket.Upgrader{Log: g.log}
	if err := g.web.Allow(l.Origins); err != nil {
		return err
	}
	g.sip = &sipfront.Front{Router: g.Router, Book: g.Book, Secrets: keys, Log: g.log, Metrics: m, Messages: g.Messages, Specimens: g.specimens, Saw: g.Registry.Saw, Streams: sipwords.Streams(&g.config.Limits),
		Aliases: sipwords.Aliases(l.Aliases), TLS: toward, Web: sipwords.Web(&g.config.Limits, g.web.Greet),
		External: sipwords.Advertise(append(g.sockets.External, g.webLegs()...), l.Advertise.External, l.Advertise),
		Internal: sipwords.Advertise(g.sockets.Internal, l.Advertise.Internal, l.Advertise)}
	g.sipProber.TLS = toward
	if g.config.Heartbeat.SIP {
		g.sip.Heartbeat = g.hearts.SIP
	}
	g.sip.Apply(p.sip)
	g.Admin.Panel.Limits, g.Admin.Panel.Unban = g.limits, g.sip.Unban
	return g.metrics.register(g.sip.Collector())
}

// secureSIP has those listeners of one side speak TLS that are to.
func (g *Gateway) secureSIP(side []sipfront.Listener, t *config.TLS, key string) error {
	for i := range side {
		l := &side[i]
		d := door{key: key, tls: t, proto: handshake.SIP, timeout: g.config.Limits.SIP.HandshakeTimeout}
		switch l.Transport {
		case "tls":
		case "wss":
			d.plain, d.protos = handshake.PlainWSS, protocols
		default:
			continue
		}
		d.name = l.Transport + "://" + l.Stream.Addr().String()
		open, err := g.secured(l.Stream, &d)
		if err != nil {
			return err
		}
		l.Stream = open
		g.sipDoors = append(g.sipDoors, open)
	}
	return nil
}

// towardPeers is how TLS is spoken with nodes and next hops; nil: it is not,
// for no listener of that side speaks it.
func (g *Gateway) towardPeers() (func() *tls.Config, error) {
	speaks := func(l sipfront.Listener) bool { return l.Transport == "tls" }
	if !slices.ContainsFunc(g.sockets.External, speaks) && !slices.ContainsFunc(g.sockets.Internal, speaks) {
		return nil, nil
	}
	return g.keeper().Toward(certs.Toward{Name: "sip.tls", TLS: g.config.SIP.TLS, File: g.places.file})
}

// webLegs are the HTTP listeners as the SIP front knows them: it gets
// connections of theirs that are WebSockets.
func (g *Gateway) webLegs() (all []sipfront.Listener) {
	if g.config.Listen.SIP.WebSocket == "" {
		return nil
	}
	for i := range g.config.Listen.HTTP {
		l, at := &g.config.Listen.HTTP[i], g.sockets.HTTP[i].Addr()
		switch {
		case l.HTTPS != 0: // it sends everybody on
		case l.TLS.On():
			all = append(all, sipfront.Listener{Transport: "wss", Addr: at})
		default:
			all = append(all, sipfront.Listener{Transport: "ws", Addr: at})
		}
	}
	return all
}

// runSIP serves SIP until ctx ends, and then closes the listeners that speak
// TLS: not earlier, for to who accepts from them that would be a failure.
func (g *Gateway) runSIP(ctx context.Context) error {
	defer func() {
		for _, d := range g.sipDoors {
			d.Close() // their handshakes have ended
		}
	}()
	return g.sip.Run(ctx)
}

// takeWebSocket serves the path of HTTP where SIP comes by WebSocket.
func (g *Gateway) takeWebSocket(w http.ResponseWriter, r *http.Request, ev []gateway.Evidence, hint gateway.Hint) {
	conn, early, err := g.web.Upgrade(w, r)
	if err == nil {
		err = g.sip.Adopt(conn, early, ev, hint)
	}
	if no := (*websocket.Refused)(nil); err != nil && !errors.As(err, &no) { // that the Upgrader tells
		g.log.Debug("no SIP by this WebSocket", "peer", r.RemoteAddr, "err", err)
	}
}
