package sip

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twinhop/sip/guard"
	"twinhop/sip/identity"
	"twinhop/sip/legs"
	"twinhop/sip/locate"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
)

// Settings are what may change while the Front runs. The zero Settings serve pool "default" and stick by Call-ID alone.
type Settings struct {
	Pool    string   // nodes, realm and per-pool words for SIP; "" = "default"
	Sources []Source // where requests carry an identity, in order; the Call-ID is always the last resort
	// Extra are peers on the node side that are no nodes: media servers, back-ends (extraServerNodes). Port 0: whichever they send from.
	// With a port, one counts as a sender in single-port mode only if it sends from there or says so in its Via.
	Extra []netip.AddrPort
	// Proxy is where nodes' requests outside dialogs go when they carry no Route; without a Host: where their Request-URI says (outboundProxy).
	Proxy    Peer
	CallLife time.Duration // how long an answered call is remembered; 0 = 12 h
	LastDot  bool          // the route of a session id begins after its last dot, not its first
	// OldHint has Record-Route name the node as the balancers of Mobicents and Restcomm do, instead of by our signature.
	OldHint bool
	// InitialRemote tells nodes the address that a message of the world came from, in X-Sip-Balancer-InitialRemoteAddr and -Port.
	InitialRemote bool

	// Transport toward nodes, udp, tcp or tls, where a node serves it; "" = that of its first address (internalTransport).
	Transport string
	Outward   string // transport of what begins toward the world, where the next hop names none; "" = by RFC 3263 (externalTransport)
	// UDPLimit is the size in bytes above which a request leaves by a connection where the next hop has it; 0 = none (RFC 3261 section 18.1.1).
	UDPLimit  int
	Resources *Resources       // what calls take of their nodes, and other pools for some; nil: nothing
	Pending   pending.Settings // of INVITEs that are not answered; the zero value keeps none

	Limits       peek.Limits           // of one message; the zero value: the defaults
	Trusted      []netip.Prefix        // exempt from what follows, as nodes are, but for Scanners
	Rates        guard.SourceSettings  // of one source
	Refusals     guard.RefusalSettings // errors answered
	Transactions int                   // new ones a second, of all sources; 0 = no limit
	Scanners     []string              // words of a User-Agent whose requests are dropped
	Slow         int                   // messages that may wait for a name; 0 = 1024

	groups    []string    // all pools that calls may be in, Pool first; none: Pool alone
	answers   peek.Limits // of a response, which has our Vias and Record-Routes in addition
	proxy     locate.Query
	chosen    bool // Transport is given
	outward   []byte
	transport legs.Transport
	trusted   guard.Prefixes
}

// Peer is a next hop as it is configured.
type Peer struct {
	Host      string // name or address; "" = none
	Port      uint16 // 0: by RFC 3263
	Transport string // "": likewise
}

// Source is one place a SIP request may carry an identity in.
type Source = identity.Source

func (s Settings) prepared() *Settings {
	if s.Pool == "" {
		s.Pool = "default"
	}
	if s.CallLife <= 0 {
		s.CallLife = 12 * time.Hour
	}
	s.group(nil)
	sources := make([]Source, len(s.Sources))
	for i, src := range s.Sources {
		src.Header = strings.ToLower(src.Header)
		sources[i] = src
	}
	s.Sources = sources
	if s.Proxy.Host != "" {
		s.proxy = locate.Query{Host: []byte(s.Proxy.Host), Port: s.Proxy.Port, Transport: []byte(cmp.Or(s.Proxy.Transport, s.Outward))}
	}
	if s.Limits == (peek.Limits{}) {
		s.Limits = peek.DefaultLimits()
	}
	s.answers = s.Limits
	for _, n := range [...]*int{&s.answers.Vias, &s.answers.Routes, &s.answers.Headers, &s.answers.Headers} {
		if *n > 0 {
			*n += 2
		}
	}
	if s.Slow <= 0 {
		s.Slow = defaultSlow
	}
	s.transport, s.chosen = legs.Read([]byte(s.Transport))
	s.outward = []byte(s.Outward)
	s.trusted = guard.NewPrefixes(s.Trusted)
	if s.Pending.Attempts <= 0 && s.Pending.Max <= 0 { // the zero value
		s.Pending.Send100 = pending.Never
	}
	return &s
}

const defaultSlow = 1024

// beside tells whether an address is that of a peer on the node side that is no node.
func (s *Settings) beside(ip netip.Addr) bool {
	return slices.ContainsFunc(s.Extra, func(x netip.AddrPort) bool { return x.Addr() == ip })
}

// besideAt is beside for one port of it.
func (s *Settings) besideAt(at netip.AddrPort) bool {
	return slices.ContainsFunc(s.Extra, func(x netip.AddrPort) bool { return x.Addr() == at.Addr() && (x.Port() == 0 || x.Port() == at.Port()) })
}
