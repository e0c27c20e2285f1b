package assembly

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"twinhop/admin/versions"
	"twinhop/cmd/twinhop/clusterwords"
	"twinhop/cmd/twinhop/httpwords"
	"twinhop/cmd/twinhop/sipwords"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	httpfront "twinhop/http"
	"twinhop/http/ajp"
	sipfront "twinhop/sip"
)

// Reloaded is what became of another configuration: the keys that changed and
// count now, those that count after a restart, and those of which an operator
// said otherwise by the API.
type Reloaded struct{ Now, Restart, Kept []string }

// fixed are the keys, with what is below them, that count from the start of
// the process to its end.
var fixed = []string{"listen", "store", "state", "secrets", "admin", "telemetry", "status",
	"heartbeat.json", "heartbeat.rmi", "heartbeat.sip", "heartbeat.secret", "heartbeat.secretFile", "affinity.maxKeys", "affinity.ttl.idle", "limits.http.headerBytes", "limits.http.headerTimeout", "limits.http.idleTimeout",
	"limits.sip.connections", "limits.sip.connectionsPerSource", "limits.sip.pings", "limits.sip.idleTimeout", "limits.sip.partialTimeout",
	"limits.sip.handshakeTimeout", "limits.sip.websocket", "sip.tls", "limits.sip.connectTimeout", "limits.sip.writeTimeout", "limits.sip.queueBytes", "limits.sip.headerBytes"}

// loose are keys below fixed ones that count at once.
var loose = []string{"listen.sip.origins", "telemetry.log.level"}

// restarts tells whether a key counts only after a restart.
func restarts(key string) bool {
	return !slices.Contains(loose, key) && slices.ContainsFunc(fixed, func(f string) bool { return key == f || strings.HasPrefix(key, f+".") })
}

// plan is everything that a configuration changes while the gateway runs. It
// is whole before any of it is put into force.
type plan struct {
	spec   cluster.Spec
	ajp    map[string]ajp.Settings
	http   *httpfront.Settings
	sip    sipfront.Settings
	policy *gateway.Policy
}

// plan says what c means, host names resolved and files read.
func (g *Gateway) plan(ctx context.Context, c *config.Config) (*plan, error) {
	p := &plan{}
	var err error
	if p.policy, err = policy(c, g.table.Count); err != nil {
		return nil, err
	}
	if p.spec, err = clusterwords.Spec(c); err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	if err := g.Registry.Resolve(ctx, &p.spec); err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	clusterwords.PreferIPv6(c, &p.spec)
	extra, err := sipwords.Extra(ctx, g.Registry.Lookup, c.SIP.ExtraServerNodes)
	if err != nil {
		return nil, fmt.Errorf("sip.extraServerNodes: %w", err)
	}
	p.sip = sipwords.Settings(c, extra)
	if p.ajp, err = ajpNodes(c, g.places, &p.spec); err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	page, err := httpwords.Unavailable(&c.HTTP.Unavailable, g.places.file)
	if err != nil {
		return nil, err
	}
	p.http, err = httpwords.Settings(c, page)
	return p, err
}

// Reload puts another configuration, without errors, into force while the
// gateway runs. On an error everything is as it was. Requests and calls under
// way finish as they began; sessions, what an operator said, counters and
// health are kept by the names of nodes and pools.
func (g *Gateway) Reload(ctx context.Context, c config.Config) (Reloaded, error) {
	return g.ReloadText(ctx, c, nil)
}

// ReloadText is Reload with the text of the file that says c, to be kept as a
// version; nil: there is no such file. ctx tells who wants it (versions.With).
func (g *Gateway) ReloadText(ctx context.Context, c config.Config, text []byte) (Reloaded, error) {
	g.changing.Lock()
	defer g.changing.Unlock()
	before := g.basis.Load()
	r, err := g.reload(ctx, c)
	if err == nil {
		g.roll = g.roll.Settle(&c)
		g.settleAffinity(&c, &r)
		if level := g.Admin.Panel.LogLevel; level != nil {
			level.Configure(c.Telemetry.Log.Level)
		}
		g.noteVersion(&c, text, &versions.Version{By: versions.Of(ctx), Changed: config.Changes(before, &c)})
	}
	return r, err
}

// ReadAgain notes what became of reading the configuration again: nil when it
// is in force, else why it is not.
func (g *Gateway) ReadAgain(err error) { g.metrics.read(err) }

// again puts the configuration that was given last into force anew, with what
// operators say of it after the change, which is undone if that cannot be. No
// other configuration gets in between.
func (g *Gateway) again(ctx context.Context, change func() (undo func(), err error)) error {
	g.changing.Lock()
	defer g.changing.Unlock()
	undo, err := change()
	if err != nil {
		return err
	}
	if _, err = g.reload(ctx, *g.basis.Load()); err != nil {
		undo()
	}
	return err
}

