package follow

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"github.com/dchest/siphash"
)

// Age is how long a correction is remembered.
const Age = time.Minute

// A Guard counts how often clients were corrected, in a fixed number of places:
// two ids that share one merely lose each other's count. Safe for concurrent
// use; it must not be copied once used.
type Guard struct {
	// Secrets sign the cookie, newest first, and are equal on all gateways.
	// Empty: there is no cookie, only the count that is kept here.
	Secrets [][]byte
	// Of is whose counts are read as well, and not changed: for asking what
	// would become of a request. nil: nobody's.
	Of *Guard

	once   sync.Once // guards k0, k1
	k0, k1 uint64

	mu    sync.Mutex // guards seats
	seats [4096]struct {
		key  uint64
		n    int
		last time.Time
	}
}

// Key names a session id, without its route, and the route that it was
// presented with, alike on all gateways that share a secret.
func (g *Guard) Key(base, route string) uint64 {
	g.once.Do(func() {
		var sum [sha256.Size]byte
		if len(g.Secrets) > 0 {
			sum = sha256.Sum256(append([]byte("corrections:"), g.Secrets[0]...))
		}
		g.k0, g.k1 = binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])
	})
	return siphash.Hash(g.k0, g.k1, []byte(base+"\x00"+route))
}

// Count is how often the client was corrected within Age before now, as far as
// this gateway knows or the request's Cookie lines say.
func (g *Guard) Count(key uint64, cookies []string, now time.Time) int {
	if g.Of != nil {
		return g.Of.Count(key, cookies, now)
	}
	return max(g.seen(key, now), g.carried(key, cookies))
}

func (g *Guard) seen(key uint64, now time.Time) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &g.seats[key%uint64(len(g.seats))]
	if s.key != key || now.Sub(s.last) > Age {
		return 0
	}
	return s.n
}

// Set notes that the client was corrected for the nth time.
func (g *Guard) Set(key uint64, n int, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &g.seats[key%uint64(len(g.seats))]
	s.key, s.n, s.last = key, n, now
}
