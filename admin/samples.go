package admin

import (
	"twinhop/admin/history"
)

// look looks at the counters.
func (s *Server) look() history.Look {
	c := s.Panel.Trace.Counts()
	now := history.Look{At: s.now(), HTTP: c.HTTP.Total, SIP: c.SIP.Total + c.SIP.Begun, Errors: c.HTTP.Failed + c.SIP.Failed,
		Served: map[string]history.Served{}, Nobody: history.Served{HTTP: int64(c.HTTP.Failed), SIP: int64(c.SIP.Failed + c.SIP.Begun)}, Sessions: float64(s.fill().Total), Calls: float64(s.callsOn(""))}
	for _, n := range c.Moves {
		now.Moves += n
	}
	for _, n := range s.Panel.View().Nodes {
		if l := n.Load(); l != nil {
			sip := l.ServedSIP.Load() // first: it is a part of the other
			now.Served[n.Name] = history.Served{HTTP: l.Served.Load() - sip, SIP: sip}
		}
	}
	return now
}