// reload is Reload. The lock is held.
func (g *Gateway) reload(ctx context.Context, c config.Config) (Reloaded, error) {
	old := g.present.Load()
	basis := c
	c = g.inForce(&c, g.said)
	p, err := g.plan(ctx, &c)
	if err != nil {
		return Reloaded{}, err
	}
	keepAlgorithms(p.policy, g.policy.Load(), old, &c)
	all, doomed := g.withOldPools(&p.spec)
	if err := g.Registry.Apply(all); err != nil {
		return Reloaded{}, fmt.Errorf("nodes: %w", err)
	}
	g.spec, g.doomed = p.spec, time.Time{}
	if doomed {
		g.doomed = time.Now().Add(lastRequests)
	}
	if g.hearts != nil {
		g.hearts.Apply(&c)
	}
	g.ajp.Apply(p.ajp)
	g.prober.apply(c.Health)
	g.sipProber.Accept(c.Health.SIP.Codes)
	g.apply(p.policy)
	g.words.Store(p)
	if g.front != nil {
		g.front.Apply(p.http)
		g.crowd.Apply(crowdLimits(&c))
	}
	if g.sip != nil {
		g.sip.Apply(p.sip)
		if err := g.web.Allow(c.Listen.SIP.Origins); err != nil { // the configuration has checked them
			return Reloaded{}, fmt.Errorf("listen.sip.origins: %w", err)
		}
	}
	if g.certs != nil {
		g.certs.Look() // who replaced certificates need not wait
	}
	g.basis.Store(&basis)
	g.present.Store(&c)
	return g.told(old, &c), nil
}

// lastRequests is how long a pool that was taken away stays for the requests
// that were on their way to it.
const lastRequests = 5 * time.Second

// withOldPools adds to a new description the pools that it takes away, without
// the nodes that it takes away, and tells whether there are any.
func (g *Gateway) withOldPools(next *cluster.Spec) (all cluster.Spec, any bool) {
	all = *next
	all.Pools = slices.Clone(next.Pools)
	stays := func(name string) bool {
		return name == cluster.AllNodes || slices.ContainsFunc(next.Nodes, func(n cluster.NodeSpec) bool { return n.Name == name })
	}
	for _, p := range g.spec.Pools {
		if slices.ContainsFunc(next.Pools, func(o cluster.PoolSpec) bool { return o.Name == p.Name }) {
			continue
		}
		p.Members = slices.DeleteFunc(slices.Clone(p.Members), func(m cluster.MemberSpec) bool { return !stays(m.Node) })
		p.Variants = nil
		all.Pools, any = append(all.Pools, p), true
	}
	return all, any
}

// bury takes away the pools whose last requests have gone.
func (g *Gateway) bury(now time.Time) {
	if !g.changing.TryLock() { // somebody waits for names to be resolved: the next time will do
		return
	}
	defer g.changing.Unlock()
	if g.doomed.IsZero() || now.Before(g.doomed) {
		return
	}
	g.doomed = time.Time{}
	if err := g.Registry.Apply(g.spec); err != nil { // less than what was applied before
		g.log.Error("pools that are not configured any more are still there", "err", err)
	}
}

// keepAlgorithms lets pools that are balanced as before go on with what was
// counted, and those that are taken away with all they had.
func keepAlgorithms(next, last *gateway.Policy, was, is *config.Config) {
	type words struct {
		balance string
		with    config.Placement
	}
	said := func(c *config.Config, pool string) (of *config.Pool, http, sip any) {
		for i := range c.Pools {
			if p := &c.Pools[i]; p.Name == pool {
				with := p.Placement
				with.Pins, with.Failover = nil, "" // the algorithms know nothing of them
				return p, words{p.Balance, with}, words{c.CallBalance(p), with}
			}
		}
		return nil, nil, nil
	}
	for name, place := range last.Pools {
		now, there := next.Pools[name]
		_, h1, s1 := said(was, name)
		pool, h2, s2 := said(is, name)
		if !there || reflect.DeepEqual(h1, h2) {
			now.HTTP = place.HTTP
		}
		if !there || reflect.DeepEqual(s1, s2) && place.SIP != nil {
			now.SIP = place.SIP
		}
		if !there {
			now.Pins, now.Heirs = place.Pins, place.Heirs
		} else if pool != nil {
			join(&now, is, pool)
		}
		if now.Heirs != nil && place.Heirs != nil && now.Heirs.ByName == place.Heirs.ByName {
			now.Heirs = place.Heirs
		}
		next.Pools[name] = now
	}
}

// told tells what a new configuration changed.
func (g *Gateway) told(old, now *config.Config) (r Reloaded) {
	r.Now = slices.DeleteFunc(config.Changes(old, now), restarts)
	r.Restart = slices.DeleteFunc(config.Changes(&g.config, now), func(key string) bool { return !restarts(key) })
	g.log.Info("the configuration was reloaded", "changed", strings.Join(r.Now, " "))
	if len(r.Restart) > 0 {
		g.log.Warn("these keys count after a restart only", "keys", strings.Join(r.Restart, " "))
	}
	return r
}
