package sip

import (
	"errors"
	"log/slog"
	"net/netip"
	"time"
	"unsafe"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/answers"
	"twinhop/sip/legs"
	"twinhop/sip/meter"
	"twinhop/sip/peek"
	"twinhop/sip/sample"
	"twinhop/sip/witness"
)

// attempts is how many nodes a request is offered to when it cannot even be sent.
const attempts = 3

// Lives of the Call-ID before anything is known of the call.
const (
	callSetup   = 3 * time.Minute  // INVITE: as long as a phone may ring
	transaction = 64 * time.Second // other requests: twice the life of their transaction
	afterBye    = 32 * time.Second // retransmissions of a BYE find their way
)

// inward forwards a client's request to the node that the Router names.
func (w *worker) inward() {
	m := &w.msg
	switch {
	case m.Method == peek.Ack && w.ends(), m.Method == peek.Cancel && w.cancels():
		return
	case (m.Method == peek.Ack || m.Method == peek.Prack) && w.vouched():
		return
	case w.routes.peer.IsValid() && !m.To.Tag.Empty():
		w.deliverPeer(w.routes.peer)
		return
	}
	if m.Method == peek.Invite && m.To.Tag.Empty() && w.pends() {
		return
	}
	w.place()
}

// place finds a node and delivers the request; whatever becomes of it, it is dealt with.
func (w *worker) place() {
	d, err := w.choose()
	for err == nil {
		var to legs.Hop
		w.routed = true
		to, err = w.deliver(d.Member.Node)
		w.routed = false
		if sent := w.f.Router.Sent; err == nil && sent != nil && w.msg.Method != peek.Ack {
			sent(d.Member.Node, cluster.SIP)
		}
		switch {
		case err == nil && !to.Stream():
			w.repeats(d.Member.Node)
			w.queued(to.Addr)
			if w.leg.Stream() && w.msg.Method != peek.Ack {
				w.hold(&w.f.afloat, to.Addr)
			}
			return
		case err == nil:
			return
		case legs.Size(err): // whoever sends that must not take nodes out of service with it
			w.forgetCall()
			w.reply(answers.TooLong)
			return
		case legs.Full(err) && !to.Stream():
			w.full()
			return
		}
		w.unsent(&d, err)
		d, err = w.choose()
	}
	w.refuse(err)
}

// full gives a request up that there is no room for: as if lost on the way, if its sender will repeat it.
func (w *worker) full() {
	w.f.Metrics.Shed(sendQueue)
	if w.leg.Stream() {
		w.reply(answers.NoNode)
	}
}

// unsent notes that a node did not get the message.
func (w *worker) unsent(d *gateway.Decision, err error) {
	w.f.warn.Do(func() { w.f.log.Warn("request not sent", "node", d.Member.Name, "err", err) })
	d.Done(gateway.NotSent, gateway.Usage{})
	w.tried = append(w.tried, d.Member.Node)
}

// choose asks the Router for a node that this request was not sent to yet.
func (w *worker) choose() (gateway.Decision, error) {
	if len(w.tried) >= attempts {
		return gateway.Decision{}, gateway.ErrNoNode
	}
	kind := w.kind()
	closed := w.f.draining.Load() && kind == gateway.Open && w.attempt == 0
	if err := w.require(kind == gateway.Open && !closed); err != nil {
		return gateway.Decision{}, err
	}
	w.fillAsk(kind)
	if closed {
		w.ask.Kind = gateway.Same // a repetition of what is known is no new dialog
	} else if w.takes {
		w.ask.Needs = &w.needs
	}
	d, err := w.decide()
	switch {
	case closed && (err != nil || d.Rule != gateway.AffinityCallID):
		return d, errClosing
	case err == nil:
		w.choice, w.asked = d, true
		w.note(&d)
	}
	return d, err
}

var errClosing = errors.New("the gateway is shutting down")

// decide asks the Router. Only a table shared with other gateways makes it wait.
func (w *worker) decide() (gateway.Decision, error) {
	d, err := w.f.Router.Try(&w.ask)
	if errors.Is(err, gateway.ErrAsk) {
		return w.f.Router.Route(w.ctx, &w.ask)
	}
	return d, err
}

// note writes the line that every decision has at debug level.
func (w *worker) note(d *gateway.Decision) {
	if w.f.log.Enabled(w.ctx, slog.LevelDebug) {
		w.f.log.Debug("decided", "proto", "sip", "method", w.msg.Method, "node", d.Member.Name, "rule", d.Rule, "session", d.Session, "key", w.callKey(),
			"peer", w.src)
	}
}

func (w *worker) refuse(err error) {
	if len(w.tried) > 0 { // else nothing was counted for it: another call of this Call-ID is none of its business
		w.forgetCall()
	}
	switch {
	case errors.Is(err, errClosing):
		w.reply(answers.Closing)
	case w.msg.Method == peek.Cancel && w.ask.Kind == gateway.Same:
		w.reply(answers.NoTransaction)
	default:
		w.reply(w.refusal(err))
	}
}

