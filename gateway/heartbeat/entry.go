package heartbeat

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/cluster"
)

// Entry is a record of the Roster as it is shown. Its Session is left out.
type Entry struct {
	Announcement
	Name        string     // of the node in the cluster
	Configured  bool       // that node is configured: of what it announces only the load counts, and that it wants nothing new
	From        netip.Addr // who registered it
	Gen         uint32     // the incarnation
	First, Last time.Time  // signs of life: the first of this incarnation, and the last, traffic included
	Beats       int64      // announcements and heartbeats of this incarnation
}

// Nodes lists the records, sorted by name and address.
func (r *Roster) Nodes() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Entry, 0, len(r.records))
	for _, x := range r.records {
		e := Entry{Announcement: x.Announcement, Name: x.name(), From: x.from, Gen: x.Gen(), First: x.first, Last: r.last(x), Beats: x.beats}
		if n := r.node(&x.Announcement); n != nil {
			e.Name, e.Configured = n.Name, !n.Announced
		}
		e.Session, e.Draining = "", x.Draining || x.drained
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Or(strings.Compare(a.Name, b.Name), a.IP.Compare(b.IP)) })
	return all
}

// node is the node of the cluster that is at the place of an announcement: a
// configured one, or the one that came of it; nil when there is none.
func (r *Roster) node(a *Announcement) *cluster.Node {
	v := r.Registry.View()
	if n := v.Named(a.name()); n != nil {
		return n
	}
	spec := a.spec()
	for _, at := range spec.SIP {
		if n := v.At(at.Addr, cluster.SIP); n != nil {
			return n
		}
	}
	return nil
}

// known is the name of that node.
func (r *Roster) known(a *Announcement) string {
	if n := r.node(a); n != nil {
		return n.Name
	}
	return a.name()
}

// last is when a record gave its last sign of life.
func (r *Roster) last(x *record) time.Time {
	if n := r.Registry.View().Named(x.name()); n != nil && n.Announced {
		if seen := n.Seen(); seen.After(x.last) {
			return seen
		}
	}
	return x.last
}
