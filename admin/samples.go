package admin

import (
	"twinhop/admin/history"
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
