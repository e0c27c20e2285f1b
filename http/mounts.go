package http

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A MountRule maps a URI pattern to a pool, as one line of mod_jk's
// uriworkermap.properties does: '*' is any run of characters, '/' included,
// '?' exactly one; "/app|/*" is short for "/app" and "/app/*"; a leading '!'
// excludes what the rest matches from that pool, or from any for pool "*"; a
// leading '-' switches the rule off.
type MountRule struct{ Path, Pool string }

// Mounts is the URI map. It is immutable.
type Mounts struct {
	rules   []mount
	exclude []mount
}

type mount struct {
	pattern, pool string
	exact         bool
}

// NewMounts compiles rules. Those with more slashes count first, then longer
// ones, then earlier ones; the first match decides (mod_jk's order).
func NewMounts(rules []MountRule) (*Mounts, error) {
	m := &Mounts{}
	for i, r := range rules {
		path, off := strings.CutPrefix(r.Path, "-")
		path, not := strings.CutPrefix(path, "!")
		if !strings.HasPrefix(path, "/") || r.Pool == "" {
			return nil, fmt.Errorf("mount %d: %q = %q: a pattern begins with '/' and names a pool", i+1, r.Path, r.Pool)
		}
		if off {
			continue
		}
		first, second, short := strings.Cut(path, "|")
		patterns := []string{first}
		if short {
			patterns = append(patterns, first+second)
		}
		for _, p := range patterns {
			x := mount{pattern: p, pool: r.Pool, exact: !strings.ContainsAny(p, "*?")}
			if not {
				m.exclude = append(m.exclude, x)
			} else {
				m.rules = append(m.rules, x)
			}
		}
	}
	order := func(a, b mount) int {
		return cmp.Or(cmp.Compare(strings.Count(b.pattern, "/"), strings.Count(a.pattern, "/")),
			cmp.Compare(len(b.pattern), len(a.pattern)))
	}
	slices.SortStableFunc(m.rules, order)
	return m, nil
}

// Pool returns the name of the pool that a canonical path belongs to, "" when
// it is not mounted. An excluded path is not mounted, even if another, less
// specific rule would match it.
func (m *Mounts) Pool(path string) string {
	if m == nil {
		return ""
	}
	for i := range m.rules {
		if !m.rules[i].match(path) {
			continue
		}
		pool := m.rules[i].pool
		for j := range m.exclude {
			if x := &m.exclude[j]; (x.pool == pool || x.pool == "*") && x.match(path) {
				return ""
			}
		}
		return pool
	}
	return ""
}

func (m *mount) match(path string) bool {
	if m.exact {
		return m.pattern == path
	}
	return wild(m.pattern, path)
}

// wild matches s against a pattern of '*' and '?'. It goes back to the last
// star only, so it takes at most len(p)*len(s) steps.
func wild(p, s string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
