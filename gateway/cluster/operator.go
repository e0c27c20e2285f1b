package cluster

import (
	"fmt"
	"maps"
	"time"
)

// MemberWords is what an operator may say of a pool member at run time. What
// is nil is left as it is.
type MemberWords struct {
	Activation       *Activation
	Weight, Distance *int // lbfactor, distance
	BusyLimit        *int
	Route, Redirect  *string
	Domain           *string // empty: none, whatever the route is
}

// PoolWords is what an operator may say of a pool at run time. What is nil is
// left as it is.
type PoolWords struct {
	Sticky, Force *bool
	Recovery      *Recovery
}

// over puts the words over those of the pool.
func (w PoolWords) over(p *Pool) {
	set(&p.Sticky, w.Sticky)
	set(&p.Force, w.Force)
	if w.Recovery != nil {
		p.Recovery = w.Recovery
	}
}

// SetActivation is the operator's word for a node: in one pool, or with pool
// "" in all, where it replaces what was said of single pools before. It
// outlives Apply, even one that removes the node for a while. Saying what the
// configuration says leaves the word to the configuration again.
func (r *Registry) SetActivation(pool, node string, a Activation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a > Stopped {
		return fmt.Errorf("setting the activation of node %q: there is no activation %d", node, a)
	}
	v := r.View()
	if v.Named(node) == nil {
		return fmt.Errorf("setting the activation of node %q: %w", node, ErrUnknownNode)
	}
	if pool != "" {
		if err := v.in(pool, node); err != nil {
			return fmt.Errorf("setting the activation of node %q in pool %q: %w", node, pool, err)
		}
	}
	mem := r.memory
	mem.speak(v, pool, node, a)
	if err := r.rebuild(mem); err != nil { // what was applied once is applied again
		return fmt.Errorf("setting the activation of node %q: %w", node, err)
	}
	r.asked(node, a)
	return nil
}

// asked does at once what an operator expects of a word: a probe, and that who
// is active again has no rest. The lock is held.
func (r *Registry) asked(node string, a Activation) {
	if n := r.View().Named(node); n != nil && a == Active {
		for _, s := range Services() {
			n.Rest(s, time.Now())
		}
	}
	r.Nudge(node)
}

// Restore lets the activation of a node be, pool by pool, what was says, and
// in pools that it does not name what the configuration says. Pools without
// the node are passed over.
func (r *Registry) Restore(node string, was map[string]Activation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, mem := r.View(), r.memory
	if v.Named(node) == nil {
		return fmt.Errorf("setting the activation of node %q back: %w", node, ErrUnknownNode)
	}
	words := map[string]Activation{}
	for _, p := range v.Pools {
		if m := p.Member(node); m != nil {
			if a, ok := was[p.Name]; ok && a != m.Configured {
				words[p.Name] = a
			}
		}
	}
	mem.words = with(mem.words, node, words)
	if len(words) == 0 {
		delete(mem.words, node)
	}
	if err := r.rebuild(mem); err != nil {
		return fmt.Errorf("setting the activation of node %q back: %w", node, err)
	}
	r.Nudge(node)
	return nil
}

// Said is what the operator has said of everything so far (Registry.Said).
type Said struct{ memory memory }

// Said returns what the operator has said so far, for TakeBack.
func (r *Registry) Said() Said {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Said{r.memory} // its maps are never changed
}

// TakeBack lets what the operator said of a member, or with node "" of a pool,
// be again what it was then. An activation is taken back in all pools.
func (r *Registry) TakeBack(was Said, pool, node string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	mem, key := r.memory, [2]string{pool, node}
	if node == "" {
		mem.pools = with(mem.pools, pool, was.memory.pools[pool])
	} else {
		mem.members = with(mem.members, key, was.memory.members[key])
		mem.words = with(mem.words, node, was.memory.words[node])
	}
	if err := r.rebuild(mem); err != nil {
		return fmt.Errorf("taking back what was said of node %q in pool %q: %w", node, pool, err)
	}
	return nil
}

// Forget drops every word of the operator for a node, which is then as it is
// configured. A node of this name that comes later is another one.
func (r *Registry) Forget(node string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	mem := r.memory
	mem.words, mem.members, mem.sizes = maps.Clone(mem.words), maps.Clone(mem.members), maps.Clone(mem.sizes)
	delete(mem.words, node)
	maps.DeleteFunc(mem.members, func(k [2]string, _ MemberWords) bool { return k[1] == node })
	maps.DeleteFunc(mem.sizes, func(k [2]string, _ map[string]int) bool { return k[1] == node })
	if err := r.rebuild(mem); err != nil {
		return fmt.Errorf("forgetting what was said of node %q: %w", node, err)
	}
	return nil
}

