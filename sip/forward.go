package sip

import (
	"bytes"
	"errors"
	"net"
	"net/netip"

	"twinhop/gateway/cluster"
	"twinhop/sip/flows"
	"twinhop/sip/legacy"
	"twinhop/sip/legs"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
	"twinhop/sip/stream"
)

// dress makes the edits that every forwarded request gets on its way out by a leg to a peer: our own Routes and the private headers go, the
// top Via learns where the message came from, Max-Forwards goes down, two Vias are pushed and, when a dialog begins, two Record-Routes.
// The upper of each pair is that of the side it leaves by. hint is the node a dialog belongs to, nil = none.
// It is false when the system has no address toward the peer.
func (w *worker) dress(by *legs.Leg, to netip.Addr, hint *cluster.Node) bool {
	m, e := &w.msg, &w.edits
	near, far := w.self(by, to), w.far
	if !near.IsValid() {
		return false
	}
	e.Reset()
	e.Answerable(m, w.src)
	e.Hop(m)
	upper := seal.Branch{Transaction: w.id, Leg: byte(by.Index), Mark: seal.Attempt(w.attempt)}
	lower := seal.Branch{Transaction: w.id, Leg: byte(w.leg.Index), Mark: seal.New, Loop: w.loopSum(), Flow: w.flow}
	if !m.To.Tag.Empty() {
		lower.Mark = seal.Dialog
	}
	w.pushVia(by, upper, near)
	w.pushVia(w.leg, lower, far)
	if m.To.Tag.Empty() && (m.Method == peek.Invite || m.Method == peek.Subscribe || m.Method == peek.Refer) {
		w.record(by, near, far, hint)
	}
	if m.Method == peek.Register && !w.inside {
		w.path(by, near)
	}
	e.Pop(&m.Routes, w.routes.own)
	if m.Private.LineEnd != 0 {
		e.Cut(peek.Span{From: m.Private.Line, To: m.Private.LineEnd})
	}
	w.tellRemote(!w.inside && w.carries())
	w.length(by)
	return true
}

// length adds a Content-Length where the message has none: on a stream nothing else tells its end (RFC 3261 section 18.3).
func (w *worker) length(by *legs.Leg) {
	if m := &w.msg; by.Stream() && m.ContentLength < 0 {
		w.edits.At(m.HeadEnd).Text("Content-Length: ").Int(m.End - m.Body).EndLine()
	}
}

func (w *worker) pushVia(g *legs.Leg, b seal.Branch, self netip.AddrPort) {
	var text [seal.MaxBranch]byte
	e := w.edits.At(w.msg.Vias.At(0).Line).Text("Via: SIP/2.0/").Text(g.Via()).Text(" ")
	if g.InVia {
		g.Write(e, self)
	} else {
		e.Addr(self)
	}
	e.Text(";branch=").Bytes(w.bond.Append(text[:0], b)).EndLine()
}

// record pushes our two Record-Routes above those that are there; where there are none, below the sender's Via. Both name their transport:
// the two sides may differ, and who is told nothing may guess.
func (w *worker) record(by *legs.Leg, near, far netip.AddrPort, node *cluster.Node) {
	var text [seal.MaxHint]byte
	hint, old := text[:0], node != nil && w.set.OldHint
	switch {
	case old:
	case node != nil:
		hint = w.f.keys.AppendHint(hint, node.Name, w.unusual(), node.Life())
	case w.set.beside(w.src.Addr()):
		hint = w.f.keys.AppendPeer(hint, w.answer)
	}
	m, at := &w.msg, w.msg.Vias.At(0).LineEnd
	if m.RecordRoutes.Count > 0 {
		at = m.RecordRoutes.At(0).Line
	}
	var room [seal.MaxFlow]byte
	token, client := w.token(room[:0]), 1
	if w.inside {
		client = 0
	}
	for i, g := range [...]*legs.Leg{by, w.leg} {
		scheme, safe := "Record-Route: <sip:", g.Secure() && w.isSecure()
		if safe {
			scheme = "Record-Route: <sips:"
		}
		e := w.edits.At(at).Text(scheme)
		g.Write(e, [...]netip.AddrPort{near, far}[i])
		e.Text(";transport=").Text(g.URI(safe)).Text(";lr")
		switch {
		case old:
			legacy.Write(e, w.addressOf(node, by), node.Version)
		case len(hint) > 0:
			e.Text(";").Text(hintParam).Text("=").Bytes(hint)
		}
		if i == client && len(token) > 0 {
			e.Text(";").Text(flows.Param).Text("=").Bytes(token)
		}
		e.Text(">").EndLine()
	}
}

