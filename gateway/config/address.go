package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// transports are what SIP is spoken over, in the order of their words in
// messages.
var transports = []string{"udp", "tcp"}

// SplitSIPURL takes a SIP listener's or node's "udp://host:port" apart. The
// text must be one that Parse let pass.
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
// with ";transport=udp" or ";transport=tcp" behind it. In a URI, "[...]"
// stands around an IPv6 address and the port may be absent.
func ParseSIPPeer(s string) (p SIPPeer, err error) {
	rest, uri := cutFold(s, "sip:")
	if !uri {
		if strings.ContainsAny(s, ";?@") {
			return p, fmt.Errorf("%s has parts that only a URI has", quote(s))
		}
		p.Host, p.Port, err = splitHostPort(s)
		if err == nil {
			err = checkPeer(s)
		}
		return p, err
	}
	if strings.ContainsAny(rest, "?@") {
		return p, errors.New("a peer's URI has no user and no headers")
	}
	rest, params, found := strings.Cut(rest, ";")
	if found {
		word, ok := cutFold(params, "transport=")
		if !ok {
			return p, fmt.Errorf("%s is no parameter of a peer", quote(params))
		}
		p.Transport = strings.ToLower(word)
		if err := checkTransport(p.Transport); err != nil {
			return p, err
		}
	}
	if p.Host, p.Port, err = splitHostPort(rest); err == nil {
		return p, checkPeer(rest)
	}
	p.Host, p.Port = strings.TrimSuffix(strings.TrimPrefix(rest, "["), "]"), 0
	if a, perr := netip.ParseAddr(p.Host); strings.Contains(rest, ":") && (perr != nil || !a.Is6() || "["+p.Host+"]" != rest) {
		return p, err
	}
	return p, checkOneHost(p.Host)
}

// cutFold takes prefix off s, whatever its case.
func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func checkSIPPeer(s string) error {
	_, err := ParseSIPPeer(s)
	return err
}

func checkSIPListen(s string) error {
	rest, err := sipURL(s)
	if err != nil {
		return err
	}
	host, _, err := splitHostPort(rest)
	if err == nil && host != "" {
		err = checkHost(host)
	}
	return err
}

func checkSIPNode(s string) error {
	rest, err := sipURL(s)
	if err != nil {
		return err
	}
	return checkPeer(rest)
}

// sipURL takes the transport off a SIP listener's or node's URL.
func sipURL(s string) (rest string, err error) {
	transport, rest, ok := strings.Cut(s, "://")
	if !ok {
		return "", fmt.Errorf("%s names no transport", quote(s))
	}
	return rest, checkTransport(transport)
}

func checkTransport(s string) error {
	switch s {
	case "udp", "tcp":
		return nil
	case "tls", "ws", "wss":
		return fmt.Errorf("transport %s is not supported yet", s)
	}
	return fmt.Errorf("%s is no transport", quote(s))
}

// checkScanner: a shorter word would be found in what honest phones say.
func checkScanner(s string) error {
	if len(s) < 3 || len(s) > 64 {
		return fmt.Errorf("%s is too short or too long", quote(s))
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return fmt.Errorf("%s holds a blank or a character that is not ASCII", quote(s))
		}
	}
	return nil
}
