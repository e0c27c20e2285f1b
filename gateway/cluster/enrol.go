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
// and of a pool in which a configured node has its route. What counts of it is
// that it wants nothing new: the configured node is Draining then. Another Gen
// is another process: its health and counters begin anew. On error nothing
// changes.
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
// own. Of its own, those drain that say so.
func (s Spec) with(announced []NodeSpec) Spec {
	names, places := map[string]int{}, map[netip.AddrPort]int{}
	for i := range s.Nodes {
		names[s.Nodes[i].Name] = i
		for _, a := range s.Nodes[i].SIP {
			if _, taken := places[a.Addr]; !taken {
				places[a.Addr] = i
			}
		}
	}
	s.Nodes = slices.Clone(s.Nodes)
	for _, n := range announced {
		own, configured := names[n.Name]
		for _, a := range n.SIP {
			if !configured {
				own, configured = places[a.Addr]
			}
		}
		if !configured {
			s.Nodes = append(s.Nodes, n)
		} else if n.Draining {
			s.Nodes[own].Draining = true
		}
	}
	return s
}
