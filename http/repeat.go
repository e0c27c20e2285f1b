package http

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/http/head"
)

// maxDrop is how much of an answer that nobody wants is read, so that its
// connection can be kept.
const maxDrop = 64 << 10

// attempts gives the request to the node of the present decision as often as
// the node's words say, each time on another connection.
func (x *visit) attempts() (*head.Response, error) {
	x.spent = gateway.Usage{}
	for left := x.node.Attempts; ; left-- {
		resp, err := x.askNode()
		if err == nil {
			if err = x.t.judge(resp, x.node.FailOn); err == nil {
				err = x.await(resp)
			}
			if err == nil {
				return resp, nil
			}
		}
		x.spend(err)
		outcome := x.outcome(err)
		if outcome == gateway.ClientGone {
			return nil, err
		}
		x.f.log().LogAttrs(x.ctx, slog.LevelInfo, "node failed", slog.String("proto", "http"),
			slog.String("node", x.d.Member.Name), slog.String("rule", outcome.String()), slog.Any("err", err))
		if left <= 1 || outcome == gateway.Overload || !x.mayRepeat(err) || !x.pause(x.node.Interval) {
			return nil, err
		}
		x.rewind()
	}
}

// mayRepeat tells whether the request may be given to a node again after this
// error: what was sent only if its method may be repeated.
func (x *visit) mayRepeat(err error) bool {
	if x.informed || x.client.Touched() && x.body == &x.client {
		return false // the client has heard of it, or its bytes are gone
	}
	if head.NotSent(err) {
		return true
	}
	if garbled(err) && x.pool.Recovery == nil {
		return false // nodes that answer a request alike would be taken for broken one after the other
	}
	if may := x.node.Repeat; may != nil {
		return slices.Contains(*may, x.req.Method)
	}
	return head.Idempotent(x.req.Method)
}

// choose has the Router decide. Members in error are tried once for a request
// when nobody else is left, not again in its later rounds (mod_jk).
func (x *visit) choose() (err error) {
	usable := func(m *cluster.Member) bool { return m.Usable(cluster.HTTP) && !slices.Contains(x.ask.Tried, m.Node) }
	if x.forced && !slices.ContainsFunc(x.pool.Members, usable) {
		return gateway.ErrNoNode
	}
	x.d, err = x.f.Router.Route(x.ctx, &x.ask)
	x.forced = x.forced || x.d.Rule == gateway.ForcedRecovery
	return err
}

// full tells whether a member could serve but for its limit of requests.
func (x *visit) full() bool {
	return slices.ContainsFunc(x.pool.Members, func(m *cluster.Member) bool {
		return m.Activation != cluster.Stopped && m.State() == cluster.StateBusy
	})
}

// another has a node chosen that was not asked yet in this round, or any after
// a pause in the next. Without one the failed decision stays, and why tells
// what the client is to hear: how the last node did, or that a whole round
// found nobody.
func (x *visit) another(last gateway.Outcome) (why gateway.Outcome, ok bool) {
	failed := x.d
	x.ask.Tried = append(x.ask.Tried, x.d.Member.Node)
	for x.asked++; ; {
		switch {
		case x.asked == x.t.retry.Nodes:
		case x.choose() == nil:
			x.rewind()
			return gateway.OK, true
		case x.asked == 0:
			last = gateway.Overload
		}
		if !x.nextRound() {
			x.d = failed
			return last, false
		}
	}
}

// nextRound begins another round over the nodes of the pool after a pause, as
// the cluster is then. It tells whether there is one.
func (x *visit) nextRound() bool {
	if x.round++; x.round >= x.t.retry.Rounds || !x.pause(x.t.retry.Interval) {
		return false
	}
	x.asked, x.ask.Tried = 0, x.ask.Tried[:0]
	view := x.f.Views()
	pool := x.t.in(view)
	if pool == nil {
		return false
	}
	x.view, x.pool, x.ask.View, x.ask.Pool = view, pool, view, pool
	return true
}

// pause waits; it tells whether the request is still wanted.
func (x *visit) pause(d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-x.ctx.Done():
		}
	}
	return !x.left()
}

// rewind makes a body that is in memory ready to be sent again.
func (x *visit) rewind() {
	if b, ok := x.body.(*bytes.Reader); ok {
		b.Seek(0, io.SeekStart)
	}
}

// spend adds what a failed attempt cost.
func (x *visit) spend(err error) {
	read, sent := head.Cost(err)
	x.spent.Read += read
	x.spent.Sent += sent
}

// A statusError is an answer whose status the operator calls a failure
// (fail_on_status).
type statusError struct {
	status     int
	soft       bool // it says nothing about the node
	read, sent int64
}

func (e *statusError) Error() string            { return fmt.Sprintf("the node answered %d", e.status) }
func (e *statusError) Wire() (read, sent int64) { return e.read, e.sent }

func (e *statusError) outcome() gateway.Outcome {
	if e.soft {
		return gateway.Declined
	}
	return gateway.StatusFailed
}

// judge returns an error for an answer whose status is a failure, and drops
// the answer.
func (t *terms) judge(resp *head.Response, node []int) error {
	list := t.failOn
	if list == nil {
		list = node
	}
	for _, status := range list {
		if status != resp.Status && status != -resp.Status {
			continue
		}
		e := &statusError{status: resp.Status, soft: status < 0}
		e.read, e.sent = drop(resp)
		return e
	}
	return nil
}

// drop ends an exchange whose answer nobody gets, and returns what it cost. A
// short one is read, so that the connection can be used again.
func drop(resp *head.Response) (read, sent int64) {
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxDrop))
	read, sent = resp.Wire.Counts() // after Close they may be another's
	resp.Body.Close()
	return read, sent
}
