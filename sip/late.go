package sip

import (
	"cmp"
	"sync/atomic"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

// latecomers remembers the dialogs that nodes began which could not be used at that moment: one that was held up, is taken for dead and goes on
// answers calls that have moved on meanwhile. Only a probe makes it usable again, and that takes its time; but the ACK has to go to whoever
// accepted, and no other node knows what to do with it, nor with the PRACK of an answer above 100. Everything else in the dialog may be
// answered by a survivor.
type latecomers struct {
	any  atomic.Bool
	seen recent
}

// recent remembers the latest of some hashes, as many as there is room for.
type recent [1 << 13]atomic.Uint64

func (r *recent) add(id uint64) { r[id%uint64(len(r))].Store(id) }

func (r *recent) has(id uint64) bool { return r[id%uint64(len(r))].Load() == id }

// vouch notes that a node that cannot be used has begun a dialog, and has it looked at.
func (w *worker) vouch(n *cluster.Node) {
	if n == nil || w.usable(n) {
		return
	}
	w.f.late.seen.add(w.dialog(n))
	w.f.late.any.Store(true)
	if report := w.f.Router.Report; report != nil {
		report(n, cluster.SIP, cluster.Answered)
	}
}

// vouched forwards an ACK or PRACK to the node that spoke last, though it cannot be used; false: it goes its way.
func (w *worker) vouched() bool {
	r := &w.routes
	if !r.hint || !w.f.late.any.Load() {
		return false
	}
	n := cmp.Or(w.view.Named(r.node), w.f.gone.Named(r.node))
	if n == nil || n.Life() != 0 && r.gen != 0 && n.Life() != r.gen || w.usable(n) || !w.f.late.seen.has(w.dialog(n)) {
		return false
	}
	_, err := w.deliver(n)
	return err == nil
}

// dialog names a dialog on a node.
func (w *worker) dialog(n *cluster.Node) uint64 {
	m := &w.msg
	b := w.scratch[len(w.scratch):]
	for _, s := range [...]peek.Span{m.CallID, m.From.Tag, m.To.Tag} {
		b = append(append(b, m.Text(s)...), 0)
	}
	return w.f.keys.Transaction(append(b, n.Name...))
}
