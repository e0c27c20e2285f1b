package sip

import (
	"bytes"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/answers"
	"twinhop/sip/beat"
	"twinhop/sip/peek"
)

// expects tells whether a message to the side of the nodes is looked at though nobody there is known to have sent it: the answer of a node
// that has just left, which is signed, or what may be a heartbeat.
func (w *worker) expects(data []byte) bool {
	if bytes.HasPrefix(data, []byte("SIP/2.0 ")) {
		w.node = w.f.gone.At(w.src)
		w.inside = w.node != nil
		return w.inside
	}
	return w.f.Heartbeat != nil && beat.Begins(data)
}

// beats takes a heartbeat. It is false for any other request, and for one that does not say anything.
func (w *worker) beats() bool {
	if w.f.Heartbeat == nil {
		return false
	}
	props, ok := beat.Read(&w.msg)
	if !ok {
		return false
	}
	s := answers.Alive
	if err := w.f.Heartbeat(w.src.Addr().Unmap(), props); err != nil {
		w.f.log.Debug("heartbeat refused", "source", w.src, "err", err)
		s = answers.Forbidden
	}
	w.reply(s)
	return true
}

// saw tells that a node which told of itself has sent a message.
func (w *worker) saw() {
	if n := w.node; n != nil && n.Announced && w.f.Saw != nil {
		w.f.Saw(n)
	}
}

// quiet is how long a node may be silent while it has something to answer: then it is sent again (T1 of RFC 3261).
const quiet = 500 * time.Millisecond

// repeats has a node looked at that told of itself and does not answer: its request came again, and nothing from it for as long.
func (w *worker) repeats(n *cluster.Node) {
	switch m := w.msg.Method; {
	case !n.Announced, m == peek.Ack, m == peek.Cancel, w.f.Router.Report == nil:
	case !w.f.sent.has(w.id):
		w.f.sent.add(w.id)
	case w.clock().Sub(n.Seen()) >= quiet:
		w.f.Router.Report(n, cluster.SIP, cluster.Repeated)
	}
}
