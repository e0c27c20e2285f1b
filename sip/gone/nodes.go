package gone

import (
	"cmp"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"twinhop/gateway/cluster"
)

// Bounds of what is remembered.
const (
	keep    = 4 * time.Minute  // longer than anything rings that was begun before
	linger  = 64 * time.Second // what a node was given before it left is answered by then
	maxGone = 1024             // the latest
)

// Nodes is who has left. The zero Nodes is ready; Watch is for one goroutine, the rest for all.
type Nodes struct {
	last *cluster.View
	when time.Time                // of last
	list atomic.Pointer[[]Former] // the latest last; nil: nobody
}

// Former is a node that has left.
type Former struct {
	*cluster.Node
	Left time.Time
}

// Watch compares the cluster with what it was the last time: left are the nodes that are not there any more, a former incarnation of one that
// is among them; cold are those that left a while ago and from which nothing is to be expected any more.
func (g *Nodes) Watch(v *cluster.View, now time.Time) (left, cold []*cluster.Node) {
	was, before := g.last, g.when
	g.last, g.when = v, now
	if was != v && was != nil {
		left = slices.DeleteFunc(slices.Clone(was.Nodes), func(n *cluster.Node) bool { return Serves(v, n) })
	}
	list := g.all()
	if len(list)+len(left) == 0 {
		return nil, nil
	}
	next := make([]Former, 0, len(list)+len(left))
	for _, f := range list {
		away := now.Sub(f.Left)
		if away > keep || present(v, f.Node) {
			continue
		}
		if next = append(next, f); away >= linger && before.Sub(f.Left) < linger {
			cold = append(cold, f.Node)
		}
	}
	for _, n := range left {
		if !present(v, n) {
			next = append(next, Former{n, now})
		}
	}
	next = next[max(0, len(next)-maxGone):]
	g.list.Store(&next)
	return left, cold
}

// Serves tells whether a node is in the cluster, in the same incarnation, be it under another name.
func Serves(v *cluster.View, n *cluster.Node) bool {
	is := cmp.Or(v.Named(n.Name), v.At(n.Addr(cluster.SIP).Addr, cluster.SIP))
	return is != nil && (is.Life() == n.Life() || is.Life() == 0 || n.Life() == 0)
}

// present tells whether somebody has the name or the place of a node.
func present(v *cluster.View, n *cluster.Node) bool {
	return v.Named(n.Name) != nil || v.At(n.Addr(cluster.SIP).Addr, cluster.SIP) != nil
}

func (g *Nodes) all() []Former {
	if p := g.list.Load(); p != nil {
		return *p
	}
	return nil
}

// At is the node that served SIP at this address when it left, nil for none.
func (g *Nodes) At(at netip.AddrPort) *cluster.Node {
	return g.find(func(n *cluster.Node) bool {
		return slices.ContainsFunc(n.Addrs(cluster.SIP), func(a cluster.Address) bool { return a.Addr == at })
	})
}

// Named is the node that had this name when it left, nil for none.
func (g *Nodes) Named(name string) *cluster.Node {
	return g.find(func(n *cluster.Node) bool { return n.Name == name })
}

func (g *Nodes) find(is func(*cluster.Node) bool) *cluster.Node {
	for _, f := range slices.Backward(g.all()) {
		if is(f.Node) {
			return f.Node
		}
	}
	return nil
}
