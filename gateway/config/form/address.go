package form

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
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
	Transport string // "udp", "tcp"; empty: not given
}

// ParseSIPPeer reads "host:port", or a URI: "sip:host", "sip:host:port", each
// with ";transport=udp" or ";transport=tcp" behind it.
func ParseSIPPeer(s string) (p SIPPeer, err error) {
	switch scheme, rest, _ := strings.Cut(s, ":"); {
	case strings.HasPrefix(rest, "//"):
		return p, fmt.Errorf("%s: the transport stands behind the address: %s", Quote(s), Quote("sip:"+rest[2:]+";transport="+scheme))
	case scheme == "sips":
		return p, errors.New("sips: needs TLS, which is not supported yet")
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
			p.Transport, err = word, checkTransport(word)
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

// sipURL checks a SIP listener's or node's URL; check is for what stands
// behind the transport.
func sipURL(check func(string) error) func(string) error {
	return func(s string) error {
		transport, rest, _ := strings.Cut(s, "://")
		if rest == "" {
			return fmt.Errorf("%s is not of the form transport://host:port", Quote(s))
		}
		if err := checkTransport(transport); err != nil {
			return err
		}
		return check(rest)
	}
}

func checkTransport(s string) error {
	switch s {
	case "udp", "tcp":
		return nil
	case "tls", "ws", "wss":
		return fmt.Errorf("transport %s is not supported yet", s)
	}
	if small := strings.ToLower(s); small != s && checkTransport(small) == nil {
		return fmt.Errorf("%s is written in small letters: %s", Quote(s), small)
	}
	return fmt.Errorf("%s is no transport", Quote(s))
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
