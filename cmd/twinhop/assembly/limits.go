package assembly

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"twinhop/admin/limits"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	"twinhop/http/crowd"
)

// crowdLimits bound the connections of HTTP clients.
func crowdLimits(c *config.Config) crowd.Limits {
	return crowd.Limits{Total: c.Limits.HTTP.Connections, PerSource: c.Limits.HTTP.ConnectionsPerSource}
}

// familiar tells who may have more connections than one source may: those that
// the operator trusts, proxies before us, and nodes.
func (g *Gateway) familiar(ip netip.Addr) bool {
	c := g.present.Load()
	is := func(a cluster.Address) bool { return a.Addr.Addr() == ip }
	return slices.ContainsFunc(form.Networks(slices.Concat(c.Limits.Trusted, c.HTTP.Forwarded.Trusted)), func(p netip.Prefix) bool { return p.Contains(ip) }) ||
		slices.ContainsFunc(g.Registry.View().Nodes, func(n *cluster.Node) bool {
			return slices.ContainsFunc(n.Addrs(cluster.HTTP), is) || slices.ContainsFunc(n.Addrs(cluster.SIP), is)
		})
}

// limits says in the admin's words what the SIP front keeps out and has in hand.
func (g *Gateway) limits() limits.State {
	s := g.sip.State()
	l := limits.State{Sources: s.Sources, Shed: s.Shed, Pending: limits.Pending{Live: s.Pending.Live, Max: g.present.Load().Limits.SIP.Pending,
		Opened: s.Pending.Opened, Stateless: s.Pending.Stateless, Left: map[string]uint64{}, Answers: map[string]uint64{}}}
	for _, b := range s.Bans {
		l.Bans = append(l.Bans, limits.Ban{Source: b.Source, Until: b.Until, Dropped: b.Dropped})
	}
	for _, h := range s.Scanners {
		l.Scanners = append(l.Scanners, limits.Hit{Word: h.Word, Hits: h.Count})
	}
	for cause, n := range s.Pending.Left {
		l.Pending.Left[cause.String()] = n
	}
	for own, n := range s.Pending.Own {
		l.Pending.Answers[strconv.Itoa(int(own))] = n
	}
	for _, t := range s.Streams {
		n := t.Stats
		l.Connections = append(l.Connections, limits.Connections{Listener: t.Listener, Open: n.Open, Accepted: n.Accepted,
			Dialled: n.Dialled, Refused: n.RefusedTotal + n.RefusedSource, TimedOut: n.TimedOut, Garbled: n.Garbled})
	}
	return l
}

// off turns the 0 that means "no limit" in the configuration into what means it
// to those who have a default for 0.
func off[T int | time.Duration](v T) T {
	if v == 0 {
		return -1
	}
	return v
}
