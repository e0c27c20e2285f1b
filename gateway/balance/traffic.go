package balance

import "twinhop/gateway/cluster"

// Traffic picks the member that had the least traffic, in proportion to the
// weights (method=Traffic): the bytes of a request and its answer, times
// lbmult, raise the value when it has ended; maintenance halves the values.
type Traffic struct{ turn rotation }

// Pick implements Algorithm.
func (t *Traffic) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	return t.turn.least(eligible, q, value)
}

// Finished implements Meter.
func (t *Traffic) Finished(m *cluster.Member, bytes int64) {
	m.Load.Value.Add(bytes * m.Cost())
}

// Age implements Ager.
func (t *Traffic) Age(p *cluster.Pool, n int, recovering []*cluster.Member) {
	halve(p, n)
	level(p, recovering)
}

// Value implements Inspector.
func (t *Traffic) Value(m *cluster.Member) int64 { return value(m) }

// Busyness picks the member that has the least to do now, in proportion to
// the weights (method=Busyness): its running HTTP requests and its calls, times
// lbmult. Nothing ages, for what is counted ends by itself.
type Busyness struct{ turn rotation }

// Pick implements Algorithm.
func (b *Busyness) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	return b.turn.least(eligible, q, busy)
}

// Value implements Inspector.
func (b *Busyness) Value(m *cluster.Member) int64 { return busy(m) }

func busy(m *cluster.Member) int64 {
	return (m.Load.Busy.Load() + m.Load.Calls.Load()) * m.Cost()
}
