package cluster

import (
	"errors"
	"fmt"

	"twinhop/gateway/cluster/capacity"
)

// ErrUnknownResource says that a member does not have a resource of that name.
var ErrUnknownResource = errors.New("no such resource")

// Needs is what a call takes of the member that it is given to.
type Needs = capacity.Needs

// Free returns the least that is free of what is needed; ok is false when the
// member lacks one of the resources.
func (m *Member) Free(n *Needs) (least int64, ok bool) { return m.Load.resources.Free(m.Capacity, n) }

// Room tells whether Reserve would do it now.
func (m *Member) Room(n *Needs) bool { return m.Load.resources.Room(m.Capacity, n) }

// Reserve takes one of each resource needed, or nothing where they are not all
// free, and tells which. Of any number at a time none gets what is not there.
func (m *Member) Reserve(n *Needs) bool { return m.Load.resources.Take(m.Capacity, n) }

// Hold takes one of each resource, also beyond what there is: for calls that
// are on the member already.
func (l *MemberLoad) Hold(resources []string) { l.resources.Force(resources) }

// Release gives back what was reserved or held.
func (l *MemberLoad) Release(resources []string) { l.resources.Give(resources) }

// Fullness is "full" or "free", as it was last told (Event).
func (m *Member) Fullness(resource string) string {
	if m.Load.resources.Full(resource) {
		return "full"
	}
	return "free"
}

// Used is how much of a resource is in use.
func (l *MemberLoad) Used(resource string) int64 { return l.resources.Used(resource) }

// Knows tells whether some member has each of the resources, not necessarily
// the same one.
func (p *Pool) Knows(resources []string) bool {
	for _, name := range resources {
		known := false
		for _, m := range p.Members {
			_, has := m.Capacity.Max(name)
			known = known || has
		}
		if !known {
			return false
		}
	}
	return true
}

// Resize is the operator's word for how much a member has of a resource,
// instead of what the configuration says. It outlives Apply. What is in use
// beyond it stays in use till it ends.
func (r *Registry) Resize(pool, node, resource string, size int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	fail := func(err error) error {
		return fmt.Errorf("resizing %s of node %q in pool %q: %w", resource, node, pool, err)
	}
	v := r.View()
	if err := v.in(pool, node); err != nil {
		return fail(err)
	}
	if _, has := v.Pool(pool).Member(node).Capacity.Max(resource); !has {
		return fail(ErrUnknownResource)
	}
	mem, key := r.memory, [2]string{pool, node}
	mem.sizes = with(mem.sizes, key, with(mem.sizes[key], resource, size))
	if err := r.rebuild(mem); err != nil {
		return fail(err)
	}
	return nil
}

// maxResources bounds the resources of a member, maxCapacity each of them.
const (
	maxResources = 64
	maxCapacity  = 100_000_000
)

func (c *complaints) capacity(who string, s capacity.Sizes) {
	if len(s) > maxResources {
		c.add("%s: has %d resources, more than %d", who, len(s), maxResources)
	}
	for _, x := range s {
		if !word(x.Name, maxName) {
			c.add("%s: resource %q is not 1 to %d letters, digits, dots, - or _", who, x.Name, maxName)
		}
		if x.Max < 0 || x.Max > maxCapacity {
			c.add("%s: capacity %d of %q is not between 0 and %d", who, x.Max, x.Name, maxCapacity)
		}
	}
}

// tellFull tells of the resources that became full, or have room again, since
// it was last called.
func (r *Registry) tellFull() {
	for _, p := range r.View().Pools {
		for _, m := range p.Members {
			if len(m.Capacity) == 0 {
				continue
			}
			for _, t := range m.Load.resources.Look(m.Capacity) {
				r.tell(Event{What: Filled, Node: m.Name, Pool: p.Name, Resource: t.Name, Full: t.Full,
					Why: fmt.Sprintf("%d of %d in use", t.Used, t.Max)})
			}
		}
	}
}
