package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/http/head"
)

// errNoBackend means that nothing here speaks the scheme of a node's address.
var errNoBackend = errors.New("no backend for the node's scheme")

// exchange gives the request to the node chosen, and to others after it when
// that is safe: nothing reached the first, or the request may be repeated and
// nothing came back. It answers the client itself when all failed, and returns
// nil then. A request that is not idempotent is never delivered twice.
func (x *visit) exchange() (*head.Response, error) {
	if err := x.takeBody(); err != nil {
		x.d.Done(gateway.ClientGone, gateway.Usage{})
		x.refuseBody(err)
		return nil, err
	}
	for left := x.s.attempts() - 1; ; left-- {
		x.forNode()
		resp, err := x.askNode()
		if err == nil {
			return resp, nil
		}
		outcome := x.outcome(err)
		read, sent := head.Cost(err)
		x.d.Done(outcome, gateway.Usage{Read: read, Sent: sent})
		if outcome == gateway.ClientGone {
			x.refuseBody(err)
			return nil, err
		}
		x.f.log().LogAttrs(x.ctx, slog.LevelInfo, "node failed", slog.String("proto", "http"),
			slog.String("node", x.d.Member.Name), slog.String("rule", outcome.String()), slog.Any("err", err))
		if status := unfitStatus(err); status != 0 {
			x.refuse(status)
			return nil, err
		}
		if left == 0 || !x.mayRepeat(err) {
			x.refuse(failedStatus(outcome))
			return nil, err
		}
		x.ask.Tried = append(x.ask.Tried, x.d.Member.Node)
		last := x.d
		if x.d, err = x.f.Router.Route(x.ctx, &x.ask); err != nil {
			x.d = last
			x.refuse(failedStatus(outcome))
			return nil, err
		}
		if b, ok := x.body.(*bytes.Reader); ok {
			b.Seek(0, io.SeekStart)
		}
	}
}

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

// mayRepeat tells whether another node may have the request after this error.
func (x *visit) mayRepeat(err error) bool {
	if x.client.touched && x.body == &x.client {
		return false // the client's bytes are gone
	}
	if head.NotSent(err) {
		return true
	}
	var answer interface{ Answered() bool }
	return head.Idempotent(x.req.Method) && !(errors.As(err, &answer) && answer.Answered())
}

// outcome says what an error means for the node.
func (x *visit) outcome(err error) gateway.Outcome {
	var body *head.BodyError
	switch {
	case errors.Is(err, context.Canceled) || errors.As(err, &body):
		// The error tells, not x.ctx: ending a body that nobody wants any more
		// may end that too.
		return gateway.ClientGone
	case errors.Is(err, errNoBackend), blameless(err):
		return gateway.Overload // no sign of the node's health
	case head.NotSent(err):
		return gateway.NotSent
	case head.Timeout(err):
		return gateway.Timeout
	}
	return gateway.Reset
}

// blameless tells whether the node had no part in the failure.
func blameless(err error) bool {
	var e interface{ Blameless() bool }
	return errors.As(err, &e) && e.Blameless()
}
