package h1

import (
	"sync"
	"time"
)

// A pool holds the unused connections to one address, last used on top: the
// warmest is taken first and the rest can grow old and go.
type pool struct {
	addr string

	mu   sync.Mutex // guards what follows
	idle []*conn
	busy int
	dead bool // forgotten by the client: keeps nothing more
}

func (c *Client) pool(addr string) *pool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pools[addr]
	if p == nil {
		if c.pools == nil {
			c.pools = make(map[string]*pool)
		}
		p = &pool{addr: addr}
		c.pools[addr] = p
	}
	return p
}

// take returns a kept connection that is still usable, or nil. The node may
// have closed it, or said something unasked (a 408, say): both show as a
// readable socket, and such a connection is dropped.
func (p *pool) take(now time.Time) *conn {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		x := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.busy++
		p.mu.Unlock()
		if now.Before(x.expires) && x.stale.Quiet() {
			x.reuse()
			return x
		}
		x.discard()
	}
}

// reserve counts a connection about to be opened, unless limit is reached.
func (p *pool) reserve(limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit > 0 && p.busy >= limit {
		return false
	}
	p.busy++
	return true
}

func (p *pool) unreserve() {
	p.mu.Lock()
	p.busy--
	p.mu.Unlock()
}

// put keeps a connection whose exchange is complete, or says that there is no
// room for it.
func (p *pool) put(x *conn, room int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead || len(p.idle) >= room {
		return false
	}
	p.busy--
	p.idle = append(p.idle, x)
	return true
}

// sweep closes what expired by now (everything for a zero now) and tells
// whether the pool is empty and unused.
func (p *pool) sweep(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, x := range p.idle {
		if !now.IsZero() && now.Before(x.expires) {
			kept = append(kept, x)
		} else {
			x.nc.Close()
		}
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	p.dead = len(kept) == 0 && p.busy == 0
	return p.dead
}
