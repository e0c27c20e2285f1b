package config

import (
	"fmt"
	"slices"
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

// checkResources complains of what does not fit together.
func (r *checker) checkResources(c *Config) {
	i := slices.IndexFunc(c.Pools, func(p Pool) bool { return p.Name == c.SIP.Pool })
	if i < 0 || r.FailedUnder("nodes") || r.FailedUnder("pools") {
		return
	}
	var known []string
	for _, m := range c.Members(c.Pools[i]) {
		for _, x := range m.Capacity {
			known = append(known, x.Name)
		}
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
	ask := func(path string, names []string) {
		for i, name := range names {
			if at := fmt.Sprintf("%s[%d]", path, i); !slices.Contains(known, name) && !r.Failed(at) {
				r.Warn(at, form.Meant(name, known), "no node of pool %s has %s", form.Quote(c.SIP.Pool), form.Quote(name))
			}
		}
	}
	for i := range x.Rules {
		r.checkResourceRule(fmt.Sprintf("sip.resources.rules[%d]", i), &x.Rules[i])
		ask(fmt.Sprintf("sip.resources.rules[%d].needs", i), x.Rules[i].Needs)
	}
	ask("sip.resources.default", x.Default)
	ask("sip.resources.fromNodes", x.FromNodes)
	if x.Unmatched == "refuse" && len(x.Default) > 0 {
		r.Warn("sip.resources.default", "leave it out, or leave unmatched: refuse out", "has no effect with unmatched: refuse")
	}
	if c.Gateways > 1 {
		r.Warn("sip.resources", "give the nodes of each gateway its share of the capacity", "each of the %d gateways counts its own calls", c.Gateways)
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
