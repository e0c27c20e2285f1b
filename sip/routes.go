package sip

import (
	"net/netip"

	"twinhop/sip/legacy"
	"twinhop/sip/legs"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
	"twinhop/sip/self"
)

// hintParam is our parameter in Record-Route URIs; see package seal for its value.
const hintParam = "th"

// routes is what the top of a request's Route says.
type routes struct {
	own      int            // leading values that are ours, to be popped
	popped   peek.URI       // the first of them
	hint     bool           // one of them, or the Request-URI, names a node by our signature
	old      bool           // not by our signature, but as the old balancers wrote it
	node     string         // its name
	gen      uint32         // its incarnation
	pool     []byte         // the pool that the dialog was placed in, when that is not the usual one
	peer     netip.AddrPort // or a peer on the node side by our signature, and by the settings still one
	more     bool           // a foreign value follows
	next     peek.URI       // that value's URI; OK is false when it cannot be read
	loose    bool           // next has lr
	strict   bool           // it had none: the Request-URI has become what it was
	overlong bool           // more of ours than anybody has reason to write
	exit     *legs.Leg      // of a pair of ours: the socket that the second one stands for
	token    bool           // a node's request names a flow to its client
	signed   bool           // and we did so before, for it
	flow     seal.Flow      // that one
}

// readRoutes looks at the Route values and at the Request-URI (a Path or an old client may have put our URI there).
func (w *worker) readRoutes() {
	m := &w.msg
	r := &w.routes
	*r = routes{}
	for i := range m.Routes.Stored() {
		u := m.AddrURI(m.Routes.At(i).Span)
		if !w.ours(u) && !w.leadsHere(u) {
			r.more, r.next = true, u
			_, r.loose = peek.Param(m.Buf, u.Params, "lr")
			break
		}
		if r.own == 2 && w.leadsOn(i) {
			r.more, r.next, r.loose = true, u, true
			break
		}
		w.readToken(u)
		if r.own++; r.own == 1 {
			r.popped = u
		} else if t, ok := w.asks(u); ok {
			r.exit = w.f.legs.Of(m.Text(u.Host), w.portOf(u), t)
			if r.exit == nil && t == legs.WS && u.Port == 0 {
				r.exit = w.f.legs.Of(m.Text(u.Host), legs.WSS.DefaultPort(), t)
			}
		}
	}
	r.overlong = !r.more && r.own < m.Routes.Count
	if w.uriIsUs = w.ours(m.URI); w.uriIsUs {
		w.readToken(m.URI)
	}
	w.uriName = !w.uriIsUs && w.alias(m.URI) == self.Name
	w.uriHint = w.uriIsUs && w.signed(m.URI)
	if !w.inside && !r.hint {
		w.readOld(m.URI)
	}
}

// asks reads the transport that a URI asks for.
func (w *worker) asks(u peek.URI) (legs.Transport, bool) {
	word, given := peek.Param(w.msg.Buf, u.Params, "transport")
	return legs.Asked(w.msg.Text(word), given, u.Scheme == peek.SIPS)
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
		r.hint, r.old, r.node, r.gen, r.pool, r.peer = uri.hint, uri.old, uri.node, uri.gen, uri.pool, uri.peer
	}
	if r := &w.routes; !r.token {
		r.token, r.signed, r.flow = uri.token, uri.signed, uri.flow
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

// signed tells whether a URI of ours is one of our Record-Routes: it has our parameter, or an old hint and lr.
func (w *worker) signed(u peek.URI) bool {
	if v, found := peek.Param(w.msg.Buf, u.Params, hintParam); found {
		return w.hints.Read(w.f.keys, w.msg.Text(v)) != nil
	}
	return w.recorded(u)
}

// recorded tells whether a URI looks like a Record-Route of an old balancer, and names a node.
func (w *worker) recorded(u peek.URI) bool {
	if u.Params.Empty() || !u.User.Empty() || !w.readOld(u) {
		return false
	}
	_, lr := peek.Param(w.msg.Buf, u.Params, "lr")
	return lr
}

// readOld takes the hint of an old balancer, which anybody can write, from a URI. It counts only when it names exactly the address of a node
// that we know, of that version.
func (w *worker) readOld(u peek.URI) bool {
	h, ok := legacy.Read(w.msg.Buf, u.Params)
	if !ok {
		return false
	}
	n := w.nodeAt(h.Host, h.Port)
	if n == nil || !h.Fits(n.Version) {
		return false
	}
	if r := &w.routes; !r.hint && !r.peer.IsValid() {
		r.hint, r.old, r.node, r.gen = true, true, n.Name, 0
	}
	return true
}

// leadsHere tells whether a Route that is none of our addresses stands for the gateway all the same: an alias, or what another old balancer
// of these nodes recorded. Nodes may have dealings with others, who call their nodes alike.
func (w *worker) leadsHere(u peek.URI) bool {
	if !u.OK || u.Host.Empty() {
		return false
	}
	if w.alias(u) != self.None {
		w.readOld(u)
		return true
	}
	return !w.inside && w.recorded(u)
}

// alias tells by what alias of ours a URI goes. What is the address of a node is none.
func (w *worker) alias(u peek.URI) self.Kind {
	if len(w.f.Aliases) == 0 || !u.OK || u.Host.Empty() {
		return self.None
	}
	host, port := w.msg.Text(u.Host), w.portOf(u)
	k := w.f.legs.Alias(host, port)
	if k != self.None && w.nodeAt(host, port) != nil {
		return self.None
	}
	return k
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
	if !w.isSelf(u.Host, u) {
		return false
	}
	w.readOld(u)
	return true
}

func (w *worker) keepHint(h *seal.Hint) {
	r := &w.routes
	switch {
	case len(h.Node) > 0:
		r.hint, r.node, r.gen, r.pool = true, view(h.Node), h.Gen, h.Pool
	case w.set.beside(h.Peer.Addr()):
		r.peer = h.Peer
	}
}

// isSelf tells whether a host, at the port that a URI names or means, is ours. A sip URI by WebSocket without a port may mean either kind.
func (w *worker) isSelf(at peek.Span, u peek.URI) bool {
	host := w.msg.Text(at)
	if w.f.legs.Self(host, w.portOf(u)) {
		return true
	}
	if u.Port != 0 {
		return false
	}
	t, _ := w.asks(u)
	return t == legs.WS && w.f.legs.Self(host, legs.WSS.DefaultPort())
}

// portOf is the port that a URI names, or means (RFC 3261 section 19.1.2, RFC 7118 section 5.3).
func (w *worker) portOf(u peek.URI) uint16 {
	if u.Port != 0 {
		return uint16(u.Port)
	}
	t, _ := w.asks(u)
	return t.DefaultPort()
}
