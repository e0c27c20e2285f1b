package assembly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"twinhop/admin"
	"twinhop/admin/jkstatus"
	"twinhop/admin/jkstatus/workers"
	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	httpfront "twinhop/http"
)

// statusWorkers are the configured status workers, by name. Mounts lead to
// them.
func (g *Gateway) statusWorkers(o Options) (map[string]httpfront.LocalHandler, error) {
	all := map[string]httpfront.LocalHandler{}
	panel := g.statusPanel(&workers.Scene{Started: time.Now(), Source: o.Source})
	if o.Workers != nil {
		panel.Dump = func() []workers.Property { return o.Workers }
	}
	for i := range g.config.Status {
		s := &g.config.Status[i]
		w, err := jkstatus.New(jkstatus.Words{Name: s.Name, ReadOnly: s.ReadOnly, Users: s.Users, Fold: s.UserCaseInsensitive, Allow: form.Networks(s.Allow),
			Good: s.Good, Bad: s.Bad, CSS: s.CSS, Prefix: s.Prefix, NS: orNone(s.NS), XMLNS: orNone(s.XMLNS), Doctype: s.Doctype}, panel)
		if err != nil {
			return nil, fmt.Errorf("status: %w", err)
		}
		w.Software, w.Log = "twinhop/"+o.Version, g.log
		all[s.Name] = func(rw http.ResponseWriter, r *http.Request, _ []gateway.Evidence, _ gateway.Hint) {
			w.ServeHTTP(rw, r)
		}
	}
	return all, nil
}

// orNone is mod_jk's word for what the configuration leaves empty.
func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (g *Gateway) statusPanel(from *workers.Scene) jkstatus.Panel {
	return jkstatus.Panel{
		State:  func() *workers.State { return g.scene(*from).State() },
		Dump:   func() []workers.Property { return workers.Dump(&g.config) },
		Update: g.order,
		Reset:  g.resetWorker,
		Recover: func(worker, member string) bool {
			m := g.memberOf(worker, member)
			return m != nil && g.recoverMember(m)
		},
		Login: g.Admin.Password,
		Told: func(d jkstatus.Deed) {
			g.Admin.Record(admin.Deed{Actor: d.User, Via: "jkstatus", IP: d.Peer, Action: "jkstatus." + d.What, Object: "worker:" + d.Worker, After: fmt.Sprintf("%+v", d.Details), Err: d.Err})
		},
	}
}

// scene is what status workers show.
func (g *Gateway) scene(s workers.Scene) *workers.Scene {
	s.Config, s.View, s.Now, s.Value, s.Options = g.present.Load(), g.Registry.View(), time.Now(), g.loadValue, g.orders.options()
	s.Conns = func(addr string) (busy, idle int) {
		busy, idle = g.ajp.Conns(addr)
		b, i := g.nodes.Conns(addr)
		return busy + b, idle + i
	}
	if c, ok := g.Store.(appsession.Counter); ok {
		s.Bound = c.Count
	}
	return &s
}

// loadValue is what the algorithm of a member's pool compares it by.
func (g *Gateway) loadValue(m *cluster.Member) int64 {
	if a, ok := g.policy.Load().Pools[m.Pool.Name].HTTP.(balance.Inspector); ok {
		return a.Value(m)
	}
	return m.Load.Value.Load()
}

func (g *Gateway) memberOf(worker, member string) *cluster.Member {
	p := g.Registry.View().Pool(worker)
	if p == nil {
		return nil
	}
	if member == "" {
		member = worker // a worker that is a node by itself
	}
	return p.Member(member)
}

func (g *Gateway) resetWorker(worker, member string) error {
	p, now := g.Registry.View().Pool(worker), time.Now()
	if p == nil {
		return fmt.Errorf("resetting %q: %w", worker, cluster.ErrUnknownPool)
	}
	if member == "" {
		p.Load.Reset(now)
	}
	for _, m := range p.Members {
		if member == "" || m.Name == member {
			m.Load.Reset(now)
		}
	}
	return nil
}

// recoverMember lets a member in error be tried again. It begins with the
// highest load value of its pool, so that it gets no flood.
func (g *Gateway) recoverMember(m *cluster.Member) bool {
	if !m.Recover() {
		return false
	}
	most := int64(0)
	for _, other := range m.Pool.Members {
		most = max(most, other.Load.Value.Load())
	}
	m.Load.Value.Store(most)
	m.Load.ReplyTimeouts.Store(0)
	return true
}

// orders are what status workers changed of the configuration. They outlive
// another configuration, as an operator's words in the cluster do.
type orders struct {
	one  sync.Mutex // held while orders are given: one at a time
	mu   sync.Mutex
	list []workers.Change
}

