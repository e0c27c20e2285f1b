package ajp

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"twinhop/http/conns"
)

// A pool has the connections to one address, and what is agreed with it.
type pool = conns.Pool[*conn, Settings]

func (c *Client) pool(addr string) *pool {
	if p := c.pools.Get(addr); p != nil {
		return p
	}
	s := c.settings(addr)
	return c.pools.Add(addr, s.limits(), s)
}

// Run closes connections that stayed unused too long and asks others for a
// sign of life, until ctx ends; then it closes all unused ones. Without it
// connections are closed only when their address is used again, and not asked.
func (c *Client) Run(ctx context.Context) error {
	c.pools.Run(ctx, c.pace, func() { c.pingIdle(ctx) })
	return nil
}

// pace is how often Run looks: twice in the shortest of its times.
func (c *Client) pace() time.Duration {
	shortest := DefaultIdleTimeout
	all := append(slices.Collect(maps.Values(c.nodes())), c.Default)
	for _, s := range all {
		for _, d := range [...]time.Duration{s.IdleTimeout, s.PingInterval} {
			if d > 0 {
				shortest = min(shortest, d)
			}
		}
	}
	return max(shortest/2, time.Millisecond)
}

// pingIdle asks unused connections for a sign of life, those of different
// addresses at the same time.
func (c *Client) pingIdle(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range c.pools.All() {
		if every := p.Words.PingInterval; every > 0 {
			all.Go(func() { p.Ask(every, func(x *conn) bool { return x.alive(ctx) }) })
		}
	}
	all.Wait()
}

// CloseIdle closes every unused connection. Those in use are closed or kept
// when their exchange ends, as usual.
func (c *Client) CloseIdle() { c.pools.Sweep(time.Time{}) }

// Keep closes the unused connections to addresses that are not wanted any more;
// those in use are closed when their exchange ends.
func (c *Client) Keep(wanted func(addr string) bool) { c.pools.Keep(wanted) }

// Conns counts the connections to addr: in use and unused.
func (c *Client) Conns(addr string) (busy, idle int) { return c.pools.Conns(addr) }
