package cluster

import "slices"

// maxFormer bounds how many members that left are remembered in a pool.
const maxFormer = 256

// Former returns what was the named member of the pool before it left, or
// before another release came in its place; nil when there was none, or it is
// long ago. Only nodes that told of themselves are remembered: they leave when
// they die. It can serve nothing; its Version, Domain and Redirect say to whom
// goes what belonged to it.
func (p *Pool) Former(node string) *Member {
	for _, m := range slices.Backward(p.former) {
		if m.Name == node {
			return m
		}
	}
	return nil
}

// Releases tells whether a member of that version may serve s.
func (p *Pool) Releases(version int, s Service) bool {
	return slices.ContainsFunc(p.Members, func(m *Member) bool { return m.Version == version && m.Usable(s) })
}

// remember takes over from the pool as it was who left it, now or before.
func (p *Pool) remember(old *Pool) {
	back := func(m *Member) bool { is := p.named[m.Name]; return is != nil && is.Version == m.Version }
	p.former = slices.DeleteFunc(slices.Clone(old.former), back)
	for _, m := range old.Members {
		if m.Announced && !back(m) {
			p.former = append(slices.DeleteFunc(p.former, func(f *Member) bool { return f.Name == m.Name }),
				&Member{Node: m.Node, Pool: m.Pool, Activation: Stopped, Left: true, Route: m.Route, Domain: m.Domain, Redirect: m.Redirect, Load: m.Load})
		}
	}
	p.former = p.former[max(0, len(p.former)-maxFormer):]
}
