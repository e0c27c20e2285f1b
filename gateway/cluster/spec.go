package cluster

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/cluster/pace"
	"twinhop/gateway/cluster/passive"
	"twinhop/gateway/cluster/probes"
)

// Spec is what the configuration says of the cluster, as plain data.
type Spec struct {
	Nodes  []NodeSpec
	Pools  []PoolSpec
	Checks map[Service]Schedule // a service without an entry is not probed
	// Schemes are instead of Checks for services whose address has this scheme
	// ("ajp").
	Schemes map[string]Schedule
}

// NodeSpec describes one node. Weight, Distance, Domain, Redirect and
// Activation are what its members say unless their pool says otherwise.
type NodeSpec struct {
	Name       string
	Route      string // jvmRoute; empty: the name
	Version    int
	Gen        uint32    // the incarnation of an announced node; another one begins with fresh health and counters
	Announced  bool      // it told of itself: not configured (Registry.Enrol)
	Draining   bool      // it asked for nothing new: at least Disabled in every pool, whatever an operator said
	Instance   string    // Restcomm-Instance-Id
	Unsteady   bool      // Gen may change though the process is the same
	HTTP, SIP  []Address // the first is used, all are recognised
	Weight     int       // lbfactor; 0 is 1
	Distance   int
	Domain     string // empty: what stands before the first dot of the route, as mod_jk has it
	Redirect   string
	Activation Activation
	BusyLimit  int            // busy_limit; 0: none
	Capacity   map[string]int // of each resource that calls take
}

func (n *NodeSpec) addrs(s Service) []Address {
	if s == SIP {
		return n.SIP
	}
	return n.HTTP
}

// PoolSpec describes one pool.
type PoolSpec struct {
	Name      string
	Members   []MemberSpec
	Sticky    bool
	Force     bool
	SessionID SessionID
	Realm     string // pools of one realm share their sessions; "" is the default realm
	Recovery  *Recovery
	Maintain  time.Duration // worker.maintain; 0: DefaultMaintain
	RampUp    pace.Ramp
	Probes    *probes.Words // how SIP nodes are to be probed; nil: nothing is said
	Variants  []Variant
}

// Variant is a pool with other words, for the URIs of a rule with extensions.
type Variant struct {
	Name       string
	NoStick    bool                  // sticky_ignore
	Stateless  bool                  // stateless
	Activation map[string]Activation // active, disabled, stopped: by node name; over everything else that is said
}

// AllNodes as the Node of a MemberSpec stands for every node that the pool
// does not name.
const AllNodes = "*"

// MemberSpec puts a node into a pool. What is nil is as the node says.
type MemberSpec struct {
	Node             string
	Route            *string
	Domain, Redirect *string
	Weight, Distance *int
	BusyLimit        *int
	Activation       *Activation
	Capacity         map[string]int
}

// Schedule says how a service is probed.
type Schedule struct {
	Interval time.Duration // between two probes of one node; 0: never, only traffic tells
	Timeout  time.Duration // for one answer; 0: the interval, at most DefaultTimeout
	Fall     int           // failures in a row that make a node down; 0: DefaultFall
	Rise     int           // successes in a row that make a node up again; 0: DefaultRise
	// Recover is how long a node that nobody probes stays down before it is
	// tried again with traffic (mod_jk's recover_time); 0: DefaultRecover.
	Recover time.Duration
	// WhenDown: a node that is up is not probed again until traffic raises a doubt.
	WhenDown bool
	Passive  passive.Rules
}

// The defaults of a Schedule.
const (
	DefaultTimeout = 2 * time.Second
	DefaultFall    = 2
	DefaultRise    = 2
	DefaultRecover = 10 * time.Second
)

func (s Schedule) withDefaults() Schedule {
	s.Interval = max(s.Interval, 0)
	if s.Timeout <= 0 {
		s.Timeout = DefaultTimeout
		if s.Interval > 0 {
			s.Timeout = min(s.Interval, DefaultTimeout)
		}
	}
	if s.Fall <= 0 {
		s.Fall = DefaultFall
	}
	if s.Rise <= 0 {
		s.Rise = DefaultRise
	}
	if s.Recover <= 0 {
		s.Recover = DefaultRecover
	}
	return s
}

