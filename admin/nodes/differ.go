package nodes

import "maps"

// Brief is what operators said of a node, for those who read what was done.
func Brief(n View) map[string]any {
	all := map[string]any{"activation": n.Activation, "weight": n.Weight, "distance": n.Distance, "route": n.Route, "domain": n.Domain,
		"redirect": n.Redirect, "addresses": n.Addresses}
	pools := map[string]any{}
	for _, p := range n.Pools {
		pools[p.Name] = p.words()
	}
	all["pools"] = pools
	return all
}

func (m *Member) words() map[string]any {
	return map[string]any{"activation": m.Activation, "weight": m.Weight, "distance": m.Distance, "route": m.Route, "domain": m.Domain,
		"redirect": m.Redirect, "busyLimit": m.BusyLimit}
}

// Differ tells which words of a node are other than before: as they are in all
// its pools, or by pool where they differ.
func Differ(before, after View) (was, is map[string]any) {
	old, now := map[string]any{}, map[string]any{}
	alike := true
	for _, p := range after.Pools {
		for _, q := range before.Pools {
			if q.Name != p.Name {
				continue
			}
			a, b := q.words(), p.words()
			maps.DeleteFunc(a, func(word string, v any) bool { return b[word] == v })
			maps.DeleteFunc(b, func(word string, _ any) bool { _, ok := a[word]; return !ok })
			alike = alike && (was == nil || maps.Equal(a, was) && maps.Equal(b, is))
			old[p.Name], now[p.Name], was, is = a, b, a, b
		}
	}
	if alike {
		return was, is
	}
	return map[string]any{"pools": old}, map[string]any{"pools": now}
}
