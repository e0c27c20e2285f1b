package nodes

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
)

// View is a node as the API shows it.
type View struct {
	Name       string            `json:"name"`
	Route      string            `json:"route"`
	Domain     string            `json:"domain,omitempty"`
	Redirect   string            `json:"redirect,omitempty"`
	Activation string            `json:"activation"` // "mixed" when its pools differ
	Health     map[string]string `json:"health"`     // by service, only those it has
	Addresses  map[string]string `json:"addresses"`
	Checks     map[string]Check  `json:"checks"`
	Weight     int               `json:"weight"`
	Distance   int               `json:"distance"`
	Pools      []Member          `json:"pools"`
	Sessions   int               `json:"sessions"`
	Calls      int               `json:"calls"`
	Running    int64             `json:"running"`
	Served     int64             `json:"served"`
	Failed     int64             `json:"failed"`
	Rate       float64           `json:"rate"`   // requests per second, lately
	Share      float64           `json:"share"`  // of all requests, lately
	Target     float64           `json:"target"` // share that its weight asks for
	Gen        uint32            `json:"gen,omitempty"`
	Version    int               `json:"version,omitempty"`
	Instance   string            `json:"instance,omitempty"`  // that URLs name it by
	Draining   bool              `json:"draining,omitempty"`  // it asked for nothing new, configured or not
	Announced  *Announced        `json:"announced,omitempty"` // nil: it is configured
}

// Member is a node's place in one pool.
type Member struct {
	Name       string `json:"name"`
	Activation string `json:"activation"`
	Route      string `json:"route"`
	Domain     string `json:"domain,omitempty"`
	Redirect   string `json:"redirect,omitempty"`
	Weight     int    `json:"weight"`
	Distance   int    `json:"distance"`
	BusyLimit  int    `json:"busyLimit"`
	State      string `json:"state,omitempty"` // how it stands with its HTTP traffic, in mod_jk's words, where that counts
	Elected    int64  `json:"elected"`
	Busy       int64  `json:"busy"`
	Errors     int64  `json:"errors"`
	Value      int64  `json:"value"`

	Mult          int64       `json:"mult"`    // mod_jk's multiplicity: what a unit of work raises Value by
	Created       int64       `json:"created"` // sessions that began here
	ClientErrors  int64       `json:"clientErrors"`
	ReplyTimeouts int64       `json:"replyTimeouts"` // of late: they fade
	Sent          int64       `json:"sent"`          // bytes to the node
	Read          int64       `json:"read"`          // bytes from it
	MaxBusy       int64       `json:"maxBusy"`       // most requests at a time
	Reset         *stamp.Time `json:"reset,omitempty"`
	ErrorAt       *stamp.Time `json:"errorAt,omitempty"` // last error
}

// Check is what is known about one service of a node.
type Check struct {
	State   string      `json:"state"`
	Since   *stamp.Time `json:"since,omitempty"`
	Changes int         `json:"changes"`
	Why     string      `json:"why,omitempty"`
	At      *stamp.Time `json:"at,omitempty"`
	Next    *stamp.Time `json:"next,omitempty"`
	OK      bool        `json:"ok"`
	Code    int         `json:"code,omitempty"`
	Detail  string      `json:"detail,omitempty"`
	TookMS  float64     `json:"tookMs,omitempty"`
}

// Counts tells what a node holds.
type Counts struct{ Sessions, Calls func(node string) int }

