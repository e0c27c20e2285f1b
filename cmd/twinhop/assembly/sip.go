package assembly

import (
	"twinhop/cmd/twinhop/sipwords"
	sipfront "twinhop/sip"
	"twinhop/sip/seal"
)

// buildSIP builds the SIP front.
func (g *Gateway) buildSIP(p *plan) error {
	m, err := sipfront.NewMetrics(g.metrics)
	if err != nil {
		return err
	}
	current, previous := g.secrets.key(forSIP, 16)
	var keys seal.Secrets
	copy(keys.Current[:], current)
	copy(keys.Previous[:], previous)
	l := g.config.Listen.SIP
	g.sip = &sipfront.Front{Router: g.Router, Book: g.Book, Secrets: keys, Log: g.log, Metrics: m, Saw: g.Registry.Saw, Streams: sipwords.Streams(&g.config.Limits),
		Aliases:  sipwords.Aliases(l.Aliases),
		External: sipwords.Advertise(g.sockets.External, l.Advertise.External, l.Advertise),
		Internal: sipwords.Advertise(g.sockets.Internal, l.Advertise.Internal, l.Advertise)}
	if g.config.Heartbeat.SIP {
		g.sip.Heartbeat = g.hearts.SIP
	}
	g.sip.Apply(p.sip)
	g.Admin.Panel.Limits, g.Admin.Panel.Unban = g.limits, g.sip.Unban
	return g.metrics.register(g.sip.Collector())
}
