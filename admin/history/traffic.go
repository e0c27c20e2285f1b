package history

import (
	"maps"
	"slices"
	"time"

	"twinhop/admin/stamp"
)

const (
	points   = 180 // values of a node: 15 minutes
	maxNodes = 32  // that are shown apart
	patience = 3   // steps that the clock may be set back: the present one lasts until then
)

// Traffic is the past by node, oldest first, one value per step, in messages per second.
type Traffic struct {
	StepMS int64                `json:"stepMs"`
	Begin  *stamp.Time          `json:"begin"` // of the first step; nil: there is none yet
	Nodes  []string             `json:"nodes"` // by name, last "": what no node was chosen for, and what more than maxNodes served
	HTTP   map[string][]float64 `json:"http"`
	SIP    map[string][]float64 `json:"sip"`
}

// traffic keeps the values behind Traffic. Steps begin where the clock says a multiple of
// step, so that the time of a value is known by its place also after the process stood still.
type traffic struct {
	last  Look
	at    int64   // number of the present step
	took  float64 // seconds of it that were looked at
	count int     // ended steps, at most points
	nodes map[string]*lane
	order []string // of nodes, by name
	rest  lane
}

// lane is one node's: a ring that ends at the present step, and what that one counted so far.
type lane struct {
	sum       Served
	http, sip [points]float64
	quiet     int // steps in a row without a message
}

func (t *traffic) add(now *Look) {
	was := t.last
	t.last = *now
	number := now.At.UnixNano() / int64(step)
	if was.At.IsZero() || number < t.at-patience { // the clock was set back: nothing fits together any more
		*t = traffic{last: *now, at: number, nodes: map[string]*lane{}}
		return
	}
	t.took += max(now.At.Sub(was.At), 0).Seconds()
	for name, is := range now.Served {
		if old, known := was.Served[name]; known { // what one brought along when it joined is not of this second
			t.lane(name).count(old, is)
		}
	}
	t.rest.count(was.Nobody, now.Nobody)
	if passed := number - t.at; passed > 0 {
		t.end(int(min(passed, points)))
		t.at = number
	}
}

// lane returns that of a node, or the common one where there are too many.
func (t *traffic) lane(name string) *lane {
	l := t.nodes[name]
	if l == nil {
		if len(t.nodes) == maxNodes {
			return &t.rest
		}
		l = &lane{}
		t.nodes[name] = l
		t.order = slices.Sorted(maps.Keys(t.nodes))
	}
	return l
}

func (l *lane) count(was, is Served) {
	l.sum.HTTP += max(is.HTTP-was.HTTP, 0) // 0: it began anew
	l.sum.SIP += max(is.SIP-was.SIP, 0)
}

// end ends the present step; more than one, when nobody looked for so long.
func (t *traffic) end(steps int) {
	t.rest.end(steps, t.took)
	for name, l := range t.nodes {
		l.end(steps, t.took)
		if _, there := t.last.Served[name]; !there && l.quiet >= points {
			delete(t.nodes, name)
			t.order = slices.Sorted(maps.Keys(t.nodes))
		}
	}
	t.count, t.took = min(t.count+steps, points), 0
}

func (l *lane) end(steps int, seconds float64) {
	copy(l.http[:], l.http[steps:])
	copy(l.sip[:], l.sip[steps:])
	for i := points - steps; i < points; i++ {
		l.http[i], l.sip[i] = float64(l.sum.HTTP)/seconds, float64(l.sum.SIP)/seconds
	}
	l.quiet += steps
	if l.sum != (Served{}) {
		l.quiet = 0
	}
	l.sum = Served{}
}

// Traffic returns a copy of the last 15 minutes by node.
func (b *Book) Traffic() *Traffic {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &b.nodes
	v := &Traffic{StepMS: step.Milliseconds(), Nodes: append(slices.Clone(t.order), ""), HTTP: map[string][]float64{}, SIP: map[string][]float64{}}
	if t.count > 0 {
		v.Begin = stamp.Of(time.Unix(0, (t.at-int64(t.count))*int64(step)))
	}
	from := points - t.count
	for _, name := range v.Nodes {
		l := t.nodes[name]
		if name == "" {
			l = &t.rest
		}
		v.HTTP[name], v.SIP[name] = append([]float64{}, l.http[from:]...), append([]float64{}, l.sip[from:]...)
	}
	return v
}
