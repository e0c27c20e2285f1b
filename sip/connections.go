package sip

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strconv"

	"twinhop/gateway"
	"twinhop/sip/answers"
	"twinhop/sip/compose"
	"twinhop/sip/legs"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
	"twinhop/sip/stream"
)

// connections handles what comes by the connections of a leg, each on a goroutine of its own. Messages of one connection keep their order.
type connections struct {
	ctx context.Context
	f   *Front
	leg *legs.Leg
}

// takeUp makes a pooled worker that of a connection; nil: it has none.
func (w *worker) takeUp(g *legs.Leg, s *stream.Conn) {
	w.leg, w.stream, w.flow, w.again, w.tried = g, s, 0, false, w.tried[:0]
	if s != nil {
		w.flow = s.ID()
	}
}

// Message handles one message.
func (c *connections) Message(s *stream.Conn, data []byte) {
	w := c.f.workers.Get().(*worker)
	w.takeUp(c.leg, s)
	w.handle(data, s.Peer())
	if w.unclear && !c.leg.Web() { // there frames tell
		s.Close() // readers may differ on where such a message ends
	}
	w.Flush()
	w.stream = nil
	c.f.workers.Put(w)
}

// Garbled answers what cannot be cut into messages any more, if it is a request at all; the connection ends after that.
func (c *connections) Garbled(s *stream.Conn, data []byte, why error) {
	c.f.Metrics.Shed(garbled)
	w := c.f.workers.Get().(*worker)
	w.takeUp(c.leg, s)
	if errors.Is(why, stream.ErrLength) || errors.Is(why, stream.ErrMessage) {
		w.handle(data, s.Peer()) // it is refused for what is wrong with it
		w.Flush()
	}
	w.stream = nil
	c.f.workers.Put(w)
}

// Lost goes on with a message that the peer may not have got: a pending INVITE looks for another node, and so does a request of a client
// that no connection could be made for. Another request is answered as if its next hop had said 503 (RFC 3261 section 16.9), unless the peer
// may have read it.
func (c *connections) Lost(peer netip.AddrPort, data []byte, err error) {
	f := c.f
	f.Metrics.Shed(connectionLost)
	f.warn.Do(func() { f.log.Warn("message lost with its connection", "peer", peer, "err", err) })
	w := f.workers.Get().(*worker)
	defer f.workers.Put(w)
	w.takeUp(c.leg, nil)
	switch x, ok := attempted(data); {
	case ok && isInvite(data) && w.isPending(x):
		cause := gateway.NotSent
		if errors.Is(err, stream.ErrUnsure) {
			cause = gateway.Reset
		}
		f.pending.Lost(w.clock(), x, cause, w)
	case !errors.Is(err, stream.ErrUnsure) && !w.release(&f.held, data, peer, gateway.NotSent):
		s := answers.NoNode
		if c.leg.Web() {
			s = answers.FlowFailed
		}
		w.bounce(data, peer, s)
	}
	w.Flush()
}

// Closed forgets whose connection it was; else what belongs to one finds out when it is next used.
func (c *connections) Closed(s *stream.Conn) {
	c.f.flows.Part(c.leg, s.ID())
}

// bounce answers a request that did not leave as its next hop would have: with 503 (RFC 3261 section 16.9), or 430.
func (w *worker) bounce(data []byte, peer netip.AddrPort, s answers.Status) {
	m := &w.left
	m.Limits = &boundless
	if m.Scan(data) != peek.OK || m.Response || m.Method == peek.Ack {
		return
	}
	var tag []byte
	if at, ok := upperBranch(m.Text(m.Via.Branch)); ok {
		var room [seal.MaxTag]byte
		tag = w.f.keys.AppendTag(room[:0], uint64(at.Key)) // so that its ACK is known for what it is
	}
	b := compose.Refusal(w.stretch[:0], m, tag, strconv.Itoa(s.Code)+" "+s.Phrase)
	own := bytes.Clone(b) // what the answer leads to may be built in stretch
	w.again = true
	w.begin(peer)
	w.fromNode()
	w.msg.Limits = &boundless
	if w.msg.Scan(own) == peek.OK {
		w.data, w.made = own, true
		w.response()
	}
}
