package sipwords

import (
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"twinhop/cmd/twinhop/resources"
	"twinhop/gateway"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	sipfront "twinhop/sip"
	"twinhop/sip/guard"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
	"twinhop/sip/stream"
	"twinhop/sip/websocket"
)

// Advertise gives the listeners of one side the names they have in the world.
func Advertise(list []sipfront.Listener, as config.Public, where config.Advertise) []sipfront.Listener {
	for i := range list {
		l := &list[i]
		l.Host, l.InVia, l.InContact = as.Host, where.InVia, where.InContact
		l.Port = as.Ports.Of(l.Transport)
	}
	return list
}

// off turns the 0 that means "no limit" in the configuration into what means it to the front, where 0 is the default.
func off[T int | time.Duration](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

// Streams are the limits of connections.
func Streams(l *config.Limits) stream.Limits {
	s := l.SIP
	return stream.Limits{Total: s.Connections, PerSource: off(s.ConnectionsPerSource),
		Idle: off(s.IdleTimeout), Partial: off(s.PartialTimeout), Connect: s.ConnectTimeout, Write: s.WriteTimeout,
		Head: int(s.HeaderBytes), Message: int(s.MaxMessage), Queue: int(s.QueueBytes), Pings: off(s.Pings),
		Greet: s.HandshakeTimeout, Handshake: min(s.HandshakeTimeout, ours)}
}

// Web is how WebSockets are served: greet makes one of a connection that was accepted.
func Web(l *config.Limits, greet func(net.Conn) (early []byte, err error)) sipfront.Web {
	own, message, fragments := l.SIP.WebSocket, int(l.SIP.MaxMessage), l.SIP.WebSocket.Fragments
	w := sipfront.Web{Greet: greet, Limits: Streams(l), Frames: func() stream.Codec { return &websocket.Codec{Message: message, Fragments: fragments} }}
	w.Limits.Ping, w.Limits.Idle = off(own.Ping), off(own.IdleTimeout)
	return w
}

// ours is how long a TLS handshake with a node or next hop may take, whatever clients may: callers wait for it.
const ours = 3 * time.Second

// Settings says the same as the configuration in the words of the front. extra are the peers beside the nodes, see Extra.
func Settings(c *config.Config, extra []netip.AddrPort) sipfront.Settings {
	s := sipfront.Settings{Pool: c.SIP.Pool, Extra: extra, CallLife: c.Affinity.TTL.Max,
		LastDot: c.Affinity.Route.Delimiter == "last", Transport: c.SIP.InternalTransport, Outward: c.SIP.ExternalTransport,
		UDPLimit: int(c.SIP.UDPLimit), OldHint: c.SIP.Hint == "legacy", InitialRemote: c.SIP.InitialRemote}
	if s.CallLife == 0 { // off: as good as for ever
		s.CallLife = longest
	}
	if p, err := form.ParseSIPPeer(c.SIP.OutboundProxy); err == nil && c.SIP.OutboundProxy != "" {
		s.Proxy = sipfront.Peer{Host: p.Host, Port: uint16(p.Port), Transport: p.Transport}
	}
	for _, k := range c.Affinity.SIP {
		from, header := source(k.Source)
		if from == gateway.SourceCallID { // always there, and the last resort
			continue
		}
		s.Sources = append(s.Sources, sipfront.Source{From: from, Header: header, Users: k.Exclude.Users, Pattern: whole(k.Exclude.Pattern), Networks: form.Networks(k.Exclude.Networks)})
	}
	s.Pending, s.Resources = pendingWords(c), resources.Settings(c)
	limit(&s, &c.Limits)
	return s
}

func pendingWords(c *config.Config) pending.Settings {
	f := c.SIP.Failover
	when := pending.Auto
	switch c.SIP.SendTrying {
	case "always":
		when = pending.Always
	case "never":
		when = pending.Never
	}
	return pending.Settings{Invite: f.Invite, Trying: f.Trying, Total: f.Total, Attempts: f.Attempts, Codes: resources.Codes(c), Send100: when,
		Early: f.Dialog == "early", Max: c.Limits.SIP.Pending}
}

// above is how long a source may stay above its rate before it is banned.
const above = 3 * time.Second

func limit(s *sipfront.Settings, all *config.Limits) {
	l, trusted := all.SIP, form.Networks(all.Trusted)
	s.Trusted, s.Transactions, s.Scanners, s.Slow = trusted, l.Transactions, l.Scanners, l.Slow
	s.Rates = guard.SourceSettings{Rate: l.Rate, Burst: l.Burst, Above: above, Ban: l.Ban, Max: l.Sources, Exempt: trusted}
	s.Refusals = guard.RefusalSettings{Rate: l.Refusals, Burst: 2 * l.Refusals, Total: 100 * l.Refusals, Max: l.Sources, Exempt: trusted}
	s.Limits = peek.Limits{Message: int(l.MaxMessage), Headers: l.Headers, Line: int(l.LineBytes), Vias: l.Vias, Routes: l.Routes,
		URI: int(l.URIBytes), Token: int(l.TokenBytes), CallID: int(l.CallIDBytes)}
}

// whole is an expression that has to match all of a text; the configuration
// has checked it.
func whole(pattern string) *regexp.Regexp {
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if pattern == "" || err != nil {
		return nil
	}
	return re
}

// longest is the life of a call when sessions have no absolute one.
const longest = 365 * 24 * time.Hour

// headerWord begins a source that names a header.
const headerWord = "header:"

// Sources are the words for where a request may carry an identity.
func Sources() []string {
	all := make([]string, 0, len(sources)+1)
	for _, s := range sources {
		all = append(all, s.String())
	}
	return append(all, headerWord)
}

var sources = [...]gateway.Source{gateway.SourceCallID, gateway.SourceFromUser, gateway.SourceToUser, gateway.SourceFromAOR, gateway.SourceToAOR}

// source reads such a word; header is the name behind "header:".
func source(word string) (s gateway.Source, header string) {
	if name, ok := strings.CutPrefix(word, headerWord); ok {
		return gateway.SourceHeader, name
	}
	for _, s := range sources {
		if s.String() == word {
			return s, ""
		}
	}
	return gateway.NoSource, ""
}
