package balance

import (
	"time"

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
	// InOrder gives ties to the first member in the pool's order, and leaves
	// whose turn it is as it was (mod_jk within a domain).
	InOrder bool
	// Needs is what the work takes of the member that gets it; nil: nothing.
	Needs *cluster.Needs
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

// Homer is an Algorithm that says where work belongs, whatever the table
// knows. The Router moves sessions there, but for those of a member that is
// being drained, and of those whose node does not answer only for now.
// Dialogs stay where they are.
type Homer interface {
	// Home returns one of the members that live, which are at least one and
	// serve everything that the pool serves; nil: the table counts. The Seed
	// of q is the message's identity, or, if Strict, any key. A Dry question
	// changes nothing.
	Home(living []*cluster.Member, q *Question) *cluster.Member
	// Strict tells whether that also holds for HTTP sessions whose id names
	// another node, and for work without identity.
	Strict() bool
}

// Params are what the configuration says of an algorithm beside its name.
type Params struct {
	Failback  bool              // of Standby
	ReportAge time.Duration     // of Reported; 0: DefaultReportAge
	Own       map[string]string // of algorithms that others add
}

// Configurable is an Algorithm that takes parameters. Configure is called
// once, before it is used, and says what is wrong with them.
type Configurable interface {
	Configure(p Params) error
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
