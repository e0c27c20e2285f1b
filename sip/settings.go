package sip

import (
	"net/netip"
	"strings"
	"time"

	"twinhop/gateway"
)

// Settings are what may change while the Front runs. The zero Settings serve pool "default" and stick by Call-ID alone.
type Settings struct {
	Pool    string         // nodes, realm and per-pool words for SIP; "" = "default"
	Sources []Source       // where requests carry an identity, in order; the Call-ID is always the last resort
	Extra   []netip.Prefix // peers on the node side that are no nodes: media servers, back-ends (extraServerNodes)
	// Proxy is where nodes' requests outside dialogs go when they carry no Route, host:port; "" = where their Request-URI says (outboundProxy).
	Proxy    string
	CallLife time.Duration // how long an answered call is remembered; 0 = 12 h
	LastDot  bool          // the route of a session id begins after its last dot, not its first

	proxyHost string
	proxyPort uint16
}

// Source is one place a SIP request may carry an identity in.
type Source struct {
	From     gateway.Source // SourceFromUser, SourceToUser, SourceFromAOR, SourceToAOR, SourceHeader or SourceAppKey
	Header   string         // with SourceHeader: the header's name
	Users    []string       // these are no identity: trunks, switchboards
	Networks []netip.Prefix // nor is anybody who calls from here
}

func (s Settings) prepared() *Settings {
	if s.Pool == "" {
		s.Pool = "default"
	}
	if s.CallLife <= 0 {
		s.CallLife = 12 * time.Hour
	}
	sources := make([]Source, len(s.Sources))
	for i, src := range s.Sources {
		src.Header = strings.ToLower(src.Header)
		sources[i] = src
	}
	s.Sources = sources
	if s.Proxy != "" {
		s.proxyHost, s.proxyPort = splitPeer(s.Proxy)
	}
	return &s
}

// splitPeer reads "host", "host:port", "v6" or "[v6]:port"; the port defaults to 5060. What cannot be read is taken for a name,
// which will not resolve.
func splitPeer(s string) (string, uint16) {
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().String(), p.Port()
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.String(), defaultPort
	}
	host, port, found := strings.Cut(s, ":")
	if !found {
		return host, defaultPort
	}
	p, err := netip.ParseAddrPort("0.0.0.0:" + port)
	if err != nil {
		return s, defaultPort
	}
	return host, p.Port()
}

// defaultPort of SIP over UDP (RFC 3261 section 19.1.2).
const defaultPort = 5060

func among(list []netip.Prefix, ip netip.Addr) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
