package sip

import (
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/answers"
	"twinhop/sip/legs"
	"twinhop/sip/locate"
	"twinhop/sip/meter"
	"twinhop/sip/peek"
	"twinhop/sip/self"
	"twinhop/sip/witness"
)

// outward forwards a request of a node to where it wants to go: the next foreign Route, else the proxy of the settings for what begins,
// else the Request-URI. Nobody but a node gets this far.
func (w *worker) outward() {
	m := &w.msg
	if m.Method == peek.Ack && w.isOwnTag() {
		return
	}
	opens := m.To.Tag.Empty() && m.Method != peek.Ack && m.Method != peek.Cancel
	if opens && w.f.draining.Load() && !w.counted() { // a repetition of what is known is no new dialog
		w.reply(answers.Closing)
		return
	}
	to, ok := w.nextHop(opens)
	switch {
	case !ok:
		return // it waits for a name, or was refused
	case w.f.legs.Is(to.Transport, to.Addr.Addr(), to.Addr.Port()):
		w.reply(answers.Loop)
		return
	case !legs.Sendable(to.Addr):
		w.reply(answers.NoHop)
		return
	}
	w.sender()
	if len(w.set.groups) > 0 {
		w.group("")
	}
	if opens {
		w.stamped()
		w.learnCall()
	} else {
		w.touch()
	}
	err := errNoWay
	if by := w.exit(to); by != nil && w.dress(by, to.Addr.Addr(), w.node) {
		w.publish(by)
		if err = w.sendOn(by, to); err == nil {
			w.passed(meter.Outbound, by, to.Addr, witness.Own{})
			return
		}
	}
	switch {
	case legs.Full(err):
		w.full()
		return
	case legs.Size(err):
		w.reply(answers.TooLong)
	case w.broken(err):
		w.reply(answers.FlowFailed)
	case err == errNoWay:
		w.f.Metrics.Shed(noWay)
		w.reply(answers.NoHop)
	default:
		w.f.warn.Do(func() { w.f.log.Warn("request not sent", "peer", to.Addr, "err", err) })
		w.reply(answers.NoNode) // as if it had said so (RFC 3261 section 16.9)
	}
	if opens && w.node != nil {
		w.forgetCall()
	}
}

// exit is the leg to leave by: within a dialog the one that its outer Record-Route stood for, which is the only one that a phone behind a
// firewall hears.
func (w *worker) exit(to legs.Hop) *legs.Leg {
	if w.down.Leg != nil {
		return w.down.Leg
	}
	inside := w.view.At(to.Addr, cluster.SIP) != nil
	if g := w.routes.exit; g != nil && g.Transport == to.Transport && (g.Inside == inside || w.f.legs.Single()) && g.Reaches(to.Addr.Addr()) {
		return g
	}
	return w.f.legs.Leave(inside, to)
}

// counted tells whether the message belongs to a call in the book.
func (w *worker) counted() bool { return w.f.Router.Book != nil && w.f.Router.Book.Has(w.callKey()) }

// nextHop finds the address. When ok is false the message is dealt with: parked until the name is known, or refused.
func (w *worker) nextHop(opens bool) (to legs.Hop, ok bool) {
	if to, meant, ok := w.flowHop(); meant {
		return to, ok
	}
	m, u := &w.msg, w.msg.URI
	if w.routes.more && !w.routes.strict {
		u = w.routes.next
	} else if len(w.set.proxy.Host) > 0 && (opens || w.follows()) {
		q := w.set.proxy
		q.Secure = w.isSecure()
		return w.locate(q)
	}
	switch {
	case u.Scheme != peek.SIP && u.Scheme != peek.SIPS:
		w.reply(answers.BadScheme)
		return to, false
	case !u.OK:
		w.reply(answers.BadRequest)
		return to, false
	}
	q := locate.Query{Host: m.Text(u.Host), Port: uint16(u.Port), Secure: u.Scheme == peek.SIPS || w.isSecure() && w.nodeAt(m.Text(u.Host), w.portOf(u)) == nil}
	if v, found := peek.Param(m.Buf, u.Params, "maddr"); found {
		q.Maddr = m.Text(v)
	}
	if v, found := peek.Param(m.Buf, u.Params, "transport"); found {
		q.Transport = m.Text(v)
	} else if len(w.set.outward) > 0 && u.Scheme == peek.SIP && w.nodeAt(q.Host, w.portOf(u)) == nil {
		if q.Transport = w.set.outward; w.routes.exit != nil { // a dialog goes on as it began
			q.Transport = []byte(w.routes.exit.URI(false))
		}
	}
	return w.locate(q)
}

