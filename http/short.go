package http

import (
	"bufio"
	"net"
	"net/http"
	"time"

	"twinhop/http/head"
	"twinhop/http/hop"
	"twinhop/http/lean"
)

// shortLane is the lane of a request that left no question open.
type shortLane struct{ *lean.Conn }

// Hijack is never asked for: an upgrade comes by net/http.
func (shortLane) Hijack() (net.Conn, *bufio.Reader, error) { return nil, nil, http.ErrNotSupported }

// short makes the server of the short way, with the limits of the long one.
func (f *Front) short(srv *http.Server) *lean.Server {
	return &lean.Server{Handle: f.serveShort, HeaderBytes: srv.MaxHeaderBytes, HeaderTimeout: srv.ReadHeaderTimeout,
		IdleTimeout: srv.IdleTimeout, Log: f.log(), Stall: func() time.Duration { return or(f.settings.Load(), &noSettings).bodyStall() }}
}

// serveShort serves what came the short way.
func (f *Front) serveShort(c *lean.Conn) lean.Verdict {
	x := f.visit()
	x.open(c.Context(), f)
	v := x.short(c)
	x.end()
	f.visits.Put(x)
	return v
}

func (x *visit) short(c *lean.Conn) lean.Verdict {
	q := &x.req
	if !c.Request(q) || len(q.Target) > x.s.maxTarget() || q.Fields.Len()+2 > x.s.maxFields() {
		return lean.Elsewhere
	}
	x.lane = shortLane{c}
	q.Target, x.rawPath, x.query = head.SplitTarget(q.Target)
	q.Fields.DelFunc(func(f head.Field) bool { return hop.Own(f.Name) })
	if x.informs == nil {
		x.informs = x.inform
	}
	q.Inform = x.informs
	if q.Length > 0 {
		x.whole.Reset(c.Body)
		x.body = &x.whole
	}
	aborted := x.dispatch(nil)
	if x.status == statusElsewhere {
		return lean.Elsewhere
	}
	x.report()
	if aborted {
		return lean.Cut
	}
	return lean.Served
}
