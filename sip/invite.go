package sip

import (
	"twinhop/gateway/cluster"
	"twinhop/sip/answers"
	"twinhop/sip/compose"
	"twinhop/sip/legs"
	"twinhop/sip/meter"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
	"twinhop/sip/seal"
	"twinhop/sip/witness"
)

// pends gives an INVITE that begins a dialog to the table of those that are not answered; false: it goes its way without.
func (w *worker) pends() bool {
	r := pending.Request{Message: w.data, Body: w.body,
		Origin: pending.Origin{Leg: w.leg.Index, Flow: w.flow, Src: w.src, Stream: w.leg.Stream()}}
	w.opening = true
	v := w.f.pending.Invite(w.clock(), pending.Key(w.id), r, w)
	w.opening = false
	return v == pending.Handled
}

// cancels answers the CANCEL of a pending INVITE; false: it goes its way.
func (w *worker) cancels() bool {
	if w.f.pending.Cancel(w.clock(), pending.Key(w.id), w) != pending.Handled {
		return false
	}
	w.reply(answers.Alive)
	return true
}

// ends takes the ACK of a refusal: of one of our own it is the end, of a node's it goes to the very attempt that refused.
func (w *worker) ends() bool {
	n, attempt, v := w.f.pending.Ack(w.clock(), pending.Key(w.id))
	switch {
	case v == pending.Drop || w.isOwnTag():
		return true
	case v != pending.Relay:
		return false
	}
	if w.set.Pending.Early {
		n = w.heir(n)
	}
	w.attempt = attempt
	w.deliver(n) // lost is lost: the refusal will be repeated
	return true
}

// on is the worker that has the INVITE x at hand.
func (w *worker) on(x *pending.Invite) *worker {
	if w.opening {
		return w
	}
	return w.recall(x)
}

// recall reads a pending INVITE again, aside from the message at hand.
func (w *worker) recall(x *pending.Invite) *worker {
	s, o := w.aside(), x.Origin()
	s.leg, s.flow, s.stream, s.data = w.f.legs.All[o.Leg], o.Flow, nil, x.Message()
	s.begin(o.Src)
	s.msg.Scan(s.data) // it was accepted once; all that it may lack now is its body
	s.size = x.Size()
	s.answer = s.msg.Via.Answer(o.Src, s.leg.DefaultPort(), !s.leg.Stream())
	s.far = s.self(s.leg, o.Src.Addr())
	s.identify()
	s.orient(false)
	return s
}

// Place finds a node for a pending INVITE and sends it there.
func (w *worker) Place(x *pending.Invite) (p pending.Placed, err error) {
	s := w.on(x)
	s.attempt, s.tried = x.Attempt(), append(s.tried[:0], x.Tried()...)
	if p.Decision, err = s.choose(); err != nil {
		if len(x.Tried()) == 0 {
			s.refuse(err)
			err = pending.ErrAnswered
		}
		return pending.Placed{}, err
	}
	to, err := s.deliver(p.Decision.Member.Node)
	switch p.Stream = to.Stream(); {
	case err == nil:
	case legs.Size(err):
		if len(x.Tried()) == 0 {
			s.forgetCall()
			s.reply(answers.TooLong)
			err = pending.ErrAnswered
		}
		return pending.Placed{}, err
	case legs.Full(err) && !p.Stream:
		w.f.Metrics.Shed(sendQueue)
		err = nil // as if lost on the way
	default:
		w.f.warn.Do(func() { w.f.log.Warn("request not sent", "node", p.Decision.Member.Name, "err", err) })
	}
	return p, err
}

// Repeat sends a pending INVITE to one of its nodes once more.
func (w *worker) Repeat(x *pending.Invite, attempt int) {
	s := w.on(x)
	s.attempt = attempt
	s.deliver(x.Node(attempt))
}

// Withdraw cancels an attempt at a pending INVITE.
func (w *worker) Withdraw(x *pending.Invite, attempt int) {
	s, n := w.recall(x), x.Node(attempt)
	if x.Early(attempt) {
		n = s.heir(n)
	}
	w.hopByHop(s, n, attempt, peek.Cancel)
}

// heir is the node that has taken over the early dialogs of another one, or that one itself while it lives. It never waits.
func (w *worker) heir(n *cluster.Node) *cluster.Node {
	if w.usable(n) {
		return n
	}
	w.askHeir(n)
	if d, err := w.f.Router.Try(&w.ask); err == nil {
		return d.Member.Node
	}
	return n
}

// Acknowledge ends the refusal at hand, whose node may want to be left alone.
func (w *worker) Acknowledge(x *pending.Invite, attempt int) {
	if w.made {
		return // nobody said it
	}
	n := x.Node(attempt)
	w.rest(n)
	w.hopByHop(w.recall(x), n, attempt, peek.Ack)
}

// Reply answers the caller of a pending INVITE.
func (w *worker) Reply(x *pending.Invite, own pending.Own) {
	s := w.on(x)
	if own != pending.Trying && w.f.Book != nil {
		w.f.Book.Close(s.callKey())
	}
	s.reply(answers.Own(own))
}

// hopByHop sends a CANCEL, or an ACK of the response at hand, after an attempt, made of the INVITE as it left.
func (w *worker) hopByHop(s *worker, n *cluster.Node, attempt int, method peek.Method) {
	s.attempt = attempt
	to, by := s.hopTo(n)
	if by == nil || !s.dress(by, to.Addr.Addr(), n) {
		return
	}
	s.aim(n, to)
	s.spare = s.edits.Apply(s.spare[:0], &s.msg) // not loose, where the message itself may stand
	left := &s.left
	left.Limits = &boundless
	left.Scan(s.spare)
	if left.Vias.Count == 0 {
		return
	}
	b := compose.HopByHop(w.box.Room(), left, method, &w.msg)
	s.passed(meter.Own, by, to.Addr, witness.Own{Method: method, Data: b})
	if !by.Stream() {
		w.box.Put(by.Socks[w.shard%len(by.Socks)], b, to.Addr) // lost is lost: it is repeated
		return
	}
	by.Send(b, to)
}

// readOurs takes an answer to a CANCEL of our own.
func (w *worker) readOurs() bool {
	m := &w.msg
	if m.CSeqMethod != peek.Cancel || m.Vias.Count != 1 {
		return false
	}
	b, ok := upperBranch(m.Text(m.Via.Branch))
	if ok && answers.Final(m.Status) {
		w.f.pending.Answer(w.clock(), b, pending.Response{Status: m.Status, Cancel: true}, w)
	}
	return ok
}

// decides asks the table of pending INVITEs what becomes of an answer to one; false: nothing more.
func (w *worker) decides(upper seal.Branch) bool {
	m := &w.msg
	attempt, _ := upper.Mark.Attempt()
	b := pending.Branch{Key: pending.Key(upper.Transaction), Attempt: attempt}
	v := w.f.pending.Answer(w.clock(), b, pending.Response{Status: m.Status, Tagged: !m.To.Tag.Empty()}, w)
	return v == pending.Relay || v == pending.Stateless
}
