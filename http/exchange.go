package http

import (
	"context"
	"errors"
	"fmt"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/http/head"
)

// errNoBackend means that nothing here speaks the scheme of a node's address.
var errNoBackend = errors.New("no backend for the node's scheme")

// exchange gives the request to the node chosen, and where that is safe again
// and to others after it: nothing reached the first, or the request may be
// repeated and nothing of an answer came to the client. It answers the client
// itself when all failed, and returns nil then.
func (x *visit) exchange() (*head.Response, error) {
	if err := x.takeBody(); err != nil {
		x.d.Done(gateway.ClientGone, gateway.Usage{})
		x.refuseBody(err)
		return nil, err
	}
	for {
		x.forNode()
		resp, err := x.attempts()
		if err == nil {
			return resp, nil
		}
		outcome := x.outcome(err)
		x.d.Done(outcome, x.spent)
		if outcome == gateway.ClientGone {
			x.refuseBody(err)
			return nil, err
		}
		if status := unfitStatus(err); status != 0 {
			x.refuse(status)
			return nil, err
		}
		if !x.left() && x.mayRepeat(err) {
			var again bool
			if outcome, again = x.another(outcome); again {
				continue
			}
		}
		switch {
		case x.left():
			x.status = statusAborted // while we paused
		case (outcome == gateway.NotSent || outcome == gateway.Overload) && x.stoodIn() && x.mayRepeat(err):
			x.asReceived()
			if x.standIn() {
				x.status = statusAborted
			}
		default:
			x.refuse(failedStatus(outcome))
		}
		return nil, err
	}
}

// left tells whether the client is gone. Telling net/http to read no more of a
// body ends the request's context too, when that comes just as the body ends.
func (x *visit) left() bool { return x.ctx.Err() != nil && !x.client.Stopped() }

// askNode exchanges with the node of the present decision.
func (x *visit) askNode() (*head.Response, error) {
	at := x.d.Member.Addr(cluster.HTTP)
	b := x.f.Backends[at.Scheme]
	if b == nil {
		return nil, notSent{fmt.Errorf("%w %q", errNoBackend, at.Scheme)}
	}
	return b.Exchange(x.ctx, at.Addr.String(), &x.req, x.body)
}

type notSent struct{ error }

func (notSent) NotSent() bool { return true }

func (e notSent) Unwrap() error { return e.error }

// outcome says what an error means for the node.
func (x *visit) outcome(err error) gateway.Outcome {
	var body *head.BodyError
	var status *statusError
	switch {
	case errors.As(err, &status):
		return status.outcome()
	case errors.Is(err, context.Canceled) || errors.As(err, &body):
		// The error tells, not x.ctx: ending a body that nobody wants any more
		// may end that too.
		return gateway.ClientGone
	case errors.Is(err, errNoBackend), blameless(err):
		return gateway.Overload // no sign of the node's health
	case head.NotSent(err):
		return gateway.NotSent
	case garbled(err):
		return gateway.Garbled
	case head.Timeout(err):
		return gateway.Timeout
	}
	return gateway.Reset
}

// garbled tells whether the node said something that is no answer.
func garbled(err error) bool {
	var e interface{ Answered() bool }
	return errors.As(err, &e) && e.Answered()
}

// blameless tells whether the node had no part in the failure.
func blameless(err error) bool {
	var e interface{ Blameless() bool }
	return errors.As(err, &e) && e.Blameless()
}
