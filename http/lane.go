package http

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"twinhop/http/framing"
	"twinhop/http/head"
	"twinhop/http/hop"
	"twinhop/http/upload"
)

// A lane is the client's side of one request: the way in that the rest of the
// front does not know: over net/http, or the short one of package lean.
type lane interface {
	// Answer sends a head; below 200 it is an informational one and more
	// follow. length -1: not known. fields are end-to-end ones.
	Answer(status int, fields *head.Fields, length int64)
	Write(p []byte) (int, error)
	Flush() error
	// Trailer is called once after the body, if at all.
	Trailer(fields *head.Fields)
	// Hijack hands over the connection; what the client sent already is in
	// the reader.
	Hijack() (net.Conn, *bufio.Reader, error)
}

// smallBody is what is read into memory before a node is asked: such a request
// goes out in one piece, and may go out again.
const smallBody = 16 << 10

// netLane is the lane over net/http's server.
type netLane struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	// last closes the connection after the answer. net/http lets a request
	// with both Transfer-Encoding and Content-Length pass and hides that it
	// had both; RFC 9112 section 6.1 wants such a connection closed. So a
	// chunked request is the last of its connection unless package framing saw
	// all that came, which it cannot by TLS. So is one of HTTP/1.0, from which
	// net/http removes a Transfer-Encoding without a word.
	last bool
	// body is what the client sends; where it was not read to its end, nobody
	// knows where the next request begins.
	body *upload.Body
	// stall is how long the client may take to make room for what is written;
	// noted is when that time last began.
	stall time.Duration
	noted time.Time
}

// extend gives the client its full time again. net/http starts the time with
// the request (WriteTimeout); a long answer or a late one needs more, but not a
// system call for each piece.
func (l *netLane) extend() {
	if l.rc == nil {
		return // the request came the short way, which sees to it itself
	}
	if now := time.Now(); now.Sub(l.noted) > l.stall/16 {
		l.noted = now
		l.rc.SetWriteDeadline(now.Add(l.stall))
	}
}

func (l *netLane) Answer(status int, fields *head.Fields, length int64) {
	h := l.w.Header()
	values := make([]string, 0, fields.Len()) // one array for all values
	for f := range fields.All() {
		name := http.CanonicalHeaderKey(f.Name)
		values = append(values, f.Value)
		if old, ok := h[name]; ok {
			h[name] = append(old, f.Value)
		} else {
			h[name] = values[len(values)-1 : len(values) : len(values)]
		}
	}
	if status < 200 {
		l.w.WriteHeader(status)
		clear(h)
		return
	}
	l.extend()
	if l.last || l.body != nil && l.body.Stopped() {
		h["Connection"] = closing
	}
	if length >= 0 {
		h["Content-Length"] = []string{formatInt(length)}
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // net/http must not guess
	}
	l.w.WriteHeader(status)
}

var closing = []string{"close"}

func (l *netLane) Write(p []byte) (int, error) {
	l.extend()
	return l.w.Write(p)
}

func (l *netLane) Flush() error { return l.rc.Flush() }

func (l *netLane) Trailer(fields *head.Fields) {
	l.Flush() // else net/http gives a short answer a length, and it ends without them
	for f := range fields.All() {
		l.w.Header().Add(http.TrailerPrefix+http.CanonicalHeaderKey(f.Name), f.Value)
	}
}

func (l *netLane) Hijack() (net.Conn, *bufio.Reader, error) {
	c, rw, err := l.rc.Hijack()
	if err != nil {
		return nil, nil, err
	}
	return c, rw.Reader, nil
}

// receive turns r into x.req. It returns a status other than 0 for a request
// that is not to be served.
func (x *visit) receive(r *http.Request) int {
	q := &x.req
	q.Method, q.Host = r.Method, r.Host
	switch {
	case r.Method == http.MethodConnect, r.Method == http.MethodTrace && !x.s.Trace:
		x.net.last = true // what follows a CONNECT was meant for a tunnel, it is no request
		return statusMethod
	case len(r.RequestURI) > x.s.maxTarget():
		return statusTarget
	}
	x.names = x.names[:0]
	n := 0
	for name, values := range r.Header {
		x.names = append(x.names, name)
		n += len(values)
	}
	if n > x.s.maxFields() {
		return statusFields
	}
	slices.Sort(x.names) // net/http has lost the order; a stable one serves readers and tests
	q.Target, x.rawPath, x.query = head.SplitTarget(r.RequestURI)
	q.Peer.Remote, _ = netip.ParseAddrPort(r.RemoteAddr)
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		q.Peer.Local = a.AddrPort()
	}
	q.Peer.TLS = r.TLS
	x.net.last = !r.ProtoAtLeast(1, 1)
	if r.ProtoAtLeast(1, 1) { // RFC 9110 section 15.2: HTTP/1.0 has no informational answers
		if x.informs == nil {
			x.informs = x.inform
		}
		q.Inform = x.informs
	}
	connection := r.Header["Connection"]
	if hop.Options(connection) > hop.MaxOptions {
		return statusFields
	}
	for _, name := range x.names {
		if hop.ByHop(name) || hop.Own(name) || name == "Content-Length" || name == "Expect" ||
			len(connection) > 0 && hop.Named(connection, name) {
			continue
		}
		for _, v := range r.Header[name] {
			q.Fields.Add(name, v)
		}
	}
	if q.Host == "" { // HTTP/1.0 need not name one, but we must
		q.Host = q.Peer.Local.String()
	}
	if r.ContentLength != 0 {
		x.receiveBody(r)
	} else if r.ProtoAtLeast(1, 1) { // RFC 9110 section 7.8: not for HTTP/1.0
		q.Upgrade = hop.Upgrade(r.Header)
	}
	return 0
}

// receiveBody makes the body of r ready to be read.
func (x *visit) receiveBody(r *http.Request) {
	q := &x.req
	q.Length = r.ContentLength
	q.Expect = r.ProtoAtLeast(1, 1) && r.Header.Get("Expect") != ""
	x.net.last = x.net.last || q.Length < 0 && r.ProtoMajor == 1 && !plain(r)
	x.net.body = &x.client
	x.client = upload.Body{From: r.Body, Writer: x.net.w, Control: x.net.rc, Stall: x.s.bodyStall(), Paced: r.ContentLength > 0, Expects: q.Expect}
}

// plain tells whether it is certain that the request says in one way where its
// body ends.
func plain(r *http.Request) bool {
	c := framing.Of(r.Context())
	return c != nil && c.Plain()
}

// takeBody makes the body ready to be sent: a small one is read into memory,
// any other streams.
func (x *visit) takeBody() error {
	switch q := &x.req; {
	case q.Length == 0 || x.body != nil:
		return nil
	case q.Length < 0 || q.Length > smallBody || q.Expect:
		x.body = &x.client
		return x.net.rc.EnableFullDuplex()
	default:
		if x.small == nil {
			x.small = new([smallBody]byte)
		}
		if _, err := io.ReadFull(&x.client, x.small[:q.Length]); err != nil {
			return &head.BodyError{Err: err}
		}
		x.whole.Reset(x.small[:q.Length])
		x.body = &x.whole
		return nil
	}
}
