package admin

import (
	"twinhop/admin/events"
	"twinhop/admin/history"
	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/admin/versions"
	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/trace"
)

// occurrence is something that operators want to hear of.
type occurrence = events.Occurrence

// overviewView is the state of everything at a glance.
type overviewView struct {
	At       *stamp.Time       `json:"at"`
	Class    string            `json:"class"` // "good", "degraded", "bad"
	Cause    string            `json:"cause,omitempty"`
	Leader   string            `json:"leader"`
	Ready    bool              `json:"ready"`
	UptimeMS int64             `json:"uptimeMs"`
	Sessions fill              `json:"sessions"`
	Calls    int               `json:"calls"`
	Rates    history.Rates     `json:"rates"`
	Sticky   float64           `json:"sticky"` // share of decisions that followed existing affinity
	Moves    map[string]uint64 `json:"moves"`
	Rules    rulesView         `json:"rules"`
	Nodes    []nodes.View      `json:"nodes"`
	History  *history.Series   `json:"history,omitempty"`
	Recent   []occurrence      `json:"recent"`
	Config   *versions.Brief   `json:"config,omitempty"`   // the version in force
	Insecure bool              `json:"insecure,omitempty"` // passwords cross the network in clear
}

type fill struct {
	Total    int  `json:"total"`
	Keys     int  `json:"keys"`
	MaxKeys  int  `json:"maxKeys"`
	Overflow bool `json:"overflow"`
}

type rulesView struct {
	HTTP map[string]uint64 `json:"http"`
	SIP  map[string]uint64 `json:"sip"`
}

// placedAnew are the rules by which a message had no affinity to follow.
var placedAnew = map[gateway.Rule]bool{gateway.NoNode: true, gateway.Hash: true, gateway.SessionHash: true, gateway.Balance: true,
	gateway.RedirectRoute: true, gateway.DomainFailover: true, gateway.FailoverDown: true, gateway.FailoverStopped: true,
	gateway.FailoverGone: true, gateway.Substitute: true, gateway.Overflow: true, gateway.Unbound: true, gateway.Busy: true,
	gateway.StickyForced: true}

func named(m map[gateway.Rule]uint64) map[string]uint64 {
	names := make(map[string]uint64, len(m))
	for r, n := range m {
		names[r.String()] = n
	}
	return names
}

// sticky is the share of decisions that followed what was known.
func sticky(c *trace.Counts) float64 {
	all, anew := c.HTTP.Total+c.SIP.Total, uint64(0)
	for _, d := range []*trace.Decisions{&c.HTTP, &c.SIP} {
		for r, n := range d.Rules {
			if placedAnew[r] {
				anew += n
			}
		}
	}
	if all == 0 {
		return 1
	}
	return float64(all-anew) / float64(all)
}

func (s *Server) fill() fill {
	if g, ok := s.Panel.Store.(appsession.Gauge); ok {
		u := g.Usage()
		return fill{u.Sessions, u.Keys, u.MaxKeys, u.Overflow}
	}
	return fill{}
}
