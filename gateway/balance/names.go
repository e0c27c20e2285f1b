package balance

import (
	"maps"
	"slices"
)

// algorithms is every algorithm by the name that the configuration uses.
var algorithms = map[string]func() Algorithm{
	"round-robin": func() Algorithm { return &RoundRobin{} },
	"requests":    func() Algorithm { return &Requests{} },
	"sessions":    func() Algorithm { return &Requests{OnlyNew: true} },
	"next":        func() Algorithm { return &Next{} },
	"traffic":     func() Algorithm { return &Traffic{} },
	"busyness":    func() Algorithm { return &Busyness{} },
	"random":      func() Algorithm { return &Random{} },
	"hash":        func() Algorithm { return &Hash{} },
}

// deterministic are the algorithms that give one key the same node on every
// gateway.
var deterministic = []string{"hash"}

// New returns an algorithm of that name, for one pool: it must not serve two.
// ok is false when there is none.
func New(name string) (a Algorithm, ok bool) {
	make, ok := algorithms[name]
	if !ok {
		return nil, false
	}
	return make(), true
}

// Names lists all algorithms, sorted.
func Names() []string { return slices.Sorted(maps.Keys(algorithms)) }

// Deterministic lists the algorithms that give one key the same node on every
// gateway.
func Deterministic() []string { return slices.Clone(deterministic) }
