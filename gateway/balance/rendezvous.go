package balance

import (
	"math"

	"github.com/cespare/xxhash/v2"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Hash places a key by Rendezvous. Work without a key takes turns.
type Hash struct{ turns RoundRobin }

// Pick implements Algorithm.
func (h *Hash) Pick(eligible []*cluster.Member, q *Question) *cluster.Member {
	if q.Seed == (appsession.Key{}) {
		return h.turns.Pick(eligible, q)
	}
	return Rendezvous(eligible, q.Seed)
}

// PureHash lets no table hold a key: it is always where the hash of it and of
// the members that live says.
type PureHash struct{ Hash }

// Home implements Homer.
func (h *PureHash) Home(living []*cluster.Member, q *Question) *cluster.Member {
	if q.Seed == (appsession.Key{}) {
		return nil
	}
	return Rendezvous(living, q.Seed)
}

// Strict implements Homer: a browser that names its node stays there.
func (h *PureHash) Strict() bool { return false }

// Rendezvous returns the member on which a key belongs: every gateway finds
// the same one, whatever order its members are in, and a member that leaves
// or comes moves only the keys that were or will be its own (highest random
// weight; members get keys in proportion to their weights, at once: who ramps
// up is no matter of the key). The realm does not count. It returns nil when
// there is no member.
func Rendezvous(eligible []*cluster.Member, key appsession.Key) *cluster.Member {
	k := xxhash.Sum64String(key.Value) ^ mix(uint64(key.Space))
	var best *cluster.Member
	var most float64
	for _, m := range eligible {
		score := score(mix(k^xxhash.Sum64String(m.Name)), int64(max(m.Weight, 1)))
		if best == nil || score > most || score == most && m.Name < best.Name {
			best, most = m, score
		}
	}
	return best
}

// score turns a hash into a draw that a member of weight w wins with a
// probability in proportion to w.
func score(h uint64, w int64) float64 {
	u := (float64(h>>11) + 0.5) / (1 << 53) // in (0,1)
	return -float64(w) / math.Log(u)
}

// mix spreads every bit of x over all bits of the result (the finalizer of
// SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
