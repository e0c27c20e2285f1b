package gateway_test

import (
	"slices"
	"strings"

	"twinhop/appsession"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
)

// placements are what TestTwin plays with.
var placements = []string{"", "", "http=pure-hash sip=pure-hash", "http=active-standby sip=active-standby", "http=active-standby sip=active-standby failback",
	"pins=^ali:node2,bob:node1,^b:node3", "failover=group", "failover=group pins=^ali:node2", "http=pure-hash sip=pure-hash failover=group"}

// belongs finds the home of a message that is about session s, or none.
func (w *twin) belongs(m message, s *twinSession) {
	owner := (*cluster.Member)(nil)
	if s != nil {
		if owner = w.member(s.owner); owner.Activation == cluster.Disabled && w.may(m, s.owner) {
			return // what it has stays there
		}
	}
	if named := m.route + m.target; s == nil && w.member(named) != nil && !w.may(m, named) {
		owner = w.member(named) // as if it owned what names it
	}
	value := strings.TrimPrefix(m.identity, "app:")
	for _, pin := range strings.Split(w.words["pins"], ",") {
		pattern, node, _ := strings.Cut(pin, ":")
		begin, anchored := strings.CutPrefix(pattern, "^")
		hits := anchored && strings.HasPrefix(value, begin) || !anchored && strings.Contains(value, pattern)
		if n := w.member(node); m.identity != "" && n != nil && hits && n.Activation == cluster.Active && n.Has(m.service) {
			w.home = node
			return
		}
	}
	list := w.whole(owner)
	switch {
	case len(list) == 0:
	case w.words["http"] == "pure-hash" && m.identity != "":
		w.home = balance.Rendezvous(list, appsession.Key{Space: appsession.App, Value: value}).Name
	default:
		w.standby(owner)
	}
}

// standby finds the home where one node does everything.
func (w *twin) standby(owner *cluster.Member) {
	if list := w.whole(owner); w.words["http"] == "active-standby" && len(list) > 0 {
		w.strict = true
		w.home = w.active(list)
	}
}

// active is who of the list does everything.
func (w *twin) active(list []*cluster.Member) string {
	version := list[0].Version
	_, back := w.words["failback"]
	last, next := w.member(w.current[version]), list[0]
	if last != nil && !back {
		for _, n := range slices.Backward(list) {
			if n.Index > last.Index {
				next = n
			}
		}
		for _, n := range list {
			if n.Name == last.Name {
				next = n
			}
		}
	}
	w.current[version] = next.Name
	return next.Name
}

// whole are the nodes that are active and serve all that the pool serves, of
// the owner's version, else of the highest.
func (w *twin) whole(owner *cluster.Member) (out []*cluster.Member) {
	members := w.s.registry.View().Pool("default").Members
	for _, n := range members {
		ok := n.Activation == cluster.Active
		for _, service := range cluster.Services() {
			ok = ok && (n.Has(service) || !slices.ContainsFunc(members, func(o *cluster.Member) bool { return o.Has(service) }))
		}
		if ok && (owner == nil || owner.Version == n.Version) {
			out = append(out, n)
		}
	}
	highest := 0
	for _, n := range out {
		highest = max(highest, n.Version)
	}
	return slices.DeleteFunc(out, func(n *cluster.Member) bool { return owner == nil && n.Version < highest })
}

// heir is who got what old left and may have this as well.
func (w *twin) heir(m message, old string, o *cluster.Member) string {
	seen := map[string]bool{}
	for at := w.heirs[old]; at != "" && !seen[at] && w.words["failover"] != ""; at = w.heirs[at] {
		seen[at] = true
		n := w.member(at)
		if at != old && n.Eligible(m.service) && w.may(m, at) && (o == nil || o.Version == n.Version) {
			return at
		}
	}
	return ""
}

// share is who of the nodes may get what old leaves.
func (w *twin) share(m message, old string, o *cluster.Member, among []string) []string {
	if w.words["failover"] != "" {
		if o == nil || !o.Alive(m.service) {
			w.left = old
		}
	} else if n := w.member(w.home); slices.Contains(among, w.home) || w.strict && len(among) > 0 && n != nil && n.Eligible(m.service) && w.may(m, w.home) {
		return []string{w.home} // where one node does everything, that one before any domain
	}
	return among
}

// inherit notes that all that gone left is node's now: it is the heir of the
// last who was left of a line of heirs.
func (w *twin) inherit(gone, node string) {
	for {
		next := w.heirs[gone]
		if next == "" || next == node {
			break
		}
		if w.member(next).Activation == cluster.Active {
			return // it was only tried in vain
		}
		gone = next
	}
	if gone != node {
		w.heirs[gone] = node
	}
}
