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
	Left     map[string]int `json:"left"` // nodes that could still be given new work, by service
	Last     bool           `json:"last"` // a service would have none left
}

// Expect tells what would follow if the operator wanted a of a node.
func Expect(v *cluster.View, n View, a cluster.Activation) Impact {
	x := Impact{Node: n, Sessions: n.Sessions, Calls: n.Calls, Left: map[string]int{}}
	for _, svc := range cluster.Services() {
		var names []string
		for _, p := range v.Pools {
			for _, m := range p.Members {
				if m.Eligible(svc) && (m.Name != n.Name || a == cluster.Active) && !slices.Contains(names, m.Name) {
					names = append(names, m.Name)
				}
			}
		}
		x.Left[svc.String()] = len(names)
		if _, has := n.Health[svc.String()]; has && a != cluster.Active && len(names) == 0 {
			x.Last = true
		}
	}
	return x
}
