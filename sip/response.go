package sip

import (
	"cmp"
	"net/netip"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/answers"
	"twinhop/sip/legs"
	"twinhop/sip/meter"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
	"twinhop/sip/whose"
	"twinhop/sip/witness"
)

// response sends an answer back by the Vias we wrote. Both must be signed, for the very address that is below them and for the Call-ID: what
// was not asked through us goes nowhere, and what was goes where the question came from.
func (w *worker) response() {
	m, f := &w.msg, w.f
	if w.readOurs() {
		return
	}
	upper, low, via, ok := w.readVias()
	if !ok {
		f.Metrics.Shed(foreignResponse)
		return
	}
	if len(w.set.groups) > 0 {
		w.routes = routes{}
		w.group("")
	}
	to := w.answer
	back := f.legs.All[low.Leg]
	toNode := back.Inside || f.legs.Single() && (w.wasNode(to) || w.set.besideAt(to))
	node, way := w.node, meter.Outbound
	// Also what goes no further is an answer: a refusal that leads to another node, a 100 that is no news.
	if heard := w.f.Router.Heard; heard != nil && node != nil && !toNode {
		heard(node, cluster.SIP, m.Status)
	}
	if m.CSeqMethod == peek.Invite && low.Mark == seal.New && !toNode && !w.decides(upper) {
		return
	}
	w.edits.Reset()
	w.edits.Pop(&m.Vias, 2)
	if m.Private.LineEnd != 0 {
		w.edits.Cut(peek.Span{From: m.Private.Line, To: m.Private.LineEnd})
	}
	if toNode {
		way = meter.Inbound
		if node, to, back, ok = w.survivor(&via, to, back); !ok {
			f.Metrics.Shed(nobodyLeft)
			return
		}
	} else {
		w.publish(back)
	}
	w.tellRemote(toNode && !w.inside && !w.made)
	w.length(back)
	w.learnAnswer(node, low.Mark == seal.New, toNode)
	if t, ok := m.Granted(); ok && t > 0 && m.CSeqMethod == peek.Register && answers.Accepts(m.Status) && !toNode {
		f.flows.Registered(back, low.Flow, t)
	}
	if err := w.sendBack(back, low.Flow, to); err != nil {
		f.log.Debug("response not sent", "peer", to, "err", err)
		return
	}
	w.passed(way, back, to, witness.Own{})
}

// readVias checks our two Vias and reads the one below, and with it where the answer goes.
func (w *worker) readVias() (upper, low seal.Branch, via peek.Via, ok bool) {
	m, f := &w.msg, w.f
	if m.Vias.Count < 3 {
		return
	}
	second, ok1 := m.ParseVia(m.Vias.At(1).Span)
	via, ok2 := m.ParseVia(m.Vias.At(2).Span)
	if !ok1 || !ok2 {
		return
	}
	came, _ := legs.Read(m.Text(second.Transport))
	to, known := via.Back(m.Buf, came.DefaultPort(), !came.Stream())
	if upper, low, ok = w.readBranches(to, second.Branch); !ok || !known {
		// Some peers write into all Vias where they think a message comes from. What was signed is the address of before.
		if to, known = via.SentBy(m.Buf, came.DefaultPort()); !known || to == w.answer {
			return upper, low, via, false
		}
		upper, low, ok = w.readBranches(to, second.Branch)
	}
	return upper, low, via, ok && int(upper.Leg) < len(f.legs.All) && int(low.Leg) < len(f.legs.All) && (f.legs.All[upper.Leg].Inside == w.leg.Inside || w.made)
}

// readBranches reads what our two Vias were signed with, if that was for an address: then the answer goes there.
func (w *worker) readBranches(to netip.AddrPort, second peek.Span) (upper, low seal.Branch, ok bool) {
	m := &w.msg
	if w.answer = to; !legs.Sendable(to) {
		return
	}
	w.bond = w.f.keys.Bind(to, m.Text(m.CallID))
	upper, ok1 := w.bond.Read(m.Text(m.Via.Branch))
	low, ok2 := w.bond.Read(m.Text(second))
	_, isUpper := upper.Mark.Attempt()
	_, isLow := low.Mark.Attempt()
	return upper, low, ok1 && ok2 && upper.Transaction == low.Transaction && isUpper && !isLow
}

// publish puts our address in place of the node's into the Contact of what leaves for the world, for a gateway whose nodes have addresses
// that the world cannot reach.
func (w *worker) publish(by *legs.Leg) {
	m := &w.msg
	if !by.InContact {
		return
	}
	for i := range m.Contacts.Stored() {
		u := m.AddrURI(m.Contacts.At(i).Span)
		if u.OK && !u.Host.Empty() && w.nodeAt(m.Text(u.Host), w.portOf(u)) != nil {
			by.Write(w.edits.Over(u.HostPort()), by.Bound)
		}
	}
}

// rest leaves a node alone that refused a call, for as long as it asked for (RFC 3261 section 21.5.4).
func (w *worker) rest(n *cluster.Node) {
	m := &w.msg
	if answers.Rests(m.Status) && m.RetryAfter > 0 {
		n.Rest(cluster.SIP, w.clock().Add(min(time.Duration(m.RetryAfter)*time.Second, maxRest)))
	}
}