// Adjust is the operator's word for a member of a pool, or with pool "" for
// the node in all its pools, instead of what the configuration says. It
// outlives Apply. On error, which names everything that is wrong, nothing
// changes. A new weight sets the load values of the pool back to zero, as
// mod_jk's status worker does.
func (r *Registry) Adjust(pool, node string, w MemberWords) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.View()
	if err := v.in(pool, node); err != nil {
		return fmt.Errorf("adjusting node %q in pool %q: %w", node, pool, err)
	}
	mem := r.memory
	if w.Activation != nil {
		if *w.Activation > Stopped {
			return fmt.Errorf("adjusting node %q in pool %q: there is no activation %d", node, pool, *w.Activation)
		}
		mem.speak(v, pool, node, *w.Activation)
	}
	places := v.places(pool, node)
	for _, m := range places {
		key := [2]string{m.Pool.Name, node}
		now := mem.members[key]
		keep(&now.Weight, w.Weight)
		keep(&now.Distance, w.Distance)
		keep(&now.BusyLimit, w.BusyLimit)
		keep(&now.Route, w.Route)
		keep(&now.Domain, w.Domain)
		keep(&now.Redirect, w.Redirect)
		mem.members = with(mem.members, key, now)
	}
	if err := r.rebuild(mem); err != nil {
		return fmt.Errorf("adjusting node %q in pool %q: %w", node, pool, err)
	}
	for _, m := range places {
		if w.Weight != nil && *w.Weight != m.Weight {
			for _, o := range r.View().Pool(m.Pool.Name).Members {
				o.Load.Value.Store(0)
			}
		}
	}
	if w.Activation != nil {
		r.asked(node, *w.Activation)
	}
	return nil
}

// places are the members that a node is, in one pool or with "" in all.
func (v *View) places(pool, node string) (all []*Member) {
	for _, p := range v.Pools {
		if m := p.Member(node); m != nil && (pool == "" || p.Name == pool) {
			all = append(all, m)
		}
	}
	return all
}

// AdjustPool is the operator's word for a pool, instead of what the
// configuration says. It outlives Apply.
func (r *Registry) AdjustPool(pool string, w PoolWords) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.View().Pool(pool) == nil {
		return fmt.Errorf("adjusting pool %q: %w", pool, ErrUnknownPool)
	}
	mem := r.memory
	now := mem.pools[pool]
	keep(&now.Sticky, w.Sticky)
	keep(&now.Force, w.Force)
	keep(&now.Recovery, w.Recovery)
	mem.pools = with(mem.pools, pool, now)
	if err := r.rebuild(mem); err != nil {
		return fmt.Errorf("adjusting pool %q: %w", pool, err)
	}
	return nil
}

// in tells what is wrong with a pool and a node in it.
func (v *View) in(pool, node string) error {
	switch p := v.Pool(pool); {
	case pool == "" && len(v.places("", node)) > 0:
	case pool == "":
		return ErrUnknownNode
	case p == nil:
		return ErrUnknownPool
	case p.Member(node) == nil:
		return ErrUnknownNode
	}
	return nil
}

// rebuild makes a View of the present Spec with another memory. The lock is
// held. On error nothing changes.
func (r *Registry) rebuild(mem memory) error {
	spec := r.spec.with(r.enrolled)
	next, err := build(&spec, r.View(), &mem)
	if err != nil {
		return err
	}
	r.memory = mem
	r.swap(next)
	return nil
}

// speak notes what the operator says of the activation of a node.
func (mem *memory) speak(v *View, pool, node string, a Activation) {
	words := mem.words[node]
	if pool == "" {
		words = nil
	}
	mem.words = with(mem.words, node, with(words, pool, a))
	if !needed(v, node, mem.words[node]) {
		delete(mem.words, node)
	}
}

// needed tells whether the words change anything of what is configured.
func needed(v *View, node string, words map[string]Activation) bool {
	mem := memory{words: map[string]map[string]Activation{node: words}}
	in := false
	for _, p := range v.Pools {
		if m := p.Member(node); m != nil {
			in = true
			if mem.activation(p.Name, node, m.Configured) != m.Configured {
				return true
			}
		}
	}
	return !in
}

// with returns a copy of a map with one more entry.
func with[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[K]V{}
	}
	m[key] = value
	return m
}

func keep[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}
