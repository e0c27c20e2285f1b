package sip

import (
	"context"
	"errors"
	"net/netip"

	"twinhop/sip/legs"
	"twinhop/sip/pending"
)

// Came is a request as it would come.
type Came struct {
	Data      []byte
	Src       netip.AddrPort
	Transport string // a word of Listener.Transport
	Inside    bool   // by a listener of the nodes, where they have their own
}

// Played is what would become of a request.
type Played struct {
	Left []Left // what would leave: the request, or an answer of the gateway's own; nothing: it would be dropped, see Metrics.Reasons
	Asks string // a host that would be looked up first; how it goes on depends on that
}

// Left is a message that would leave.
type Left struct {
	Data      []byte
	Transport string
	To        netip.AddrPort
}

// Rehearse tells what a Front with these fields and settings would do with a request, and does nothing of it. It is for a Front of that
// purpose alone, which is never Run and used once; its Router is a rehearsal. What keeps one sender from asking too much does not count, and
// what the running Front remembers of calls that are being set up is not known.
func (f *Front) Rehearse(ctx context.Context, c *Came) (*Played, error) {
	if err := f.prepare(ctx); err != nil {
		return nil, err
	}
	set := *f.settings.Load()
	set.Pending = pending.Settings{Send100: pending.Never}
	f.settings.Store(&set)
	f.pending.Apply(set.Pending)
	g := f.entry(c)
	if g == nil {
		return nil, ErrNoListener
	}
	f.played = &Played{}
	w := newWorker(ctx, f, g)
	w.again = true // rates and queues are for what really comes
	w.handle(c.Data, c.Src)
	return f.played, nil
}

// ErrNoListener says that nothing listens for SIP by a transport and for a sender of this family.
var ErrNoListener = errors.New("no listener of this transport")

// entry is the leg by which a request would come.
func (f *Front) entry(c *Came) *legs.Leg {
	t, ok := legs.Read([]byte(c.Transport))
	for _, g := range f.legs.All {
		if ok && g.Transport == t && (g.Inside == c.Inside || f.legs.Single()) && g.Reaches(c.Src.Addr()) {
			return g
		}
	}
	return nil
}

// play notes what would leave.
func (w *worker) play(to legs.Hop) {
	w.out = w.edits.Apply(nil, &w.msg)
	w.f.played.Left = append(w.f.played.Left, Left{w.out, to.Transport.String(), to.Addr})
}
