package locate

import (
	"cmp"
	"hash/fnv"
	"math"
	"net/netip"
	"slices"
)

// Bounds of one answer.
const (
	maxTargets = 8  // what Find gives
	maxAddrs   = 8  // kept of one host
	maxRecords = 16 // SRV records used
)

// record is a server that was found: an SRV record with the addresses of its target, or the addresses of the name itself.
type record struct {
	rank      uint32 // lower ones first: service of a NAPTR record, then priority
	weight    uint16
	transport Transport
	port      uint16 // 0: the port of the query
	id        uint64 // hash of what makes the record another one
	addrs     []addr
}

type addr struct {
	ip netip.Addr
	id uint64
}

// identity hashes what tells records apart, the same in every gateway.
func identity(s string, n uint16) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	h.Write([]byte{byte(n >> 8), byte(n)})
	return h.Sum64()
}

// arrange sorts addresses, whatever order they came in: IPv4 first, which reaches more peers. It drops doubles and all beyond maxAddrs.
func arrange(ips []netip.Addr, usable func(netip.Addr) bool) []addr {
	seen := make([]netip.Addr, 0, len(ips))
	for _, ip := range ips {
		if ip = ip.Unmap().WithZone(""); ip.IsValid() && (usable == nil || usable(ip)) {
			seen = append(seen, ip)
		}
	}
	slices.SortFunc(seen, netip.Addr.Compare)
	seen = slices.Compact(seen)
	seen = seen[:min(len(seen), maxAddrs)]
	list := make([]addr, len(seen))
	for i, ip := range seen {
		list[i] = addr{ip, identity(string(ip.AsSlice()), 0)}
	}
	return list
}

// targets appends what to try, in order. Records of one rank are drawn without putting back, with chances as their weights (RFC 2782), but by
// a draw that each record makes for itself from the seed: the first of all is the one with the least -ln(u)/weight, u in (0,1). That has the
// chances of drawing one after the other, needs no order of the records, and moves no other transaction when a record comes or goes.
func (p *plan) targets(dst []Target, records []record, seed uint64) []Target {
	var drawn [maxRecords]struct {
		i     int
		score float64
	}
	order := drawn[:0]
	for i := range records {
		r := &records[i]
		order = append(order, struct {
			i     int
			score float64
		}{i, -math.Log(fraction(seed, r.id)) / chance(r.weight)})
	}
	slices.SortFunc(order, func(a, b struct {
		i     int
		score float64
	}) int {
		if c := cmp.Compare(records[a.i].rank, records[b.i].rank); c != 0 {
			return c
		}
		return cmp.Compare(a.score, b.score)
	})
	start := len(dst)
	for _, d := range order {
		dst = p.spread(dst, start, &records[d.i], seed)
	}
	return dst
}

// spread appends the addresses of one record: each family in its turn, within it as the seed says.
func (p *plan) spread(dst []Target, start int, r *record, seed uint64) []Target {
	t := Target{Transport: r.transport}
	port := r.port
	if port == 0 {
		t.Transport, port = p.transport, p.port
	}
	var turns [maxAddrs]addr
	list := turns[:copy(turns[:], r.addrs)]
	slices.SortFunc(list, func(a, b addr) int {
		if a.ip.Is4() != b.ip.Is4() {
			return cmp.Compare(a.ip.BitLen(), b.ip.BitLen())
		}
		return cmp.Compare(mix(seed^a.id), mix(seed^b.id))
	})
	for i := range list {
		t.Addr = netip.AddrPortFrom(list[i].ip, port)
		if len(dst)-start >= maxTargets {
			break
		}
		if !slices.Contains(dst[start:], t) {
			dst = append(dst, t)
		}
	}
	return dst
}

// chance is a weight as a number to divide by: 0 stands for very seldom where others have weights, and for equal shares where none has.
func chance(weight uint16) float64 {
	if weight == 0 {
		return 1.0 / 256
	}
	return float64(weight)
}

// fraction is a number in (0,1) that follows from seed and record.
func fraction(seed, id uint64) float64 {
	return (float64(mix(seed^id)>>11) + 0.5) / (1 << 53)
}

// mix spreads a number over all bits (the finalizer of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
