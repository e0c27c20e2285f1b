package sip

import (
	"bytes"
	"net/netip"
	"slices"

	"twinhop/gateway/cluster"
	"twinhop/sip/answers"
	"twinhop/sip/gone"
	"twinhop/sip/guard"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
)

// limits are what keeps one sender, and all of them together, from costing too much.
type limits struct {
	sources  guard.Sources
	gate     guard.Gate
	refusals guard.Refusals
	scanners guard.Scanners
}

func (l *limits) apply(s *Settings) {
	l.sources.Apply(s.Rates)
	l.gate.Apply(s.Transactions)
	l.refusals.Apply(s.Refusals)
	l.scanners.Apply(s.Scanners)
}

// admitted tells whether a message may be looked at: its source keeps to its rate, or is trusted, or is a node.
func (w *worker) admitted() bool {
	v := w.f.limits.sources.Take(w.clock(), w.src.Addr())
	if v == guard.Pass {
		return true
	}
	if w.f.knows(w.src.Addr()) {
		return true
	}
	if v == guard.Caught {
		w.f.banned.Do(func() { w.f.log.Warn("source banned", "source", w.src.Addr(), "for", w.set.Rates.Ban) })
	}
	return false
}

// knows tells sources that limits of single ones are not for: those that the operator trusts, and the hosts of nodes.
func (f *Front) knows(ip netip.Addr) bool {
	return f.settings.Load().trusted.Contains(ip) || slices.ContainsFunc(f.Router.Views().Nodes, func(n *cluster.Node) bool {
		return slices.ContainsFunc(n.Addrs(cluster.SIP), func(a cluster.Address) bool { return a.Addr.Addr() == ip })
	})
}

// welcome tells whether a request of a client that can be read is served. Scanners hear nothing. Of what begins something new the less
// important is refused first when there is more than can be served.
func (w *worker) welcome() bool {
	if w.scans() {
		w.f.Metrics.Shed(scanner)
		return false
	}
	c := w.class()
	if c == guard.Never || w.again || w.set.trusted.Contains(w.src.Addr()) || w.f.limits.gate.Admit(w.clock(), c) {
		return true
	}
	if c == guard.Invite && (w.counted() || w.isPending(pending.Branch{Key: pending.Key(w.id)})) {
		return true // it was let in before: what begins a call and is then refused rings all the same
	}
	w.f.Metrics.Shed(overload[c])
	w.reply(answers.BusyNow)
	return false
}

// scans tells whether a client says that it is a scanner: in its User-Agent, or, in what belongs to no call yet, in From or To.
func (w *worker) scans() bool {
	m := &w.msg
	if _, found := w.f.limits.scanners.Match(m.Text(m.UserAgent)); found {
		return true
	}
	return m.To.Tag.Empty() && (w.named(&m.From) || w.named(&m.To)) && !w.counted()
}

// named tells whether a scanner's word stands in a display name, or in a URI behind its scheme.
func (w *worker) named(a *peek.Addr) bool {
	s, uri := &w.f.limits.scanners, w.msg.Text(a.Bare)
	return s.Named(uri[bytes.IndexByte(uri, ':')+1:]) || s.Named(w.msg.Buf[a.From:a.Bare.From])
}

func (w *worker) class() guard.Class {
	m := &w.msg
	if !m.To.Tag.Empty() {
		return guard.Never
	}
	switch m.Method {
	case peek.Ack, peek.Bye, peek.Cancel, peek.Prack, peek.Update, peek.Info:
		return guard.Never
	case peek.Options:
		return guard.Probe
	case peek.Register:
		return guard.Register
	case peek.Invite:
		return guard.Invite
	}
	return guard.Message
}

// mayRefuse tells whether an answer of our own may leave: errors are counted for each source, so that nobody can have us flood another under
// whose address he sends.
func (w *worker) mayRefuse(s answers.Status) bool {
	if s.Code < 300 || w.inside || w.leg.Inside || w.set.trusted.Contains(w.src.Addr()) {
		return true
	}
	if w.f.limits.refusals.Take(w.clock(), w.src.Addr()) {
		return true
	}
	w.f.Metrics.Shed(tooManyRefusals)
	return false
}

// watchNodes tells the table of pending INVITEs about nodes that went down or left since it was last called, and ends connections to those
// that left a while ago.
func (f *Front) watchNodes(w *worker, down map[string]bool) {
	v := f.Router.Views()
	left, cold := f.gone.Watch(v, w.clock())
	fresh := len(left) > 0
	for _, n := range left {
		delete(down, n.Name)
	}
	for _, n := range v.Nodes {
		lost := n.Health(cluster.SIP) == cluster.Down
		fresh = fresh || lost && !down[n.Name]
		down[n.Name] = lost
	}
	if fresh {
		f.pending.Down(w.clock(), w, func(n *cluster.Node) bool { return n.Health(cluster.SIP) == cluster.Down || !gone.Serves(v, n) })
	}
	for _, n := range cold {
		f.partFrom(n)
	}
}

// partFrom ends the connections to a node that is none any more. Those it has opened end when they are silent.
func (f *Front) partFrom(n *cluster.Node) {
	for _, a := range n.Addrs(cluster.SIP) {
		for _, g := range f.legs.All {
			if g.Streams != nil && f.Router.Views().At(a.Addr, cluster.SIP) == nil {
				g.Streams.Leave(a.Addr)
			}
		}
	}
}
