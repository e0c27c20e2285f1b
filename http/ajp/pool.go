package ajp

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// A pool holds the unused connections to one address, last used on top: the
// warmest is taken first and the rest can grow old and go.
type pool struct {
	Settings
	addr string
	room chan struct{} // holds one token when a place may have come free

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
		p = &pool{Settings: c.settings(addr), addr: addr, room: make(chan struct{}, 1)}
		c.pools[addr] = p
	}
	return p
}

// take returns a kept connection that is still usable, or nil. The node may
// have closed it, or said something unasked: both show as a readable socket,
// and such a connection is dropped.
func (p *pool) take(now time.Time) *conn {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 || p.full() {
			p.mu.Unlock()
			return nil
		}
		x := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.busy++
		p.tellRoom() // to the next in line, if there is more
		p.mu.Unlock()
		if (p.MinIdle > 0 || now.Before(x.expires)) && x.stale.Quiet() {
			x.reuse()
			return x
		}
		x.discard()
	}
}

// full tells whether the limit of connections in use is reached.
func (p *pool) full() bool { return p.MaxConns > 0 && p.busy >= p.MaxConns }

// tellRoom wakes one of those who wait for a connection. Whoever takes one
// wakes the next, so that one token is enough for all.
func (p *pool) tellRoom() {
	if p.MaxConns > 0 && !p.full() {
		select {
		case p.room <- struct{}{}:
		default:
		}
	}
}

// reserve counts a connection about to be opened, unless the limit is reached.
func (p *pool) reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full() {
		return false
	}
	p.busy++
	p.tellRoom()
	return true
}

func (p *pool) unreserve() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.tellRoom()
}

// put keeps a connection whose exchange is complete, or says that there is no
// room for it.
func (p *pool) put(x *conn) bool {
	limit := p.MaxIdle
	if limit == 0 {
		limit = DefaultMaxIdle
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead || len(p.idle) >= limit {
		return false
	}
	p.busy--
	p.idle = append(p.idle, x)
	p.tellRoom()
	return true
}

// sweep closes what expired by now, but for the MinIdle last used; everything
// for a zero now. It tells whether the pool is empty and unused.
func (p *pool) sweep(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	surplus := len(p.idle) - max(p.MinIdle, 0) // those at the bottom, longest unused
	kept := p.idle[:0]
	for i, x := range p.idle {
		if !now.IsZero() && (now.Before(x.expires) || i >= surplus) {
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

// due takes a connection out that was not heard of for PingInterval, the
// longest unused first; nil when there is none.
func (p *pool) due(now time.Time) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, x := range p.idle {
		if now.Sub(x.heard) >= p.PingInterval {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			p.busy++
			return x
		}
	}
	return nil
}

// back puts a connection that was asked for a sign of life where it was: at
// the bottom, so that it grows old all the same.
func (p *pool) back(x *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return false
	}
	p.busy--
	p.idle = append([]*conn{x}, p.idle...)
	p.tellRoom()
	return true
}

// pingIdle asks unused connections for a sign of life. After the first that
// gives none the others that are due are closed unasked: they would cost as
// long a wait each.
func (p *pool) pingIdle(ctx context.Context) {
	silent := false
	for now := time.Now(); ; {
		x := p.due(now)
		if x == nil {
			return
		}
		if silent || !x.stale.Quiet() {
			x.discard()
			continue
		}
		x.watch(ctx, nil)
		err := x.ping()
		if silent = err != nil; silent || !x.stopWatch() {
			x.discard()
			continue
		}
		x.ctx = nil
		x.deadline(0)
		if !p.back(x) {
			x.discard()
		}
	}
}

// Run closes connections that stayed unused too long and asks others for a
// sign of life, until ctx ends; then it closes all unused ones. Without it
// connections are closed only when their address is used again, and not asked.
func (c *Client) Run(ctx context.Context) error {
	tick := time.NewTicker(c.pace())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			c.CloseIdle()
			return nil
		case now := <-tick.C:
			c.sweep(now)
			c.pingIdle(ctx)
		}
	}
}

// pace is how often Run looks: twice in the shortest of its times.
func (c *Client) pace() time.Duration {
	shortest := DefaultIdleTimeout
	all := append(slices.Collect(maps.Values(c.Nodes)), c.Default)
	for _, s := range all {
		for _, d := range [...]time.Duration{s.IdleTimeout, s.PingInterval} {
			if d > 0 {
				shortest = min(shortest, d)
			}
		}
	}
	return max(shortest/2, time.Millisecond)
}

func (c *Client) pingIdle(ctx context.Context) {
	c.mu.Lock()
	var asked []*pool
	for _, p := range c.pools {
		if p.PingInterval > 0 {
			asked = append(asked, p)
		}
	}
	c.mu.Unlock()
	var all sync.WaitGroup
	for _, p := range asked {
		all.Go(func() { p.pingIdle(ctx) })
	}
	all.Wait()
}

// CloseIdle closes every unused connection. Those in use are closed or kept
// when their exchange ends, as usual.
func (c *Client) CloseIdle() { c.sweep(time.Time{}) }

// sweep closes unused connections past their time at now, all for a zero now,
// and forgets addresses without connections.
func (c *Client) sweep(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for addr, p := range c.pools {
		if p.sweep(now) {
			delete(c.pools, addr)
		}
	}
}

// Conns counts the connections to addr: in use and unused.
func (c *Client) Conns(addr string) (busy, idle int) {
	c.mu.Lock()
	p := c.pools[addr]
	c.mu.Unlock()
	if p == nil {
		return 0, 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy, len(p.idle)
}
