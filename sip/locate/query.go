package locate

import (
	"bytes"
	"errors"
	"net/netip"
	"unsafe"
)

// Transport is a way to carry SIP, and, as a sum of several, a set of them.
type Transport uint8

// The transports a request can be sent by. What else a URI may ask for (SCTP, WebSocket) cannot be opened from here.
const (
	UDP Transport = 1 << iota
	TCP
	TLS
)

// String is the name as a Via has it, in small letters; "" for none or several.
func (t Transport) String() string {
	switch t {
	case UDP:
		return "udp"
	case TCP:
		return "tcp"
	case TLS:
		return "tls"
	}
	return ""
}

// Port is the one used when nothing names another (RFC 3261 section 19.1.2).
func (t Transport) Port() uint16 {
	if t == TLS {
		return 5061
	}
	return 5060
}

// service is the name under which SRV records of the transport stand (RFC 3263 section 4.2).
func (t Transport) service() string {
	switch t {
	case UDP:
		return "_sip._udp."
	case TCP:
		return "_sip._tcp."
	}
	return "_sips._tcp."
}

// Query is what a URI says about the next hop, as it stands there. Nothing of it is kept.
type Query struct {
	Host      []byte // name, or address with or without brackets
	Maddr     []byte // replaces Host; empty: none
	Transport []byte // in any case; empty: none given
	Port      uint16 // 0: none given
	Secure    bool   // a sips URI: TLS on this hop
}

// Proof is the name that the certificate of a server for the query must have (RFC 5922 section 4): that of its domain, not of the host that
// the domain's records lead to. "" for an address. It keeps no memory of the query.
func (q *Query) Proof() string {
	host := q.Host
	if len(q.Maddr) > 0 {
		host = q.Maddr
	}
	if _, err := literal(host); err == nil {
		return ""
	}
	var buf [maxName + 1]byte
	return string(canonical(buf[:0], host))
}

// Target is one place to try.
type Target struct {
	Transport Transport
	Addr      netip.AddrPort
}

// Key names what has to be asked about a query: equal for queries that need the same look-up. It keeps no memory of the query.
type Key struct {
	name string
	way  way
}

// way is how a name is looked up.
type way uint8

const (
	hosts    way = iota // the port is given: addresses only
	viaUDP              // the transport is given or all that is spoken: its SRV records, else addresses
	viaTCP              //
	viaTLS              //
	open                // NAPTR first
	openSafe            // NAPTR first, for a sips URI
)

func wayOf(t Transport) way {
	switch t {
	case UDP:
		return viaUDP
	case TCP:
		return viaTCP
	}
	return viaTLS
}

// Why a query leads nowhere without asking.
var (
	ErrName      = errors.New("host is neither an address nor a name that DNS can hold")
	ErrTransport = errors.New("transport not spoken here")
)

// maxName is the longest name in its usual notation, in bytes (RFC 1035 section 2.3.4).
const maxName = 253

// plan is a query understood.
type plan struct {
	literal   netip.Addr // valid: nothing is to be asked
	way       way
	transport Transport // for a literal, or for way hosts
	port      uint16    // the same
}

// read understands a query and puts its name into buf, in the one form that all spellings of it share.
func (q *Query) read(can Transport, buf *[maxName + 1]byte) (p plan, name []byte, err error) {
	given, err := q.given(can)
	if err != nil {
		return p, nil, err
	}
	host := q.Host
	if len(q.Maddr) > 0 {
		host = q.Maddr
	}
	fixed := given
	if fixed == 0 {
		fixed = usual(q.Secure, can)
	}
	if p.literal, err = literal(host); err == nil {
		p.transport, p.port = fixed, q.Port
		if p.port == 0 {
			p.port = fixed.Port()
		}
		return p, nil, nil
	}
	if name = canonical(buf[:0], host); name == nil {
		return p, nil, ErrName
	}
	switch {
	case q.Port != 0:
		p.way, p.transport, p.port = hosts, fixed, q.Port
	case given != 0:
		p.way = wayOf(given)
	case q.Secure:
		p.way = openSafe
	default:
		p.way = open
	}
	return p, name, nil
}

// given is the transport that the query asks for; 0: it leaves it open. A sips URI asks for TLS whatever its transport (RFC 3261 section
// 26.2.2), which is one over TCP.
func (q *Query) given(can Transport) (t Transport, err error) {
	switch {
	case len(q.Transport) == 0:
		if q.Secure && can&TLS == 0 || can == 0 {
			return 0, ErrTransport
		}
		return 0, nil
	case foldEqual(q.Transport, "udp") && !q.Secure:
		t = UDP
	case foldEqual(q.Transport, "tcp") && !q.Secure:
		t = TCP
	case foldEqual(q.Transport, "tls"), foldEqual(q.Transport, "tcp") && q.Secure:
		t = TLS
	}
	if t&can == 0 {
		return 0, ErrTransport
	}
	return t, nil
}

// usual is the transport where nothing names one (RFC 3263 section 4.1), or the next best where that is not spoken.
func usual(secure bool, can Transport) Transport {
	switch {
	case secure:
		return TLS
	case can&UDP != 0:
		return UDP
	case can&TCP != 0:
		return TCP
	}
	return TLS
}

// literal reads an address, with or without brackets. Zones are no part of SIP URIs.
func literal(b []byte) (netip.Addr, error) {
	if n := len(b); n > 2 && b[0] == '[' && b[n-1] == ']' {
		b = b[1 : n-1]
	}
	if len(b) < 2 || len(b) > 45 {
		return netip.Addr{}, ErrName
	}
	six := bytes.IndexByte(b, ':') >= 0
	for _, c := range b {
		if !('0' <= c && c <= '9' || c == '.' || six && (c == ':' || 'a' <= c|0x20 && c|0x20 <= 'f')) {
			return netip.Addr{}, ErrName // netip would make an error, which allocates
		}
	}
	a, err := netip.ParseAddr(unsafe.String(&b[0], len(b))) // the view ends with the call: an Addr without zone keeps no text
	return a.Unmap(), err
}

// canonical appends a name in small letters and without the last dot; nil: it is none. Underscores are allowed, as records carry them. A last
// label of digits alone is refused: it is an address in some old notation, and no such domain can exist (RFC 3696 section 2). Names below
// "invalid" stand for connections, not hosts (RFC 7118 section 5.2), and are never to be asked for (RFC 6761 section 6.4).
func canonical[T []byte | string](dst []byte, host T) []byte {
	n := len(host)
	if n > 0 && host[n-1] == '.' {
		n--
	}
	if n == 0 || n > maxName {
		return nil
	}
	label, digits := 0, true // of the label under way: length, and whether there are only digits
	for i := range n {
		c := host[i]
		switch {
		case c == '.':
			if label == 0 {
				return nil
			}
			label, digits = -1, true
		case '0' <= c && c <= '9':
		case 'a' <= c && c <= 'z', c == '-', c == '_':
			digits = false
		case 'A' <= c && c <= 'Z':
			c |= 0x20
			digits = false
		default:
			return nil
		}
		if label++; label > 63 {
			return nil
		}
		dst = append(dst, c)
	}
	if label == 0 || digits || below(dst, "invalid") {
		return nil
	}
	return dst
}

// below tells whether a canonical name is a domain or stands in it.
func below(name []byte, domain string) bool {
	i := len(name) - len(domain)
	return i >= 0 && string(name[i:]) == domain && (i == 0 || name[i-1] == '.')
}

func foldEqual(b []byte, small string) bool {
	if len(b) != len(small) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != small[i] {
			return false
		}
	}
	return true
}