// deliver sends the request to a node, or queues it. What the system says of that later, returned or connections.Lost hears.
func (w *worker) deliver(n *cluster.Node) (to legs.Hop, err error) {
	to, by := w.hopTo(n)
	if by == nil || !w.dress(by, to.Addr.Addr(), n) {
		return to, errNoWay
	}
	w.aim(n, to)
	if err = w.send(by, to); err == nil {
		w.passed(meter.Inbound, by, to.Addr, witness.Own{})
		if w.asked && w.ask.Kind == gateway.Open && len(w.ask.Tried) == 0 {
			(&sample.Request{Message: &w.msg, Sources: w.set.Sources, Ask: &w.ask, Choice: &w.choice, From: w.src.Addr(), At: w.clock()}).Keep(w.f.Specimens)
		}
		w.asked = false
	}
	return to, err
}

// forgetCall takes a call that reached no node out of the book.
func (w *worker) forgetCall() {
	if w.ask.Counts && w.f.Book != nil {
		w.f.Book.Close(w.callKey())
	}
}

// deliverPeer forwards within a dialog that a peer on the node side began.
func (w *worker) deliverPeer(to netip.AddrPort) {
	h := legs.Hop{Transport: w.set.transport, Addr: to}
	if g := w.routes.exit; g != nil { // as its own request came
		h.Transport = g.Transport
	}
	by := w.f.legs.Leave(true, h)
	if by == nil || !w.dress(by, to.Addr(), nil) || w.send(by, h) != nil {
		w.f.Metrics.Shed(noWay)
		w.reply(answers.NoNode)
		return
	}
	w.passed(meter.Inbound, by, to, witness.Own{})
}

var errNoWay = errors.New("no socket reaches this address")

// fillAsk turns the request into a question.
func (w *worker) fillAsk(k gateway.Kind) {
	m, a := &w.msg, &w.ask
	w.resetAsk(k)
	a.Tried = append(a.Tried, w.tried...)
	life := transaction
	switch {
	case a.Kind != gateway.Open:
		life = w.set.CallLife
	case m.Method == peek.Invite:
		a.Counts, life = true, callSetup
	}
	x, page := w.f.flows.Page(w.leg, w.flow)
	if page && k == gateway.Open {
		a.Add(x.Key, gateway.SourceFlow)
		a.Hint = x.Hint
	}
	if a.Kind != gateway.Within {
		w.addKey()
		w.addIdentities() // of a CANCEL they count only when its INVITE could not be remembered
	}
	if !page || m.Method != peek.Register {
		w.addCall(life)
	} // else nothing is repeated, and the Call-ID is that of the registrations before, which may have gone to where the page was then
	if r := &w.routes; r.hint {
		a.Hint = gateway.Hint{Node: r.node, Gen: r.gen, Source: gateway.SourceRoute}
		if r.old && a.Kind == gateway.Open { // a Path of the node, or a URI that names it: as good as its address
			a.Hint.Source = gateway.SourceTarget
		}
	}
	// Our signature tells where the dialog began, for ever. When the next hop is a living node, but another one, the dialog has gone on since:
	// a survivor has given its Contact, or a node passed the call to the other without staying in its way (RFC 3261 sections 12.2 and 16.12).
	if n := w.target(); n != nil && (a.Hint.Node == "" || a.Kind == gateway.Within && n.Name != a.Hint.Node && w.usable(n)) {
		a.Hint = gateway.Hint{Node: n.Name, Source: gateway.SourceTarget}
	}
}

func (w *worker) resetAsk(k gateway.Kind) {
	w.ask.Reset()
	w.ask.Kind, w.ask.Wants, w.ask.View, w.ask.Pool = k, cluster.SIP, w.view, w.pool
}

// kind: a To tag makes a request part of a dialog. A CANCEL, and the ACK of a refusal, belong to the transaction of their INVITE; within a
// dialog that has our signature they follow it as their INVITE did.
func (w *worker) kind() gateway.Kind {
	switch m := &w.msg; {
	case m.Method == peek.Ack || m.Method == peek.Cancel:
		if w.routes.hint && !m.To.Tag.Empty() {
			return gateway.Within
		}
		return gateway.Same
	case !m.To.Tag.Empty():
		return gateway.Within
	}
	return gateway.Open
}

// target is the node that the first foreign Route, or without one the Request-URI, is exactly the address of.
func (w *worker) target() *cluster.Node {
	u := w.msg.URI
	if w.routes.more {
		u = w.routes.next
	}
	if !u.OK || u.Host.Empty() {
		return nil
	}
	return w.nodeAt(w.msg.Text(u.Host), w.portOf(u))
}

func (w *worker) realm() uint16 {
	if w.pool == nil {
		return 0
	}
	return w.pool.Realm
}

func (w *worker) callKey() appsession.Key {
	k := appsession.Key{Space: appsession.Call, Realm: w.realm(), Value: view(w.msg.Text(w.msg.CallID))}
	return w.f.Router.Namer.Fit(k) // the book and the table know very long ones by their hash
}

func (w *worker) addCall(life time.Duration) {
	w.ask.Add(w.callKey(), gateway.SourceCallID)
	w.ask.Evidence[len(w.ask.Evidence)-1].Life = life
}

// view is a string on bytes that stay as they are while it is used: a message, or the worker's scratch. Keys are made of it for one call.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
