package http

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace/messages"
	"twinhop/gateway/trace/specimens"
	"twinhop/http/head"
	"twinhop/http/mounts"
	"twinhop/http/noted"
	"twinhop/http/sample"
	"twinhop/http/upload"
	"twinhop/jvmroute"
)

// A visit is one request on its way through the front, from the client to a
// node and back. It is reused from request to request.
type visit struct {
	f    *Front
	s    *applied
	t    *terms          // of the path
	ctx  context.Context // of the request: ends when the client goes
	lane lane
	net  netLane

	req     head.Request // what a node is to get
	rawPath string       // path of the target, as received
	query   string       // raw query of the target
	path    string       // canonical: decisions only
	cookies []string     // the Cookie fields as received
	target  string       // the target as received, in origin form
	names   []string     // scratch
	buf     *[relaySize]byte
	had     int   // how much of the answer's body is in buf
	ended   error // how it ended, if it did

	client upload.Body
	body   io.Reader // nil: none
	small  *[smallBody]byte
	whole  bytes.Reader

	view   *cluster.View
	pool   *cluster.Pool
	found  jvmroute.Found
	id     jvmroute.ID // the session id that leads the request; zero: none
	ask    gateway.Ask
	lesson gateway.Ask
	d      gateway.Decision
	node   NodeWords     // of the member chosen
	nodeID string        // the id as the node got it
	taught appsession.ID // the session that the node's answer named; zero: none
	fields head.Fields
	came   []byte // the head of the request as it came; nil: nobody wants to know
	got    []byte // that of the node's answer

	informed     bool          // the client got some answer, if only an informational one
	forced       bool          // members in error were tried because nobody else was left
	round, asked int           // rounds over the pool that are done, nodes asked in this one
	spent        gateway.Usage // by attempts on the present node that failed

	informs func(int, *head.Fields) // x.inform, made once

	start  time.Time
	status int
}

// begin is for a request that comes by net/http.
func (x *visit) begin(f *Front, w http.ResponseWriter, r *http.Request) {
	x.open(r.Context(), f)
	x.net = netLane{w: w, rc: http.NewResponseController(w), stall: x.s.bodyStall(), noted: time.Now()}
	x.lane = &x.net
}

func (x *visit) open(ctx context.Context, f *Front) {
	x.f, x.s, x.ctx = f, f.settings.Load(), ctx
	if x.s == nil {
		x.s = &noSettings
	}
	x.t = &x.s.none
	x.start = f.now()
}

// end forgets everything that belongs to the request and keeps the memory.
func (x *visit) end() {
	x.client.Finish()
	x.req.Reset()
	x.fields.Reset()
	x.ask.Reset()
	x.lesson.Reset()
	clear(x.cookies)
	clear(x.names)
	x.whole.Reset(nil)
	if x.buf != nil {
		relayBuffers.Put(x.buf)
	}
	*x = visit{req: x.req, fields: x.fields, ask: x.ask, lesson: x.lesson,
		cookies: x.cookies[:0], names: x.names[:0], small: x.small, informs: x.informs}
}

// serve takes the request all the way. It tells whether the answer had to be
// cut.
func (x *visit) serve(r *http.Request) (aborted bool) {
	defer x.report()
	if status := x.receive(r); status != 0 {
		x.f.Metrics.shed(status)
		return x.refuse(status)
	}
	return x.dispatch(r)
}

// dispatch takes the request received to whom it is for. r is nil when it came
// the short way.
func (x *visit) dispatch(r *http.Request) (aborted bool) {
	canon, plain, err := mounts.Canonical(x.rawPath)
	if x.rawPath == "*" && x.req.Method == http.MethodOptions {
		canon, plain, err = "*", "*", nil
	}
	if err != nil {
		x.f.Metrics.shed(statusBadRequest)
		return x.refuse(statusBadRequest)
	}
	x.path, x.view, x.t = canon, x.f.Views(), x.s.of(canon)
	x.pool = x.t.in(x.view)
	local := x.f.Local[canon]
	if local == nil && plain != canon && !x.s.of(plain).together(x.t) {
		x.f.Metrics.shed(statusBadRequest)
		return x.refuse(statusBadRequest) // dots that leave their mount
	}
	if local == nil && x.t.local != "" {
		local = x.f.Handlers[x.t.local]
	}
	if local != nil && r == nil {
		x.status = statusElsewhere
		return false
	}
	if local != nil {
		x.evidence(x.pool)
		w := &noted.Writer{ResponseWriter: x.net.w, Status: http.StatusOK}
		if x.f.Local[canon] != nil {
			w.Status = statusSwitched // its own affair from here, unless it refuses
		}
		local(w, r, x.ask.Evidence, x.ask.Hint)
		x.status = w.Status
		return false
	}
	if x.pool == nil {
		return x.refuse(statusNotMounted)
	}
	if x.f.Messages.Follows() {
		x.came = x.req.Append(nil)
	}
	x.remember()
	x.evidence(x.pool)
	x.forwarded()
	return x.route()
}

