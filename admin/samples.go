package admin

import (
	"twinhop/admin/history"
	"twinhop/admin/nodes"
)

// sample looks at the counters.
func (h *hub) sample() {
	c := h.s.Panel.Trace.Counts()
	now := history.Look{At: h.s.now(), HTTP: c.HTTP.Total, SIP: c.SIP.Total + c.SIP.Begun, Errors: c.HTTP.Failed + c.SIP.Failed,
		Served: map[string]int64{}, Sessions: float64(h.s.fill().Total), Calls: float64(h.s.callsOn(""))}
	for _, n := range c.Moves {
		now.Moves += n
	}
	for _, n := range h.s.Panel.View().Nodes {
		if l := n.Load(); l != nil {
			now.Served[n.Name] = l.Served.Load()
		}
	}
	h.past.Add(now)
}

// shares fills in the nodes' rates, their share of the traffic, and the share that their weights ask for.
func (h *hub) shares(list []nodes.View) {
	all, weights := 0.0, 0.0
	for i := range list {
		n := &list[i]
		n.Rate = h.past.Served(n.Name)
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
