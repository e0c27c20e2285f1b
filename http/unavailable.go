package http

import (
	"errors"
	"log/slog"
	"time"

	"twinhop/gateway"
	"twinhop/http/head"
)

// refuse answers a request that is not served, and that nobody may cache.
func (x *visit) refuse(status int) (aborted bool) {
	x.fields.Reset()
	if status == statusMethod {
		x.fields.Add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	}
	if status == statusUnavailable {
		x.fields.Add("Retry-After", x.retryAfter())
	}
	x.fields.Add("Cache-Control", "no-store")
	x.answer(status, reason(status)+"\n")
	return false
}

// refuseBody answers a request whose body did not come.
func (x *visit) refuseBody(err error) {
	var body *head.BodyError
	switch {
	case !errors.As(err, &body):
		x.status = statusAborted // nobody is there to be told
	case head.Timeout(err):
		x.refuse(statusBodySlow)
	default:
		x.refuse(statusBody)
	}
}

// unavailable answers when no node was found: what the operator wants shown,
// else a real 503.
func (x *visit) unavailable(err error) (aborted bool) {
	if x.left() {
		x.status = statusAborted
		return true
	}
	why := "no node"
	if errors.Is(err, gateway.ErrBusy) {
		why = "busy"
	}
	x.f.log().Debug(why, "proto", "http", "pool", x.pool.Name, "rule", x.d.Rule.String(), "err", err)
	u := &x.s.Unavailable
	if x.stoodIn() {
		return x.standIn()
	}
	if u.Redirect == "" && u.Page == nil {
		return x.refuse(statusUnavailable)
	}
	x.fields.Reset()
	x.fields.Add("Cache-Control", "no-store")
	x.fields.Add("Retry-After", x.retryAfter())
	if u.Redirect != "" {
		x.fields.Add("Location", u.Redirect)
		x.answer(statusFound, "")
		return false
	}
	x.fields.Add("Content-Type", or(u.Type, "text/html; charset=utf-8"))
	x.answer(statusUnavailable, string(u.Page))
	return false
}

// stoodIn tells whether another host can have the request.
func (x *visit) stoodIn() bool {
	return x.s.Unavailable.Proxy != "" && x.f.StandIn != nil && x.req.Upgrade == ""
}

// asReceived makes the request what it was before a node was chosen.
func (x *visit) asReceived() {
	x.rewind()
	x.d = gateway.Decision{}
	x.req.Target, x.req.Route, x.req.Activation = x.target, "", ""
	i := 0
	for at := range x.req.Fields.Len() {
		if head.EqualFold(x.req.Fields.At(at).Name, "Cookie") {
			x.req.Fields.SetAt(at, x.cookies[i])
			i++
		}
	}
}

// standIn gives the request to the host that stands in for the nodes, and its
// answer to the client. Nobody is to keep that answer, and it takes no session
// away: the nodes come back.
func (x *visit) standIn() (aborted bool) {
	if err := x.takeBody(); err != nil {
		x.refuseBody(err)
		return x.status == statusAborted
	}
	x.req.ReplyTimeout, x.req.Life, x.req.Once = 0, 0, true
	resp, err := x.f.StandIn.Exchange(x.ctx, x.s.Unavailable.Proxy, &x.req, x.body)
	if err == nil {
		err = x.await(resp)
	}
	switch {
	case err == nil:
	case x.outcome(err) == gateway.ClientGone:
		x.refuseBody(err)
		return x.status == statusAborted
	default:
		x.f.log().LogAttrs(x.ctx, slog.LevelWarn, "nobody stands in for the nodes", slog.String("proto", "http"), slog.Any("err", err))
		return x.refuse(statusUnavailable)
	}
	defer resp.Body.Close()
	x.passFields(resp)
	x.fields.DelFunc(func(f head.Field) bool {
		if !head.EqualFold(f.Name, "Set-Cookie") {
			return head.EqualFold(f.Name, "Cache-Control") || head.EqualFold(f.Name, "Expires")
		}
		_, session := x.t.dialect.ParseSetCookie(f.Value, x.start)
		return session
	})
	x.fields.Add("Cache-Control", "no-store")
	x.status = resp.Status
	_, aborted = x.pass(resp)
	return aborted
}

func (x *visit) retryAfter() string {
	return formatInt(int64(max(or(x.s.Unavailable.RetryAfter, 5*time.Second).Seconds(), 1)))
}

// answer sends one of our own answers: x.fields and a short text.
func (x *visit) answer(status int, text string) {
	x.status = status
	if text != "" && !x.fields.Has("Content-Type") {
		x.fields.Add("Content-Type", "text/plain; charset=utf-8")
	}
	if x.client.Touched() {
		x.client.Close() // nobody wants the rest
	}
	x.lane.Answer(status, &x.fields, int64(len(text)))
	if x.req.Method != "HEAD" && text != "" {
		x.lane.Write([]byte(text)) // a client that left is no news
	}
}
