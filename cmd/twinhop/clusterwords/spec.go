package clusterwords

import (
	"slices"

	"twinhop/gateway/cluster"
	"twinhop/gateway/cluster/pace"
	"twinhop/gateway/cluster/passive"
	"twinhop/gateway/cluster/probes"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
)

// Spec says the same as the configuration in the words of the cluster.
func Spec(c *config.Config) (cluster.Spec, error) {
	spec := cluster.Spec{Checks: map[cluster.Service]cluster.Schedule{}, Schemes: map[string]cluster.Schedule{}}
	for _, n := range c.Nodes {
		act, _ := cluster.ParseActivation(n.Activation)
		node := cluster.NodeSpec{Name: n.Name, Route: n.Route, Instance: n.Instance, Weight: n.Weight, Distance: n.Distance,
			Domain: n.Domain, Redirect: n.Redirect, Activation: act, BusyLimit: n.BusyLimit, Capacity: config.Sizes(n.Capacity)}
		if n.HTTP != "" {
			a, err := cluster.ParseAddress(n.HTTP)
			if err != nil {
				return spec, err
			}
			node.HTTP = []cluster.Address{a}
		}
		for _, s := range n.SIP {
			a, err := cluster.ParseAddress(s)
			if err != nil {
				return spec, err
			}
			node.SIP = append(node.SIP, a)
		}
		spec.Nodes = append(spec.Nodes, node)
	}
	for _, p := range c.Pools {
		spec.Pools = append(spec.Pools, poolSpec(p, c.Mounts))
	}
	h := &c.Health
	spec.Checks[cluster.HTTP] = schedule(cluster.Schedule{Interval: h.HTTP.Interval, Timeout: h.HTTP.Timeout, Fall: h.HTTP.Fall, Rise: h.HTTP.Rise, Recover: h.HTTP.Recover,
		Passive: signs(h.HTTP.Errors.Rule(), h.HTTP.Silent)})
	spec.Schemes["ajp"] = schedule(cluster.Schedule{Interval: h.AJP.Interval, Timeout: h.AJP.Timeout, Fall: h.AJP.Fall, Rise: h.AJP.Rise, Recover: h.AJP.Recover,
		Passive: signs(h.AJP.Errors.Rule(), h.AJP.Silent)})
	spec.Checks[cluster.SIP] = schedule(cluster.Schedule{Interval: h.SIP.Interval, WhenDown: h.SIP.Mode == "down", Timeout: h.SIP.Timeout, Fall: h.SIP.Fall, Rise: h.SIP.Rise, Recover: h.SIP.Recover,
		Passive: signs(h.SIP.Errors, h.SIP.Silent)})
	return spec, nil
}

// PreferIPv6 puts IPv6 first among the addresses, which are resolved, of nodes
// that are to be spoken to so. spec has the nodes of c in their order.
func PreferIPv6(c *config.Config, spec *cluster.Spec) {
	for i := range c.Nodes {
		if c.Nodes[i].PreferIPv6 {
			slices.SortStableFunc(spec.Nodes[i].HTTP, func(a, b cluster.Address) int {
				return b.Addr.Addr().BitLen() - a.Addr.Addr().BitLen()
			})
		}
	}
}

// signs says what of its traffic besides failures makes a node down.
func signs(e config.ErrorRule, s config.SilentRule) passive.Rules {
	return passive.Rules{Codes: passive.CodesOf(form.Statuses(e.Codes)...), Limit: e.Limit, Within: e.Within, Requests: s.Requests, Silence: s.After}
}

// schedule lets no probe take longer than until the next.
func schedule(s cluster.Schedule) cluster.Schedule {
	if s.Interval > 0 {
		s.Timeout = min(s.Timeout, s.Interval)
	}
	return s
}

// poolSpec describes a pool with the variants that mounts ask for.
func poolSpec(p config.Pool, mounts []config.Mount) cluster.PoolSpec {
	pool := cluster.PoolSpec{Name: p.Name, Sticky: p.Sticky, Force: p.StickyForce, Realm: p.Realm, Maintain: p.Maintain, Variants: variants(p.Name, mounts)}
	pool.RampUp = pace.Ramp{Over: p.Placement.RampUp.Over, Steps: p.Placement.RampUp.Steps}
	if r := p.Recovery; r != nil {
		pool.Recovery = &cluster.Recovery{Time: r.Time, Escalation: r.Escalation, MaxReplyTimeouts: r.MaxReplyTimeouts}
	}
	if h := p.Health.SIP; h.Mode != "" || len(h.Codes) > 0 {
		pool.Probes = &probes.Words{Mode: probes.ParseMode(h.Mode)}
		if len(h.Codes) > 0 {
			pool.Probes.Codes = h.Codes
		}
	}
	if p.SessionID == "base+route" {
		pool.SessionID = cluster.BaseRoute
	}
	for _, n := range p.Nodes {
		m := cluster.MemberSpec{Node: n.Name, Route: n.Route, Domain: n.Domain, Redirect: n.Redirect, Weight: n.Weight, Distance: n.Distance, BusyLimit: n.BusyLimit}
		if n.Capacity != nil {
			m.Capacity = config.Sizes(n.Capacity)
		}
		if n.Activation != nil {
			act, _ := cluster.ParseActivation(*n.Activation)
			m.Activation = &act
		}
		pool.Members = append(pool.Members, m)
	}
	return pool
}

// variants are the pool in the words of those mounts that have some for it.
func variants(pool string, mounts []config.Mount) []cluster.Variant {
	var all []cluster.Variant
	known := map[string]bool{"": true}
	for i := range mounts {
		m := &mounts[i]
		name := m.Variant()
		if m.Pool != pool || known[name] {
			continue
		}
		known[name] = true
		v := cluster.Variant{Name: name, NoStick: m.StickyIgnore, Stateless: m.Stateless, Activation: map[string]cluster.Activation{}}
		for act, nodes := range map[cluster.Activation][]string{cluster.Active: m.Active, cluster.Disabled: m.Disabled, cluster.Stopped: m.Stopped} {
			for _, n := range nodes {
				v.Activation[n] = act
			}
		}
		all = append(all, v)
	}
	return all
}
