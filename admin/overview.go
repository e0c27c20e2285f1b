package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
)

func (s *Server) getOverview(c *gin.Context) (any, error) {
	v := s.overview(c.Request.Context())
	v.History = s.hub.Past.Series()
	return v, nil
}

func (s *Server) getTraffic(*gin.Context) (any, error) { return s.hub.Past.Traffic(), nil }

func (s *Server) overview(ctx context.Context) overviewView {
	counts := s.Panel.Trace.Counts()
	v := overviewView{At: stamp.Of(s.now()), UptimeMS: s.now().Sub(s.started).Milliseconds(), Sessions: s.fill(),
		Calls: s.callsOn(""), Rates: s.hub.Past.Rates(), Sticky: sticky(&counts), Moves: named(counts.Moves),
		Rules: rulesView{named(counts.HTTP.Rules), named(counts.SIP.Rules)}, Nodes: s.nodeViews(), Recent: s.hub.Events.Recent(), Insecure: s.Insecure}
	if s.Panel.Leader != nil {
		v.Leader = s.Panel.Leader()
	}
	if s.Panel.Versions != nil {
		v.Config = s.Panel.Versions.Brief()
	}
	ready := s.readiness(ctx)
	v.Ready = ready.Ready
	v.Class, v.Cause = s.class(&v, ready)
	return v
}

// class sums the state up in one word, with the reason that matters most.
func (s *Server) class(v *overviewView, ready readiness) (class, cause string) {
	view := s.Panel.View()
	if len(view.Nodes) == 0 {
		return "bad", "there are no nodes"
	}
	for _, svc := range cluster.Services() {
		has, usable := 0, 0
		for _, n := range v.Nodes {
			if _, ok := n.Health[svc.String()]; ok {
				has++
				if n.Health[svc.String()] != "down" && n.Activation != "stopped" {
					usable++
				}
			}
		}
		if has > 0 && usable == 0 {
			return "bad", "no node can serve " + strings.ToUpper(svc.String())
		}
	}
	for _, x := range ready.Checks {
		if !x.OK {
			return "degraded", nodes.Clean(x.Name + ": " + x.Detail)
		}
	}
	if v.Sessions.Overflow {
		return "degraded", "the affinity table is full: new sessions are placed by hash, without an entry"
	}
	if names := nodesWith(v.Nodes, func(n *nodes.View) string {
		for _, svc := range cluster.Services() {
			if n.Health[svc.String()] == "down" {
				return strings.ToUpper(svc.String()) + " is down"
			}
		}
		return ""
	}); names != "" {
		return "degraded", names
	}
	if names := nodesWith(v.Nodes, func(n *nodes.View) string {
		if n.Activation != "active" {
			return "is " + n.Activation
		}
		return ""
	}); names != "" {
		return "good", names
	}
	return "good", ""
}

// nodesWith names the nodes that say something, at most three of them.
func nodesWith(nodes []nodes.View, say func(*nodes.View) string) string {
	var all []string
	for i := range nodes {
		if text := say(&nodes[i]); text != "" {
			all = append(all, nodes[i].Name+" "+text)
		}
	}
	slices.Sort(all)
	if len(all) > 3 {
		return strings.Join(all[:3], ", ") + fmt.Sprintf(" and %d more", len(all)-3)
	}
	return strings.Join(all, ", ")
}
