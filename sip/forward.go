package sip

import (
	"net/netip"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

// dress makes the edits that every forwarded request gets on its way out by a leg to a peer: our own Routes and the private header go, the
// top Via learns where the message came from, Max-Forwards goes down, two Vias are pushed and, when a dialog begins, two Record-Routes.
// The upper of each pair is that of the side it leaves by. hint is the node a dialog belongs to, nil = none.
// It is false when the system has no address toward the peer.
func (w *worker) dress(by *leg, to netip.Addr, hint *cluster.Node) bool {
	m, e := &w.msg, &w.edits
	near, far := w.self(by, to), w.far
	if !near.IsValid() {
		return false
	}
	e.Reset()
	e.Answerable(m, w.src)
	e.Hop(m)
	w.pushVia(branch{w.id, byte(by.index), markTop}, near)
	mark := byte(markNew)
	if !m.To.Tag.Empty() {
		mark = markDialog
	}
	w.pushVia(branch{w.id, byte(w.leg.index), mark}, far)
	if m.To.Tag.Empty() && (m.Method == peek.Invite || m.Method == peek.Subscribe || m.Method == peek.Refer) {
		w.pushRecordRoute(by, near, hint)
		w.pushRecordRoute(w.leg, far, hint)
	}
	e.Pop(&m.Routes, w.routes.own)
	if m.Private.LineEnd != 0 {
		e.Cut(peek.Span{From: m.Private.Line, To: m.Private.LineEnd})
	}
	return true
}

func (w *worker) pushVia(b branch, self netip.AddrPort) {
	var text [branchLen]byte
	w.edits.At(w.msg.Vias.At(0).Line).Text("Via: SIP/2.0/UDP ").Addr(self).
		Text(";branch=").Bytes(w.f.keys.appendBranch(text[:0], b, w.answer, w.msg.Text(w.msg.CallID))).EndLine()
}

// pushRecordRoute puts ours above those that are there; where there are none, below the sender's Via.
func (w *worker) pushRecordRoute(g *leg, self netip.AddrPort, hint *cluster.Node) {
	m, at := &w.msg, w.msg.Vias.At(0).LineEnd
	if m.RecordRoutes.Count > 0 {
		at = m.RecordRoutes.At(0).Line
	}
	e := w.edits.At(at).Text("Record-Route: <sip:")
	switch {
	case g.hostIP.IsValid():
		e.Addr(netip.AddrPortFrom(g.hostIP, g.port))
	case g.host != "":
		e.Text(g.host).Text(":").Int(int(g.port))
	default:
		e.Addr(netip.AddrPortFrom(self.Addr(), g.port))
	}
	e.Text(";lr")
	if hint != nil || among(w.set.Extra, w.src.Addr()) {
		var text [maxHint + 32]byte
		e.Text(";").Text(hintParam).Text("=").Bytes(w.f.keys.appendHint(text[:0], hint, w.src))
	}
	e.Text(">").EndLine()
}

// aim makes the edits that lead a request to a node: an address of another node in the next Route or in the Request-URI (one that is dead,
// or that the call was moved away from) becomes its address; our own Request-URI, when no Route follows, too; else a Route is pushed,
// unless the message already names the node.
func (w *worker) aim(n *cluster.Node) {
	m, r, to := &w.msg, &w.routes, n.Addr(cluster.SIP).Addr
	reached := false
	if r.more && r.next.OK && !r.next.Host.Empty() {
		reached = w.readdress(r.next, n, to)
	}
	switch {
	case m.URI.OK && !m.URI.Host.Empty() && w.uriIsUs:
		if !r.more {
			w.edits.Over(m.URI.HostPort()).Addr(to)
			reached = true
		}
	case m.URI.OK && !m.URI.Host.Empty():
		named := w.readdress(m.URI, n, to)
		reached = reached || named && !r.more
	}
	if reached {
		return
	}
	at := m.Vias.At(0).LineEnd
	if m.Routes.Count > 0 {
		at = m.Routes.At(0).Line
	}
	w.edits.At(at).Text("Route: <sip:").Addr(to).Text(";lr>").EndLine()
}

// readdress puts the node's address into a URI that names another node; it tells whether the URI then names the node.
func (w *worker) readdress(u peek.URI, n *cluster.Node, to netip.AddrPort) bool {
	switch at := w.nodeAt(w.msg.Text(u.Host), portOf(u)); {
	case at == nil:
		return false
	case at.Name != n.Name:
		w.edits.Over(u.HostPort()).Addr(to)
	}
	return true
}

// send applies the edits and writes the message.
func (w *worker) send(by *leg, to netip.AddrPort) error {
	w.out = w.edits.Apply(w.out[:0], &w.msg)
	return by.sock.Send(w.out, to)
}
