package cluster

import (
	"net/netip"
	"sync/atomic"
	"time"

	"twinhop/gateway/cluster/pace"
	"twinhop/gateway/cluster/probes"
)

// Service is a way of reaching a node.
type Service uint8

// The services.
const (
	HTTP Service = iota
	SIP
	services // how many there are
)

// String returns the word used in logs, metrics and the API.
func (s Service) String() string {
	switch s {
	case HTTP:
		return "http"
	case SIP:
		return "sip"
	}
	return "unknown"
}

// Services lists all services.
func Services() []Service { return []Service{HTTP, SIP} }

// Node is an application server. It is immutable; its health and load live
// behind pointers that are carried from one View to the next by name.
type Node struct {
	Name  string
	Route string // jvmRoute; Member.Route says what a pool calls it
	// Version is the pool of releases this node belongs to: new work goes to
	// the highest, failover never crosses.
	Version int
	// Gen is the incarnation of a node that announces itself, 0 for a static
	// node: 0 matches every hint.
	Gen       uint32
	Announced bool   // it told of itself (Registry.Enrol); else it is configured
	Draining  bool   // it asked for nothing new: at least Disabled in every pool
	Instance  string // Restcomm-Instance-Id, "" for most
	Unsteady  bool   // Gen changes also when the node was only out of touch: see Life
	// Probes are what its pools say of SIP probes, the stricter word of each; nil: nothing.
	Probes *probes.Words

	addrs  [services][]Address
	health [services]*Check
	load   *Load
}

// Address is where a node serves one service.
type Address struct {
	Scheme string         // "http"; for SIP the transport, "udp"
	Addr   netip.AddrPort // in a Spec the address may be missing beside the port: see Registry.Resolve
	Host   string         // the host as configured, without port: a name or an IP address
}

// Addr returns where the node serves s. The zero Address: it does not.
func (n *Node) Addr(s Service) Address {
	if len(n.addrs[s]) == 0 {
		return Address{}
	}
	return n.addrs[s][0]
}

// Addrs returns every address by which the node is known for s, the one to
// send to first. The slice must not be changed.
func (n *Node) Addrs(s Service) []Address { return n.addrs[s] }

// Has tells whether the node serves s at all.
func (n *Node) Has(s Service) bool { return len(n.addrs[s]) > 0 }

// Health returns what is observed of service s of the node; Unknown for a
// service that it does not have.
func (n *Node) Health(s Service) Health {
	if c := n.health[s]; c != nil {
		return c.Health()
	}
	return Unknown
}

// Check returns the record of the checks of service s, nil when the node does
// not have that service.
func (n *Node) Check(s Service) *Check { return n.health[s] }

// Rest notes that the node asked to be given nothing new for service s until
// a time (503 with Retry-After). What belongs to it still goes there, and so
// does everything when no other node is left.
func (n *Node) Rest(s Service, until time.Time) { n.load.rest[s].Store(until.UnixNano()) }

// Resting tells whether that time is not over.
func (n *Node) Resting(s Service) bool {
	until := n.load.rest[s].Load()
	return until != 0 && time.Now().UnixNano() < until
}

// Load returns the node's own counters.
func (n *Node) Load() *Load { return n.load }

// Down tells whether every service that the node has is down.
func (n *Node) Down() bool {
	any := false
	for s := range services {
		if n.Has(s) {
			if n.Health(s) != Down {
				return false
			}
			any = true
		}
	}
	return any
}

// Health is what is observed of one service of a node.
type Health uint8

// The states of health. Unknown and Recovering take traffic: a node that was
// never probed is not dead.
const (
	Unknown Health = iota
	Up
	Recovering // was down, the first good signs are here
	Down
)

// String returns the word used in logs, metrics and the API.
func (h Health) String() string {
	switch h {
	case Up:
		return "up"
	case Recovering:
		return "recovering"
	case Down:
		return "down"
	}
	return "unknown"
}

// Load counts what a node is doing, over all pools.
type Load struct {
	Requests  atomic.Int64 // HTTP requests and SIP requests now running on it
	Served    atomic.Int64 // ever sent to it
	ServedSIP atomic.Int64 // those of Served that are SIP
	Failed    atomic.Int64 // ever failed on it

	rest    [services]atomic.Int64 // until when it wants nothing new, in Unix nanoseconds
	reports pace.Reports
	heard   atomic.Bool  // a message came since seen was last looked at
	seen    atomic.Int64 // of an announced node: when traffic last heard of it, in Unix nanoseconds
}

// Reported is what a node says of itself, see Registry.ReportLoad.
type Reported = pace.Reported

// Reported returns the node's last word on its load, unless it is older than
// most at now.
func (n *Node) Reported(now time.Time, most time.Duration) (Reported, bool) {
	return n.load.reports.Fresh(now, most)
}

// Life is the incarnation as dialogs go by it: where another Gen need not be
// another process, the release. 0 for static nodes.
func (n *Node) Life() uint32 {
	if n.Unsteady {
		return uint32(n.Version) + 1
	}
	return n.Gen
}
