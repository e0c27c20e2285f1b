package cluster

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Enrol makes these the nodes that told of themselves, instead of those it was
// called with before. They are in the View beside the configured ones, in the
// order of their names, are members of pools with AllNodes, and outlive Apply.
// Configured nodes win: who has the name or a SIP address of one is left out,
// and of a pool in which a configured node has its route. Another Gen is
// another process: its health and counters begin anew. On error nothing changes.
func (r *Registry) Enrol(nodes []NodeSpec) error {
	s := Spec{Nodes: nodes}.clone()
	for i := range s.Nodes {
		s.Nodes[i].Announced = true
	}
	slices.SortStableFunc(s.Nodes, func(a, b NodeSpec) int { return strings.Compare(a.Name, b.Name) })
	r.mu.Lock()
	defer r.mu.Unlock()
	mem, whole := r.memory, r.spec.with(s.Nodes)
	v, err := build(&whole, r.View(), &mem)
	if err != nil {
		return fmt.Errorf("enrolling nodes that told of themselves: %w", err)
	}
	r.enrolled, r.memory = s.Nodes, mem
	r.swap(v)
	return nil
}

// with returns s with the announced nodes that do not get in the way of its
// own.
func (s Spec) with(announced []NodeSpec) Spec {
	names, places := map[string]bool{}, map[netip.AddrPort]bool{}
	for i := range s.Nodes {
		names[s.Nodes[i].Name] = true
		for _, a := range s.Nodes[i].SIP {
			places[a.Addr] = true
		}
	}
	s.Nodes = slices.Clone(s.Nodes)
	for _, n := range announced {
		if !names[n.Name] && !slices.ContainsFunc(n.SIP, func(a Address) bool { return places[a.Addr] }) {
			s.Nodes = append(s.Nodes, n)
		}
	}
	return s
}
