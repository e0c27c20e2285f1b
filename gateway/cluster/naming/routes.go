package naming

import (
	"maps"
	"slices"
)

// MaxRetired bounds how many routes of nodes long gone are remembered.
const MaxRetired = 4096

// Routes tells which node has, or once had, a route. It is never changed, only
// replaced.
type Routes struct {
	nodes map[string]string // route -> node
	order []string          // of routes, oldest first
}

// Node returns the name of the node with that route, "" when there never was one.
func (r Routes) Node(route string) string { return r.nodes[route] }

// With returns the routes of these nodes and those that were there before.
// live is what it is now: route -> node.
func (r Routes) With(live map[string]string) Routes {
	dead := slices.DeleteFunc(slices.Clone(r.order), func(route string) bool { return live[route] != "" })
	dead = dead[max(len(dead)-MaxRetired, 0):]
	all := make(map[string]string, len(live)+len(dead))
	for _, route := range dead {
		all[route] = r.nodes[route]
	}
	maps.Copy(all, live)
	return Routes{all, append(dead, slices.Sorted(maps.Keys(live))...)}
}
