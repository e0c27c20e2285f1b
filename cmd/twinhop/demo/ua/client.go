package ua

import (
	"context"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Invitation is an INVITE to be sent.
type Invitation struct {
	From, To sip.Uri
	Target   *sip.Uri     // the Request-URI; nil = To
	Routes   []sip.Uri    // where it goes first; none = where the Request-URI says
	Headers  []sip.Header // further ones
	Offer    []byte       // session description; nil = the other side makes the offer
	Progress func(*sip.Response)
}

func (e *Endpoint) invitation(in Invitation) *sip.Request {
	target := in.To
	if in.Target != nil {
		target = *in.Target
	}
	req := sip.NewRequest(sip.INVITE, *target.Clone())
	for _, r := range in.Routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	from := &sip.FromHeader{Address: *in.From.Clone(), Params: sip.NewParams()}
	from.Params.Add("tag", sip.GenerateTagN(12))
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: *in.To.Clone()})
	req.AppendHeader(e.Contact(in.From.User))
	req.AppendHeader(sip.NewHeader("User-Agent", e.Name))
	for _, h := range in.Headers {
		req.AppendHeader(h)
	}
	if in.Offer != nil {
		describe(req, in.Offer)
	}
	return req
}

// ending bounds what a call that nobody wants any more may take.
const ending = 5 * time.Second

// Invite calls and waits for the final answer, which comes with the error when it is a refusal. The caller sends the ACK of a 2xx. A call
// that is given up by ctx is cancelled, or ended when its answer came at the same time.
func (e *Endpoint) Invite(ctx context.Context, in Invitation) (Dialog, *sip.Response, error) {
	req := e.invitation(in)
	tx, err := e.client.TransactionRequest(ctx, req)
	if err != nil {
		return Dialog{}, nil, fmt.Errorf("INVITE to %s: %w", in.To.String(), err)
	}
	defer tx.Terminate()
	rings := false
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.IsProvisional():
				rings = true
				if in.Progress != nil && res.StatusCode > 100 {
					in.Progress(res)
				}
			case !res.IsSuccess():
				return Dialog{}, res, fmt.Errorf("INVITE to %s was answered %d %s", in.To.String(), res.StatusCode, res.Reason)
			default:
				d, err := Answered(req, res)
				return d, res, err
			}
		case <-tx.Done():
			return Dialog{}, nil, fmt.Errorf("INVITE to %s: %w", in.To.String(), tx.Err())
		case <-ctx.Done():
			if rings { // before that a CANCEL means nothing (RFC 3261 section 9.1)
				e.cancel(req, tx)
			}
			return Dialog{}, nil, fmt.Errorf("INVITE to %s: %w", in.To.String(), context.Cause(ctx))
		}
	}
}

// cancel gives an INVITE up and waits for how it ends.
func (e *Endpoint) cancel(invite *sip.Request, tx sip.ClientTransaction) {
	ctx, stop := context.WithTimeout(e.life, ending)
	defer stop()
	req := sip.NewRequest(sip.CANCEL, invite.Recipient)
	req.AppendHeader(invite.Via().Clone())
	for _, name := range []string{"Route", "From", "To", "Call-ID"} {
		sip.CopyHeaders(name, invite, req)
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	asked, err := e.client.TransactionRequest(ctx, req)
	if err != nil {
		return
	}
	defer asked.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if res.IsProvisional() {
				continue
			}
			if d, err := Answered(invite, res); err == nil && res.IsSuccess() && e.Ack(&d, nil) == nil {
				_, _ = e.Send(ctx, d.Request(sip.BYE, nil))
			}
			return
		case <-tx.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// Ack confirms the answer to an INVITE, with a session description when the offer came in the 200.
func (e *Endpoint) Ack(d *Dialog, body []byte) error {
	return e.client.WriteRequest(d.Request(sip.ACK, body))
}

// Send makes a request and waits for the final answer, which comes with the error when it is a refusal.
func (e *Endpoint) Send(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	res, err := e.client.Do(ctx, req)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s within call %s: %w", req.Method, CallID(req), err)
	case !res.IsSuccess():
		return res, fmt.Errorf("%s within call %s was answered %d %s", req.Method, CallID(req), res.StatusCode, res.Reason)
	}
	return res, nil
}