// ParseAddress reads "http://host:port" or "udp://host:port". The port may be
// missing: 80 for http, 8009 for ajp, 5061 for tls, 5060 for anything else. Host names stay to be
// resolved (Registry.Resolve).
func ParseAddress(s string) (Address, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Address{}, fmt.Errorf("address %q: not of the form scheme://host:port", s)
	}
	if u.Scheme == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return Address{}, fmt.Errorf("address %q: not of the form scheme://host:port", s)
	}
	port := uint64(5060)
	switch u.Scheme {
	case "http":
		port = 80
	case "ajp":
		port = 8009
	case "tls":
		port = 5061
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			return Address{}, fmt.Errorf("address %q: port %q is not between 1 and 65535", s, p)
		}
	}
	a := Address{Scheme: u.Scheme, Host: u.Hostname()}
	ip, err := netip.ParseAddr(a.Host)
	if err == nil && ip.Zone() != "" {
		return Address{}, fmt.Errorf("address %q: a zone is not allowed", s)
	}
	a.Addr = netip.AddrPortFrom(ip.Unmap(), uint16(port)) // ip is the zero Addr for a name
	return a, nil
}

// Bounds of what a Spec may say.
const (
	maxName   = 64
	maxRoute  = 60 // the session id and its route share a cookie of limited size
	MaxWeight = 1_000_000
)

// ValidRoute tells whether s may be a jvmRoute: 1 to 60 bytes of letters,
// digits, ".", "_" and "-", the first of them no dot. A route stands in
// cookies and paths, so nothing else is let through.
func ValidRoute(s string) bool { return word(s, maxRoute) && s[0] != '.' }

func word(s string, most int) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
				return false
			}
		}
	}
	return s != "" && len(s) <= most
}

// complaints gathers everything that is wrong with a Spec.
type complaints []error

func (c *complaints) add(format string, args ...any) { *c = append(*c, fmt.Errorf(format, args...)) }

func (c *complaints) words(who string, m *memberWords) {
	if !ValidRoute(m.route) {
		c.add("%s: route %q is not 1 to %d letters, digits, dots, - or _", who, m.route, maxRoute)
	}
	if m.domain != "" && !ValidRoute(m.domain) {
		c.add("%s: domain %q is not 1 to %d letters, digits, dots, - or _", who, m.domain, maxRoute)
	}
	if m.redirect != "" && !ValidRoute(m.redirect) {
		c.add("%s: redirect %q is not a route", who, m.redirect)
	}
	if m.weight < 1 || m.weight > MaxWeight {
		c.add("%s: weight %d is not between 1 and %d", who, m.weight, MaxWeight)
	}
	if m.distance < 0 || m.distance > math.MaxInt32 {
		c.add("%s: distance %d is not between 0 and %d", who, m.distance, math.MaxInt32)
	}
	if m.busyLimit < 0 || m.busyLimit > math.MaxInt32 {
		c.add("%s: busy limit %d is not between 0 and %d", who, m.busyLimit, math.MaxInt32)
	}
	if m.activation > Stopped {
		c.add("%s: activation %d does not exist", who, m.activation)
	}
}

func (c *complaints) addresses(n *NodeSpec, taken map[netip.AddrPort]string) {
	if len(n.HTTP)+len(n.SIP) == 0 {
		c.add("node %q: serves neither HTTP nor SIP", n.Name)
	}
	for s := range services {
		for _, a := range n.addrs(s) {
			if !a.Addr.IsValid() || a.Addr.Port() == 0 || a.Addr.Addr().IsUnspecified() {
				c.add("node %q: %s address %q has no IP address or port to send to", n.Name, s, a.Host)
			}
		}
	}
	for _, a := range n.SIP {
		if other, ok := taken[a.Addr]; ok && other != n.Name {
			c.add("node %q: SIP address %s is that of node %q: a message could not tell which it means", n.Name, a.Addr, other)
		}
		taken[a.Addr] = n.Name
	}
}

func (c complaints) err() error { return errors.Join(c...) }