// isSecure tells a request that asks for TLS on its whole way. TLS ends here: the side that has it is named by a sips URI, and the other one
// is what it is (RFC 3261 section 16.6 item 4 has one Record-Route for both).
func (w *worker) isSecure() bool {
	return w.msg.URI.Scheme == peek.SIPS || w.routes.more && w.routes.next.Scheme == peek.SIPS
}

// addressOf is the address of a node that belongs to a dialog whose first request leaves by a leg: on the node's side its transport counts.
func (w *worker) addressOf(n *cluster.Node, by *legs.Leg) netip.AddrPort {
	if w.inside {
		by = w.leg
	}
	to, _ := w.hopLike(n, by)
	if !to.Addr.IsValid() {
		return n.Addr(cluster.SIP).Addr
	}
	return to.Addr
}

// aim makes the edits that lead a request to a node: an address of another node in the next Route or in the Request-URI (one that is dead,
// or that the call was moved away from) becomes its address; our own Request-URI, when no Route follows, too; else a Route is pushed,
// unless the message already names the node.
func (w *worker) aim(n *cluster.Node, to legs.Hop) {
	m, r := &w.msg, &w.routes
	reached := w.routes.strict
	if r.more && r.next.OK && !r.next.Host.Empty() && !r.strict {
		reached = w.readdress(r.next, n, to)
	}
	switch {
	case m.URI.OK && !m.URI.Host.Empty() && w.uriIsUs:
		if !r.more {
			w.edits.Over(m.URI.HostPort()).Addr(to.Addr)
			if v, found := peek.Param(m.Buf, m.URI.Params, "transport"); found && !peek.FoldEqual(m.Text(v), to.URI(m.URI.Scheme == peek.SIPS)) {
				w.cutParam(v) // it was meant for us
			}
			reached = true
		}
	case m.URI.OK && !m.URI.Host.Empty():
		named := w.readdress(m.URI, n, to)
		w.stripMaddr(named)
		reached = reached || named && !r.more
	}
	if reached {
		return
	}
	at := m.Vias.At(0).LineEnd
	if m.Routes.Count > 0 {
		at = m.Routes.At(0).Line
	}
	e := w.edits.At(at).Text("Route: <sip:").Addr(to.Addr)
	if to.Stream() {
		e.Text(";transport=").Text(to.URI(false))
	}
	e.Text(";lr>").EndLine()
}

// stripMaddr takes a maddr out of the Request-URI that led here, and with it the port and the transport that were meant for us, for they are
// not those of the host it names (RFC 3261 section 16.4): the node would send the request back. named: the host and port are a node's.
func (w *worker) stripMaddr(named bool) {
	m, u := &w.msg, w.msg.URI
	if u.Params.Empty() {
		return
	}
	v, found := peek.Param(m.Buf, u.Params, "maddr")
	if !found || v.Empty() || !w.isSelf(v, u) {
		return
	}
	w.cutParam(v)
	if v, found := peek.Param(m.Buf, u.Params, "transport"); found && !v.Empty() {
		w.cutParam(v)
	}
	if !named && !u.PortText.Empty() {
		w.edits.Cut(peek.Span{From: u.Host.To, To: u.PortText.To})
	}
}

