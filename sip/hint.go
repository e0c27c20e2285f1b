package sip

import (
	"encoding/base64"
	"encoding/binary"
	"net/netip"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

// hintParam is our parameter in Record-Route URIs. Its value is opaque to everybody else: incarnation, signature, node name.
const hintParam = "th"

const (
	peerSign = '='
	hintHead = 4 + 8
	maxHint  = 120 // bytes of its text; node names are up to 64
)

// appendHint writes the parameter's value for a node: signature, incarnation, name. A peer on the node side that is no node has its
// address, behind a sign that no name begins with.
func (k *keys) appendHint(out []byte, n *cluster.Node, peer netip.AddrPort) []byte {
	var raw [hintHead + 96]byte
	b := raw[:hintHead]
	if n != nil {
		binary.BigEndian.PutUint32(raw[8:], n.Gen)
		b = append(b, n.Name...)
	} else {
		b = peer.AppendTo(append(b, peerSign))
	}
	binary.BigEndian.PutUint64(b, k.hint[0].hash(b[8:]))
	return base64.RawURLEncoding.AppendEncode(out, b)
}

// readHint appends what the text holds to scratch, and gives the node's name. ok is false unless we signed it.
func (k *keys) readHint(scratch, text []byte) (name []byte, gen uint32, ok bool) {
	if len(text) > maxHint || base64.RawURLEncoding.DecodedLen(len(text)) <= hintHead {
		return nil, 0, false
	}
	raw, err := base64.RawURLEncoding.AppendDecode(scratch, text)
	if err != nil {
		return nil, 0, false
	}
	raw = raw[len(scratch):]
	for g := range k.generations {
		if k.hint[g].hash(raw[8:]) == binary.BigEndian.Uint64(raw) {
			return raw[hintHead:], binary.BigEndian.Uint32(raw[8:]), true
		}
	}
	return nil, 0, false
}

// routes is what the top of a request's Route says.
type routes struct {
	own      int            // leading values that are ours, to be popped
	popped   peek.URI       // the first of them
	hint     bool           // one of them, or the Request-URI, names a node by our signature
	node     []byte         // its name
	gen      uint32         // its incarnation
	peer     netip.AddrPort // or a peer on the node side by our signature, and by the settings still one
	more     bool           // a foreign value follows
	next     peek.URI       // that value's URI; OK is false when it cannot be read
	overlong bool           // more of ours than anybody has reason to write
	exit     *leg           // of a pair of ours: the socket that the second one stands for
}

// readRoutes looks at the Route values and at the Request-URI (a Path or an old client may have put our URI there).
func (w *worker) readRoutes() {
	m := &w.msg
	r := &w.routes
	*r = routes{}
	for i := range m.Routes.Stored() {
		u := peek.AddrURI(m.Buf, m.Routes.At(i).Span)
		if !w.ours(u) {
			r.more, r.next = true, u
			break
		}
		if r.own++; r.own == 1 {
			r.popped = u
		} else {
			r.exit = w.f.legOf(m.Text(u.Host), portOf(u))
		}
	}
	r.overlong = !r.more && r.own < m.Routes.Count
	w.uriIsUs = w.ours(m.URI)
	w.uriIsRecorded = w.uriIsUs && w.signed(m.URI)
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
	a, ok := peek.ParseAddr(m.Buf, v.Span)
	if !ok {
		return false
	}
	e.Reset()
	e.Over(m.URI.Span).Bytes(m.Text(a.Bare))
	if last > 0 && m.Routes.At(last-1).Line == v.Line {
		e.Cut(peek.Span{From: m.Routes.At(last - 1).To, To: v.To})
	} else {
		e.Cut(peek.Span{From: v.Line, To: v.LineEnd})
	}
	w.loose = e.Apply(w.loose[:0], m)
	if m.Scan(w.loose) != peek.OK {
		return false
	}
	uri := w.routes
	if w.readRoutes(); !w.routes.hint && !w.routes.peer.IsValid() {
		w.routes.hint, w.routes.node, w.routes.gen, w.routes.peer = uri.hint, uri.node, uri.gen, uri.peer
	}
	return true
}

// signed tells whether a URI has our parameter, from us.
func (w *worker) signed(u peek.URI) bool {
	v, found := peek.Param(w.msg.Buf, u.Params, hintParam)
	if !found || v.Empty() {
		return false
	}
	_, _, ok := w.f.keys.readHint(w.scratch[len(w.scratch):], w.msg.Text(v))
	return ok
}

// ours tells whether a URI stands for this gateway: by our signature or by one of our addresses. The first signature found counts as hint.
func (w *worker) ours(u peek.URI) bool {
	if !u.OK || u.Host.Empty() {
		return false
	}
	if v, found := peek.Param(w.msg.Buf, u.Params, hintParam); found && !v.Empty() {
		if name, gen, ok := w.f.keys.readHint(w.scratch, w.msg.Text(v)); ok {
			if !w.routes.hint && !w.routes.peer.IsValid() {
				w.keepHint(name, gen)
			}
			return true
		}
	}
	return w.f.isSelf(w.msg.Text(u.Host), portOf(u))
}

func (w *worker) keepHint(name []byte, gen uint32) {
	r := &w.routes
	if len(name) == 0 || name[0] != peerSign {
		r.hint, r.node, r.gen = true, name, gen
		w.scratch = w.scratch[:len(w.scratch)+hintHead+len(name)]
		return
	}
	if p, err := netip.ParseAddrPort(string(name[1:])); err == nil && among(w.set.Extra, p.Addr()) {
		r.peer = p
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

// isSelf tells whether host:port is one of our sockets, as bound or as advertised.
func (f *Front) isSelf(host []byte, port uint16) bool { return f.legOf(host, port) != nil }

// legOf is the first of our sockets that host:port stands for.
func (f *Front) legOf(host []byte, port uint16) *leg {
	ip, literal := peek.ParseIP(host)
	for _, g := range f.legs {
		if literal && g.is(ip, port) || !literal && port == g.port && g.host != "" && foldEqual(host, g.host) {
			return g
		}
	}
	return nil
}

// foldEqual compares ASCII without case and without allocating.
func foldEqual(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if lower(c) != lower(s[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
