package wire

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// scopes knows the numbers of the interfaces that IPv6 zones name. Addresses that come from a socket carry the number ("fe80::1%2"), which
// costs no look-up and does not change with an interface's name; addresses to send to may have either. The zero scopes is ready.
type scopes struct {
	mu     sync.Mutex
	number map[string]uint32
	until  time.Time
}

// scopeLife is how long a name is believed.
const scopeLife = time.Minute

// of gives the number of a zone; 0 when there is no such interface.
func (z *scopes) of(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	now := time.Now()
	if z.number == nil || now.After(z.until) {
		z.number, z.until = make(map[string]uint32), now.Add(scopeLife)
	}
	n, ok := z.number[zone]
	if !ok && len(z.number) < 1024 {
		if i, err := net.InterfaceByName(zone); err == nil {
			n = uint32(i.Index)
		}
		z.number[zone] = n
	}
	return n
}

// numeric replaces a zone's name by its number.
func (z *scopes) numeric(a netip.Addr) netip.Addr {
	if a.Zone() == "" {
		return a
	}
	if n := z.of(a.Zone()); n != 0 {
		return a.WithZone(strconv.FormatUint(uint64(n), 10))
	}
	return a
}
