package messages

import "sync"

const (
	shards  = 16      // all messages of a call, and all exchanges of a session, are in one
	minRing = 64      // entries of a shard
	maxRing = 1 << 16 // entries of a shard
)

// ring holds the last entries of a shard.
type ring[E any] struct {
	mu   sync.Mutex
	list []E
	seq  uint64 // how many were written; number n, from 0, is at n % len(list)
	_    [64]byte
}

// next is the entry to be written, the number seq-1. The lock is held.
func (r *ring[E]) next() *E {
	e := &r.list[r.seq%uint64(len(r.list))]
	r.seq++
	return e
}

// kinds of what has numbers of its own.
const (
	kindMessage = iota
	kindExchange
	kinds
)

// numberOf is the number of a summary: the position of its entry in the history of its ring, and which ring that is.
func numberOf(seq uint64, shard, kind int) uint64 {
	return (seq*shards+uint64(shard))*kinds + uint64(kind) + 1
}

// slot is what a ring holds.
type slot[E any] interface {
	*E
	mark() uint64
	summary(l *Log) Summary
}

// part is what of a ring is looked at, and which ring it is.
type part struct {
	span
	shard, kind int
}

// find returns the summaries of those entries of a part of the history that
// are still there and belong to somebody who is wanted.
func find[E any, S slot[E]](l *Log, r *ring[E], p part, wants func(mark uint64) bool) (list []Summary) {
	var found []E
	var seqs []uint64
	r.mu.Lock()
	n := uint64(len(r.list))
	for seq := max(p.from, r.seq-min(r.seq, n)); seq < min(p.to, r.seq); seq++ {
		if e := S(&r.list[seq%n]); wants(e.mark()) {
			found, seqs = append(found, *e), append(seqs, seq)
		}
	}
	r.mu.Unlock()
	for i := range found {
		s := S(&found[i]).summary(l)
		s.N = numberOf(seqs[i], p.shard, p.kind)
		list = append(list, s)
	}
	return list
}
