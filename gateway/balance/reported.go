package balance

import (
	"time"

	"twinhop/gateway/cluster"
)

// Reported gives members work in proportion to what they say they have room
// for (cluster.Registry.ReportLoad). In proportion and not all to the emptiest:
// between two reports that one would be flooded.
//
// Where all who report say how much they could still take, that counts; else
// their weight times the part of it that is idle. Who does not report, or not
// lately, counts as the average of the others: silence is neither reward nor
// punishment, whether the node lives is told by its health. Who is full gets
// nothing, unless all are.
type Reported struct {
	Age time.Duration // reports that are older do not count; 0: DefaultReportAge

	turns RoundRobin
}

// DefaultReportAge is three reports of a node that makes one in five seconds.
const DefaultReportAge = 15 * time.Second

// Configure implements Configurable.
func (r *Reported) Configure(p Params) error {
	r.Age = p.ReportAge
	return nil
}

// Pick implements Algorithm.
func (r *Reported) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	now, age := time.Now(), r.age()
	heard, counted := 0, true // counted: all who report say how much they could take
	for _, m := range eligible {
		if said, ok := m.Reported(now, age); ok && (said.Load >= 0 || said.Free >= 0) {
			heard++
			counted = counted && said.Free >= 0
		}
	}
	if heard == 0 {
		return r.turns.take(eligible, q.Dry, weight)
	}
	sum, known := int64(0), int64(0)
	for _, m := range eligible {
		if n, ok := room(m, now, age, counted); ok {
			sum += n
			known++
		}
	}
	return r.turns.take(eligible, q.Dry, func(m *cluster.Member) int64 {
		n, ok := room(m, now, age, counted)
		if !ok {
			n = sum / max(known, 1)
		}
		step, steps := m.Share()
		return n * step / steps
	})
}

// Value implements Inspector: what the member says it has room for, free calls
// if it counts them; 0 when it has not said so lately.
func (r *Reported) Value(m *cluster.Member) int64 {
	now, age := time.Now(), r.age()
	said, _ := m.Reported(now, age)
	n, _ := room(m, now, age, said.Free >= 0)
	return n / scale
}

func (r *Reported) age() time.Duration {
	if r.Age > 0 {
		return r.Age
	}
	return DefaultReportAge
}

// room is what a member has room for by its own word; ok is false when it did
// not say so lately.
func room(m *cluster.Member, now time.Time, age time.Duration, counted bool) (n int64, ok bool) {
	said, ok := m.Reported(now, age)
	switch {
	case !ok:
		return 0, false
	case counted:
		return int64(said.Free) * scale, said.Free >= 0
	case said.Load < 0:
		return 0, false
	}
	w := said.Weight
	if w == 0 {
		w = max(m.Weight, 1)
	}
	return int64(w) * int64(100-said.Load) * scale / 100, true
}
