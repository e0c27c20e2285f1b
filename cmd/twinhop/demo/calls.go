package demo

import (
	"context"
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"

	"twinhop/cmd/twinhop/demo/registrar"
	"twinhop/cmd/twinhop/demo/ua"
)

// sessionHeader ties a call that a node starts to the application session of an HTTP session. The gateway removes it.
const sessionHeader = "X-Twinhop-Session"

// callee is who can be called: at an address, or as registered.
type callee struct {
	uri sip.Uri
	way *registrar.Binding // nil: by the address
}

// invitation is a call from the application. It belongs to a session unless base is "".
func (n *node) invitation(from sip.Uri, to callee, base string) ua.Invitation {
	in := ua.Invitation{From: from, To: to.uri}
	if gateway := n.gateway.Load(); gateway != nil {
		in.Routes = []sip.Uri{ua.Hop(*gateway)}
	}
	if to.way != nil {
		in.Target = &to.way.Contact
		if len(to.way.Path) > 0 {
			in.Routes = to.way.Path
		}
	}
	if base != "" {
		in.Headers = []sip.Header{sip.NewHeader(sessionHeader, sessionID{base, n.name}.String())}
	}
	return in
}

// onRegister notes how a user can be reached.
func (n *node) onRegister(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction) {
	res := n.shared.contacts.Register(req, n.name, time.Now())
	res.AppendHeader(sip.NewHeader("Server", n.name))
	_ = tx.Respond(res) // who is gone asks again
	n.shared.bell.ring()
}

// onInvite connects a call to a registered user. To any other the application answers itself: whose session it belongs to it knows from
// the user that is called, as the page that was opened with ?appsession=user does.
func (n *node) onInvite(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction) {
	if req.To() == nil || req.From() == nil {
		return
	}
	if req.To().Params.Has("tag") {
		n.onWithin(e, req, tx)
		return
	}
	if ways := n.shared.contacts.Of(req.Recipient.User, time.Now()); len(ways) > 0 {
		n.connect(e, req, tx, ways)
		return
	}
	e.Accept(req, tx, func(d ua.Dialog) {
		n.shared.keep(call{Dialog: d, party: d.Remote.URI.User + " (incoming)", node: n.name})
	})
}

// onAck passes on what the other side of a call waits for.
func (n *node) onAck(e *ua.Endpoint, req *sip.Request, _ sip.ServerTransaction) {
	if partner, ok := n.shared.acked(ua.CallID(req)); ok {
		_ = e.Ack(&partner, req.Body()) // the other side asks again
	}
}

// onBye ends a call, and the one that it is connected with.
func (n *node) onBye(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction) {
	partner, ok := n.shared.serve(ua.CallID(req), n.name, true, func(d *ua.Dialog) bool { return d.Is(req) })
	if !ok {
		e.Answer(req, tx, 481, "Call Does Not Exist")
		return
	}
	e.Answer(req, tx, 200, "OK")
	if partner != "" {
		ctx, cancel := context.WithTimeout(e.Life(), callTime)
		defer cancel()
		_ = n.hangUp(ctx, e, partner) // who cannot be told is gone
	}
}

// onWithin serves any other request within a dialog, whichever node the dialog began on: the partner answers it, if there is one.
func (n *node) onWithin(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction) {
	partner, ok := n.shared.serve(ua.CallID(req), n.name, false, func(d *ua.Dialog) bool { return d.Is(req) })
	switch {
	case !ok:
		e.Answer(req, tx, 481, "Call Does Not Exist")
	case partner != "":
		n.relay(e, req, tx, partner)
	case req.Method == sip.INFO:
		e.Answer(req, tx, 200, "OK")
	default:
		e.Answer(req, tx, 488, "Not Acceptable Here") // nothing to renegotiate without media
	}
}

var errNodeDown = errors.New("this node was killed")

// clickToCall connects two who can be called (RFC 3725 flow I): the first is called without an offer, its offer goes to the second, the
// answer comes back with the ACK. Both calls are tied to the session of the browser that asked for them.
func (n *node) clickToCall(ctx context.Context, id sessionID, first, second callee) error {
	e := n.sips()
	if e == nil {
		return errNodeDown
	}
	app := ua.URI("app", e.Addr)
	one, res, err := e.Invite(ctx, n.invitation(app, first, id.base))
	if err != nil {
		return err
	}
	n.shared.keep(call{Dialog: one, base: id.base, party: one.Remote.URI.User, node: n.name})
	in := n.invitation(app, second, id.base)
	in.Offer = res.Body()
	two, res, err := e.Invite(ctx, in)
	if err != nil {
		return errors.Join(err, e.Ack(&one, in.Offer), n.hangUp(ctx, e, one.CallID)) // an answer without a partner, then good-bye
	}
	n.shared.keep(call{Dialog: two, base: id.base, party: two.Remote.URI.User, node: n.name})
	n.shared.connect(one.CallID, two.CallID)
	return errors.Join(e.Ack(&two, nil), e.Ack(&one, res.Body()))
}

// hangUp ends a call, also one that another node began. A call that the other side does not know any more has ended, too.
func (n *node) hangUp(ctx context.Context, e *ua.Endpoint, callID string) error {
	d, ok := n.shared.take(callID, n.name)
	if !ok {
		return nil // it has ended by itself
	}
	res, err := e.Send(ctx, d.Request(sip.BYE, nil))
	if err != nil && (res == nil || !lost(res)) {
		return err
	}
	n.shared.serve(callID, n.name, true, func(*ua.Dialog) bool { return true })
	return nil
}

// hangUpAll ends every call of a session.
func (n *node) hangUpAll(ctx context.Context, base string) error {
	e := n.sips()
	if e == nil {
		return errNodeDown
	}
	var errs []error
	for _, c := range n.shared.of(base) {
		if !c.ended {
			errs = append(errs, n.hangUp(ctx, e, c.CallID))
		}
	}
	return errors.Join(errs...)
}
