package workers

import (
	"time"

	"twinhop/gateway/cluster"
)

// State is all that a status worker shows, at one moment. Units are mod_jk's:
// seconds and milliseconds as the comments say.
type State struct {
	Balancers []Balancer
	AJP       []Single // workers that are no balancer
	Others    []string // names of workers that show nothing: status workers
}

// Balancer is a worker of type lb: a pool.
type Balancer struct {
	Name             string
	Sticky, Force    bool
	Retries          int
	RetryInterval    int // ms
	RecoverTime      int // s
	Escalation       int // s
	MaxReplyTimeouts int
	Method           string // one of Methods
	Busy, MaxBusy    int
	Maintain         int // s between two looks
	NextMaintain     int // s, negative when overdue
	Reset            time.Time
	Members          []Member
	Maps             []Map
}

// Node is what a member and a single worker have in common: how a node is
// reached, and what was counted.
type Node struct {
	Name, Type   string // Type: ajp13, http or sip
	Host         string
	Port         int
	Address      string // ip:port, or a word
	Source       string // local address; empty: any
	PoolTimeout  int    // connection_pool_timeout, s
	PingTimeout  int    // ms
	ConnectPing  int    // connect_timeout, ms
	PrepostPing  int    // prepost_timeout, ms
	ReplyTimeout int    // ms
	PingInterval int    // connection_ping_interval, s
	Retries      int
	RetryDelay   int // retry_interval, ms
	Recovery     int // recovery_options
	BusyLimit    int
	PacketSize   int

	Elected, Errors, ClientErrors, ReplyTimeouts int64
	Transferred, Read                            int64 // bytes to the node and from it
	Busy, MaxBusy, Connected, MaxConnected       int64

	Reset   time.Time
	ErrorAt time.Time // zero: there was none
	// Bound is how many sessions the affinity table holds for the node; -1:
	// not known. mod_jk has no such number.
	Bound int
}

// Member is a node in a balancer.
type Member struct {
	Node
	Activation              cluster.Activation
	Factor                  int
	Route, Redirect, Domain string
	Distance                int
	State                   cluster.State
	Mult, Value, Sessions   int64
	ErrorAge                int // s since the last error, for the time to recover
}

// Single is a worker that is a node by itself.
type Single struct {
	Node
	Maps []Map
}

// Map is a URI rule.
type Map struct {
	Server        string // the host it belongs to; empty: not said
	URI           string
	Disabled      bool
	Unmount       bool
	Exact         bool
	Source        string // one of the Sources
	ReplyTimeout  int    // ms; -1: not set
	StickyIgnore  bool
	Stateless     bool
	FailOnStatus  string
	Active        string
	DisabledNodes string
	StoppedNodes  string
	ServerErrors  int
}

// Where a rule was read.
const (
	FromWorkers = "worker definition"
	FromMount   = "JkMount"
	FromMap     = "uriworkermap"
)

// Methods are mod_jk's words for the ways of balancing, by their number.
var Methods = [...]string{"Request", "Traffic", "Busyness", "Sessions", "Next"}

// Property is a line of the configuration.
type Property struct{ Key, Value string }

// Balancer returns the balancer of that name, or nil.
func (s *State) Balancer(name string) *Balancer {
	for i := range s.Balancers {
		if s.Balancers[i].Name == name {
			return &s.Balancers[i]
		}
	}
	return nil
}

// Single returns the worker of that name, or nil.
func (s *State) Single(name string) *Single {
	for i := range s.AJP {
		if s.AJP[i].Name == name {
			return &s.AJP[i]
		}
	}
	return nil
}

// Member returns the member of that name, or nil.
func (b *Balancer) Member(name string) *Member {
	for i := range b.Members {
		if b.Members[i].Name == name {
			return &b.Members[i]
		}
	}
	return nil
}

// Maintenance is how long it takes at least and at most until the balancer's
// next look at its members, in seconds.
func (b *Balancer) Maintenance() (least, most int) {
	return max(b.NextMaintain, 0), max(b.NextMaintain+b.Maintain, 0)
}

// Recovers is how long it takes at least and at most until a member in error
// is tried again, in seconds.
func (b *Balancer) Recovers(m *Member) (least, most int) {
	if m.State != cluster.StateError {
		return 0, 0
	}
	least = max(b.RecoverTime-m.ErrorAge, 0)
	most = least + b.Maintain
	soonest, _ := b.Maintenance()
	return max(least, soonest), most
}

// Since is the age of a moment in whole seconds.
func Since(now, then time.Time) int {
	if then.IsZero() {
		return 0
	}
	return int(now.Sub(then) / time.Second)
}

// Type says what kind of rule a map is.
func (m *Map) Type() string {
	words := ""
	if m.Disabled {
		words += "Disabled "
	}
	if m.Unmount {
		words += "Unmount "
	}
	if m.Exact {
		return words + "Exact"
	}
	return words + "Wildchar"
}
