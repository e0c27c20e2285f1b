package assembly

import (
	"fmt"
	"strings"
	"testing"

	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// custom is an algorithm that somebody added: it takes the last member.
type custom struct{ zone string }

func (c *custom) Pick(eligible []*cluster.Member, _ *balance.Question) *cluster.Member {
	return eligible[len(eligible)-1]
}

func (c *custom) Configure(p balance.Params) error {
	if c.zone = p.Own["zone"]; c.zone == "mars" {
		return fmt.Errorf("there is no zone %q", c.zone)
	}
	return nil
}

// addCustom makes it known for one test.
func addCustom(t *testing.T) {
	own["custom"] = func() balance.Algorithm { return &custom{} }
	t.Cleanup(func() { delete(own, "custom") })
}

const twoNodes = `
listen: {http: [{addr: ":8080"}], sip: {external: ["udp://0.0.0.0:5060"], internal: ["udp://0.0.0.0:5065"]}}
nodes:
  - {name: node1, http: "http://10.0.0.1", sip: ["udp://10.0.0.1:5080"], domain: a}
  - {name: node2, http: "http://10.0.0.2", sip: ["udp://10.0.0.2:5080"], domain: a}
`

func configured(t *testing.T, text string) *config.Config {
	t.Helper()
	c, ps := config.Parse("test", []byte(twoNodes+text), Words())
	if errs, _ := ps.Count(); errs > 0 {
		t.Fatal(ps)
	}
	return &c
}

func placed(t *testing.T, text string) gateway.Placement {
	t.Helper()
	p, err := policy(configured(t, text), func(string) int { return 7 })
	if err != nil {
		t.Fatal(err)
	}
	return p.Pools["default"]
}

func TestPlacement(t *testing.T) {
	p := placed(t, `
pools: {default: {balance: active-standby, placement: {failback: true, failover: group, pins: [{match: "^2", node: node2}], rampUp: {over: 1m}}}}
affinity: {sip: [from.user, call-id]}
sip: {balance: org.mobicents.tools.sip.balancer.ActiveStandbyAlgorithm}`)
	if s, ok := p.HTTP.(*balance.Standby); !ok || p.SIP != p.HTTP || !s.Failback {
		t.Errorf("%+v", p)
	}
	if len(p.Pins) != 1 || p.Pins[0].Node != "node2" || !p.Pins[0].Match.MatchString("211") || p.Heirs == nil || p.Heirs.ByName || p.Heirs.Held("x") != 7 {
		t.Errorf("%+v %+v", p.Pins, p.Heirs)
	}
	p = placed(t, "gateways: 2\npools: {default: {balance: PureConsistentHashBalancerAlgorithm, placement: {failover: group}}}\nsip: {balance: hash}")
	if _, ok := p.HTTP.(*balance.PureHash); !ok || p.SIP == p.HTTP || !p.Heirs.ByName {
		t.Errorf("%+v", p)
	}
	if p = placed(t, "sip: {balance: ClusterSubdomainAffinityAlgorithm}"); p.Heirs == nil || p.Pins != nil {
		t.Errorf("%+v", p)
	}
}

// Somebody's own algorithm has its word, its parameters, and its complaints.
func TestOwnAlgorithm(t *testing.T) {
	addCustom(t)
	p := placed(t, "pools: {default: {balance: custom, placement: {own: {zone: eu}}}}\nsip: {balance: custom}")
	if c, ok := p.HTTP.(*custom); !ok || c.zone != "eu" {
		t.Errorf("%+v", p.HTTP)
	}
	for text, want := range map[string]string{
		"pools: {default: {balance: custom, placement: {own: {zone: mars}}}}\nsip: {balance: custom}":   `pools.default.placement.own: balance "custom": there is no zone "mars"`,
		"pools: {default: {balance: requests, placement: {own: {zone: mars}}}}\nsip: {balance: custom}": `pools.default.placement.own: balance "custom": there is no zone "mars"`,
		"pools: {default: {balance: custum}}": `pools.default.balance: "custum" is not a known word`,
	} {
		_, ps := config.Parse("test", []byte(twoNodes+text), Words())
		if errs, _ := ps.Count(); errs != 1 || !strings.Contains(ps[0].String(), want) {
			t.Errorf("%s:\n%v, want %s", text, ps, want)
		}
	}
}

func TestOwnWordsThatNobodyTakes(t *testing.T) {
	const want = "has no effect with balance: requests and round-robin"
	for _, known := range []bool{false, true} {
		if known {
			addCustom(t)
		}
		_, ps := config.Parse("test", []byte(twoNodes+"pools: {default: {placement: {own: {zone: eu}}}}"), Words())
		if len(ps) != 1 || ps[0].Message != want || strings.HasSuffix(ps[0].Hint, ": ") || strings.Contains(ps[0].Hint, "custom") != known {
			t.Errorf("known %v: %+v", known, ps)
		}
	}
}

// A reload that says nothing new about a pool keeps what its algorithms know.
func TestReloadKeepsPlacement(t *testing.T) {
	const text = "pools: {default: {balance: active-standby, placement: {failover: group, pins: [{match: x, node: node1}]}}}\nsip: {balance: active-standby}"
	make := func(text string) (*config.Config, *gateway.Policy) {
		c := configured(t, text)
		p, err := policy(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c, p
	}
	for name, tt := range map[string]struct {
		from, to           string
		http, heirs, joint bool
	}{
		"nothing":     {text, text, true, true, true},
		"a pin":       {text, strings.Replace(text, "match: x", "match: y", 1), true, true, true},
		"no heirs":    {text, strings.Replace(text, "group", "spread", 1), true, false, true},
		"a parameter": {text, strings.Replace(text, "failover", "failback: true, failover", 1), false, true, true},
		"sip alone":   {text, strings.Replace(text, "sip: {balance: active-standby}", "sip: {balance: hash}", 1), true, true, false},
		"sip as well": {strings.Replace(text, "sip: {balance: active-standby}", "sip: {balance: hash}", 1), text, true, true, true},
	} {
		was, last := make(tt.from)
		is, next := make(tt.to)
		pins := next.Pools["default"].Pins[0].Match
		keepAlgorithms(next, last, was, is)
		a, b := last.Pools["default"], next.Pools["default"]
		if (a.HTTP == b.HTTP) != tt.http || (b.Heirs != nil && a.Heirs == b.Heirs) != tt.heirs || (b.HTTP == b.SIP) != tt.joint || b.Pins[0].Match != pins {
			t.Errorf("%s changes: http kept %v, heirs kept %v, joint %v", name, a.HTTP == b.HTTP, a.Heirs == b.Heirs, b.HTTP == b.SIP)
		}
	}
}
