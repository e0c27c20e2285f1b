package resources

import (
	"slices"

	"twinhop/gateway/cluster"
)

// View is a node of a pool that has resources, as the API shows it.
type View struct {
	ID        int    `json:"id"`    // as OpenSIPS' commands call it
	Group     int    `json:"group"` // and its pool
	Pool      string `json:"pool"`
	Node      string `json:"node"`
	Enabled   bool   `json:"enabled"`       // new calls may go there if there is room
	Why       string `json:"why,omitempty"` // they may not: "disabled", "stopped", "down", "benched"
	Resources []Use  `json:"resources"`
}

// Use is one resource of a node.
type Use struct {
	Name  string `json:"name"`
	Limit int64  `json:"limit"`
	Used  int64  `json:"used"`
	Free  int64  `json:"free"` // negative: more is in use than there is
	Full  bool   `json:"full"`
}

// destination is a member with its numbers.
type destination struct {
	*cluster.Member
	id, group int
}

// destinations lists the members that have resources, numbered in the order of
// the configuration from 1 on.
func destinations(v *cluster.View) (all []destination) {
	for i, p := range v.Pools {
		for _, m := range p.Members {
			if len(m.Capacity) > 0 {
				all = append(all, destination{m, len(all) + 1, i + 1})
			}
		}
	}
	return all
}

func (d *destination) enabled() bool { return d.Eligible(cluster.SIP) && !d.Resting(cluster.SIP) }

// why says what keeps new calls away; "" when nothing does.
func (d *destination) why() string {
	switch {
	case d.enabled():
		return ""
	case d.Activation != cluster.Active:
		return d.Activation.String()
	case d.Eligible(cluster.SIP):
		return "benched" // or it asked for a pause
	}
	return "down"
}

// List shows all of them.
func List(v *cluster.View) []View {
	list := []View{}
	for _, d := range destinations(v) {
		x := View{ID: d.id, Group: d.group, Pool: d.Pool.Name, Node: d.Name, Enabled: d.enabled(), Why: d.why(), Resources: []Use{}}
		for _, s := range d.Capacity {
			n := d.Load.Used(s.Name)
			x.Resources = append(x.Resources, Use{s.Name, s.Max, n, s.Max - n, n >= s.Max})
		}
		list = append(list, x)
	}
	return list
}

// Pools are the pools in which a node has a resource; with pool, that one alone.
func Pools(v *cluster.View, pool, node, resource string) (names []string) {
	for _, p := range v.Pools {
		if m := p.Member(node); m != nil && (pool == "" || pool == p.Name) {
			if _, has := m.Capacity.Max(resource); has {
				names = append(names, p.Name)
			}
		}
	}
	return slices.Clip(names)
}
