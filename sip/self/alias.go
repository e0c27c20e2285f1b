package self

import (
	"net/netip"
	"slices"
	"strings"

	"twinhop/sip/peek"
)

// Alias is one name or address.
type Alias struct {
	Host string // a name, an address, or "*.suffix": all names that end so
	Port uint16 // 0: of an address, any port that the gateway serves; of a name, any
}

// Kind is what an alias is.
type Kind uint8

// The kinds.
const (
	None    Kind = iota
	Suffix       // below a domain: so a URI may be written that stands for somebody else as well
	Name         // exactly this name
	Address      // as good as the address of a socket
)

// Set finds aliases. The zero Set has none.
type Set struct {
	list  []entry
	ports []uint16
}

type entry struct {
	kind Kind
	host string // lower case; of a Suffix from its dot on
	ip   netip.Addr
	port uint16
}

// Aliases makes a Set. ports are those that the gateway serves.
func Aliases(list []Alias, ports []uint16) *Set {
	s := &Set{ports: ports}
	for _, a := range list {
		e := entry{kind: Name, host: strings.ToLower(a.Host), port: a.Port}
		if suffix, ok := strings.CutPrefix(e.host, "*"); ok {
			e.kind, e.host = Suffix, suffix
		} else if ip, ok := peek.ParseIP([]byte(e.host)); ok {
			e.kind, e.ip = Address, ip
		}
		s.list = append(s.list, e)
	}
	return s
}

// Find tells what a host and port of a URI are; of several aliases that fit, the narrowest counts.
func (s *Set) Find(host []byte, port uint16) (k Kind) {
	if s == nil || len(s.list) == 0 {
		return None
	}
	ip, literal := peek.ParseIP(host)
	for i := range s.list {
		if e := &s.list[i]; e.kind > k && (e.kind == Address) == literal && s.fits(e, host, ip) && s.open(e, port) {
			k = e.kind
		}
	}
	return k
}

func (s *Set) fits(e *entry, host []byte, ip netip.Addr) bool {
	switch e.kind {
	case Address:
		return ip == e.ip
	case Suffix:
		return len(host) > len(e.host) && peek.FoldEqual(host[len(host)-len(e.host):], e.host)
	}
	return peek.FoldEqual(host, e.host)
}

func (s *Set) open(e *entry, port uint16) bool {
	return e.port == port || e.port == 0 && (e.kind != Address || slices.Contains(s.ports, port))
}
