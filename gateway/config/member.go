package config

import (
	"slices"
)

// allNodes in a pool's list stands for every node that the list does not
// name; as the pool of an exclusion it stands for every pool.
const allNodes = "*"

// Member is a node of a pool with the words that are in force there.
type Member struct {
	Node, Route, Domain, Redirect, Activation string
	Weight, Distance, BusyLimit               int
	HTTP, SIP                                 bool // what the node serves
	Retries                                   NodeRetries
	FailOnStatus                              []int
	Repeat                                    []string // nil: the idempotent methods
	Capacity                                  []Resource

	Index int // in Pool.Nodes
}

// Members returns the nodes of a pool in its order, "*" unfolded: in its
// place stand the nodes that the pool does not name, in the order of Nodes.
// Names that no node has are left out.
func (c *Config) Members(p Pool) []Member {
	named := map[string]bool{}
	for _, n := range p.Nodes {
		named[n.Name] = true
	}
	var all []Member
	for i, own := range p.Nodes {
		if own.Name == allNodes && slices.IndexFunc(p.Nodes, func(n PoolNode) bool { return n.Name == allNodes }) != i {
			continue
		}
		for _, n := range c.Nodes {
			if n.Name == own.Name || own.Name == allNodes && !named[n.Name] {
				all = append(all, member(n, own, i))
			}
		}
	}
	return all
}

func member(n Node, own PoolNode, index int) Member {
	m := Member{
		Node: n.Name, Route: n.Route, Domain: n.Domain, Redirect: n.Redirect, Activation: n.Activation,
		Weight: n.Weight, Distance: n.Distance, BusyLimit: n.BusyLimit, HTTP: n.HTTP != "", SIP: len(n.SIP) > 0,
		Retries: n.Retries, FailOnStatus: n.FailOnStatus, Repeat: n.Repeat, Capacity: n.Capacity, Index: index,
	}
	override(&m.Route, own.Route)
	override(&m.Domain, own.Domain)
	override(&m.Redirect, own.Redirect)
	override(&m.Activation, own.Activation)
	override(&m.Weight, own.Weight)
	override(&m.Distance, own.Distance)
	override(&m.BusyLimit, own.BusyLimit)
	override(&m.Retries.Attempts, own.Retries.Attempts)
	override(&m.Retries.Interval, own.Retries.Interval)
	override(&m.FailOnStatus, own.FailOnStatus)
	override(&m.Repeat, own.Repeat)
	if own.Capacity != nil {
		m.Capacity = own.Capacity
	}
	return m
}

func override[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