// remember keeps what is rewritten for a node, so that the next node gets it
// rewritten from the original.
func (x *visit) remember() {
	x.target = x.req.Target
	for v := range x.req.Fields.Values("Cookie") {
		x.cookies = append(x.cookies, v)
	}
}

// route has the Router decide and gives the request to the node chosen.
func (x *visit) route() (aborted bool) {
	x.ask.Adopt = x.gaveUp()
	for err := x.choose(); err != nil; err = x.choose() {
		if !x.full() || !x.nextRound() {
			return x.unavailable(err)
		}
	}
	if x.ask.Adopt && x.d.Rule == gateway.FollowSIPGaveUp {
		x.f.Metrics.follow("gave_up")
	}
	if x.correct() {
		x.d.Done(gateway.Unasked, gateway.Usage{Status: x.status})
		return false
	}
	resp, err := x.exchange()
	if err != nil {
		return x.status == statusAborted // without an answer net/http would say 200
	}
	if x.came != nil {
		x.got = resp.Fields.Append(head.AppendStatus(nil, resp.Status))
		if x.f.Messages.Bodies && x.buf != nil {
			x.got = append(x.got, x.buf[:min(x.had, messages.MaxBody+1)]...)
		}
	}
	if resp.Status == statusSwitched {
		x.tunnel(resp)
		return false
	}
	if x.t.ours > 0 && resp.Status >= x.t.ours {
		x.page(resp)
		return false
	}
	return x.relay(resp)
}

// report tells log and metrics what became of the request.
func (x *visit) report() {
	took := x.f.now().Sub(x.start)
	node := ""
	if x.d.Member != nil {
		node = x.d.Member.Name
	}
	x.f.Metrics.request(node, x.req.Method, x.status, took)
	x.f.Messages.Exchange(&messages.Exchange{Session: or(x.d.Session, x.taught), Method: x.req.Method, Target: x.target, Status: x.status,
		Node: node, Peer: x.req.Peer.Remote, Local: x.req.Peer.Local, Began: x.start, Took: took, Heads: x})
	if node != "" && x.f.Specimens.Wants(x.start) {
		x.sampled()
	}
	if log := x.f.log(); log.Enabled(x.ctx, slog.LevelDebug) {
		log.LogAttrs(x.ctx, slog.LevelDebug, "request", slog.String("proto", "http"), slog.String("node", node),
			slog.String("rule", x.d.Rule.String()), slog.String("session", x.d.Session.String()),
			slog.String("from", x.d.From), slog.Int("status", x.status), slog.Duration("took", took))
	}
}

// corrected is the id that the client should present for the node chosen.
func (x *visit) corrected() string {
	if x.id.Text == "" || x.id.Base() == "" || x.d.Member == nil {
		return x.id.Text
	}
	if s := x.d.Sent; s != nil && s.Node == x.d.Member.Name {
		return s.ID
	}
	return jvmroute.Join(x.id.Base(), x.d.Member.Route)
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// sampled keeps what the request could be known by.
func (x *visit) sampled() {
	s := &specimens.Specimen{At: x.start, Pool: x.t.pool, Variant: x.t.variant, Node: x.d.Member.Name, Session: x.d.Session, Rule: x.d.Rule}
	if x.t.dialect.Cookie != x.s.Dialect.Cookie {
		s.Cookie = x.t.dialect.Cookie
	}
	r := sample.Request{Target: x.target, RawPath: x.rawPath, Query: x.query, Path: x.path, Cookies: x.cookies, Fields: &x.req.Fields,
		Dialect: x.t.dialect, View: x.view, Pool: x.pool, Key: x.s.names}
	r.Fill(s)
	x.f.Specimens.Keep(s)
}

// AppendHead implements messages.Heads. Of what came, what concerns one
// connection only is gone already.
func (x *visit) AppendHead(b []byte, h messages.Head) []byte {
	switch {
	case h == messages.Came:
		if b = append(b, x.came...); x.body == &x.whole && x.f.Messages.Bodies && b != nil {
			b = append(b, make([]byte, min(x.whole.Size(), messages.MaxBody+1))...)
			_, _ = x.whole.ReadAt(b[len(x.came):], 0) // it is there
		}
	case h == messages.Left && x.d.Member != nil:
		b = x.req.Append(b)
	case h == messages.Answer:
		b = append(b, x.got...)
	case h == messages.AnswerLeft && x.status != 0 && x.status != statusAborted:
		b = x.fields.Append(head.AppendStatus(b, x.status))
	}
	return b
}
