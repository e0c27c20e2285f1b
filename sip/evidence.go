package sip

import (
	"net/netip"
	"slices"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/jvmroute"
	"twinhop/sip/identity"
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
		if slices.ContainsFunc(src.Networks, func(p netip.Prefix) bool { return p.Contains(w.src.Addr()) }) {
			continue
		}
		r := identity.Reader{Message: &w.msg, Room: w.scratch}
		if v := r.Find(src); len(v) > 0 {
			w.addApp(v, src.From)
		}
		w.scratch = r.Room
	}
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
	r := identity.Reader{Message: &w.msg, Room: w.scratch}
	v := r.Param(u, name)
	w.scratch = r.Room
	return v
}

// addKey adds the application session that a client's request names in a URI which a SIP servlet made: the Request-URI, else the Route that
// led here.
func (w *worker) addKey() {
	v := w.appKey(w.msg.URI)
	if len(v) == 0 {
		v = w.appKey(w.routes.popped)
	}
	if len(v) > 0 {
		w.addApp(v, gateway.SourceAppKey)
	}
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
