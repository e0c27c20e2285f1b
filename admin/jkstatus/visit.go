package jkstatus

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"twinhop/admin/jkstatus/shape"
	"twinhop/admin/jkstatus/workers"
)

// visit is one request.
type visit struct {
	worker  *Worker
	r       *http.Request
	query   query
	command command
	form    form
	options int // bits of the parameter opt
	state   *workers.State
	now     time.Time
	server  string // as the client calls it
	port    int
	user    string // who logged in; empty: nobody
	peer    string // the address at the other end

	status int
	retry  time.Duration // with a refusal: how long to wait
	page   page
	all    []*shape.Record
	failed string // a message; empty: nothing did
}

// serve answers. Who may not gets nothing but the refusal.
func (v *visit) serve(rw http.ResponseWriter) {
	v.command, v.form, v.options = v.query.command(), v.query.form(), v.query.number("opt")&allOptions
	v.now, v.status = v.worker.now(), http.StatusOK
	v.server, v.port = serverOf(v.r)
	v.peer = peerOf(v.r)
	if v.worker.Words.ReadOnly {
		v.options |= onlyRead
	}
	if v.failed = v.admit(); v.failed == "" {
		v.failed = v.act()
	}
	if v.failed != "" {
		v.worker.log().Log(v.r.Context(), v.level(), "status worker", "worker", v.worker.Words.Name, "command", v.command.String(), "result", v.failed,
			"user", v.user, "peer", v.peer)
	}
	v.answer(rw)
}

// level is how loud a failure is. Whoever just lacks a password is no news.
func (v *visit) level() slog.Level {
	if _, _, tried := v.r.BasicAuth(); v.status == http.StatusOK || v.status == http.StatusUnauthorized && !tried {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// act does what was asked for, in mod_jk's order of checks. The answer is a
// message, empty when it was done.
func (v *visit) act() string {
	switch {
	case v.query.broken:
		return badQuery
	case v.options&onlyRead != 0 && v.command.writes():
		return readOnly
	case v.command == cmdUnknown:
		return badCommand
	case v.form == formUnknown:
		return badForm
	}
	v.state = v.worker.Panel.State()
	var t target
	if v.command.ofWorker() {
		var message string
		if t, message = v.find(); message != "" {
			return message
		}
	}
	if v.command.changes() {
		message := v.change(t)
		if message == "" {
			v.page.redirect()
		}
		return message
	}
	return v.show(t)
}

// change does update, reset or recover.
func (v *visit) change(t target) string {
	p := &v.worker.Panel
	switch v.command {
	case cmdUpdate:
		if p.Update == nil {
			return notUpdated
		}
		return v.update(t)
	case cmdReset:
		if p.Reset == nil || t.balancer == nil && t.single == nil {
			return notReset
		}
		err := p.Reset(t.name, t.member())
		v.tell("reset", err, t.member())
		if refused := (*workers.Refused)(nil); errors.As(err, &refused) {
			return refused.Why
		}
		if err != nil {
			return notReset
		}
		return ""
	}
	if p.Recover == nil || len(t.members) == 0 || !p.Recover(t.name, t.member()) {
		return notRecovered
	}
	v.tell("recovers", nil, t.member())
	return ""
}

// member is the one member that was named, or nothing.
func (t *target) member() string {
	if len(t.members) == 0 {
		return ""
	}
	return t.members[0].Name
}

// tell writes to the log what an operator did.
func (v *visit) tell(what string, err error, details any) {
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	v.worker.log().Log(v.r.Context(), level, "status worker: "+what, "worker", v.worker.Words.Name, "of", v.query.values["w"],
		"details", details, "user", v.user, "peer", v.peer, "err", err)
	if v.worker.Panel.Told != nil {
		v.worker.Panel.Told(Deed{What: what, Worker: v.query.values["w"], Details: details, User: v.user, Peer: v.peer, Err: err})
	}
}

// show gathers what the answer shows.
func (v *visit) show(t target) string {
	d := &document{state: v.state, worker: v.worker, form: v.form, hide: v.options, now: v.now}
	if v.form == formHTML {
		return v.page.show(v, d, t)
	}
	v.all = d.head(v)
	switch v.command {
	case cmdList:
		v.all = append(v.all, d.list()...)
	case cmdShow:
		switch {
		case t.balancer != nil && len(t.members) > 0:
			v.all = append(v.all, d.balancer(t.balancer, t.members[0]))
		case t.balancer != nil:
			v.all = append(v.all, d.balancer(t.balancer, nil))
		case t.single != nil:
			v.all = append(v.all, d.single(t.single)...)
		}
	case cmdDump:
		v.all = append(v.all, d.dump(v.dump()))
	}
	return ""
}

func (v *visit) dump() []workers.Property {
	if v.worker.Panel.Dump == nil {
		return nil
	}
	return v.worker.Panel.Dump()
}

// answer writes the answer.
func (v *visit) answer(rw http.ResponseWriter) {
	var b bytes.Buffer
	if v.form != formHTML {
		v.all = append(v.all, outcome(v.failed, v.failed == ""))
	}
	switch v.form {
	case formHTML:
		v.page.write(&b, v)
	case formXML:
		shape.WriteXML(&b, shape.XML{NS: v.worker.Words.NS, XMLNS: v.worker.Words.XMLNS, Doctype: v.worker.Words.Doctype}, v.all)
	case formText:
		shape.WriteText(&b, v.all)
	default:
		shape.WriteProperties(&b, v.worker.Words.Prefix, v.all)
	}
	h := rw.Header()
	h.Set("Content-Type", v.form.contentType())
	h.Set("Cache-Control", "no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", v.worker.policy())
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	switch v.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="status", charset="UTF-8"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, HEAD, POST")
	case http.StatusTooManyRequests:
		h.Set("Retry-After", strconv.Itoa(int((v.retry+time.Second-1)/time.Second)))
	}
	rw.WriteHeader(v.status)
	if v.r.Method != http.MethodHead {
		rw.Write(b.Bytes())
	}
}

// serverOf is the host and port that the client thinks it speaks with.
func serverOf(r *http.Request) (string, int) {
	host, port, err := net.SplitHostPort(r.Host)
	if err == nil {
		if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 1<<16 {
			return host, n
		}
		return host, 0
	}
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return r.Host, a.Port
	}
	if r.TLS != nil {
		return r.Host, 443
	}
	return r.Host, 80
}

func peerOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "local"
	}
	return host
}
