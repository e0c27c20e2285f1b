package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// Resource is how much a node has of something that calls take.
type Resource struct {
	Size int    `yaml:"size" required:"true" min:"0" max:"100000000"`
	Name string `yaml:"-" form:"name"`
}

// Resources say what calls take of their nodes, and what becomes of those
// that do not get it [OpenSIPS load_balancer].
type Resources struct {
	Rules     []ResourceRule `yaml:"rules" max:"256"`                       // in their order; the first that fits counts, unless it says continue
	Default   []string       `yaml:"default" form:"name" max:"64"`          // where no rule fits
	Unmatched string         `yaml:"unmatched" oneof:"default refuse"`      // refuse: 404 where no rule fits
	NonInvite string         `yaml:"nonInvite" oneof:"pass refuse"`         // of requests outside dialogs; refuse: 405
	Full      string         `yaml:"full" oneof:"503 500"`                  // how calls are refused for which there is no room
	FromNodes []string       `yaml:"fromNodes" form:"name" max:"64"`        // what calls take that a node begins
	Relative  bool           `yaml:"relative"`                              // what is free counts in percent
	Ties      string         `yaml:"ties" oneof:"first random"`             // among nodes with as much free
	Next      []string       `yaml:"next" max:"2" each:"oneof:\"5xx 6xx\""` // refusals that lead to the next best node, besides failover.codes
	Bench     time.Duration  `yaml:"bench" max:"24h"`                       // for how long a node that failed a call gets no new ones; 0: it does
}

// SetDefaults is called before it is read.
func (r *Resources) SetDefaults() {
	r.Unmatched, r.NonInvite, r.Full, r.Ties, r.Next, r.Bench = "default", "pass", "503", "first", []string{"5xx"}, 10*time.Second
}

// ResourceRule says what the calls take that fit: all that is said must.
type ResourceRule struct {
	Pool         string   `yaml:"pool" form:"name"` // where these requests go, INVITEs or not; "": sip.pool
	Needs        []string `yaml:"needs" form:"name" max:"64"`
	User         string   `yaml:"user" form:"pattern"`                // found anywhere in the user of the Request-URI
	Header       string   `yaml:"header" form:"token"`                // it is there, and
	Match        string   `yaml:"match" form:"pattern"`               // this is found in it
	Codec        []string `yaml:"codec" form:"token" max:"16"`        // one of them is offered
	WithoutCodec []string `yaml:"withoutCodec" form:"token" max:"16"` // codecs are offered, and none of them is
	Continue     bool     `yaml:"continue"`                           // what the next rules say is needed as well
	Overload     bool     `yaml:"overload"`                           // these calls are not refused where nothing is free
}

// Sizes are resources by their names.
func Sizes(list []Resource) map[string]int {
	by := make(map[string]int, len(list))
	for _, x := range list {
		by[x.Name] = x.Size
	}
	return by
}

// SIPPools are the names of the pools that SIP requests go to: sip.pool, then
// those that rules name.
func (c *Config) SIPPools() []string {
	names := []string{c.SIP.Pool}
	if c.SIP.Resources != nil {
		for _, x := range c.SIP.Resources.Rules {
			if x.Pool != "" && !slices.Contains(names, x.Pool) {
				names = append(names, x.Pool)
			}
		}
	}
	return names
}

// ServesSIP tells whether SIP requests go to a pool.
func (c *Config) ServesSIP(pool string) bool { return slices.Contains(c.SIPPools(), pool) }

// CallBalance is the algorithm that places the calls of a pool that they go to.
func (c *Config) CallBalance(p *Pool) string {
	if p.Own && p.Name != c.SIP.Pool {
		return p.Balance
	}
	return c.SIP.Balance
}

// checkResources complains of what does not fit together.
func (r *checker) checkResources(c *Config) {
	if r.FailedUnder("nodes") || r.FailedUnder("pools") {
		return
	}
	x := c.SIP.Resources
	if x == nil {
		for i, n := range c.Nodes {
			if at := fmt.Sprintf("nodes[%d].capacity", i); len(n.Capacity) > 0 {
				r.Warn(at, "such as sip: {resources: {default: [calls]}}", "has no effect: nothing says what calls take")
				return
			}
		}
		return
	}
	for i := range x.Rules {
		path := fmt.Sprintf("sip.resources.rules[%d]", i)
		r.checkResourceRule(path, &x.Rules[i])
		r.checkGroup(c, path+".pool", x.Rules[i].Pool)
		if !r.Failed(path + ".pool") {
			r.checkNeeds(c, path+".needs", x.Rules[i].Needs, cmp.Or(x.Rules[i].Pool, c.SIP.Pool))
		}
	}
	r.checkNeeds(c, "sip.resources.default", x.Default, c.SIP.Pool)
	r.checkNeeds(c, "sip.resources.fromNodes", x.FromNodes, c.SIPPools()...)
	if x.Unmatched == "refuse" && len(x.Default) > 0 {
		r.Warn("sip.resources.default", "leave it out, or leave unmatched: refuse out", "has no effect with unmatched: refuse")
	}
	if c.Gateways > 1 {
		r.Warn("sip.resources", "give the nodes of each gateway its share of the capacity", "each of the %d gateways counts its own calls", c.Gateways)
	}
}

// checkGroup complains of a pool that a rule names and that cannot serve calls.
func (r *checker) checkGroup(c *Config, path, name string) {
	if name == "" || name == c.SIP.Pool || r.Failed(path) {
		return
	}
	names := poolNames(c)
	i := slices.Index(names, name)
	if i < 0 {
		r.Bad(path, form.Meant(name, names), "there is no pool %s", form.Quote(name))
		return
	}
	if ms := c.Members(c.Pools[i]); len(ms) > 0 && !slices.ContainsFunc(ms, func(m Member) bool { return m.SIP }) {
		r.Bad(path, `give its nodes sip: ["udp://host:port"]`, "none of the nodes of pool %s speaks SIP", form.Quote(name))
	}
}

// checkNeeds complains of resources that no node of the pools has.
func (r *checker) checkNeeds(c *Config, path string, names []string, pools ...string) {
	var known, quoted []string
	for _, p := range pools {
		quoted = append(quoted, form.Quote(p))
	}
	for _, p := range c.Pools {
		if slices.Contains(pools, p.Name) {
			for _, m := range c.Members(p) {
				for _, x := range m.Capacity {
					if !slices.Contains(known, x.Name) {
						known = append(known, x.Name)
					}
				}
			}
		}
	}
	for i, name := range names {
		if at := fmt.Sprintf("%s[%d]", path, i); !slices.Contains(known, name) && !r.Failed(at) {
			r.Warn(at, form.Meant(name, known), "no node of pool %s has %s", strings.Join(quoted, ", "), form.Quote(name))
		}
	}
}

func (r *checker) checkResourceRule(path string, x *ResourceRule) {
	if x.User == "" && x.Header == "" && len(x.Codec)+len(x.WithoutCodec) == 0 && !r.FailedUnder(path) {
		r.Bad(path, "say user:, header:, codec: or withoutCodec:; what all calls take stands in default", "fits every call")
	}
	if x.Match != "" && x.Header == "" && !r.FailedUnder(path) {
		r.Bad(decode.Join(path, "match"), "add header: NAME", "there is no header to look in")
	}
}