// cutParam takes out the parameter of the Request-URI that has this value.
func (w *worker) cutParam(v peek.Span) {
	from := w.msg.URI.Params.From
	w.edits.Cut(peek.Span{From: from + bytes.LastIndexByte(w.msg.Buf[from:v.From], ';'), To: v.To})
}

// readdress puts the node's address into a URI that names another node; it tells whether the URI then names the node.
func (w *worker) readdress(u peek.URI, n *cluster.Node, to legs.Hop) bool {
	switch at := w.nodeAt(w.msg.Text(u.Host), w.portOf(u)); {
	case at == nil:
		return false
	case at.Name != n.Name:
		w.edits.Over(u.HostPort()).Addr(to.Addr)
	}
	return true
}

// long tells that the request is to leave by a stream for its size. The CANCEL of such an INVITE and the ACK of its refusal take its way,
// short as they are (RFC 3261 sections 9.1 and 17.1.1.3).
func (w *worker) long() bool {
	if w.set.UDPLimit <= 0 {
		return false
	}
	own := w.size > w.set.UDPLimit
	switch w.msg.Method {
	case peek.Invite:
		if own {
			w.f.long.add(w.id)
		}
	case peek.Cancel, peek.Ack:
		return own || w.f.long.has(w.id)
	}
	return own
}

// hopTo chooses the node's address that this message goes to, and the leg it leaves by: the first one of the transport that the settings
// ask for, or of any; one of a stream when the message is too long for a datagram. by is nil when no leg reaches the node.
func (w *worker) hopTo(n *cluster.Node) (to legs.Hop, by *legs.Leg) {
	long := w.long()
	for _, a := range n.Addrs(cluster.SIP) {
		h := legs.To(a.Scheme, a.Addr, a.Host)
		g := w.f.legs.Leave(true, h)
		if g == nil {
			continue
		}
		fits := !w.set.chosen || h.Transport == w.set.transport
		if long && h.Stream() || fits && !long {
			return h, g
		}
		if by == nil || fits && by.Transport != w.set.transport {
			to, by = h, g
		}
	}
	return to, by
}

// send applies the edits and queues the message for whoever is at the other end.
func (w *worker) send(by *legs.Leg, to legs.Hop) error {
	if w.f.played != nil {
		w.play(to)
		return nil
	}
	if !by.Stream() {
		w.out = w.edits.Apply(w.box.Room(), &w.msg)
		return w.box.Put(by.Socks[w.shard%len(by.Socks)], w.out, to.Addr)
	}
	w.stretch = w.edits.Apply(w.stretch[:0], &w.msg)
	w.out = w.stretch
	if w.routed && !by.Connected(to) {
		w.hold(&w.f.held, to.Addr)
	}
	return by.Send(w.out, to)
}

// sendBack is send for what goes to where a request came from: by its connection, as long as there is one (RFC 3261 section 18.2.2).
func (w *worker) sendBack(by *legs.Leg, flow uint64, to netip.AddrPort) error {
	h := legs.Hop{Transport: by.Transport, Addr: to}
	if !by.Stream() || w.f.played != nil {
		return w.send(by, h)
	}
	var s *stream.Conn
	if s = w.stream; s == nil || s.ID() != flow || w.leg != by {
		s = by.Streams.Find(flow)
	}
	if s == nil || s.Peer().Addr().Unmap() != to.Addr() {
		return w.send(by, w.byName(h))
	}
	w.stretch = w.edits.Apply(w.stretch[:0], &w.msg)
	w.out = w.stretch
	if err := s.Send(w.out); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return by.Send(w.out, w.byName(h)) // it has just ended
}

// byName is the hop with the name of the node that is there.
func (w *worker) byName(h legs.Hop) legs.Hop {
	if n := w.view.At(h.Addr, cluster.SIP); n != nil && h.Secure() {
		for _, a := range n.Addrs(cluster.SIP) {
			if a.Addr == h.Addr {
				return legs.To(a.Scheme, a.Addr, a.Host)
			}
		}
	}
	return h
}