// maxRest bounds how long one answer keeps new calls from a node.
const maxRest = time.Hour

// survivor finds the node an answer goes to, and the leg: the one that asked, or, if that is dead, the one its call is on now; the Via is
// then changed to name that one. The node is nil for a peer on the node side that is none.
func (w *worker) survivor(via *peek.Via, to netip.AddrPort, back *legs.Leg) (*cluster.Node, netip.AddrPort, *legs.Leg, bool) {
	asked := cmp.Or(w.view.At(to, cluster.SIP), w.f.gone.At(to))
	if asked == nil {
		one, several := whose.On(w.view, to.Addr())
		if several {
			one = w.nodeAt(w.msg.Text(via.Host), w.viaPort(via))
		}
		if asked = one; several && asked == nil || w.set.beside(to.Addr()) {
			return nil, to, back, true
		}
	}
	if asked != nil && w.usable(asked) {
		return asked, to, back, true
	}
	w.askHeir(asked)
	d, err := w.decide()
	if err != nil {
		return nil, to, nil, false
	}
	h, by := w.hopLike(d.Member.Node, back)
	if by == nil {
		return nil, to, nil, false
	}
	now, e := h.Addr, &w.edits
	e.Over(via.HostPort()).Addr(now)
	if !via.Received.Empty() {
		e.Over(via.Received).IP(now.Addr())
	}
	if !via.RPort.Empty() {
		e.Over(via.RPort).Int(int(now.Port()))
	}
	return d.Member.Node, now, by, true
}

// wasNode tells whether a node is at an address, or was not long ago.
func (w *worker) wasNode(at netip.AddrPort) bool {
	return w.view.At(at, cluster.SIP) != nil || w.f.gone.At(at) != nil
}

// hopLike is hopTo for what must go by the transport of a leg if the node has that: a Via says how its answers come.
func (w *worker) hopLike(n *cluster.Node, g *legs.Leg) (legs.Hop, *legs.Leg) {
	for _, a := range n.Addrs(cluster.SIP) {
		if legs.Named(a.Scheme) == g.Transport && g.Reaches(a.Addr.Addr()) {
			return legs.To(a.Scheme, a.Addr, a.Host), g
		}
	}
	return w.hopTo(n)
}

// askHeir turns the message into the question which node its call is on, if not on this one any more; nil = none.
func (w *worker) askHeir(n *cluster.Node) {
	w.resetAsk(gateway.Within)
	w.addCall(w.set.CallLife)
	if n != nil {
		w.ask.Hint = gateway.Hint{Node: n.Name, Source: gateway.SourceRoute}
	}
}

// usable tells whether a node can go on with what it has begun. One that has left cannot.
func (w *worker) usable(n *cluster.Node) bool {
	if w.pool != nil {
		if m := w.pool.Member(n.Name); m != nil {
			return m.Usable(cluster.SIP)
		}
	}
	return w.view.Named(n.Name) != nil && n.Health(cluster.SIP) != cluster.Down
}

// learnAnswer keeps the books: which node a call is on, how long that is remembered, when the call is answered and over. initial tells
// whether the request stood outside dialogs; n is the node of this dialog, nil when it cannot be told.
func (w *worker) learnAnswer(n *cluster.Node, initial, toNode bool) {
	m, book := &w.msg, w.f.Book
	code := m.Status
	switch m.CSeqMethod {
	case peek.Invite:
		if answers.Tags(code) && !toNode {
			w.vouch(n)
		}
		if !initial {
			return
		}
		if answers.Tags(code) && !m.To.Tag.Empty() {
			w.remember(n, w.set.CallLife)
		}
		if book != nil && answers.Rings(code) {
			book.Touch(w.callKey())
		} else if book != nil && answers.Accepts(code) {
			book.Answer(w.callKey())
		} else if book != nil && answers.Final(code) {
			book.Close(w.callKey())
		}
		if answers.Final(code) && !answers.Accepts(code) {
			w.remember(n, callSetup) // what a ringing call was promised ends; the caller may try again with the same Call-ID
		}
	case peek.Bye:
		if !answers.Final(code) || answers.Challenges(code) {
			return
		}
		w.over(n)
	case peek.Register, peek.Subscribe:
		if answers.Accepts(code) && !toNode {
			w.rememberUser(n)
		}
	}
}

// over ends a call in the books. Repetitions of its BYE still find the way.
func (w *worker) over(n *cluster.Node) {
	w.remember(n, afterBye)
	if w.f.Book != nil {
		w.f.Book.Close(w.callKey())
	}
}

func (w *worker) remember(n *cluster.Node, life time.Duration) {
	if n != nil {
		w.resetAsk(gateway.Within)
		w.addCall(life)
		w.tell(n)
	}
}

// rememberUser keeps the identity of a registration or subscription, or without one its Call-ID, for as long as that is valid.
func (w *worker) rememberUser(n *cluster.Node) {
	expires, ok := w.msg.Granted()
	if n == nil || !ok || expires == 0 {
		return
	}
	w.resetAsk(gateway.Within)
	w.addIdentities()
	life := expires + time.Minute
	for i := range w.ask.Evidence {
		w.ask.Evidence[i].Life = life
	}
	if len(w.ask.Evidence) > 0 {
		life = transaction
	}
	w.addCall(life)
	w.tell(n)
}
