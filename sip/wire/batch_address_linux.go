//go:build linux && (amd64 || 386 || arm64)

package wire

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// seen keeps the texts of IPv6 zones, so that an address with one costs no memory. A machine has few.
type seen map[uint32]netip.Addr

// with adds the zone with a number.
func (z *seen) with(a netip.Addr, scope uint32) netip.Addr {
	known, ok := (*z)[scope]
	if !ok {
		if *z == nil || len(*z) >= 1024 {
			*z = make(seen)
		}
		known = netip.IPv6LinkLocalAllNodes().WithZone(strconv.FormatUint(uint64(scope), 10))
		(*z)[scope] = known
	}
	return a.WithZone(known.Zone())
}

// decode reads an address as the system wrote it. IPv4 within IPv6 becomes IPv4. The zero address: of another family.
func decode(n *unix.RawSockaddrInet6, z *seen) netip.AddrPort {
	switch n.Family {
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(n))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), hostOrder(v4.Port))
	case unix.AF_INET6:
		a := netip.AddrFrom16(n.Addr).Unmap()
		if n.Scope_id != 0 && a.Is6() {
			a = z.with(a, n.Scope_id)
		}
		return netip.AddrPortFrom(a, hostOrder(n.Port))
	}
	return netip.AddrPort{}
}

// encode writes an address for a socket of a family, and gives its length. 0: there is no address. A socket of IPv4 is given IPv6 as such,
// which the system refuses.
func encode(n *unix.RawSockaddrInet6, to netip.AddrPort, family int, z *scopes) uint32 {
	a := to.Addr().Unmap()
	switch {
	case !a.IsValid():
		return 0
	case a.Is4() && family == unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(n))
		*v4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: networkOrder(to.Port()), Addr: a.As4()}
		return unix.SizeofSockaddrInet4
	}
	*n = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: networkOrder(to.Port()), Addr: a.As16()}
	if zone := a.Zone(); zone != "" {
		n.Scope_id = z.of(zone)
	}
	return unix.SizeofSockaddrInet6
}

func hostOrder(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}

func networkOrder(port uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], port)
	return binary.NativeEndian.Uint16(b[:])
}
