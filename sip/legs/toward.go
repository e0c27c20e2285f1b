package legs

import (
	"net/netip"
	"time"

	"twinhop/sip/wire"
)

// Toward remembers which local address the system uses toward a peer, for legs that are bound to all of them. It is for one goroutine.
type Toward struct {
	known   map[towardKey]netip.Addr
	learned time.Time // since when that is known
}

type towardKey struct {
	leg int
	ip  netip.Addr
}

// The memory is forgotten as a whole when it is full or old: addresses and routes change.
const (
	maxToward  = 4096
	maxLearned = time.Minute
)

// Find is the address of a leg as a peer sees it; not valid: there is no way. now is the time of the message.
func (t *Toward) Find(g *Leg, peer netip.Addr, now time.Time) netip.AddrPort {
	if now.Sub(t.learned) > maxLearned {
		clear(t.known)
		t.learned = now
	}
	ip, ok := t.known[towardKey{g.Index, peer}]
	if !ok {
		if ip = wire.LocalToward(peer); !ip.IsValid() {
			return netip.AddrPort{}
		}
		t.Know(g, peer, ip, now)
	}
	if !ip.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip, g.Bound.Port())
}

// Know notes what Find will say for a while; an own that is not valid: there is no way.
func (t *Toward) Know(g *Leg, peer, own netip.Addr, now time.Time) {
	switch {
	case t.known == nil:
		t.known, t.learned = make(map[towardKey]netip.Addr), now
	case len(t.known) >= maxToward:
		clear(t.known)
	}
	t.known[towardKey{g.Index, peer}] = own
}