// over returns the configuration with the orders in it. Those that do not fit
// any more are passed over.
func (o *orders) over(c *config.Config) config.Config {
	o.mu.Lock()
	defer o.mu.Unlock()
	own := workers.Copy(c)
	for i := range o.list {
		if next := workers.Copy(own); o.list[i].Configure(next) == nil {
			own = next
		}
	}
	return *own
}

// with returns the orders with more; the later word counts.
func (o *orders) with(more []workers.Change) []workers.Change {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := slices.Clone(o.list)
	for _, c := range more {
		list = append(slices.DeleteFunc(list, func(x workers.Change) bool {
			return x.Worker == c.Worker && x.Member == c.Member && x.Attribute == c.Attribute
		}), c)
	}
	return list
}

// set replaces the orders and returns those before.
func (o *orders) set(list []workers.Change) []workers.Change {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.list
	o.list = list
	return old
}

// options are recovery_options as they were ordered, by node.
func (o *orders) options() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := map[string]int{}
	for _, c := range o.list {
		if name := c.Member; c.Attribute == workers.Recovery {
			if name == "" {
				name = c.Worker
			}
			all[name] = c.Number
		}
	}
	return all
}

// order makes all of the changes or none.
func (g *Gateway) order(changes []workers.Change) error {
	g.orders.one.Lock()
	defer g.orders.one.Unlock()
	var inConfig []workers.Change
	try := workers.Copy(g.present.Load())
	for i := range changes {
		if c := &changes[i]; !c.InCluster() {
			if err := c.Configure(try); err != nil {
				return err
			}
			inConfig = append(inConfig, *c)
		}
	}
	undo, err := g.adjust(changes)
	if err == nil && len(inConfig) > 0 {
		err = g.again(context.Background(), func() (func(), error) {
			before := g.orders.set(g.orders.with(inConfig))
			return func() { g.orders.set(before) }, nil
		})
	}
	if err == nil {
		g.level(changes)
		return nil
	}
	undo()
	if refused := (*workers.Refused)(nil); errors.As(err, &refused) {
		return err
	}
	return workers.Refuse("Update failed: %v", err)
}

// level takes back the load values of pools whose members were switched, as
// mod_jk does: what was counted before says nothing of what is fair now.
func (g *Gateway) level(changes []workers.Change) {
	for _, c := range changes {
		if p := g.Registry.View().Pool(c.Worker); p != nil && c.Attribute == workers.Activation {
			for _, m := range p.Members {
				m.Load.Value.Store(0)
			}
		}
	}
}

// adjust makes those changes that are the cluster's to make. undo takes back
// what was made.
func (g *Gateway) adjust(changes []workers.Change) (undo func(), err error) {
	var done []func()
	undo = func() {
		for _, f := range slices.Backward(done) {
			f()
		}
	}
	for len(changes) > 0 {
		worker, member := changes[0].Worker, changes[0].Member
		same := func(c workers.Change) bool { return c.Worker == worker && c.Member == member }
		n := slices.IndexFunc(changes, func(c workers.Change) bool { return !same(c) })
		if n < 0 {
			n = len(changes)
		}
		back, err := g.adjustOne(slices.DeleteFunc(slices.Clone(changes[:n]), func(c workers.Change) bool { return !c.InCluster() }))
		if err != nil {
			return undo, err
		}
		if back != nil {
			done = append(done, back)
		}
		changes = changes[n:]
	}
	return undo, nil
}

// adjustOne makes changes of one member or pool.
func (g *Gateway) adjustOne(changes []workers.Change) (back func(), err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	p := g.Registry.View().Pool(changes[0].Worker)
	if p == nil {
		return nil, cluster.ErrUnknownPool
	}
	m, before := g.memberOf(changes[0].Worker, changes[0].Member), g.Registry.Said()
	if m == nil {
		var words cluster.PoolWords
		for i := range changes {
			if err := changes[i].PoolWords(&words, p); err != nil {
				return nil, err
			}
		}
		return func() { g.Registry.TakeBack(before, p.Name, "") }, g.Registry.AdjustPool(p.Name, words)
	}
	var words cluster.MemberWords
	for i := range changes {
		changes[i].MemberWords(&words)
	}
	if words.Route != nil && words.Domain == nil { // as mod_jk: a domain stays, and where there is none the route brings one
		domain, _, dotted := strings.Cut(*words.Route, ".")
		if m.Domain != "" || !dotted {
			domain = m.Domain
		}
		words.Domain = &domain
	}
	return func() { g.Registry.TakeBack(before, p.Name, m.Name) }, g.Registry.Adjust(p.Name, m.Name, words)
}
