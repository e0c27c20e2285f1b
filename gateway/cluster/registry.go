package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The errors that callers branch on.
var (
	ErrUnknownNode = errors.New("no such node")
	ErrUnknownPool = errors.New("no such pool")
	ErrRunning     = errors.New("the registry is running already")
)

// Registry holds the cluster: it builds a View of what the configuration and
// the operator say, and keeps the health of its nodes. The zero Registry has
// no nodes and is ready for use; the fields are set before that.
type Registry struct {
	Log *slog.Logger // of Run; nil: discard
	// Probers ask the nodes, one per service. A service without one is judged
	// by its traffic alone.
	Probers map[Service]Prober
	// Lookup resolves host names; nil: the system's resolver.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

	view atomic.Pointer[View]

	mu       sync.Mutex // held while a View is made
	spec     Spec       // as configured
	enrolled []NodeSpec // that told of themselves
	memory   memory
	resolved map[string][]netip.Addr // host -> as last resolved
	changed  chan struct{}           // wakes Run after a new View
	running  bool

	watchers watchers
}

// nothing is the View before the first Apply.
var nothing = &View{}

// View returns the present state of the cluster, never nil. It takes no lock.
func (r *Registry) View() *View {
	if v := r.view.Load(); v != nil {
		return v
	}
	return nothing
}

// Apply makes the cluster be as s says. Health is kept while a node keeps its
// name and address, counters and what an operator said by name. On error,
// which names everything that is wrong, nothing changes. Host names must have
// been resolved (Resolve).
func (r *Registry) Apply(s Spec) error {
	s = s.clone()
	r.mu.Lock()
	defer r.mu.Unlock()
	mem := r.memory
	whole := s.with(r.enrolled)
	v, err := build(&whole, r.View(), &mem)
	if err != nil {
		return fmt.Errorf("applying the cluster's description: %w", err)
	}
	r.spec, r.memory = s, mem
	r.swap(v)
	return nil
}

func (s Spec) clone() Spec {
	s.Nodes, s.Pools, s.Checks = slices.Clone(s.Nodes), slices.Clone(s.Pools), maps.Clone(s.Checks)
	s.Schemes = maps.Clone(s.Schemes)
	for i := range s.Nodes {
		n := &s.Nodes[i]
		n.HTTP, n.SIP = slices.Clone(n.HTTP), slices.Clone(n.SIP)
	}
	for i := range s.Pools {
		s.Pools[i].Members = slices.Clone(s.Pools[i].Members)
		s.Pools[i].Variants = slices.Clone(s.Pools[i].Variants)
	}
	return s
}

// swap publishes a View and tells what is different. The lock is held.
func (r *Registry) swap(v *View) {
	old := r.View()
	for svc := range services {
		v.askable[svc] = r.Probers[svc] != nil
	}
	r.view.Store(v)
	select {
	case r.wake() <- struct{}{}:
	default: // Run will look at the latest View anyway
	}
	for _, n := range v.Nodes {
		if old.Named(n.Name) == nil {
			r.tell(Event{What: Joined, Node: n.Name})
		}
	}
	for _, n := range old.Nodes {
		if v.Named(n.Name) == nil {
			r.tell(Event{What: Departed, Node: n.Name})
		}
	}
	for _, p := range v.Pools {
		for _, m := range p.Members {
			if was := old.Pool(p.Name).member(m.Name); was != nil && was.Activation != m.Activation {
				r.tell(Event{What: Activated, Node: m.Name, Pool: p.Name, Activation: m.Activation})
			}
		}
	}
}

func (p *Pool) member(node string) *Member {
	if p == nil {
		return nil
	}
	return p.Member(node)
}

// wake returns the channel Run waits on. The lock is held.
func (r *Registry) wake() chan struct{} {
	if r.changed == nil {
		r.changed = make(chan struct{}, 1)
	}
	return r.changed
}

// Report takes a sign that traffic gave about a service of a node. It never
// blocks. A client that went away is no sign.
func (r *Registry) Report(n *Node, s Service, sign Sign) {
	c := n.Check(s)
	if c == nil {
		return
	}
	v := r.View()
	probed := v.probed(n, s)
	ch := c.sign(sign, probed)
	if ch.was != ch.is && v.checks(c, n.Name, s) {
		r.healthChanged(n.Name, s, ch)
	}
	switch {
	case sign == Answered && !probed:
	case sign == Answered, sign != Good && (probed && ch.is != Down || ch.was != ch.is):
		c.kick()
	}
}

// ReportLoad takes what a node says of its own load; how long it counts is up
// to who reads it (Node.Reported). A late report changes nothing.
// ErrUnknownNode: there is no node of that name.
func (r *Registry) ReportLoad(node string, said Reported) error {
	n := r.View().Named(node)
	if n == nil {
		return fmt.Errorf("taking the load of node %q: %w", node, ErrUnknownNode)
	}
	n.load.reports.Put(said)
	return nil
}

// healthChanged tells of a change of health. A node that comes back does not
// come back with a load value from before.
func (r *Registry) healthChanged(node string, s Service, ch change) {
	if ch.was == Down {
		for _, p := range r.View().Pools {
			if m := p.Member(node); m != nil {
				m.Load.start.Begin(time.Now())
				p.level(m)
				if s == HTTP {
					m.Recover() // a probe was answered: no need to wait for recover_time
				}
			}
		}
	}
	r.tell(Event{What: HealthChanged, Node: node, Service: s, Was: ch.was, Health: ch.is, Why: ch.why})
}

// Probed tells whether every service of every node that is to be probed has
// been probed at least once.
func (r *Registry) Probed() bool {
	v := r.View()
	for s := range services {
		for _, n := range v.Nodes {
			if c := n.Check(s); c != nil && v.probed(n, s) && c.Record().At.IsZero() {
				return false
			}
		}
	}
	return true
}

func (r *Registry) tell(e Event) {
	e.At = time.Now()
	r.watchers.tell(e)
}