// Of shows one node.
func Of(v *cluster.View, n *cluster.Node, c Counts) View {
	x := View{Name: n.Name, Route: n.Route, Gen: n.Gen, Version: n.Version, Instance: Clean(n.Instance), Draining: n.Draining, Weight: 1, Pools: []Member{},
		Health: map[string]string{}, Addresses: map[string]string{}, Checks: map[string]Check{}}
	for _, svc := range cluster.Services() {
		if !n.Has(svc) {
			continue
		}
		a := n.Addr(svc)
		x.Health[svc.String()] = n.Health(svc).String()
		x.Addresses[svc.String()] = a.Scheme + "://" + a.Addr.String()
		if c := n.Check(svc); c != nil {
			x.Checks[svc.String()] = viewCheck(c.Record())
		}
	}
	for _, p := range v.Pools {
		m := p.Member(n.Name)
		if m == nil {
			continue
		}
		x.Pools = append(x.Pools, viewMember(m))
		if len(x.Pools) == 1 {
			x.Activation, x.Weight, x.Distance = m.Activation.String(), m.Weight, m.Distance
			x.Domain, x.Redirect, x.Route = m.Domain, m.Redirect, m.Route
		} else if m.Activation.String() != x.Activation {
			x.Activation = "mixed"
		}
	}
	if l := n.Load(); l != nil {
		x.Running, x.Served, x.Failed = l.Requests.Load(), l.Served.Load(), l.Failed.Load()
	}
	x.Sessions, x.Calls = c.Sessions(n.Name), c.Calls(n.Name)
	return x
}

func viewMember(m *cluster.Member) Member {
	x := Member{Name: m.Pool.Name, Activation: m.Activation.String(), Route: m.Route, Domain: m.Domain,
		Redirect: m.Redirect, Weight: m.Weight, Distance: m.Distance, BusyLimit: m.BusyLimit}
	if l := m.Load; l != nil {
		if m.Pool.Recovery != nil || m.BusyLimit > 0 {
			x.State = m.State().String()
		}
		x.Elected, x.Busy, x.Errors, x.Value = l.Elected.Load(), l.Busy.Load(), l.Errors.Load(), l.Value.Load()
		x.Mult, x.Created, x.ClientErrors, x.ReplyTimeouts = m.Mult, l.Sessions.Load(), l.ClientErrors.Load(), l.ReplyTimeouts.Load()
		x.Sent, x.Read, x.MaxBusy, x.Reset, x.ErrorAt = l.Sent.Load(), l.Read.Load(), l.MaxBusy.Load(), stamp.Of(l.ResetAt()), stamp.Of(l.ErrorAt())
	}
	return x
}

func viewCheck(r cluster.Record) Check {
	return Check{State: r.State.String(), Since: stamp.Of(r.Since), Changes: r.Changes, Why: Clean(r.Why),
		At: stamp.Of(r.At), Next: stamp.Of(r.Next), OK: r.Last.OK, Code: r.Last.Code, Detail: Clean(r.Last.Detail),
		TookMS: float64(r.Last.Took.Microseconds()) / 1000}
}

// clean bounds text that may come from a node and keeps it on one line.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\r', r == '\n':
			return ' '
		case !unicode.IsGraphic(r): // turned, hidden and controlling characters make one name look like another
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if utf8.RuneCountInString(s) > 300 {
		s = string([]rune(s)[:299]) + "…"
	}
	return s
}

// In tells whether the node is in a pool.
func (n *View) In(pool string) bool {
	return slices.ContainsFunc(n.Pools, func(m Member) bool { return m.Name == pool })
}

// Wanted tells whether the node can be given new work of any kind.
func (n *View) Wanted() bool {
	if n.Activation != "active" {
		return false
	}
	for _, word := range n.Health {
		if word != "down" {
			return true
		}
	}
	return false
}

// Share fills in the rates of nodes, their share of the traffic, and the share
// that their weights ask for.
func Share(list []View, rate func(node string) float64) {
	all, weights := 0.0, 0.0
	for i := range list {
		n := &list[i]
		n.Rate = rate(n.Name)
		all += n.Rate
		if n.Wanted() {
			weights += float64(n.Weight)
		}
	}
	for i := range list {
		n := &list[i]
		if all > 0 {
			n.Share = n.Rate / all
		}
		if weights > 0 && n.Wanted() {
			n.Target = float64(n.Weight) / weights
		}
	}
}
