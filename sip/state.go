package sip

import (
	"net/netip"
	"time"

	"twinhop/sip/guard"
	"twinhop/sip/pending"
	"twinhop/sip/stream"
)

// State is what the front has in hand and keeps out at one moment. Counts are since the start.
type State struct {
	Bans     []guard.Ban // in no particular order
	Sources  int         // whose rate is known
	Scanners []guard.Hit
	Shed     map[string]uint64 // by reason; empty without Metrics
	Pending  pending.Stats
	Streams  []StreamState
}

// StreamState is what the connections of one listener have to do with.
type StreamState struct {
	Listener string // "tcp://192.0.2.1:5060"
	Stats    stream.Stats
}

// State may be called at any time; before Run there is nothing in it.
func (f *Front) State() (s State) {
	if !f.ready.Load() {
		return s
	}
	for b := range f.limits.sources.Bans(time.Now()) {
		s.Bans = append(s.Bans, b)
	}
	s.Sources, s.Scanners, s.Shed, s.Pending = f.limits.sources.Tracked(), f.limits.scanners.Hits(), f.Metrics.Reasons(), f.pending.Stats()
	for _, g := range f.legs.All {
		if g.Streams != nil {
			s.Streams = append(s.Streams, StreamState{g.Streams.Name, g.Streams.Stats()})
		}
	}
	return s
}

// Unban lets a source in again; it tells whether it was kept out.
func (f *Front) Unban(ip netip.Addr) bool { return f.limits.sources.Unban(time.Now(), ip) }
