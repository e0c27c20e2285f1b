package http

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"github.com/dchest/siphash"
)

// guardAge is how long a correction is remembered.
const guardAge = time.Minute

// guard counts how often clients were corrected, in a fixed number of places:
// two ids that share one merely lose each other's count.
type guard struct {
	once   sync.Once // guards k0, k1
	k0, k1 uint64

	mu    sync.Mutex // guards seats
	seats [4096]struct {
		key  uint64
		n    int
		last time.Time
	}
}

// key names an id and the route it was presented with, alike on all gateways
// that share a secret.
func (g *guard) key(secrets [][]byte, base, route string) uint64 {
	g.once.Do(func() {
		var sum [sha256.Size]byte
		if len(secrets) > 0 {
			sum = sha256.Sum256(append([]byte("corrections:"), secrets[0]...))
		}
		g.k0, g.k1 = binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])
	})
	return siphash.Hash(g.k0, g.k1, []byte(base+"\x00"+route))
}

func (g *guard) count(key uint64, now time.Time) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &g.seats[key%uint64(len(g.seats))]
	if s.key != key || now.Sub(s.last) > guardAge {
		return 0
	}
	return s.n
}

func (g *guard) set(key uint64, n int, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &g.seats[key%uint64(len(g.seats))]
	s.key, s.n, s.last = key, n, now
}
