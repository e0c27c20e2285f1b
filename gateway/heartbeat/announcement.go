package heartbeat

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"

	"twinhop/gateway/cluster"
)

// Announcement is what a node says of itself.
type Announcement struct {
	By       string            // the protocol: "json", "rmi" or "sip"
	Session  string            // one life of the process; "" = unknown. A secret: who knows it may speak for the node
	HostName string            // for people
	IP       netip.Addr        // literal, required
	Ports    Ports             // where it serves what
	Route    string            // jvmRoute; "" none
	Version  int               // pool of releases, default 0
	Instance string            // Restcomm-Instance-Id
	Draining bool              // GRACEFUL_SHUTDOWN: it wants nothing new
	StopPort int               // heartbeatPort of the JSON protocol: where to tell it that we stop; 0 nowhere
	Weight   int               // 0 = 1
	Load     *cluster.Reported // nil: said nothing
	Capacity map[string]int    // of each resource that calls take
	Health   string            // "" says nothing, "up", "down": nothing is sent to it
}

// Ports are those of a node; 0 is none. UDP, TCP and HTTP are used, and TLS
// where the gateway speaks it; the others are kept and shown.
type Ports struct{ UDP, TCP, TLS, WS, WSS, HTTP, SSL int }

// sip lists the ports of SIP.
func (p Ports) sip() [5]int { return [5]int{p.UDP, p.TCP, p.TLS, p.WS, p.WSS} }

// meets tells whether one process cannot have p while another has o at the
// same address.
func (p Ports) meets(o Ports) bool {
	if p == o || p.HTTP != 0 && p.HTTP == o.HTTP || p.SSL != 0 && p.SSL == o.SSL {
		return true
	}
	for _, a := range p.sip() {
		for _, b := range o.sip() {
			if a != 0 && a == b {
				return true
			}
		}
	}
	return false
}

// Bounds of an announcement.
const (
	maxValue   = 256 // bytes
	maxWeight  = 1_000_000
	maxVersion = 1_000_000_000
)

var (
	errNoIP    = errors.New("ip is missing or not a literal address of one node")
	errNoPorts = errors.New("none of udpPort, tcpPort, tlsPort and httpPort is given: there is nothing that could be used")
	errOnlyTLS = errors.New("only tlsPort is given, and the gateway speaks no TLS with nodes: there is no such listener on their side")
)

// clean returns the announcement in its usual form, or what is wrong with it.
func (a Announcement) clean() (Announcement, error) {
	a.IP = a.IP.Unmap()
	if !a.IP.IsValid() || a.IP.IsUnspecified() || a.IP.IsMulticast() || a.IP.Zone() != "" {
		return a, errNoIP
	}
	for _, p := range append(a.Ports.all(), a.StopPort) {
		if p < 0 || p > 65535 {
			return a, fmt.Errorf("port %d is not between 1 and 65535", p)
		}
	}
	if a.Ports.UDP == 0 && a.Ports.TCP == 0 && a.Ports.HTTP == 0 && a.Ports.TLS == 0 {
		return a, errNoPorts
	}
	for what, s := range map[string]string{"sessionId": a.Session, "hostName": a.HostName, "jvmRoute": a.Route, "instance": a.Instance} {
		if len(s) > maxValue {
			return a, fmt.Errorf("%s has %d bytes, more than %d", what, len(s), maxValue)
		}
	}
	if a.Version < 0 || a.Version > maxVersion {
		return a, fmt.Errorf("version %d is not between 0 and %d", a.Version, maxVersion)
	}
	if a.Weight < 0 || a.Weight > maxWeight {
		return a, fmt.Errorf("weight %d is not between 1 and %d", a.Weight, maxWeight)
	}
	if a.Health != "" && a.Health != "up" && a.Health != "down" {
		return a, fmt.Errorf("health %q is neither up nor down", a.Health)
	}
	return a, nil
}

func (p Ports) all() []int {
	s := p.sip()
	return append(s[:], p.HTTP, p.SSL)
}

// name is what the node is called: its jvmRoute, or "IP-PORT" with the first
// of its ports for UDP, TCP, HTTP and TLS. It depends on nothing else.
func (a *Announcement) name() string {
	if cluster.ValidRoute(a.Route) {
		return a.Route
	}
	port := cmp.Or(a.Ports.UDP, a.Ports.TCP, a.Ports.HTTP, a.Ports.TLS)
	return strings.ReplaceAll(a.IP.String(), ":", "-") + "-" + strconv.Itoa(port)
}

// Gen is the incarnation: the same on all gateways for one session, 0 when the
// node does not say.
func (a *Announcement) Gen() uint32 {
	if a.Session == "" {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(a.Session))
	return max(h.Sum32(), 1)
}

// spec describes the node to the cluster.
func (a *Announcement) spec() cluster.NodeSpec {
	n := cluster.NodeSpec{Name: a.name(), Version: a.Version, Gen: a.Gen(), Announced: true, Draining: a.Draining,
		Instance: a.Instance, Weight: a.Weight, Capacity: a.Capacity, Unsteady: a.By == "json"} // its session ends with every misunderstanding
	if n.Name == a.Route {
		n.Route = a.Route
	}
	if a.Health == "down" {
		n.Activation = cluster.Stopped
	}
	n.HTTP = a.at(n.HTTP, "http", a.Ports.HTTP)
	n.SIP = a.at(a.at(a.at(n.SIP, "udp", a.Ports.UDP), "tcp", a.Ports.TCP), "tls", a.Ports.TLS)
	return n
}

// at adds an address if there is a port.
func (a *Announcement) at(list []cluster.Address, scheme string, port int) []cluster.Address {
	if port == 0 {
		return list
	}
	return append(list, cluster.Address{Scheme: scheme, Host: a.IP.String(), Addr: netip.AddrPortFrom(a.IP, uint16(port))})
}
