package admin

import (
	"time"
)

// samples are counters looked at every second, for rates and small charts.
type samples struct {
	recent []sample // the last recently, one per tick
	lines  history
	from   sample // where the present step of the history began
}

// sample is one look at counters that only grow.
type sample struct {
	at                       time.Time
	http, sip, moves, errors uint64
	served                   map[string]int64 // by node
}

// history is the recent past, oldest first, one value per step. Traffic is in
// events per second, moves and errors per step.
type history struct {
	StepMS   int64     `json:"stepMs"`
	HTTP     []float64 `json:"http"`
	SIP      []float64 `json:"sip"`
	Sessions []float64 `json:"sessions"`
	Calls    []float64 `json:"calls"`
	Moves    []float64 `json:"moves"`
	Errors   []float64 `json:"errors"`
}

func (h *hub) sample() {
	c := h.s.Panel.Trace.Counts()
	now := sample{at: h.s.now(), http: c.HTTP.Total, sip: c.SIP.Total + c.SIP.Begun, errors: c.HTTP.Failed + c.SIP.Failed, served: map[string]int64{}}
	for _, n := range c.Moves {
		now.moves += n
	}
	for _, n := range h.s.Panel.View().Nodes {
		if l := n.Load(); l != nil {
			now.served[n.Name] = l.Served.Load()
		}
	}
	sessions, calls := float64(h.s.fill().Total), float64(h.s.callsOn(""))
	h.mu.Lock()
	defer h.mu.Unlock()
	x := &h.samples
	x.recent = append(x.recent, now)
	if over := len(x.recent) - int(recently/tickEvery) - 1; over > 0 {
		x.recent = append([]sample(nil), x.recent[over:]...)
	}
	if x.from.at.IsZero() {
		x.from = now
	}
	step := now.at.Sub(x.from.at)
	if step < historyStep {
		return
	}
	push(&x.lines.HTTP, float64(now.http-x.from.http)/step.Seconds())
	push(&x.lines.SIP, float64(now.sip-x.from.sip)/step.Seconds())
	push(&x.lines.Sessions, sessions)
	push(&x.lines.Calls, calls)
	push(&x.lines.Moves, float64(now.moves-x.from.moves))
	push(&x.lines.Errors, float64(now.errors-x.from.errors))
	x.from = now
}

func push(list *[]float64, v float64) {
	if len(*list) >= historySize {
		copy(*list, (*list)[1:])
		*list = (*list)[:historySize-1]
	}
	*list = append(*list, v)
}

// history returns a copy of the recent past.
func (h *hub) history() *history {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.samples.lines
	x.StepMS = historyStep.Milliseconds()
	for _, list := range []*[]float64{&x.HTTP, &x.SIP, &x.Sessions, &x.Calls, &x.Moves, &x.Errors} {
		*list = append([]float64{}, *list...)
	}
	return &x
}

// span returns the oldest and the newest recent sample and the seconds between.
func (h *hub) span() (from, to sample, seconds float64) {
	list := h.samples.recent
	if len(list) < 2 {
		return from, to, 0
	}
	from, to = list[0], list[len(list)-1]
	return from, to, to.at.Sub(from.at).Seconds()
}

func (h *hub) rates() rates {
	h.mu.Lock()
	defer h.mu.Unlock()
	from, to, seconds := h.span()
	if seconds <= 0 {
		return rates{}
	}
	return rates{HTTP: float64(to.http-from.http) / seconds, SIP: float64(to.sip-from.sip) / seconds,
		Moves: float64(to.moves-from.moves) / seconds * 60, Errors: float64(to.errors-from.errors) / seconds * 60}
}

// shares fills in the nodes' rates, their share of the traffic, and the share
// that their weights ask for.
func (h *hub) shares(list []nodeView) {
	h.mu.Lock()
	from, to, seconds := h.span()
	h.mu.Unlock()
	all, weights := 0.0, 0.0
	for i := range list {
		n := &list[i]
		if seconds > 0 {
			n.Rate = float64(max(to.served[n.Name]-from.served[n.Name], 0)) / seconds
		}
		all += n.Rate
		if n.wanted() {
			weights += float64(n.Weight)
		}
	}
	for i := range list {
		n := &list[i]
		if all > 0 {
			n.Share = n.Rate / all
		}
		if weights > 0 && n.wanted() {
			n.Target = float64(n.Weight) / weights
		}
	}
}

// wanted tells whether the node can be given new work of any kind.
func (n *nodeView) wanted() bool {
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
