package guard

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// Prefixes is a set of networks that is asked for every message. The zero Prefixes contain nothing. It is not changed once made.
type Prefixes struct {
	four []span[uint32]
	six  []span[netip.Addr]
}

// span is a stretch of addresses, both ends included.
type span[T any] struct{ from, to T }

// NewPrefixes makes a set. Invalid prefixes are left out; IPv4 networks written as IPv6 ("::ffff:192.0.2.0/120") are IPv4 networks.
func NewPrefixes(list []netip.Prefix) (p Prefixes) {
	for _, n := range list {
		if n.Addr().Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96)
		}
		if !n.IsValid() {
			continue
		}
		if from, to := n.Masked().Addr(), lastOf(n); from.Is4() {
			p.four = append(p.four, span[uint32]{number(from), number(to)})
		} else {
			p.six = append(p.six, span[netip.Addr]{from, to})
		}
	}
	p.four = merged(p.four, cmp.Compare[uint32])
	p.six = merged(p.six, netip.Addr.Compare)
	return p
}

// merged sorts the spans and leaves out those within others; networks never overlap otherwise.
func merged[T any](list []span[T], compare func(a, b T) int) (out []span[T]) {
	slices.SortFunc(list, func(a, b span[T]) int { return cmp.Or(compare(a.from, b.from), compare(b.to, a.to)) })
	for _, s := range list {
		if n := len(out); n == 0 || compare(s.from, out[n-1].to) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// lastOf is the last address of a network.
func lastOf(n netip.Prefix) netip.Addr {
	b := n.Addr().AsSlice()
	for i := n.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func number(ip netip.Addr) uint32 {
	b := ip.As4()
	return binary.BigEndian.Uint32(b[:])
}

// few is up to how many spans it is quicker to look at each.
const few = 8

// Contains tells whether an address lies in one of the networks.
func (p *Prefixes) Contains(ip netip.Addr) bool {
	switch {
	case ip.Is4() || ip.Is4In6():
		return len(p.four) > 0 && p.contains4(number(ip))
	case len(p.six) == 0 || !ip.IsValid():
		return false
	}
	ip = ip.WithZone("")
	i, found := slices.BinarySearchFunc(p.six, ip, func(s span[netip.Addr], ip netip.Addr) int { return s.from.Compare(ip) })
	return found || i > 0 && ip.Compare(p.six[i-1].to) <= 0
}

func (p *Prefixes) contains4(n uint32) bool {
	if len(p.four) <= few {
		for _, s := range p.four {
			if n >= s.from && n <= s.to {
				return true
			}
		}
		return false
	}
	i, found := slices.BinarySearchFunc(p.four, n, func(s span[uint32], n uint32) int { return cmp.Compare(s.from, n) })
	return found || i > 0 && n <= p.four[i-1].to
}
