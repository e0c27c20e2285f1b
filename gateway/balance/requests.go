package balance

import "twinhop/gateway/cluster"

// Requests picks the member with the smallest load value, as mod_jk's methods
// Request and Session do. Work given to a member raises its value by lbmult;
// maintenance halves the values.
type Requests struct {
	// OnlyNew counts only work that begins a session (method=Session).
	OnlyNew bool

	turn rotation
}

// Pick implements Algorithm.
func (r *Requests) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	return r.turn.least(eligible, q, value)
}

// Assigned implements Observer.
func (r *Requests) Assigned(m *cluster.Member, q *Question) {
	if q.Dry || r.OnlyNew && (q.Known || q.Stateless) {
		return
	}
	m.Load.Value.Add(m.Cost())
}

// Age implements Ager.
func (r *Requests) Age(p *cluster.Pool, n int, recovering []*cluster.Member) {
	halve(p, n)
	level(p, recovering)
}

// Value implements Inspector.
func (r *Requests) Value(m *cluster.Member) int64 { return value(m) }

// Next counts sessions as Requests with OnlyNew does, but maintenance takes
// from all values what the least of the members in use has (method=Next): the
// differences stay, for sessions that do not end by themselves.
type Next struct{ Requests }

// Assigned implements Observer.
func (n *Next) Assigned(m *cluster.Member, q *Question) {
	if !q.Known && !q.Stateless && !q.Dry {
		m.Load.Value.Add(m.Cost())
	}
}

// Age implements Ager.
func (n *Next) Age(p *cluster.Pool, _ int, recovering []*cluster.Member) {
	least, any := int64(0), false
	for _, m := range p.Members {
		if m.Eligible(cluster.HTTP) || m.Eligible(cluster.SIP) {
			if v := value(m); !any || v < least {
				least, any = v, true
			}
		}
	}
	for _, m := range p.Members {
		update(m, func(v int64) int64 { return max(v-least, 0) })
	}
	level(p, recovering)
}
