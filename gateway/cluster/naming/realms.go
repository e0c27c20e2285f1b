package naming

import (
	"maps"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Realms gives every realm its number. It is never changed, only replaced.
type Realms map[string]uint16

// With returns the numbers with those of more realms: derived from the name, so
// that all gateways find the same, and kept for as long as the process lives.
// The default realm "" has the number 0.
func (r Realms) With(realms []string) Realms {
	r = maps.Clone(r)
	if r == nil {
		r = Realms{"": 0}
	}
	used := map[uint16]bool{}
	for _, n := range r {
		used[n] = true
	}
	realms = slices.Sorted(slices.Values(realms))
	for _, name := range slices.Compact(realms) {
		if _, ok := r[name]; ok {
			continue
		}
		n := uint16(xxhash.Sum64String(name))
		for range math.MaxUint16 {
			if !used[n] {
				break
			}
			n++
		}
		r[name], used[n] = n, true
	}
	return r
}
