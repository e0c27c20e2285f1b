package http

import (
	"fmt"

	"twinhop/http/mounts"
)

// A MountRule maps a URI pattern, written as in mounts.Rule, to a pool, or to a
// handler of the gateway itself.
type MountRule struct {
	// Path is the pattern, Pool the pool it leads to; "*" in an exclusion
	// means any pool or handler.
	Path, Pool string
	// Variant names the variant of the pool that the Router is to decide with;
	// "": the pool as it is.
	Variant string
	// Words replace what the pool says; nil: nothing.
	Words *RuleWords
	// Local names an entry of Front.Handlers, instead of a pool.
	Local string
}

// Mounts is the URI map. It is immutable.
type Mounts struct {
	paths *mounts.Map
	rules []MountRule
}

// NewMounts compiles rules; their order and which of them counts are those of
// mounts.New.
func NewMounts(rules []MountRule) (*Mounts, error) {
	lines := make([]mounts.Rule, len(rules))
	for i, r := range rules {
		if r.Pool != "" && r.Local != "" {
			return nil, fmt.Errorf("mount %d: %q leads to pool %q and to handler %q", i+1, r.Path, r.Pool, r.Local)
		}
		lines[i] = mounts.Rule{Path: r.Path, To: r.Pool + r.Local}
	}
	paths, err := mounts.New(lines)
	if err != nil {
		return nil, err
	}
	return &Mounts{paths: paths, rules: rules}, nil
}

// find returns the index of a canonical path's rule, -1 when it is not
// mounted.
func (m *Mounts) find(path string) int {
	if m == nil {
		return -1
	}
	return m.paths.Find(path)
}

// Pool returns the name of the pool that a canonical path belongs to, "" when
// it belongs to none.
func (m *Mounts) Pool(path string) string {
	if i := m.find(path); i >= 0 {
		return m.rules[i].Pool
	}
	return ""
}
