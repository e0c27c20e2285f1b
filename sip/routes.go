package sip

import (
	"net/netip"

	"twinhop/sip/peek"
	"twinhop/sip/seal"
)

// hintParam is our parameter in Record-Route URIs; see package seal for its value.
const hintParam = "th"

// routes is what the top of a request's Route says.
type routes struct {
	own      int            // leading values that are ours, to be popped
	popped   peek.URI       // the first of them
	hint     bool           // one of them, or the Request-URI, names a node by our signature
	node     []byte         // its name
	gen      uint32         // its incarnation
	pool     []byte         // the pool that the dialog was placed in, when that is not the usual one
	peer     netip.AddrPort // or a peer on the node side by our signature, and by the settings still one
	more     bool           // a foreign value follows
	next     peek.URI       // that value's URI; OK is false when it cannot be read
	loose    bool           // next has lr
	strict   bool           // it had none: the Request-URI has become what it was
	overlong bool           // more of ours than anybody has reason to write
	exit     *leg           // of a pair of ours: the socket that the second one stands for
}

// readRoutes looks at the Route values and at the Request-URI (a Path or an old client may have put our URI there).
func (w *worker) readRoutes() {
	m := &w.msg
	r := &w.routes
	*r = routes{}
	for i := range m.Routes.Stored() {
		u := m.AddrURI(m.Routes.At(i).Span)
		if !w.ours(u) {
			r.more, r.next = true, u
			_, r.loose = peek.Param(m.Buf, u.Params, "lr")
			break
		}
		if r.own++; r.own == 1 {
			r.popped = u
		} else if t, ok := w.transportOf(u); ok {
			r.exit = w.f.legOf(m.Text(u.Host), portOf(u), t)
		}
	}
	r.overlong = !r.more && r.own < m.Routes.Count
	w.uriIsUs = w.ours(m.URI)
	w.uriHint = w.uriIsUs && w.signed(m.URI)
}

// transportOf is the transport a URI asks for; without one it is UDP.
func (w *worker) transportOf(u peek.URI) (transport, bool) {
	word, found := peek.Param(w.msg.Buf, u.Params, "transport")
	if !found {
		return udp, true
	}
	return transportOf(w.msg.Text(word))
}

// loosen undoes what a strict router did (RFC 3261 section 16.4): the last Route value is the Request-URI in truth. It is false when that
// cannot be read.
func (w *worker) loosen() bool {
	m, e := &w.msg, &w.edits
	last := m.Routes.Count - 1
	if last >= m.Routes.Stored() {
		return false
	}
	v := m.Routes.At(last)
	a, ok := m.ParseAddr(v.Span)
	if !ok {
		return false
	}
	e.Reset()
	e.Over(m.URI.Span).Bytes(m.Text(a.Bare))
	w.cutRoute(last)
	uri := w.routes
	if !w.reread() {
		return false
	}
	if r := &w.routes; !r.hint && !r.peer.IsValid() {
		r.hint, r.node, r.gen, r.pool, r.peer = uri.hint, uri.node, uri.gen, uri.pool, uri.peer
	}
	return true
}

// tighten gives a request the form a strict router wants (RFC 3261 section 16.6 item 6): its URI becomes the Request-URI, which goes to the
// end of the Route. It is false when that cannot be done.
func (w *worker) tighten() bool {
	m, e := &w.msg, &w.edits
	at := w.routes.own
	if !w.routes.next.OK || at >= m.Routes.Stored() || m.Routes.Count > m.Routes.Stored() {
		return false
	}
	last := m.Routes.At(m.Routes.Count - 1)
	e.Reset()
	e.Over(m.URI.Span).Bytes(m.Text(w.routes.next.Span))
	e.At(last.LineEnd).Text("Route: <").Bytes(m.Text(m.URI.Span)).Text(">").EndLine()
	w.cutRoute(at)
	if !w.reread() {
		return false
	}
	w.routes.strict = true
	return true
}

// cutRoute takes one Route value out.
func (w *worker) cutRoute(i int) {
	m, v := &w.msg, w.msg.Routes.At(i)
	switch {
	case v.Next != 0:
		w.edits.Cut(peek.Span{From: v.From, To: v.Next})
	case i > 0 && m.Routes.At(i-1).Line == v.Line:
		w.edits.Cut(peek.Span{From: m.Routes.At(i - 1).To, To: v.To})
	default:
		w.edits.Cut(peek.Span{From: v.Line, To: v.LineEnd})
	}
}

// reread makes the edited message the one at hand.
func (w *worker) reread() bool {
	next := w.edits.Apply(w.spare[:0], &w.msg)
	w.spare, w.loose = w.loose, next                              // the message at hand may itself stand in loose
	if r := w.msg.Scan(next); r != peek.OK && r != peek.BodyCut { // of a pending INVITE only the head may be kept
		return false
	}
	w.readRoutes()
	return true
}

// signed tells whether a URI has our parameter, from us.
func (w *worker) signed(u peek.URI) bool {
	v, found := peek.Param(w.msg.Buf, u.Params, hintParam)
	return found && w.hints.Read(w.f.keys, w.msg.Text(v)) != nil
}

// ours tells whether a URI stands for this gateway: by our signature or by one of our addresses. The first signature found counts as hint.
func (w *worker) ours(u peek.URI) bool {
	if !u.OK || u.Host.Empty() {
		return false
	}
	if v, found := peek.Param(w.msg.Buf, u.Params, hintParam); found {
		if h := w.hints.Read(w.f.keys, w.msg.Text(v)); h != nil {
			if r := &w.routes; !r.hint && !r.peer.IsValid() {
				w.keepHint(h)
			}
			return true
		}
	}
	return w.f.isSelf(w.msg.Text(u.Host), portOf(u))
}

func (w *worker) keepHint(h *seal.Hint) {
	r := &w.routes
	switch {
	case len(h.Node) > 0:
		r.hint, r.node, r.gen, r.pool = true, h.Node, h.Gen, h.Pool
	case among(w.set.Extra, h.Peer.Addr()):
		r.peer = h.Peer
	}
}

func portOf(u peek.URI) uint16 {
	switch {
	case u.Port != 0:
		return uint16(u.Port)
	case u.Scheme == peek.SIPS:
		return defaultPort + 1
	}
	return defaultPort
}
