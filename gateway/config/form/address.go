package form

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// SplitSIPURL takes a SIP listener's or node's "udp://host:port" apart. The
// text must be one that Check let pass as "sipListen" or "sipNode".
func SplitSIPURL(s string) (transport, addr string) {
	transport, addr, _ = strings.Cut(s, "://")
	return transport, addr
}

// SIPPeer is where a SIP request is sent to.
type SIPPeer struct {
	Host      string // an address without brackets, or a name
	Port      int    // 0: not given, to be found with the name (RFC 3263)
	Transport string // "udp", "tcp", "tls"; empty: not given
}

// ParseSIPPeer reads "host:port", or a URI: "sip:host", "sip:host:port", each
// with ";transport=udp", tcp or tls behind it. "sips:" is TLS.
func ParseSIPPeer(s string) (p SIPPeer, err error) {
	if rest, ok := strings.CutPrefix(s, "sips:"); ok && !strings.HasPrefix(rest, "//") {
		if rest = strings.TrimSuffix(rest, ";transport=tls"); strings.Contains(rest, ";") {
			return p, fmt.Errorf("%s: what is behind sips: goes by TLS", Quote(s))
		}
		return ParseSIPPeer("sip:" + rest + ";transport=tls")
	}
	switch scheme, rest, _ := strings.Cut(s, ":"); {
	case strings.HasPrefix(rest, "//"):
		return p, fmt.Errorf("%s: the transport stands behind the address: %s", Quote(s), Quote("sip:"+rest[2:]+";transport="+scheme))
	case strings.Contains(rest, "@"):
		return p, fmt.Errorf("%s: a peer has no user part", Quote(s))
	}
	rest, uri := strings.CutPrefix(s, "sip:")
	if uri {
		var params string
		rest, params, _ = strings.Cut(rest, ";")
		word, ok := strings.CutPrefix(params, "transport=")
		switch {
		case ok:
			p.Transport, err = word, checkOutward(word)
		case params != "":
			err = fmt.Errorf("%s is no parameter of a peer", Quote(params))
		}
		if err != nil {
			return p, err
		}
		bare := strings.TrimSuffix(strings.TrimPrefix(rest, "["), "]")
		if v6 := strings.Contains(bare, ":"); checkOneHost(bare) == nil && (v6 && rest == "["+bare+"]" || !v6 && rest == bare) {
			p.Host = bare
			return p, nil
		}
	}
	p.Host, p.Port, err = splitPeer(rest)
	return p, err
}

func checkSIPPeer(s string) error {
	_, err := ParseSIPPeer(s)
	return err
}

// ParseHost reads "host" or "host:port", the host an address or a name. Port 0:
// none is given.
func ParseHost(s string) (host string, port int, err error) {
	bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if v6 := strings.Contains(bare, ":"); !v6 && s == bare || v6 && checkIP(bare) == nil && (s == bare || s == "["+bare+"]") {
		return bare, 0, checkOneHost(bare)
	}
	return splitPeer(s)
}

func checkHostAndPort(s string) error {
	_, _, err := ParseHost(s)
	return err
}

// ParseAlias reads a name or an address as ParseHost does, and "*.suffix".
func ParseAlias(s string) (host string, port int, err error) {
	suffix, wild := strings.CutPrefix(s, "*.")
	if host, port, err = ParseHost(suffix); err == nil && wild {
		if _, bad := netip.ParseAddr(host); bad == nil {
			return "", 0, fmt.Errorf("%s: what follows \"*.\" is a name", Quote(s))
		}
		host = "*." + host
	}
	return host, port, err
}

func checkAlias(s string) error {
	_, _, err := ParseAlias(s)
	return err
}

// Transports are those of SIP: what the world may come by, and what we speak
// with nodes and next hops.
var (
	worldly = []string{"udp", "tcp", "tls", "ws", "wss"}
	outward = worldly[:3]
)

// sipURL checks a SIP listener's or node's URL: its transport is one of those,
// and check is for what stands behind it.
func sipURL(transports []string, check func(string) error) func(string) error {
	return func(s string) error {
		transport, rest, _ := strings.Cut(s, "://")
		if rest == "" {
			return fmt.Errorf("%s is not of the form transport://host:port", Quote(s))
		}
		if err := checkTransport(transport, transports); err != nil {
			return err
		}
		return check(rest)
	}
}

func checkOutward(s string) error { return checkTransport(s, outward) }

func checkTransport(s string, among []string) error {
	small := strings.ToLower(s)
	switch {
	case slices.Contains(among, s):
		return nil
	case slices.Contains(among, small):
		return fmt.Errorf("%s is written in small letters: %s", Quote(s), small)
	case slices.Contains(worldly, small):
		return fmt.Errorf("%s is for clients: it is not spoken with nodes and next hops", small)
	}
	return fmt.Errorf("%s is no transport", Quote(s))
}

// checkOrigin is for what browsers say a page comes from (RFC 6454).
func checkOrigin(s string) error {
	scheme, rest, ok := strings.Cut(s, "://")
	host, port, err := ParseHost(rest)
	usual := map[string]int{"http": 80, "https": 443}[scheme]
	switch {
	case s == "*":
		return nil
	case !ok || !schemePattern.MatchString(scheme) || err != nil:
		return fmt.Errorf("%s is no origin of pages", Quote(s))
	case port != 0 && port == usual:
		return fmt.Errorf("%s: browsers leave the usual port out: %s", Quote(s), strings.TrimSuffix(s, ":"+strconv.Itoa(port)))
	case host != strings.ToLower(host):
		return fmt.Errorf("%s: browsers write it in small letters: %s", Quote(s), strings.ToLower(s))
	}
	return nil
}

// checkLocal is for a path that the gateway serves itself: as clients write
// it, and as it looks when nothing in it is left to be understood.
func checkLocal(s string) error {
	if s == "" {
		return nil
	}
	if err := checkPath(s); err != nil {
		return err
	}
	if strings.ContainsAny(s, ";?#%|*!\\") || path.Clean(s) != s {
		return fmt.Errorf("%s is not written as a plain path", Quote(s))
	}
	return nil
}

// Network is that of a transport of SIP: "udp", else "tcp".
func Network(transport string) string {
	if transport == "udp" {
		return transport
	}
	return "tcp"
}

// Socket is what a listener is bound to.
type Socket struct {
	Host    string
	Port    int
	Network string // "udp", "tcp"
}

// Clash tells whether two sockets cannot both be bound. A host name may be any
// address; port 0 is any free port.
func (a Socket) Clash(b Socket) bool {
	if a.Port != b.Port || a.Port == 0 || a.Network != b.Network {
		return false
	}
	return a.Host == b.Host || wildcard(a.Host) || wildcard(b.Host)
}

func wildcard(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.IsUnspecified()
}

// Reaches tells whether an http:// URL leads to a listener ("host:port") of
// this machine, as far as that can be seen without asking for names.
func Reaches(link, listener string) bool {
	u, err := url.Parse(link)
	host, port, bad := SplitHostPort(listener)
	if err != nil || bad != nil || cmp.Or(u.Port(), "80") != strconv.Itoa(port) {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && a.IsLoopback()
	return u.Hostname() == host || local && (wildcard(host) || host == "localhost")
}
