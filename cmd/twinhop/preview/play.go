package preview

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/trace/specimens"
)

// outcome is what became of one specimen.
type outcome struct {
	node    string // "": nobody could serve it
	rule    gateway.Rule
	sticky  bool // it follows something: a key that is known, or what it says itself
	session appsession.ID
	keys    []*specimens.Key // in the order in which they count
}

// recorded places what belongs to nobody yet where it really went.
type recorded struct{ node string }

// Pick implements balance.Algorithm.
func (r *recorded) Pick(eligible []*cluster.Member, q *balance.Question) *cluster.Member {
	for _, m := range eligible {
		if m.Name == r.node {
			return m
		}
	}
	return balance.Rendezvous(eligible, q.Seed)
}

// player has a Router of its own decide about specimens.
type player struct {
	*reading
	view   *cluster.View
	router *gateway.Router
	table  *memstore.Store
	clock  time.Time
	step   time.Duration // that the clock makes: to advance it costs something
	placed recorded
	ask    gateway.Ask
}

// play tells what becomes of each specimen under the affinity of c. Of those
// that are older, of a session from before the record, what they carry was
// said before; but for the Call-ID, which only a repetition has.
func play(ctx context.Context, c *config.Config, t *Traffic, older []bool) ([]outcome, *reading, error) {
	r, err := read(c)
	if err != nil {
		return nil, nil, err
	}
	v, list := t.View, t.List
	p := &player{reading: r, view: v}
	if len(list) > 0 {
		p.clock = list[0].At
		p.step = max(time.Second, list[len(list)-1].At.Sub(p.clock)/steps)
	}
	a := &c.Affinity
	p.table = memstore.New(memstore.Options{KeysPerSession: a.MaxKeys, Idle: off(a.TTL.Idle), Max: off(a.TTL.Max), Clock: func() time.Time { return p.clock }})
	var key [16]byte
	_, _ = rand.Read(key[:])
	p.router = &gateway.Router{Store: p.table, Views: func() *cluster.View { return v },
		Namer: appsession.Namer{K0: binary.LittleEndian.Uint64(key[:]), K1: binary.LittleEndian.Uint64(key[8:])}}
	policy := &gateway.Policy{Pools: map[string]gateway.Placement{}}
	if a.Leader == "sip" {
		policy.Leader = gateway.LeaderSIP
	}
	for _, pool := range v.Pools {
		policy.Pools[pool.Name] = gateway.Placement{HTTP: &p.placed, SIP: &p.placed}
	}
	p.router.Apply(policy)
	all := make([]outcome, len(list))
	for i := range list {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		p.advance(list[i].At)
		if older[i] {
			p.decide(before(&list[i]))
		}
		all[i] = p.decide(&list[i])
	}
	return all, r, nil
}

// steps is how often the clock is advanced, at most: lives of sessions are not told more exactly than that.
const steps = 1000

// off turns the 0 of the configuration, for never, into that of the table.
func off(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func (p *player) advance(to time.Time) {
	if to.Sub(p.clock) >= p.step {
		p.clock = to
		p.table.Tick()
	}
}

// before is a message of the same session that came earlier.
func before(s *specimens.Specimen) *specimens.Specimen {
	b := *s
	if s.Rule != gateway.AffinityCallID {
		b.Keys = slices.DeleteFunc(slices.Clone(s.Keys), func(k specimens.Key) bool { return k.Source == gateway.SourceCallID })
	}
	return &b
}

// age finds the specimens of sessions that are older than the record: they were
// known, and what was recorded before them does not tell why. They count as
// known.
func age(list []specimens.Specimen, all []outcome) []bool {
	older := make([]bool, len(list))
	for i := range all {
		if o := &all[i]; !o.sticky && o.node != "" && followed(list[i].Rule) {
			older[i], o.sticky, o.rule = true, true, list[i].Rule
		}
	}
	return older
}

// followed tells the rules by which a message was known by one of its keys.
func followed(r gateway.Rule) bool {
	switch r {
	case gateway.ParamAppsession, gateway.AffinityCallID, gateway.AffinityFromUser, gateway.AffinityToUser, gateway.AffinityCustom, gateway.AffinityHTTP,
		gateway.AffinityLinked, gateway.FailoverDown, gateway.FailoverStopped, gateway.FailoverGone, gateway.DomainFailover, gateway.Substitute,
		gateway.FollowSIPRewrite, gateway.Switchover:
		return true
	}
	return false
}

func (p *player) decide(s *specimens.Specimen) outcome {
	a := &p.ask
	a.Reset()
	a.Kind, a.View = gateway.Open, p.view
	a.Pool = p.view.Pool(s.Pool).Variant(s.Variant)
	q := p.reading.ask(a, s)
	p.placed.node = s.Node
	hashed := p.hashed(q, s)
	d, err := p.router.Try(a)
	o := outcome{rule: d.Rule, session: d.Session, keys: q.keys}
	if err != nil {
		return o
	}
	o.node, o.sticky = d.Member.Name, !anew(d.Rule)
	if hashed {
		o.rule = gateway.SessionHash
	}
	return o
}

// hashed has a session id without a route, which nobody knows yet, go where it
// went: the hash of it cannot be told from what is kept.
func (p *player) hashed(q *question, s *specimens.Specimen) bool {
	if q.Wants != cluster.HTTP || !q.Pool.Sticky || q.Hint != (gateway.Hint{}) || len(q.Evidence) != 1 || q.Evidence[0].Space != appsession.HTTP {
		return false
	}
	if _, answer := p.table.Now([]appsession.Key{q.Evidence[0].Key}); answer == appsession.Bound {
		return false
	}
	q.Hint = gateway.Hint{Route: q.Pool.Member(s.Node).Route, Source: gateway.SourceCookie}
	return true
}

// anew tells the rules by which a message is placed as if nobody knew it.
func anew(r gateway.Rule) bool {
	switch r {
	case gateway.Balance, gateway.NoNode, gateway.Overflow, gateway.Unbound, gateway.Busy, gateway.StickyForced, gateway.ForcedRecovery:
		return true
	}
	return false
}

// stage is a View with the nodes and pools of another, all of them well and
// without load, and with the variants of pools that the specimens need.
func stage(live *cluster.View, list []specimens.Specimen) (*cluster.View, error) {
	var spec cluster.Spec
	for _, n := range live.Nodes {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: n.Name, Route: n.Route, HTTP: n.Addrs(cluster.HTTP), SIP: n.Addrs(cluster.SIP)})
	}
	for _, p := range live.Pools {
		pool := cluster.PoolSpec{Name: p.Name, Sticky: p.Sticky, Force: p.Force, Realm: strconv.Itoa(int(p.Realm))}
		for _, m := range p.Members {
			pool.Members = append(pool.Members, cluster.MemberSpec{Node: m.Name, Route: &m.Route, Domain: &m.Domain})
		}
		made := map[string]bool{"": true}
		for i := range list {
			if s := &list[i]; s.Pool == p.Name && !made[s.Variant] {
				made[s.Variant] = true
				v := p.Variant(s.Variant)
				pool.Variants = append(pool.Variants, cluster.Variant{Name: s.Variant, NoStick: !v.Sticky, Stateless: v.Stateless})
			}
		}
		spec.Pools = append(spec.Pools, pool)
	}
	r := &cluster.Registry{}
	if err := r.Apply(spec); err != nil {
		return nil, err
	}
	return r.View(), nil
}
