package demo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"twinhop/cmd/twinhop/demo/registrar"
	"twinhop/cmd/twinhop/demo/ua"
)

// The node as a back-to-back user agent: it calls the registered user, and the two calls are one to those who talk. What they say of their
// media goes through untouched. Both dialogs are replicated, so another node can go on with them.

// ringTime bounds how long a registered user is called.
const ringTime = 2 * time.Minute

var errHungUp = errors.New("the caller has hung up")

// connect calls a registered user and answers the caller as the user does.
func (n *node) connect(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction, ways []registrar.Binding) {
	a, err := ua.Accepted(req, sip.GenerateTagN(12))
	hops := hopsLeft(req)
	switch {
	case err != nil:
		e.Answer(req, tx, 400, "Bad Request")
		return
	case hops <= 0: // a registration that leads here again
		e.Answer(req, tx, 483, "Too Many Hops")
		return
	}
	bounded, stop := context.WithTimeout(e.Life(), ringTime)
	defer stop()
	ctx, cancel := context.WithCancelCause(bounded)
	defer cancel(nil)
	tx.OnCancel(func(*sip.Request) { cancel(errHungUp) })

	base := n.shared.owner(a.Remote.URI.User, req.Recipient.User)
	to := sip.Uri{Scheme: "sip", User: req.Recipient.User, Host: a.Local.URI.Host, Port: a.Local.URI.Port}
	b, res, err := n.search(ctx, e, ways, func(way *registrar.Binding) ua.Invitation {
		in := n.invitation(a.Remote.URI, callee{to, way}, base)
		in.Headers = append(in.Headers, sip.NewHeader("Max-Forwards", strconv.Itoa(hops)))
		in.Offer = body(req)
		in.Progress = func(res *sip.Response) {
			_ = tx.Respond(e.Open(e.Response(req, res.StatusCode, res.Reason), &a, body(res)))
		}
		return in
	})
	if err != nil {
		switch {
		case context.Cause(ctx) == errHungUp || e.Life().Err() != nil: // was answered, or cannot be any more
		case res == nil || lost(res):
			e.Answer(req, tx, 480, "Temporarily Unavailable")
		default:
			e.Answer(req, tx, res.StatusCode, res.Reason)
		}
		return
	}
	late := in2xx(req)
	n.shared.keep(call{Dialog: a, base: base, party: a.Remote.URI.User, partner: b.CallID, late: late, node: n.name})
	n.shared.keep(call{Dialog: b, base: base, party: b.Remote.URI.User, partner: a.CallID, node: n.name})
	if !late {
		err = e.Ack(&b, nil)
	}
	err = errors.Join(err, tx.Respond(e.Open(e.Response(req, 200, res.Reason), &a, body(res))))
	if err != nil || context.Cause(ctx) == errHungUp {
		n.part(e, a.CallID, b.CallID)
	}
}

// search tries the ways to a user until one leads to an answer that is his.
func (n *node) search(ctx context.Context, e *ua.Endpoint, ways []registrar.Binding,
	invite func(*registrar.Binding) ua.Invitation) (d ua.Dialog, res *sip.Response, err error) {
	for i := range ways {
		in := invite(&ways[i])
		if d, res, err = e.Invite(ctx, in); err == nil || ctx.Err() != nil || res != nil && !lost(res) {
			break
		}
		if res != nil && res.StatusCode == 430 { // RFC 5626 section 5.3: the flow does not come back
			n.shared.contacts.Drop(in.To.User, ways[i])
		}
	}
	return d, res, err
}

// part ends two connected calls of which the first never came to be.
func (n *node) part(e *ua.Endpoint, first, second string) {
	ctx, cancel := context.WithTimeout(e.Life(), callTime)
	defer cancel()
	n.shared.serve(first, n.name, true, func(*ua.Dialog) bool { return true })
	if d, ok := n.shared.acked(first); ok {
		_ = e.Ack(&d, nil)
	}
	_ = n.hangUp(ctx, e, second)
}

// relay lets the partner answer a request within a call.
func (n *node) relay(e *ua.Endpoint, req *sip.Request, tx sip.ServerTransaction, partner string) {
	if req.IsInvite() && body(req) == nil {
		e.Answer(req, tx, 488, "Not Acceptable Here") // the answer to the offer would come too late
		return
	}
	d, ok := n.shared.take(partner, n.name)
	if !ok {
		e.Answer(req, tx, 481, "Call Does Not Exist")
		return
	}
	ctx, cancel := context.WithTimeout(e.Life(), callTime)
	defer cancel()
	out := d.Request(req.Method, nil)
	transcribe(req, out)
	if req.IsInvite() {
		out.AppendHeader(e.Contact(d.Local.URI.User))
	}
	res, err := e.Send(ctx, out)
	if res == nil {
		e.Answer(req, tx, 504, "Server Time-out")
		return
	}
	answer := e.Response(req, res.StatusCode, res.Reason)
	if err == nil && req.IsInvite() {
		_ = e.Ack(&d, nil) // the partner asks again
		answer.AppendHeader(e.Contact(req.To().Address.User))
	}
	transcribe(res, answer)
	_ = tx.Respond(answer)
}

// transcribe copies a body with its type.
func transcribe(from, to sip.Message) {
	if b := body(from); b != nil {
		sip.CopyHeaders("Content-Type", from, to)
		to.SetBody(b)
	}
}

// body is that of a message, nil when it has none.
func body(m sip.Message) []byte {
	if b := m.Body(); len(b) > 0 {
		return slices.Clone(b)
	}
	return nil
}

// in2xx tells whether the offer comes with the answer, and so the answer to it with the ACK (RFC 3261 section 13.2.1).
func in2xx(req *sip.Request) bool { return body(req) == nil }

// lost tells whether an answer means that its way leads nowhere: no such dialog, no such user, no flow, no time, no service.
func lost(res *sip.Response) bool {
	return slices.Contains([]int{404, 408, 410, 430, 480, 481, 503, 504}, res.StatusCode)
}

// hopsLeft is how often a call may still be handed on.
func hopsLeft(req *sip.Request) int {
	if h := req.MaxForwards(); h != nil {
		return int(h.Val()) - 1
	}
	return 69
}
