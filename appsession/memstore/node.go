package memstore

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// node is the name of a node, kept once, and what is counted for it.
type node struct {
	name     string
	sessions atomic.Int64 // that live on it
}

// nodes are all nodes that a session or key was ever bound to. There are few
// and they seldom change: readers take no lock.
type nodes struct {
	byName atomic.Pointer[map[string]*node]
	adding sync.Mutex
}

// known returns the node of that name, nil when it was never named.
func (l *nodes) known(name string) *node {
	if m := l.byName.Load(); m != nil {
		return (*m)[name]
	}
	return nil
}

// named returns the one node of that name.
func (l *nodes) named(name string) *node {
	if n := l.known(name); n != nil {
		return n
	}
	l.adding.Lock()
	defer l.adding.Unlock()
	n := l.known(name)
	if n == nil {
		m := map[string]*node{}
		if old := l.byName.Load(); old != nil {
			m = maps.Clone(*old)
		}
		n = &node{name: strings.Clone(name)}
		m[n.name] = n
		l.byName.Store(&m)
	}
	return n
}
