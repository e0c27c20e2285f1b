package siplisten

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/secure"
)

// Listen holds the SIP sockets as URLs, "udp://host:port", or with tcp, tls,
// ws or wss in front; form.SplitSIPURL takes them apart. Without Internal the
// external ones serve clients and nodes alike.
type Listen struct {
	External    []string   `yaml:"external" form:"sipListen" max:"12"`
	Internal    []string   `yaml:"internal" form:"sipInner" max:"8"`
	TLS         secure.TLS `yaml:"tls"`                              // of tls:// and wss:// in External
	InternalTLS secure.TLS `yaml:"internalTLS"`                      // of tls:// in Internal; absent: as TLS
	WebSocket   string     `yaml:"websocket" form:"localPath"`       // where the HTTP listeners take SIP over WebSocket; empty: nowhere
	Origins     []string   `yaml:"origins" form:"origin" max:"256"`  // of pages that may open a WebSocket, besides those of the same host
	Aliases     []string   `yaml:"aliases" form:"sipAlias" max:"64"` // further names and addresses of ours: see form.ParseAlias
	Shards      int        `yaml:"shards" min:"1" max:"64"`          // sockets that share each UDP address
	Advertise   Advertise  `yaml:"advertise"`
}

// Advertise replaces the address that goes into Record-Route, for a gateway
// behind an address translation or an IP load balancer.
type Advertise struct {
	External Public `yaml:"external"`
	Internal Public `yaml:"internal"`
	InVia    bool   `yaml:"inVia"` // into Via as well: answers come by the address translation too
	// InContact: into the Contact of what nodes send to the world, instead of a node's own address.
	InContact bool `yaml:"inContact"`
}

// Public is an address as others see it. An empty Host: the local address the
// system uses toward that peer. Port 0: that of the listener.
type Public struct {
	Host  string `yaml:"host" form:"publicHost"`
	Ports Ports  `yaml:"ports"`
}

// Ports are public ports per transport.
type Ports struct {
	UDP int `yaml:"udp" min:"0" max:"65535"`
	TCP int `yaml:"tcp" min:"0" max:"65535"`
	TLS int `yaml:"tls" min:"0" max:"65535"`
	WS  int `yaml:"ws" min:"0" max:"65535"`
	WSS int `yaml:"wss" min:"0" max:"65535"`
}

// Of is the port of a transport.
func (p Ports) Of(transport string) int {
	return map[string]int{"udp": p.UDP, "tcp": p.TCP, "tls": p.TLS, "ws": p.WS, "wss": p.WSS}[transport]
}

// Side is the listeners of one side of the SIP front.
type Side struct {
	Path string // the key that lists them
	URLs []string
	As   Public
}

// Sides are the external and the internal one.
func (l *Listen) Sides() [2]Side {
	return [2]Side{{"listen.sip.external", l.External, l.Advertise.External}, {"listen.sip.internal", l.Internal, l.Advertise.Internal}}
}

// Inner is the side that nodes are spoken with by.
func (l *Listen) Inner() Side {
	s := l.Sides()
	if len(l.Internal) > 0 {
		return s[1]
	}
	return s[0]
}

// On tells whether clients can come by SIP at all.
func (l *Listen) On() bool { return len(l.External) > 0 || l.WebSocket != "" }

// NodeTLS are the certificates of the internal listeners, and the key that
// says so.
func (l *Listen) NodeTLS() (t *secure.TLS, path string) {
	if l.InternalTLS.On() {
		return &l.InternalTLS, "listen.sip.internalTLS"
	}
	return &l.TLS, "listen.sip.tls"
}

// Speaks tells whether a listener has a transport.
func (s Side) Speaks(transport string) bool { return s.reaches(transport, "") }

// secure tells whether a listener needs a certificate.
func (s Side) secure() bool { return s.Speaks("tls") || s.Speaks("wss") }

// reaches tells whether a listener sends to a host by a transport. What is a
// name may be anything.
func (s Side) reaches(transport, host string) bool {
	to, err := netip.ParseAddr(host)
	return slices.ContainsFunc(s.URLs, func(u string) bool {
		own, addr := form.SplitSIPURL(u)
		from, _, _ := form.SplitHostPort(addr)
		a, failed := netip.ParseAddr(from)
		return own == transport && (err != nil || failed != nil || a.Is6() && a.IsUnspecified() || a.Unmap().Is4() == to.Unmap().Is4())
	})
}

// Has tells whether a listener is at an address that a request could be sent
// to.
func (s Side) Has(host string, port int) bool {
	ip, _ := netip.ParseAddr(host)
	return ip.IsValid() && slices.ContainsFunc(s.URLs, func(u string) bool {
		_, addr := form.SplitSIPURL(u)
		bound, at, _ := form.SplitHostPort(addr)
		own, _ := netip.ParseAddr(bound)
		return at == port && (own == ip || ip.IsLoopback() && (own.IsUnspecified() || bound == ""))
	})
}

// Way tells why nothing can be sent to a node with some addresses by a
// transport, or with "" by that of its first address: for that address, or
// with -1 because it has none. The hint says what helps.
func (s Side) Way(transport, node string, addresses []string) (at int, hint string, err error) {
	at = slices.IndexFunc(addresses, func(u string) bool { return strings.HasPrefix(u, transport) })
	if at < 0 {
		return at, fmt.Sprintf(`add "%s://host:port"`, transport), fmt.Errorf("sip.internalTransport is %s, and node %s has no such address", transport, form.Quote(node))
	}
	transport, addr := form.SplitSIPURL(addresses[at])
	if host, _, _ := form.SplitHostPort(addr); !s.reaches(transport, host) {
		return at, fmt.Sprintf(`add "%s://host:port" to %s, of the same IP version`, transport, s.Path),
			fmt.Errorf("node %s is to be sent to at %s, but no listener of %s can", form.Quote(node), addresses[at], s.Path)
	}
	return at, "", nil
}
