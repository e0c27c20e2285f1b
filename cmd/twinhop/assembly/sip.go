package assembly

import (
	"net"
	"net/netip"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/config"
	sipfront "twinhop/sip"
)

// buildSIP builds the SIP front.
func (g *Gateway) buildSIP() error {
	m, err := sipfront.NewMetrics(g.metrics)
	if err != nil {
		return err
	}
	current, previous := g.secrets.key(forSIP, 16)
	var keys sipfront.Secrets
	copy(keys.Current[:], current)
	copy(keys.Previous[:], previous)
	l := g.config.Listen.SIP
	g.sip = &sipfront.Front{Router: g.Router, Book: g.Book, Secrets: keys, Log: g.log, Metrics: m,
		External: sipListeners(g.sockets.external, l.Advertise.External),
		Internal: sipListeners(g.sockets.internal, l.Advertise.Internal)}
	g.sip.Apply(sipSettings(&g.config))
	return nil
}

func sipListeners(conns []net.PacketConn, as config.Public) []sipfront.Listener {
	var all []sipfront.Listener
	for _, c := range conns {
		all = append(all, sipfront.Listener{Conn: c, Host: as.Host, Port: as.Ports.UDP})
	}
	return all
}

// sipSettings says the same as the configuration in the words of the front.
func sipSettings(c *config.Config) sipfront.Settings {
	s := sipfront.Settings{Pool: c.SIP.Pool, Extra: networks(c.SIP.ExtraServerNodes), Proxy: c.SIP.OutboundProxy,
		CallLife: c.Affinity.TTL.Max, LastDot: c.Affinity.Route.Delimiter == "last"}
	if s.CallLife == 0 { // off: as good as for ever
		s.CallLife = longest
	}
	for _, k := range c.Affinity.SIP {
		from, header := sipSource(k.Source)
		if from == gateway.SourceCallID { // always there, and the last resort
			continue
		}
		s.Sources = append(s.Sources, sipfront.Source{From: from, Header: header, Users: k.Exclude.Users, Networks: networks(k.Exclude.Networks)})
	}
	return s
}

// longest is the life of a call when sessions have no absolute one.
const longest = 365 * 24 * time.Hour

// networks reads what the configuration has checked.
func networks(list []string) []netip.Prefix {
	var all []netip.Prefix
	for _, s := range list {
		if p, err := config.ParseNetwork(s); err == nil {
			all = append(all, p)
		}
	}
	return all
}
