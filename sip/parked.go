package sip

import (
	"bytes"
	"context"
	"net/netip"

	"twinhop/sip/legs"
	"twinhop/sip/locate"
	"twinhop/sip/stream"
)

// waiting is a copy of a message that waits until a name is looked up.
type waiting struct {
	data   []byte
	src    netip.AddrPort
	leg    *legs.Leg
	stream *stream.Conn
}

// park keeps the message at hand until a name is known, and then it is handled again. It is false when too many wait.
func (w *worker) park(q locate.Query) bool {
	return w.f.parked.Keep(q, w.set.Slow, func() waiting { return waiting{bytes.Clone(w.data), w.src, w.leg, w.stream} })
}

// unpark handles what waited for a name, found or not.
func (f *Front) unpark(ctx context.Context, list []waiting, err error) {
	if err != nil {
		f.warn.Do(func() { f.log.Warn("next hop not found", "err", err) })
	}
	if len(list) == 0 {
		return
	}
	w := newWorker(ctx, f, list[0].leg)
	for _, x := range list {
		w.takeUp(x.leg, x.stream)
		w.again = true
		w.handle(x.data, x.src)
		w.Flush()
	}
}
