package capacity

import (
	"maps"
	"slices"
)

// Size is how much there is of one resource.
type Size struct {
	Name string
	Max  int64
}

// Sizes are the resources of a member, sorted by name. They are immutable.
type Sizes []Size

// New returns the sizes that a map of names says.
func New(by map[string]int) Sizes {
	var s Sizes
	for _, name := range slices.Sorted(maps.Keys(by)) {
		s = append(s, Size{name, int64(by[name])})
	}
	return s
}

// Max returns how much there is of a resource; ok is false when the member
// does not have it.
func (s Sizes) Max(name string) (max int64, ok bool) {
	for i := range s {
		if s[i].Name == name {
			return s[i].Max, true
		}
	}
	return 0, false
}

// Has tells whether every one of the resources is there, however much of it.
func (s Sizes) Has(names []string) bool {
	for _, name := range names {
		if _, ok := s.Max(name); !ok {
			return false
		}
	}
	return true
}

// Resized returns the sizes with the maxima that are said of some of them. A
// resource that is not there is not made by that.
func (s Sizes) Resized(said map[string]int) Sizes {
	if len(said) == 0 {
		return s
	}
	own := slices.Clone(s)
	for i := range own {
		if most, ok := said[own[i].Name]; ok {
			own[i].Max = int64(most)
		}
	}
	return own
}

// Needs is what a call takes and how its place is chosen. It is immutable
// while anybody looks at it.
type Needs struct {
	Resources []string // one of each; a name that is there twice takes two
	Overload  bool     // also where nothing is free (flag n)
	Relative  bool     // what is free counts in percent of what there is (flag r)
	Spread    bool     // of several that are as free as each other, any and not the first (flag s)
}
