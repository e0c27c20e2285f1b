package nodes

import (
	"slices"

	"twinhop/gateway/cluster"
)

// Impact is what a change would do.
type Impact struct {
	Node     View           `json:"node"`
	Sessions int            `json:"sessions"` // that live there now
	Calls    int            `json:"calls"`
	Left     map[string]int `json:"left"`            // nodes that could still be given new work, by service
	Last     bool           `json:"last"`            // a service would have none left, in all or in one of its pools
	Alone    []string       `json:"alone,omitempty"` // the pools where that is so
}

// Expect tells what would follow if the operator wanted a of a node, in one
// pool or with "" in all.
func Expect(v *cluster.View, n View, pool string, a cluster.Activation) Impact {
	x := Impact{Node: n, Sessions: n.Sessions, Calls: n.Calls, Left: map[string]int{}}
	for _, svc := range cluster.Services() {
		var names []string
		for _, p := range v.Pools {
			gone := a != cluster.Active && (pool == "" || pool == p.Name)
			others := 0
			for _, m := range p.Members {
				if !m.Eligible(svc) || gone && m.Name == n.Name {
					continue
				}
				if others++; !slices.Contains(names, m.Name) {
					names = append(names, m.Name)
				}
			}
			if m := p.Member(n.Name); m != nil && gone && m.Has(svc) && others == 0 {
				x.Last = true
				if !slices.Contains(x.Alone, p.Name) {
					x.Alone = append(x.Alone, p.Name)
				}
			}
		}
		x.Left[svc.String()] = len(names)
	}
	return x
}

// Apart tells whether two nodes are in pools, and in none together: what lives
// on one has nothing to look for on the other.
func Apart(v *cluster.View, one, other string) bool {
	in := func(p *cluster.Pool) bool { return p.Member(one) != nil }
	return slices.ContainsFunc(v.Pools, in) && !slices.ContainsFunc(v.Pools, func(p *cluster.Pool) bool { return in(p) && p.Member(other) != nil })
}

// Takes tells whether a node may own sessions now.
func Takes(v *cluster.View, n *cluster.Node) bool {
	return !n.Down() && slices.ContainsFunc(v.Pools, func(p *cluster.Pool) bool {
		m := p.Member(n.Name)
		return m != nil && m.Activation != cluster.Stopped
	})
}
