package sip

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/answers"
	"twinhop/sip/held"
	"twinhop/sip/legs"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
	"twinhop/sip/seal"
	"twinhop/sip/stream"
)

// delivery is a request that was queued for a node. If the system then refuses to send it, it is given to another one: what came in stays
// as it is until the end of the batch.
type delivery struct {
	pending.Branch
	method peek.Method
	addr   netip.AddrPort
	data   []byte
	src    netip.AddrPort
	stream *stream.Conn
	to     gateway.Decision
	tried  [attempts]*cluster.Node // before this one
	leg    *legs.Leg               // it came by this one
}

// heldKey names a request that is held by its branch and where it goes; an INVITE and its CANCEL, which share those, begin differently.
type heldKey struct {
	pending.Branch
	peer  netip.AddrPort
	begin [3]byte
}

// hold keeps what came in, in case no connection can be made for what leaves, or nobody takes it.
func (w *worker) hold(where *held.Requests[heldKey, delivery], to netip.AddrPort) {
	x := w.delivered()
	k := heldKey{Branch: x.Branch, peer: to}
	copy(k.begin[:], x.data)
	x.data = bytes.Clone(x.data)
	where.Keep(w.clock(), k, len(x.data), x)
}

// Requests that are afloat: the system says at once that nobody takes datagrams, or never.
const (
	afloat    = time.Second
	maxAfloat = 4096
)

// release gives a request that did not get to a node to another one. False: it is not held.
func (w *worker) release(where *held.Requests[heldKey, delivery], left []byte, peer netip.AddrPort, why gateway.Outcome) bool {
	b, _ := attempted(left)
	k := heldKey{Branch: b, peer: peer}
	copy(k.begin[:], left)
	x, again, ok := where.Take(k)
	if ok && !again {
		w.retry(&x, why)
	}
	return ok
}

// failure is a request that was queued and not sent.
type failure struct {
	left []byte // a copy of it, as it was to leave
	peer netip.AddrPort
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
func (w *worker) queued(to netip.AddrPort) {
	x := w.delivered()
	x.addr = to
	w.sent = append(w.sent, x)
}

func (w *worker) delivered() delivery {
	x := delivery{Branch: pending.Branch{Key: pending.Key(w.id), Attempt: w.attempt}, method: w.msg.Method, data: w.data, src: w.src,
		stream: w.stream, to: w.choice, leg: w.leg}
	copy(x.tried[:], w.tried)
	return x
}

// returned hears of a queued message that was not sent. What becomes of it is left to the end of the batch: the table of pending INVITEs
// may be at work right now.
func (w *worker) returned(b []byte, to netip.AddrPort, err error) {
	if legs.Full(err) {
		w.f.Metrics.Shed(sendQueue) // as if lost on the way
		return
	}
	w.f.Metrics.Shed(noWay)
	w.f.warn.Do(func() { w.f.log.Warn("message not sent", "peer", to, "err", err) })
	if !bytes.HasPrefix(b, []byte("SIP/2.0 ")) {
		w.failed = append(w.failed, failure{bytes.Clone(b), to})
	}
}

// isPending tells whether an attempt belongs to an INVITE that is not answered.
func (w *worker) isPending(b pending.Branch) bool {
	n, _, _ := w.f.pending.Where(b.Key)
	return n != nil
}

// attempted reads the transaction and the attempt out of the first Via of a request of which only the beginning may be there.
func attempted(b []byte) (x pending.Branch, ok bool) {
	_, rest, found := bytes.Cut(b, []byte(";branch="))
	end := bytes.IndexAny(rest, "\r;, \t")
	if !found || end < 0 {
		return x, false
	}
	return upperBranch(rest[:end])
}

// isInvite tells whether a request begins as an INVITE does.
func isInvite(b []byte) bool { return bytes.HasPrefix(b, []byte("INVITE ")) }

// upperBranch reads an upper Via's branch without its signature: the name of a transaction is a secret of those who saw the request.
func upperBranch(text []byte) (x pending.Branch, ok bool) {
	id, attempt, ok := seal.Attempted(text)
	return pending.Branch{Key: pending.Key(id), Attempt: attempt}, ok
}

// boundless are the limits of what has left: it was within those of the settings before it had our Vias and Record-Routes.
var boundless peek.Limits

// resume goes on with a request that could not be sent: one of a client goes to another node, a pending INVITE asks its table, and whoever
// sent another one is told.
func (w *worker) resume(x *failure) {
	m := peek.Message{Limits: &boundless}
	m.Scan(x.left)
	at, ok := upperBranch(m.Text(m.Via.Branch))
	if !ok {
		return
	}
	for i, d := range slices.Backward(w.sent) { // the latest knows most of what was tried
		if d.Branch == at && d.addr == x.peer && d.method == m.Method {
			w.sent = slices.Delete(w.sent, i, i+1)
			w.retry(&d, gateway.NotSent)
			return
		}
	}
	if m.Method == peek.Invite && w.isPending(at) {
		w.f.pending.Lost(w.clock(), at, gateway.NotSent, w)
		return
	}
	w.bounce(x.left, x.peer, answers.NoNode)
}

// retry gives a request to another node.
func (w *worker) retry(x *delivery, why gateway.Outcome) {
	x.to.Done(why, gateway.Usage{})
	leg, s := w.leg, w.stream
	w.takeUp(x.leg, x.stream)
	w.again = true
	for _, n := range x.tried {
		if n != nil {
			w.tried = append(w.tried, n)
		}
	}
	w.tried = append(w.tried, x.to.Member.Node)
	w.handle(x.data, x.src)
	w.takeUp(leg, s)
}

// Unreachable hears from the system that nobody took a datagram. That can be forged: it makes a pending INVITE look for another node, and
// has the node probed; what is known of the node's health it does not change. So it is with a request of a client that came by a connection,
// who will not repeat it.
func (w *worker) Unreachable(quoted []byte, peer netip.AddrPort, _ error) {
	w.f.Metrics.Shed(unreachable)
	switch x, ok := attempted(quoted); {
	case ok && isInvite(quoted) && w.isPending(x):
		w.f.pending.Lost(w.clock(), x, gateway.Reset, w)
	case ok:
		w.release(&w.f.afloat, quoted, peer, gateway.Reset)
	}
}
