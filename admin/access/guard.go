package access

import (
	"sync"
	"sync/atomic"
	"time"
)

// Guard slows down whoever guesses passwords: after a few failures from an
// address, or for a name, each further one doubles the wait.
type Guard struct {
	Now      func() time.Time
	failures atomic.Uint64

	mu   sync.Mutex
	list map[string]*attempts
}

type attempts struct {
	failed int
	last   time.Time
	until  time.Time
}

const (
	freePerPeer  = 5  // failures from one address before it waits
	freePerUser  = 20 // for one name: more, so that a stranger does not lock its owner out easily
	firstWait    = 30 * time.Second
	longestWait  = 15 * time.Minute
	forgetAfter  = time.Hour
	maxAttempted = 10000
)

// Failures counts the failed attempts ever.
func (g *Guard) Failures() uint64 { return g.failures.Load() }

// Wait tells how long the caller has to wait before it may try again.
func (g *Guard) Wait(peer, user string) time.Duration {
	now := g.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	longest := time.Duration(0)
	for _, key := range [...]string{"peer " + peer, "user " + user} {
		if a := g.list[key]; a != nil {
			longest = max(longest, a.until.Sub(now))
		}
	}
	return longest
}

// Failed notes a failure. It is noted before the password is checked and taken
// back by Succeeded, so that many attempts at once do not share one look.
func (g *Guard) Failed(peer, user string) {
	now := g.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.list == nil {
		g.list = map[string]*attempts{}
	}
	if len(g.list) >= maxAttempted {
		g.forget(now)
	}
	g.note("peer "+peer, freePerPeer, now)
	g.note("user "+user, freePerUser, now)
}

func (g *Guard) note(key string, free int, now time.Time) {
	a := g.list[key]
	if a == nil || now.Sub(a.last) > forgetAfter {
		a = &attempts{}
		g.list[key] = a
	}
	a.failed++
	a.last = now
	if over := a.failed - free; over >= 0 {
		a.until = now.Add(min(firstWait<<min(over, 10), longestWait))
	}
}

// Refused counts a failure that is certain.
func (g *Guard) Refused() { g.failures.Add(1) }

// Succeeded takes a noted failure back and forgives those before.
func (g *Guard) Succeeded(peer, user string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.list, "peer "+peer)
	delete(g.list, "user "+user)
}

// forget makes room: everything old, and if that is not enough, everything
// that does not have to wait.
func (g *Guard) forget(now time.Time) {
	for key, a := range g.list {
		if now.Sub(a.last) > forgetAfter {
			delete(g.list, key)
		}
	}
	if len(g.list) < maxAttempted {
		return
	}
	for key, a := range g.list {
		if !now.Before(a.until) {
			delete(g.list, key)
		}
	}
	if len(g.list) >= maxAttempted {
		clear(g.list)
	}
}
