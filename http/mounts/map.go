package mounts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Rule maps a URI pattern to what it is To, a name, as one line of mod_jk's
// uriworkermap.properties does: '*' is any run of characters, '/' included,
// '?' exactly one; "/app|/*" is short for "/app" and "/app/*"; a leading '!'
// excludes what the rest matches from that name, or from any for "*"; a
// leading '-' switches the rule off.
type Rule struct{ Path, To string }

// Map is a compiled URI map. It is immutable.
type Map struct {
	rules   []pattern
	exclude []pattern
}

type pattern struct {
	text, to string
	exact    bool
	rule     int // index of the Rule
}

// New compiles rules. Those with more slashes count first, then longer ones,
// then earlier ones; the first match decides (mod_jk's order).
func New(rules []Rule) (*Map, error) {
	m := &Map{}
	for i, r := range rules {
		path, off := strings.CutPrefix(r.Path, "-")
		path, not := strings.CutPrefix(path, "!")
		if !strings.HasPrefix(path, "/") || r.To == "" {
			return nil, fmt.Errorf("mount %d: %q = %q: a pattern begins with '/' and leads somewhere", i+1, r.Path, r.To)
		}
		if off {
			continue
		}
		first, second, short := strings.Cut(path, "|")
		texts := []string{first}
		if short {
			texts = append(texts, first+second)
		}
		for _, text := range texts {
			x := pattern{text: text, to: r.To, exact: !strings.ContainsAny(text, "*?"), rule: i}
			if not {
				m.exclude = append(m.exclude, x)
			} else {
				m.rules = append(m.rules, x)
			}
		}
	}
	order := func(a, b pattern) int {
		return cmp.Or(cmp.Compare(strings.Count(b.text, "/"), strings.Count(a.text, "/")),
			cmp.Compare(len(b.text), len(a.text)))
	}
	slices.SortStableFunc(m.rules, order)
	return m, nil
}

// Find returns the index of the rule that a canonical path belongs to, -1 when
// it is not mounted. An excluded path is not mounted, even if another, less
// specific rule would match it. A nil Map mounts nothing.
func (m *Map) Find(path string) int {
	if m == nil {
		return -1
	}
	for i := range m.rules {
		r := &m.rules[i]
		if !r.match(path) {
			continue
		}
		for j := range m.exclude {
			if x := &m.exclude[j]; (x.to == r.to || x.to == "*") && x.match(path) {
				return -1
			}
		}
		return r.rule
	}
	return -1
}

func (p *pattern) match(path string) bool {
	if p.exact {
		return p.text == path
	}
	return wild(p.text, path)
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
