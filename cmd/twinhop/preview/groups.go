package preview

import (
	"cmp"
	"fmt"
	"slices"

	"twinhop/admin/affinity"
	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/trace/specimens"
)

// group are the messages of one session.
type group struct {
	key   *specimens.Key // by which people know it
	sip   bool           // that message was of SIP
	count int
}

// groups lists the sessions that outcomes belong to, largest first.
func (x *trial) groups(all []outcome) []*group {
	by := map[appsession.ID]*group{}
	var list []*group
	for i := range all {
		o := &all[i]
		if o.session.IsZero() || len(o.keys) == 0 {
			continue
		}
		g := by[o.session]
		if g == nil {
			g = &group{key: o.keys[0], sip: x.list[i].SIP}
			by[o.session], list = g, append(list, g)
		}
		if !named(g.key) && named(o.keys[0]) {
			g.key, g.sip = o.keys[0], x.list[i].SIP
		}
		g.count++
	}
	slices.SortStableFunc(list, func(a, b *group) int { return cmp.Compare(b.count, a.count) })
	return list
}

// named tells whether a key names somebody, rather than a conversation.
func named(k *specimens.Key) bool {
	switch k.Source {
	case gateway.SourceCallID, gateway.SourceCookie, gateway.SourcePath, gateway.SourceFlow:
		return false
	}
	return true
}

// shown are the largest groups of so many messages.
func shown(list []*group, of int) []affinity.Group {
	all := []affinity.Group{}
	for _, g := range list[:min(len(list), groupsMost)] {
		all = append(all, affinity.Group{Found: foundAt(g.key), Key: fmt.Sprintf("%016x", g.key.Value), Share: share(g.count, of), Count: g.count})
	}
	return all
}

// share is n of so many, with three digits.
func share(n, of int) float64 { return float64(n*1000/max(of, 1)) / 1000 }
