package guard

import (
	"encoding/binary"
	"hash/maphash"
	"iter"
	"math/bits"
	"net/netip"
	"sync"
)

// key names a source: an IPv4 address, or the /64 of an IPv6 address, which is what one customer has.
type key uint64

// keyIPv4 stands before IPv4 addresses: a /64 of the multicast range, from which nothing comes.
const keyIPv4 = 0xff << 56

func keyOf(ip netip.Addr) key {
	if ip.Is4() || ip.Is4In6() {
		b := ip.As4()
		return keyIPv4 | key(binary.BigEndian.Uint32(b[:]))
	}
	b := ip.As16()
	return key(binary.BigEndian.Uint64(b[:8]))
}

func (k key) prefix() netip.Prefix {
	if k&keyIPv4 == keyIPv4 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(k))
		return netip.PrefixFrom(netip.AddrFrom4(b), 32)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(k))
	return netip.PrefixFrom(netip.AddrFrom16(b), 64)
}

// source is what is kept of one: 56 bytes with its key.
type source struct {
	seen    moment // last message; 0 = the place is free
	full    moment // when the bucket is full again
	over    moment // since when messages are dropped again and again; 0 = never yet
	drop    moment // the last one dropped
	until   moment // of the ban; 0 = none
	dropped uint32 // messages, in this ban and in what led to it
}

// worth is the moment until which a source is worth its place.
func (s *source) worth() moment { return max(s.seen, s.until) }

const (
	maxWays   = 8
	maxShards = 64
)

// table keeps the latest sources, in memory of a fixed size: sets of a few places each, and in a full set the oldest goes. A map with a
// list would keep exactly the latest ones, at three times the memory and with something to allocate for every invented address. Which set
// a source belongs to is a secret of the process: nobody can choose whom to push out.
type table struct {
	seed   maphash.Seed
	ways   int
	shards []shard
}

type shard struct {
	mu   sync.Mutex
	sets []set
	used int
	_    [88]byte // two locks on one cache line would be one lock
}

type set struct {
	keys    [maxWays]key // apart from the rest: one cache line to search
	sources [maxWays]source
}

// newTable makes a table of at most n sources, n > 0.
func newTable(n int) *table {
	t := &table{seed: maphash.MakeSeed(), ways: min(n, maxWays)}
	sets := n / t.ways
	t.shards = make([]shard, min(maxShards, 1<<(bits.Len(uint(sets))-1)))
	for i := range t.shards {
		t.shards[i].sets = make([]set, sets/len(t.shards))
	}
	return t
}

// locked finds the place of k and locks its shard, which the caller unlocks. When k was not known it has the place of the oldest, all zero.
// Nil: it was not known and make is false; then nothing is locked.
func (t *table) locked(k key, make bool) (*shard, *source) {
	h := maphash.Comparable(t.seed, k)
	sh := &t.shards[h&uint64(len(t.shards)-1)]
	sh.mu.Lock()
	in, _ := bits.Mul64(h, uint64(len(sh.sets)))
	s := &sh.sets[in]
	for i, have := range s.keys[:t.ways] {
		if have == k && s.sources[i].seen != 0 {
			return sh, &s.sources[i]
		}
	}
	if !make {
		sh.mu.Unlock()
		return nil, nil
	}
	old := 0
	for i := range t.ways {
		if s.sources[i].worth() < s.sources[old].worth() {
			old = i
		}
	}
	if s.sources[old].seen == 0 {
		sh.used++
	}
	s.keys[old], s.sources[old] = k, source{}
	return sh, &s.sources[old]
}

// all walks over copies of the sources; no lock is held while the caller looks at one.
func (t *table) all() iter.Seq2[key, source] {
	return func(yield func(key, source) bool) {
		for i := range t.shards {
			sh := &t.shards[i]
			for j := range sh.sets {
				sh.mu.Lock()
				s := sh.sets[j]
				sh.mu.Unlock()
				for n, k := range s.keys {
					if s.sources[n].seen != 0 && !yield(k, s.sources[n]) {
						return
					}
				}
			}
		}
	}
}

// len is how many sources there are.
func (t *table) len() (n int) {
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		n += sh.used
		sh.mu.Unlock()
	}
	return n
}

// resized makes a table of n sources with what this one knows. What is learned meanwhile is lost; that costs a source's bucket one refill.
func (t *table) resized(n int) *table {
	out := newTable(n)
	for k, s := range t.all() {
		sh, to := out.locked(k, true)
		*to = s
		sh.mu.Unlock()
	}
	return out
}

// sized gives a table for n sources: the old one when it has that size.
func sized(old *table, oldMax, n int) *table {
	switch {
	case old == nil:
		return newTable(n)
	case oldMax == n:
		return old
	}
	return old.resized(n)
}