// follows tells the CANCEL of a request outside dialogs, and the ACK of its refusal, which take the way of that request (RFC 3261 sections
// 9.1 and 17.1.1.3). A refused call has left the book; the ACK of one that was accepted stands in its dialog.
func (w *worker) follows() bool {
	m := &w.msg
	return m.Method == peek.Cancel && m.To.Tag.Empty() || m.Method == peek.Ack && w.f.Router.Book != nil && !w.counted()
}

// locate finds where a next hop is (RFC 3263).
func (w *worker) locate(q locate.Query) (to legs.Hop, ok bool) {
	port := q.Port
	if port == 0 {
		t, _ := legs.Asked(q.Transport, len(q.Transport) > 0, q.Secure)
		port = t.DefaultPort()
	}
	if w.f.legs.Self(q.Host, port) || w.f.legs.Alias(q.Host, port) == self.Name {
		w.reply(answers.Loop)
		return to, false
	}
	var state locate.State
	w.targets, state = w.f.names.Find(w.targets[:0], q, w.id, w.clock())
	switch {
	case state == locate.Known:
		return w.passable(&q)
	case state == locate.Aged:
		w.f.parked.Renew(q)
		return w.passable(&q)
	case state == locate.None:
		w.reply(answers.NoHop)
	case w.f.played != nil:
		w.f.played.Asks = string(q.Host)
	case state == locate.Silent || w.again:
		w.reply(answers.NoNode) // which says nothing of whom it is for
	case !w.park(q):
		w.f.Metrics.Shed(slowQueue)
		w.reply(answers.NoNode)
	}
	return to, false
}

// passable is the first of the targets that a leg reaches: for a request that is too long for a datagram, one of a stream if there is any.
func (w *worker) passable(q *locate.Query) (to legs.Hop, found bool) {
	long := w.long()
	for _, t := range w.targets {
		way, ok := legs.Located(t.Transport)
		if !ok {
			continue
		}
		h := legs.Hop{Transport: way, Addr: t.Addr}
		if w.exit(h) == nil && !w.f.legs.Is(h.Transport, h.Addr.Addr(), h.Addr.Port()) {
			continue
		}
		if !found || long && !to.Stream() && h.Stream() {
			to, found = h, true
		}
	}
	if !found {
		w.reply(answers.NoHop)
	} else if to.Secure() {
		to.Name = q.Proof()
	}
	return to, found
}

// sender finds out which of several nodes on one host it was, by the address it wrote itself.
func (w *worker) sender() {
	if w.node == nil {
		v := &w.msg.Via
		if n := w.nodeAt(w.msg.Text(v.Host), w.viaPort(v)); n != nil && n.Addr(cluster.SIP).Addr.Addr() == w.src.Addr() {
			w.node = n
			w.saw()
		}
	}
}

// stamped takes a node at its word, which begins something and names itself in the Route to us.
func (w *worker) stamped() {
	if r := &w.routes; r.hint {
		if n := w.view.Named(r.node); n != nil {
			w.node = n
		}
	}
}

// learnCall ties a call that a node begins to the session the node names.
func (w *worker) learnCall() {
	if w.node == nil {
		return
	}
	w.resetAsk(gateway.Open)
	w.addNodeIdentities()
	life := transaction
	if w.msg.Method == peek.Invite {
		life, w.ask.Counts = callSetup, true
	}
	w.begun()
	w.addCall(life)
	w.tell(w.node)
}

// tell has the Router learn what the question holds, from a node. A broken table costs stickiness, never the message.
func (w *worker) tell(n *cluster.Node) {
	if _, err := w.f.Router.Learn(w.ctx, n, &w.ask); err != nil {
		w.f.log.Debug("not learned", "node", n.Name, "err", err)
	}
}

// touch keeps a call in the book alive: its dialog still moves. A survivor that speaks for a call of a dead node has taken it over.
func (w *worker) touch() {
	if w.msg.Method == peek.Ack {
		return
	}
	if w.f.Book != nil {
		w.f.Book.Touch(w.callKey())
	}
	if !w.msg.To.Tag.Empty() {
		w.remember(w.node, 0)
	}
}
