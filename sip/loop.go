package sip

import "twinhop/sip/seal"

// loopSum is a check sum of where a request is to go: a request that comes by again with the same one has not been changed on its way, and
// would go on for ever (RFC 3261 section 16.3 item 4). A spiral, which comes back with another target, has another one.
func (w *worker) loopSum() uint16 {
	if !w.summed {
		w.summed = true
		var next []byte
		if w.routes.more {
			next = w.msg.Text(w.routes.next.Span)
		}
		w.sum = w.f.keys.Loop(w.msg.Text(w.msg.URI.Span), next, w.inside)
	}
	return w.sum
}

// loops tells whether we had this request before: one of its Vias is ours and has the same check sum.
func (w *worker) loops() bool {
	m := &w.msg
	if m.Vias.Count < 3 { // a request that was here has our two and its sender's
		return false
	}
	for i := range m.Vias.Stored() {
		v, ok := m.ParseVia(m.Vias.At(i).Span)
		if !ok || !w.f.legs.Self(m.Text(v.Host), w.viaPort(&v)) {
			continue
		}
		if sum, _, ok := seal.Loop(m.Text(v.Branch)); ok && sum == w.loopSum() {
			return true
		}
	}
	return false
}
