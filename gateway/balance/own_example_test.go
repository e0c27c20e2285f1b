package balance_test

import (
	"errors"
	"fmt"
	"sync/atomic"

	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
)

// Zone prefers the members of one domain, and of those the one with the
// fewest calls.
type Zone struct {
	home  string
	given atomic.Int64
}

// Pick implements balance.Algorithm. It gets members that may all be taken, at
// least one, and must neither filter nor allocate.
func (z *Zone) Pick(eligible []*cluster.Member, _ *balance.Question) *cluster.Member {
	best := eligible[0]
	for _, m := range eligible[1:] {
		if z.before(m, best) {
			best = m
		}
	}
	return best
}

func (z *Zone) before(a, b *cluster.Member) bool {
	if (a.Domain == z.home) != (b.Domain == z.home) {
		return a.Domain == z.home
	}
	return a.Load.Calls.Load() < b.Load.Calls.Load()
}

// Configure implements balance.Configurable: placement: {own: {home: east}}.
func (z *Zone) Configure(p balance.Params) error {
	if z.home = p.Own["home"]; z.home == "" {
		return errors.New("own: {home: ...} is missing: the domain that comes first")
	}
	return nil
}

// Assigned implements balance.Observer: it is told of all work that members
// get, also of what a session led there. A dry question is only asking.
func (z *Zone) Assigned(_ *cluster.Member, q *balance.Question) {
	if !q.Dry {
		z.given.Add(1)
	}
}

// Value implements balance.Inspector: by what members are compared.
func (z *Zone) Value(m *cluster.Member) int64 { return m.Load.Calls.Load() }

// Two nodes in the east, one of which has a call, and an idle one in the west.
func Example() {
	z := &Zone{}
	fmt.Println(z.Configure(balance.Params{}))
	fmt.Println(z.Configure(balance.Params{Own: map[string]string{"home": "east"}}))

	var r cluster.Registry
	var spec cluster.Spec
	for i, domain := range []string{"west", "east", "east"} {
		sip, _ := cluster.ParseAddress(fmt.Sprintf("udp://10.0.0.%d:5060", i+1))
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprint("node", i+1), Domain: domain, SIP: []cluster.Address{sip}})
	}
	spec.Pools = []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}
	if err := r.Apply(spec); err != nil {
		fmt.Println(err)
		return
	}
	members := r.View().Pool("default").Members
	members[1].Load.Calls.Add(1)
	m := z.Pick(members, &balance.Question{})
	z.Assigned(m, &balance.Question{})
	fmt.Println(m.Name, z.given.Load(), z.Value(members[1]))
	// Output:
	// own: {home: ...} is missing: the domain that comes first
	// <nil>
	// node3 1 1
}
