package sip

import (
	"slices"
	"strings"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/groups"
)

// group notes which pools calls may be in, when rules name any: those of before as well, for there may be calls in them.
func (s *Settings) group(before []string) {
	var named []string
	if s.Resources != nil {
		named = s.Resources.Rules.Pools()
	}
	all := []string{s.Pool}
	for _, name := range slices.Concat(named, before) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if s.groups = nil; len(all) > 1 {
		s.groups = all
	}
}

// adopt adds a pool that our signature names and no rule does any more.
func (w *worker) adopt(name string) {
	f := w.f
	f.applying.Lock()
	defer f.applying.Unlock()
	set := *f.settings.Load()
	set.group(append(slices.Clone(set.groups), strings.Clone(name)))
	f.settings.Store(&set)
	w.set = &set
}

// booked gives the message to the pool of its call, if that is in the book.
func (w *worker) booked() *cluster.Pool {
	p := w.finder.Booked(w.view, w.set.groups, view(w.msg.Text(w.msg.CallID)))
	if p != nil {
		w.pool = p
	}
	return p
}

// group gives the message to the pool that it belongs to: what opens something to the one that a rule has named, everything else to the one
// that its call was placed in. Who names a node, or is one, and belongs nowhere else belongs to a pool of that node.
func (w *worker) group(rule string) {
	r := &w.routes
	opens := !w.msg.Response && !w.inside && w.kind() == gateway.Open
	c := groups.Call{ID: view(w.msg.Text(w.msg.CallID)), Pool: view(r.pool)}
	switch {
	case r.hint:
		c.Node = r.node
	case w.node != nil:
		c.Node = w.node.Name
	case w.msg.Response:
		c.Node = nameOf(w.view.At(w.answer, cluster.SIP))
	default:
		c.Node = nameOf(w.target())
	}
	if c.Pool != "" && c.Pool != w.set.Pool && w.view.Pool(c.Pool) != nil && !slices.Contains(w.set.groups, c.Pool) {
		w.adopt(c.Pool)
	}
	p := w.view.Pool(rule)
	switch {
	case p != nil:
	case opens && c.Pool == "":
		p = groups.Of(w.view, w.set.groups, c.Node)
	default:
		p = w.finder.Find(w.ctx, w.view, w.set.groups, &c)
	}
	if p == nil {
		p = w.view.Pool(w.set.Pool)
	}
	w.pool = p
	if w.msg.Response || w.inside || opens || p == nil {
		return
	}
	if n := w.target(); n != nil && p.Member(n.Name) == nil && n.Health(cluster.SIP) != cluster.Down { // a node passed the call on to another group
		if other := groups.Of(w.view, w.set.groups, n.Name); other != nil {
			w.pool = other
		}
	}
}

// unusual is the name of the pool of the message, if it is not the usual one.
func (w *worker) unusual() string {
	if w.pool == nil || w.pool.Name == w.set.Pool {
		return ""
	}
	return w.pool.Name
}

func nameOf(n *cluster.Node) string {
	if n == nil {
		return ""
	}
	return n.Name
}
