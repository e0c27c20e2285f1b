package websocket

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// origins are those allowed besides the host's own (RFC 6454). The nil one holds none.
type origins struct {
	any  bool
	list map[string]bool // as canonical writes them
}

func newOrigins(list []string) (*origins, error) {
	o := &origins{list: make(map[string]bool, len(list))}
	for _, s := range list {
		if s == "*" {
			o.any = true
			continue
		}
		p, ok := parseOrigin(s)
		if !ok {
			return nil, fmt.Errorf("origin %.100q: scheme://host or scheme://host:port is expected, or *", s)
		}
		o.list[p.String()] = true
	}
	return o, nil
}

// allow tells whether a page of an origin may have a WebSocket to a host. secure: it comes by TLS.
//
// Pages of the same host may, whatever the port, with one exception: anybody on the way can write a page that comes by plain HTTP, so it
// may not have a secure WebSocket, which carries cookies that such a page never sees. Where the page has no way to come, on the very
// machine of its reader, it may (W3C Secure Contexts section 3.1).
func (o *origins) allow(value, host string, secure bool) bool {
	if o != nil && o.any {
		return true
	}
	p, ok := parseOrigin(value)
	switch {
	case !ok:
		return false
	case o != nil && o.list[p.String()]:
		return true
	case p.scheme != "https" && p.scheme != "http" || p.host != hostOf(host):
		return false
	}
	return p.scheme == "https" || !secure || loopback(p.host)
}

// origin is scheme and host in lower case; the port is empty if it is the scheme's own.
type origin struct{ scheme, host, port string }

func (p origin) String() string { return p.scheme + "://" + p.host + ":" + p.port }

// ports are those that browsers leave out.
var ports = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443"}

// parseOrigin reads what a browser writes in Origin. The opaque origin, "null", is none that anybody could be.
func parseOrigin(s string) (p origin, ok bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || strings.ContainsAny(s, "?#") {
		return p, false
	}
	p = origin{u.Scheme, hostOf(u.Host), u.Port()}
	if p.port == ports[p.scheme] {
		p.port = ""
	}
	return p, p.host != ""
}

// hostOf gives the host of host[:port] in lower case, an IPv6 address without its brackets; empty: it has none.
func hostOf(s string) string {
	host := s
	if h, _, err := net.SplitHostPort(s); err == nil {
		host = h
	} else if n := len(s); n > 2 && s[0] == '[' && s[n-1] == ']' {
		host = s[1 : n-1]
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String()
	}
	for _, c := range []byte(host) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`@/\:?#[]%`, c) >= 0 {
			return ""
		}
	}
	return strings.ToLower(host)
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
