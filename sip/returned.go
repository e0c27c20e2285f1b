package sip

import (
	"bytes"
	"net/netip"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/pending"
	"twinhop/sip/seal"
	"twinhop/sip/stream"
)

// delivery is a request that was queued for a node. If the system then refuses to send it, it is given to another one: what came in stays
// as it is until the end of the batch.
type delivery struct {
	out    *byte // where it begins in what was queued
	data   []byte
	src    netip.AddrPort
	stream *stream.Conn
	to     gateway.Decision
	tried  [attempts]*cluster.Node // before this one
}

// failure is a message that was queued and not sent: a request that may go elsewhere, an INVITE that is pending, or another request.
type failure struct {
	delivery
	pending pending.Branch
	left    []byte // a copy of the other request, as it was to leave
	peer    netip.AddrPort
}

// maxRounds bounds how often what could not be sent is sent elsewhere within one batch.
const maxRounds = attempts + 1

// Flush sends what the batch has made.
func (w *worker) Flush() {
	w.box.Flush()
	for range maxRounds {
		if len(w.failed) == 0 {
			break
		}
		again := w.failed
		w.failed = w.spareFailed[:0]
		for i := range again {
			w.resume(&again[i])
		}
		w.spareFailed = again
		w.box.Flush()
	}
	w.sent, w.failed, w.now = w.sent[:0], w.failed[:0], time.Time{}
}

// queued remembers a request until the batch has left.
func (w *worker) queued(d *gateway.Decision) {
	x := delivery{out: &w.out[0], data: w.data, src: w.src, stream: w.stream, to: *d}
	copy(x.tried[:], w.tried)
	w.sent = append(w.sent, x)
}

// returned hears of a queued message that was not sent.
func (w *worker) returned(b []byte, to netip.AddrPort, err error) {
	if isFull(err) {
		w.f.Metrics.shed(sendQueue) // as if lost on the way
		return
	}
	w.f.warn.Do(func() { w.f.log.Warn("message not sent", "peer", to, "err", err) })
	for i := len(w.sent) - 1; i >= 0; i-- { // the place of a message is used again after a flush: the latest counts
		if d := &w.sent[i]; len(b) > 0 && d.out == &b[0] {
			w.failed = append(w.failed, failure{delivery: *d})
			return
		}
	}
	x := failure{peer: to}
	if at, ok := attempted(b); ok && w.isPending(at) {
		x.pending = at
	} else {
		x.left = bytes.Clone(b)
	}
	w.failed = append(w.failed, x)
	w.f.Metrics.shed(noWay)
}

// isPending tells whether an attempt belongs to an INVITE that is not answered.
func (w *worker) isPending(b pending.Branch) bool {
	n, _, _ := w.f.pending.Where(b.Key)
	return n != nil
}

// attempted reads the transaction and the attempt out of the first Via of an INVITE of which only the beginning may be there.
func attempted(b []byte) (x pending.Branch, ok bool) {
	if !bytes.HasPrefix(b, []byte("INVITE ")) {
		return x, false
	}
	_, rest, found := bytes.Cut(b, []byte(";branch="))
	end := bytes.IndexAny(rest, "\r;, \t")
	if !found || end < 0 {
		return x, false
	}
	return upperBranch(rest[:end])
}

// upperBranch reads an upper Via's branch without its signature: the name of a transaction is a secret of those who saw the request.
func upperBranch(text []byte) (x pending.Branch, ok bool) {
	id, attempt, ok := seal.Attempted(text)
	return pending.Branch{Key: pending.Key(id), Attempt: attempt}, ok
}

// resume goes on with a message that could not be sent.
func (w *worker) resume(x *failure) {
	switch {
	case x.left != nil:
		w.bounce(x.left, x.peer)
		return
	case x.to.Member == nil:
		w.f.pending.Lost(w.clock(), x.pending, gateway.NotSent, w)
		return
	}
	x.to.Done(gateway.NotSent, gateway.Usage{})
	w.stream, w.flow, w.again = x.stream, 0, true
	if w.stream != nil {
		w.flow = w.stream.ID()
	}
	w.tried = w.tried[:0]
	for _, n := range x.tried {
		if n != nil {
			w.tried = append(w.tried, n)
		}
	}
	w.tried = append(w.tried, x.to.Member.Node)
	w.handle(x.data, x.src)
}

// Unreachable hears from the system that nobody took a datagram. That can be forged: it makes a pending INVITE look for another node, and a
// probe finds out about the node.
func (w *worker) Unreachable(quoted []byte, _ netip.AddrPort, _ error) {
	w.f.Metrics.shed(unreachable)
	if x, ok := attempted(quoted); ok {
		w.f.pending.Lost(w.clock(), x, gateway.NotSent, w)
	}
}
