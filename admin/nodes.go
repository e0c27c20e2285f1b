package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// nodeView is a node as the API shows it.
type nodeView struct {
	Name       string               `json:"name"`
	Route      string               `json:"route"`
	Domain     string               `json:"domain,omitempty"`
	Redirect   string               `json:"redirect,omitempty"`
	Activation string               `json:"activation"` // "mixed" when its pools differ
	Health     map[string]string    `json:"health"`     // by service, only those it has
	Addresses  map[string]string    `json:"addresses"`
	Checks     map[string]checkView `json:"checks"`
	Weight     int                  `json:"weight"`
	Distance   int                  `json:"distance"`
	Pools      []memberView         `json:"pools"`
	Sessions   int                  `json:"sessions"`
	Calls      int                  `json:"calls"`
	Running    int64                `json:"running"`
	Served     int64                `json:"served"`
	Failed     int64                `json:"failed"`
	Rate       float64              `json:"rate"`   // requests per second, lately
	Share      float64              `json:"share"`  // of all requests, lately
	Target     float64              `json:"target"` // share that its weight asks for
	Gen        uint32               `json:"gen,omitempty"`
	Version    int                  `json:"version,omitempty"`
}

// memberView is a node's place in one pool.
type memberView struct {
	Name       string `json:"name"`
	Activation string `json:"activation"`
	Route      string `json:"route"`
	Domain     string `json:"domain,omitempty"`
	Redirect   string `json:"redirect,omitempty"`
	Weight     int    `json:"weight"`
	Distance   int    `json:"distance"`
	Elected    int64  `json:"elected"`
	Busy       int64  `json:"busy"`
	Errors     int64  `json:"errors"`
	Value      int64  `json:"value"`
}

// checkView is what is known about one service of a node.
type checkView struct {
	State   string     `json:"state"`
	Since   *timestamp `json:"since,omitempty"`
	Changes int        `json:"changes"`
	Why     string     `json:"why,omitempty"`
	At      *timestamp `json:"at,omitempty"`
	Next    *timestamp `json:"next,omitempty"`
	OK      bool       `json:"ok"`
	Code    int        `json:"code,omitempty"`
	Detail  string     `json:"detail,omitempty"`
	TookMS  float64    `json:"tookMs,omitempty"`
}

func (s *Server) nodeViews() []nodeView {
	v := s.Panel.View()
	list := make([]nodeView, 0, len(v.Nodes))
	for _, n := range v.Nodes {
		list = append(list, s.nodeView(v, n))
	}
	s.hub.shares(list)
	return list
}

func (s *Server) nodeView(v *cluster.View, n *cluster.Node) nodeView {
	x := nodeView{Name: n.Name, Route: n.Route, Gen: n.Gen, Version: n.Version, Weight: 1, Pools: []memberView{},
		Health: map[string]string{}, Addresses: map[string]string{}, Checks: map[string]checkView{}}
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
	x.Sessions, x.Calls = s.sessionsOn(n.Name), s.callsOn(n.Name)
	return x
}

func viewMember(m *cluster.Member) memberView {
	x := memberView{Name: m.Pool.Name, Activation: m.Activation.String(), Route: m.Route, Domain: m.Domain,
		Redirect: m.Redirect, Weight: m.Weight, Distance: m.Distance}
	if l := m.Load; l != nil {
		x.Elected, x.Busy, x.Errors, x.Value = l.Elected.Load(), l.Busy.Load(), l.Errors.Load(), l.Value.Load()
	}
	return x
}

func viewCheck(r cluster.Record) checkView {
	return checkView{State: r.State.String(), Since: stamp(r.Since), Changes: r.Changes, Why: clean(r.Why),
		At: stamp(r.At), Next: stamp(r.Next), OK: r.Last.OK, Code: r.Last.Code, Detail: clean(r.Last.Detail),
		TookMS: float64(r.Last.Took.Microseconds()) / 1000}
}

