package sip

import (
	"bytes"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/jvmroute"
	"twinhop/sip/peek"
)

// Parameters that application servers put into URIs.
const (
	appKeyParam  = "org.mobicents.servlet.sip.applicationsessionkey" // SipApplicationSession.encodeURI; compared without case
	sessionParam = "as"                                              // of the container's own Record-Route
)

// addIdentities adds what the configured sources find in a request from a client, or in one from a node that names its session no other way.
func (w *worker) addIdentities() {
	for i := range w.set.Sources {
		src := &w.set.Sources[i]
		if among(src.Networks, w.src.Addr()) {
			continue
		}
		if v := w.identity(src); len(v) > 0 && !excluded(src, v) {
			w.addApp(v, src.From)
		}
	}
}

func excluded(src *Source, v []byte) bool {
	for _, u := range src.Users {
		if string(v) == u {
			return true
		}
	}
	return src.Pattern != nil && src.Pattern.Match(v)
}

func (w *worker) identity(src *Source) []byte {
	m := &w.msg
	switch src.From {
	case gateway.SourceFromUser:
		return w.user(peek.ParseURI(m.Buf, m.From.Bare))
	case gateway.SourceToUser:
		return w.user(peek.ParseURI(m.Buf, m.To.Bare))
	case gateway.SourceFromAOR:
		return w.aor(peek.ParseURI(m.Buf, m.From.Bare), src)
	case gateway.SourceToAOR:
		return w.aor(peek.ParseURI(m.Buf, m.To.Bare), src)
	case gateway.SourceHeader:
		if s, ok := m.Find(src.Header); ok {
			return m.Text(s)
		}
	case gateway.SourceAppKey:
		return w.appKey(m.URI)
	}
	return nil
}

// maxUser is the longest user part that is a key, in bytes.
const maxUser = 256

// user is the decoded user part of a URI, empty for who does not want to be known.
func (w *worker) user(u peek.URI) []byte {
	if !u.OK || u.User.Len() > maxUser {
		return nil
	}
	v := w.decoded(w.msg.Text(u.User))
	if peek.FoldEqual(v, "anonymous") || peek.FoldEqual(w.msg.Text(u.Host), "anonymous.invalid") {
		return nil
	}
	return v
}

// aor is user@host, the host in lower case. A user that the source excludes is none with a host, either.
func (w *worker) aor(u peek.URI, src *Source) []byte {
	v := w.user(u)
	if len(v) == 0 || u.Host.Len() > maxUser || excluded(src, v) {
		return nil
	}
	from := len(w.scratch)
	w.scratch = append(append(w.scratch, v...), '@')
	for _, c := range w.msg.Text(u.Host) {
		w.scratch = append(w.scratch, peek.Lower(c))
	}
	return w.scratch[from:]
}

// decoded undoes percent encoding once (RFC 3261 section 19.1.4).
func (w *worker) decoded(b []byte) []byte {
	if bytes.IndexByte(b, '%') < 0 {
		return b
	}
	from := len(w.scratch)
	w.scratch = peek.Unescape(w.scratch, b)
	return w.scratch[from:]
}

func (w *worker) addApp(v []byte, s gateway.Source) {
	for _, c := range v {
		if c < ' ' || c == 0x7f {
			return // an encoded control character: nobody's name
		}
	}
	w.ask.Add(appsession.Key{Space: appsession.App, Realm: w.realm(), Value: view(v)}, s)
}

// appKey is the application session key on a URI.
func (w *worker) appKey(u peek.URI) []byte { return w.uriParam(u, appKeyParam) }

func (w *worker) uriParam(u peek.URI, name string) []byte {
	if !u.OK {
		return nil
	}
	if v, ok := peek.Param(w.msg.Buf, u.Params, name); ok && v.Len() <= maxUser {
		return w.decoded(w.msg.Text(v))
	}
	return nil
}

// addNodeIdentities adds the session that a node's request names, first found: the application session key on Request-URI, Contact or the
// Route that led here; the container's own mark; the private header; the configured sources. None: the call stays unlinked, nothing is guessed.
func (w *worker) addNodeIdentities() {
	m := &w.msg
	contact, record := w.first(&m.Contacts), w.first(&m.RecordRoutes)
	for _, v := range [...][]byte{w.appKey(m.URI), w.appKey(contact), w.appKey(w.routes.popped), w.uriParam(record, sessionParam)} {
		if len(v) > 0 {
			w.addApp(v, gateway.SourceAppKey)
			return
		}
	}
	if v := m.Text(m.Private.Span); len(v) > 0 && len(v) <= appsession.MaxValue {
		w.addSession(v)
		return
	}
	w.addIdentities()
}

// first is the URI of a list's first value.
func (w *worker) first(l *peek.List) peek.URI {
	if l.Count == 0 {
		return peek.URI{}
	}
	return w.msg.AddrURI(l.At(0).Span)
}

// addSession adds the private header's value: an HTTP session id when it ends in the route of a node, else an application session.
func (w *worker) addSession(v []byte) {
	d := jvmroute.Dialect{LastDot: w.set.LastDot}
	base, route := d.Split(view(v))
	if route != "" && base != "" && w.view.RouteNode(route) != "" {
		w.ask.Add(appsession.Key{Space: appsession.HTTP, Realm: w.realm(), Value: base}, gateway.SourceNode)
		return
	}
	w.addApp(v, gateway.SourceNode)
}
