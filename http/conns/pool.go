package conns

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// DefaultMaxIdle is how many unused connections are kept where Limits do not
// say.
const DefaultMaxIdle = 256

// ErrFull means that as many connections as Limits allow are in use.
var ErrFull = errors.New("connection limit of the node reached")

// A Conn is what a pool has to know of a connection.
type Conn interface {
	// Quiet tells whether the connection is open and the peer said nothing on
	// it that nobody asked for. It does not wait.
	Quiet() bool
	// Close closes it. It is called for unused connections only.
	Close() error
}

// Limits are what one address may have. The names in brackets are mod_jk's
// directives.
type Limits struct {
	// MaxIdle is how many unused connections are kept; 0 means DefaultMaxIdle,
	// negative none.
	MaxIdle int
	// MinOpen is how many connections, those in use counted, stay open
	// although their time has passed [connection_pool_minsize].
	MinOpen int
	// MaxBusy bounds connections in use [connection_pool_size]; 0 means no
	// limit. Acquire waits for one to come free, Wait at most
	// [connection_acquire_timeout]; 0: not at all.
	MaxBusy int
	Wait    time.Duration
}

// A Pool holds the unused connections to one address, last used on top: the
// warmest is taken first and the rest can grow old and go. Pools make it.
type Pool[C Conn, W any] struct {
	// Addr is the address, Words what the protocol keeps of it. Neither
	// changes.
	Addr  string
	Words W

	limits Limits
	room   chan struct{} // holds one token when a place may have come free

	mu   sync.Mutex // guards what follows
	idle []kept[C]
	busy int
	dead bool // forgotten by its Pools: keeps nothing more
}

// kept is an unused connection.
type kept[C Conn] struct {
	conn    C
	heard   time.Time // the last sign of the peer
	expires time.Time // zero: never
}

func (k *kept[C]) expired(now time.Time) bool { return !k.expires.IsZero() && !now.Before(k.expires) }

func newPool[C Conn, W any](addr string, l Limits, words W) *Pool[C, W] {
	return &Pool[C, W]{Addr: addr, Words: words, limits: l, room: make(chan struct{}, 1)}
}

// Acquire takes a kept connection, or for fresh or without one a place to open
// one in, which is given back by Release or Put. It waits for either as Limits
// say and returns ErrFull then, or what ended ctx.
func (p *Pool[C, W]) Acquire(ctx context.Context, fresh bool) (c C, ok bool, err error) {
	var late <-chan time.Time
	for {
		if !fresh {
			if c, ok = p.take(time.Now()); ok {
				return c, true, nil
			}
		}
		if p.reserve() {
			return c, false, nil
		}
		if p.limits.Wait <= 0 {
			return c, false, ErrFull
		}
		if late == nil {
			wait := time.NewTimer(p.limits.Wait)
			defer wait.Stop()
			late = wait.C
		}
		select {
		case <-p.room:
		case <-late:
			return c, false, ErrFull
		case <-ctx.Done():
			return c, false, context.Cause(ctx)
		}
	}
}

// take returns a kept connection that is still usable. The peer may have
// closed it, or said something unasked: such a connection is dropped.
func (p *Pool[C, W]) take(now time.Time) (c C, ok bool) {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 || p.full() {
			p.mu.Unlock()
			return c, false
		}
		k := p.idle[n-1]
		p.idle[n-1] = kept[C]{}
		p.idle = p.idle[:n-1]
		p.busy++
		p.tellRoom() // to the next in line, if there is more
		p.mu.Unlock()
		if (p.limits.MinOpen > 0 || !k.expired(now)) && k.conn.Quiet() {
			return k.conn, true
		}
		k.conn.Close()
		p.Release()
	}
}

// full tells whether the limit of connections in use is reached.
func (p *Pool[C, W]) full() bool { return p.limits.MaxBusy > 0 && p.busy >= p.limits.MaxBusy }

// tellRoom wakes one of those who wait for a connection. Whoever takes one
// wakes the next, so that one token is enough for all.
func (p *Pool[C, W]) tellRoom() {
	if p.limits.MaxBusy > 0 && !p.full() {
		select {
		case p.room <- struct{}{}:
		default:
		}
	}
}

// reserve counts a connection about to be opened, unless the limit is reached.
func (p *Pool[C, W]) reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full() {
		return false
	}
	p.busy++
	p.tellRoom()
	return true
}

// Release gives up the place of a connection that was closed, or never opened.
func (p *Pool[C, W]) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.tellRoom()
}

// Put keeps a connection that is fit for another use, for idle after now or,
// for idle <= 0, for ever. Without room for it, it stays with the caller, and
// so does its place.
func (p *Pool[C, W]) Put(c C, now time.Time, idle time.Duration) bool {
	limit := p.limits.MaxIdle
	if limit == 0 {
		limit = DefaultMaxIdle
	}
	k := kept[C]{conn: c, heard: now}
	if idle > 0 {
		k.expires = now.Add(idle)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead || len(p.idle) >= limit {
		return false
	}
	p.busy--
	p.idle = append(p.idle, k)
	p.tellRoom()
	return true
}

// Ask has ask look at the connections not heard of for interval, the longest
// unused first. After the first that gives no sign of life the others that are
// due are closed unasked: they would cost as long a wait each.
func (p *Pool[C, W]) Ask(interval time.Duration, ask func(C) bool) {
	alive := true
	for now := time.Now(); ; {
		k, ok := p.due(now, interval)
		if !ok {
			return
		}
		if alive && k.conn.Quiet() {
			if alive = ask(k.conn); alive && p.back(k) {
				continue
			}
		}
		k.conn.Close()
		p.Release()
	}
}

func (p *Pool[C, W]) due(now time.Time, interval time.Duration) (k kept[C], ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, k := range p.idle {
		if now.Sub(k.heard) >= interval {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			p.busy++
			return k, true
		}
	}
	return k, false
}

// back puts a connection that was asked where it was: at the bottom, so that
// it grows old all the same.
func (p *Pool[C, W]) back(k kept[C]) bool {
	k.heard = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return false
	}
	p.busy--
	p.idle = slices.Insert(p.idle, 0, k)
	p.tellRoom()
	return true
}

// sweep closes what expired by now, but for MinOpen; everything for a zero
// now. It tells whether the pool is empty and unused.
func (p *Pool[C, W]) sweep(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	surplus := len(p.idle) + p.busy - max(p.limits.MinOpen, 0)
	left := p.idle[:0]
	for _, k := range p.idle { // the longest unused first
		if now.IsZero() || surplus > 0 && k.expired(now) {
			k.conn.Close()
			surplus--
		} else {
			left = append(left, k)
		}
	}
	clear(p.idle[len(left):])
	p.idle = left
	p.dead = len(left) == 0 && p.busy == 0
	return p.dead
}

// retire closes what is unused; nothing is kept from now on.
func (p *Pool[C, W]) retire() {
	p.sweep(time.Time{})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

func (p *Pool[C, W]) count() (busy, idle int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy, len(p.idle)
}
