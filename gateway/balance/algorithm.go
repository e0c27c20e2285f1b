package balance

import (
	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Question is what an algorithm may know about the work it places.
type Question struct {
	// Seed is the key that a deterministic algorithm places by; its zero
	// value means there is none.
	Seed    appsession.Key
	Service cluster.Service
	// Known tells that the work belongs to a session that already existed
	// (mod_jk's sessions method counts only new ones).
	Known bool
	// Stateless work is not counted as a session and takes its turn, whatever
	// the load (mod_jk's stateless).
	Stateless bool
	// Dry asks without consequence: read counters, advance nothing.
	Dry bool
}

// Algorithm picks one of the members, which are all eligible and at least
// one, in the order of the pool. It is safe for concurrent use and does not
// allocate.
type Algorithm interface {
	Pick(eligible []*cluster.Member, q *Question) *cluster.Member
}

// Observer is an Algorithm that counts all work given to members, whether it
// picked them or a session led there (mod_jk's requests method counts sticky
// requests too). Assigned is called once for every message outside a dialog
// that was given to m; Pick itself counts nothing then.
type Observer interface {
	Assigned(m *cluster.Member, q *Question)
}

// Meter is an Algorithm that counts what work cost. Finished is called once
// for every HTTP request given to m, with the bytes that went over the wire to
// the node and from it.
type Meter interface {
	Finished(m *cluster.Member, bytes int64)
}

// Ager is an Algorithm whose load values age. Age is called when maintenance
// is due (Registry.Maintain).
type Ager interface {
	// Age lets n intervals pass for the load values of p. The recovering
	// members are to get no flood.
	Age(p *cluster.Pool, n int, recovering []*cluster.Member)
}

// Inspector is an Algorithm that can say by what it compares members (mod_jk's
// lbvalue).
type Inspector interface {
	Value(m *cluster.Member) int64
}