// clean bounds text that may come from a node and keeps it on one line.
func clean(s string) string {
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

func (s *Server) sessionsOn(node string) int {
	if c, ok := s.Panel.Store.(appsession.Counter); ok {
		return c.Count(node)
	}
	return 0
}

func (s *Server) callsOn(node string) int {
	if s.Panel.Calls == nil {
		return 0
	}
	return s.Panel.Calls(node)
}

func (s *Server) getNodes(*gin.Context) (any, error) {
	list := s.nodeViews()
	return page[nodeView]{Items: list, Total: total{len(list), "eq"}}, nil
}

// page is one part of a list.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
	Total      total  `json:"total"`
	Match      string `json:"match,omitempty"` // how a search found it: "exact" or "scan"
}

type total struct {
	Value    int    `json:"value"`
	Relation string `json:"relation"` // "eq", or "gte" when counting stopped early
}

func (s *Server) findNode(name string) (nodeView, error) {
	for _, x := range s.nodeViews() {
		if x.Name == name {
			return x, nil
		}
	}
	return nodeView{}, newProblem(http.StatusNotFound, "not-found", "There is no node of this name.")
}

func (s *Server) getNode(c *gin.Context) (any, error) {
	x, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	return x, nil
}

// impact is what a change would do.
type impact struct {
	Node     nodeView       `json:"node"`
	Sessions int            `json:"sessions"` // that live there now
	Calls    int            `json:"calls"`
	Left     map[string]int `json:"left"` // nodes that could still be given new work, by service
	Last     bool           `json:"last"` // a service would have none left
}

type nodeBody struct {
	Activation string `json:"activation"`
	Reason     string `json:"reason"`
	Force      bool   `json:"force"`
}

const maxReason = 500

// patchNode sets the activation of a node. With ?dryRun=true it only tells
// what would follow.
func (s *Server) patchNode(c *gin.Context) (any, error) {
	var body nodeBody
	if err := readJSON(c, &body); err != nil {
		return nil, err
	}
	a, ok := cluster.ParseActivation(body.Activation)
	if !ok {
		return nil, invalid("#/activation", "active, disabled or stopped")
	}
	if len(body.Reason) > maxReason {
		return nil, invalid("#/reason", "at most %d bytes", maxReason)
	}
	before, err := s.findNode(c.Param("id"))
	if err != nil {
		return nil, err
	}
	would := s.impact(before, a)
	if c.Query("dryRun") == "true" {
		return would, nil
	}
	if s.Panel.Activate == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "unavailable", "Nodes cannot be changed here.")
	}
	if would.Last && !body.Force {
		return nil, newProblem(http.StatusConflict, "conflict",
			"No other node could be given new work then. Send \"force\": true to do it anyway.")
	}
	err = s.Panel.Activate(c.Request.Context(), before.Name, a)
	if errors.Is(err, cluster.ErrUnknownNode) {
		return nil, newProblem(http.StatusNotFound, "not-found", "There is no node of this name.")
	}
	if err != nil {
		return nil, err
	}
	who := actor(c)
	s.log.Info("activation of a node set", "node", before.Name, "from", before.Activation, "to", a.String(),
		"user", who.Name, "via", who.Via, "reason", clean(body.Reason))
	s.hub.note(occurrence{At: stamp(s.now()), Type: "node.set", Node: before.Name, Was: before.Activation, Is: a.String(),
		Actor: who.Name, Reason: clean(body.Reason)})
	after, err := s.findNode(before.Name)
	if err != nil {
		return nil, err
	}
	return after, nil
}

func (s *Server) impact(n nodeView, a cluster.Activation) impact {
	x := impact{Node: n, Sessions: n.Sessions, Calls: n.Calls, Left: map[string]int{}}
	v := s.Panel.View()
	for _, svc := range cluster.Services() {
		var names []string
		for _, p := range v.Pools {
			for _, m := range p.Members {
				if m.Eligible(svc) && (m.Name != n.Name || a == cluster.Active) && !slices.Contains(names, m.Name) {
					names = append(names, m.Name)
				}
			}
		}
		x.Left[svc.String()] = len(names)
		if _, has := n.Health[svc.String()]; has && a != cluster.Active && len(names) == 0 {
			x.Last = true
		}
	}
	return x
}
