package groups

import (
	"context"
	"slices"

	"twinhop/appsession"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
)

// Call is what a message says of its call.
type Call struct {
	ID   string // its Call-ID
	Pool string // that our signature names; "": none
	Node string // that our signature names, that the message is for, or that sent it; "": none
}

// Finder finds pools. Its fields are set before it is used; it is for one
// goroutine.
type Finder struct {
	Book  *calls.Book // nil: calls are not counted
	Store appsession.Store
	Namer appsession.Namer

	keys  []appsession.Key
	pools []*cluster.Pool // one of each realm of keys
}

// Booked returns the pool of a call in progress, nil for one that the book
// does not know. names are the pools that calls may be in.
func (f *Finder) Booked(v *cluster.View, names []string, call string) *cluster.Pool {
	if f.Book == nil {
		return nil
	}
	for _, k := range f.realms(v, names, call) {
		if p := v.Pool(f.Book.Pool(k)); p != nil {
			return p
		}
	}
	return nil
}

// Find returns the pool that a call, or a request of its own, was placed in:
// the one that our signature names; the one of the book; the one in whose realm
// the table has it; the first that the node is in. nil: nobody knows. Only a
// table that is shared with other gateways makes it wait.
func (f *Finder) Find(ctx context.Context, v *cluster.View, names []string, c *Call) *cluster.Pool {
	if p := v.Pool(c.Pool); p != nil {
		return p
	}
	if p := f.Booked(v, names, c.ID); p != nil {
		return p
	}
	if p := f.bound(ctx, v, names, c.ID); p != nil {
		return p
	}
	return Of(v, names, c.Node)
}

// Of returns the first of the pools that a node is in, nil when it is in none.
func Of(v *cluster.View, names []string, node string) *cluster.Pool {
	if node == "" {
		return nil
	}
	for _, name := range names {
		if p := v.Pool(name); p != nil && p.Member(node) != nil {
			return p
		}
	}
	return nil
}

// realms lists the keys that a call has in the realms of the pools.
func (f *Finder) realms(v *cluster.View, names []string, call string) []appsession.Key {
	f.keys, f.pools = f.keys[:0], f.pools[:0]
	for _, name := range names {
		p := v.Pool(name)
		if p == nil || slices.ContainsFunc(f.pools, func(o *cluster.Pool) bool { return o.Realm == p.Realm }) {
			continue
		}
		f.pools = append(f.pools, p)
		f.keys = append(f.keys, f.Namer.Fit(appsession.Key{Space: appsession.Call, Realm: p.Realm, Value: call}))
	}
	return f.keys
}

// bound asks the table. Pools of one realm have the same nodes: of these it is
// the first.
func (f *Finder) bound(ctx context.Context, v *cluster.View, names []string, call string) *cluster.Pool {
	keys := f.realms(v, names, call)
	if len(keys) < 2 || f.Store == nil {
		return nil // what the table says would not tell pools apart
	}
	if near, ok := f.Store.(appsession.Near); ok {
		if b, answer := near.Now(keys); answer == appsession.Bound {
			return f.pools[b.Found]
		} else if answer == appsession.Free {
			return nil
		}
	}
	b, err := f.Store.Find(ctx, keys)
	if err != nil {
		return nil // a broken table costs stickiness, never the message
	}
	return f.pools[b.Found]
}
