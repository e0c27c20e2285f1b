package h1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"time"

	"twinhop/http/conns"
	"twinhop/http/head"
)

// Defaults of Client's fields.
const (
	DefaultConnectTimeout  = 500 * time.Millisecond
	DefaultHeaderTimeout   = 60 * time.Second
	DefaultContinueTimeout = time.Second
	DefaultIdleTimeout     = 15 * time.Second

	maxHead          = 64 << 10 // bytes of one answer's head, RFC 9112 leaves it to us
	maxFields        = 256      // fields of one head
	maxInformational = 10       // 1xx answers before the final one
	maxTrailer       = 8 << 10  // bytes of a chunked body's trailer
)

// A Client speaks HTTP/1.1 with nodes over kept connections, one pool per
// address. Its fields are set before first use. For durations 0 means the
// default, a negative value no limit. Safe for concurrent use.
type Client struct {
	// Dial opens a connection; nil means TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// ConnectTimeout bounds opening a connection.
	ConnectTimeout time.Duration
	// HeaderTimeout bounds the wait for the head of the final answer, from the
	// moment the request is sent completely.
	HeaderTimeout time.Duration
	// BodyTimeout bounds each wait for more of an answer's body, and each
	// write. 0 means no limit.
	BodyTimeout time.Duration
	// ContinueTimeout is how long a request with Expect waits for 100 before
	// its body is sent all the same (RFC 9110 section 10.1.1).
	ContinueTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept; a node's
	// "Keep-Alive: timeout=" can make it shorter.
	IdleTimeout time.Duration
	// MaxIdle is how many unused connections are kept per address; 0 means
	// conns.DefaultMaxIdle, negative none.
	MaxIdle int
	// MaxConns bounds connections in use per address; 0 means no limit.
	MaxConns int

	pools conns.Pools[*conn, struct{}]
}

var _ head.Backend = (*Client)(nil)

// A pool has the connections to one address.
type pool = conns.Pool[*conn, struct{}]

func (c *Client) pool(addr string) *pool {
	if p := c.pools.Get(addr); p != nil {
		return p
	}
	return c.pools.Add(addr, conns.Limits{MaxIdle: c.MaxIdle, MaxBusy: c.MaxConns}, struct{}{})
}

func effective(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return max(d, 0)
}

// Exchange implements head.Backend.
func (c *Client) Exchange(ctx context.Context, addr string, r *head.Request, body io.Reader) (*head.Response, error) {
	if !r.Sendable() {
		return nil, &Error{Op: "send to", Addr: addr, Err: ErrRequest, notSent: true}
	}
	if r.Length == 0 {
		body = nil
	}
	p := c.pool(addr)
	var read, sent int64 // by the attempt before
	for fresh := false; ; fresh = true {
		x, err := c.acquire(ctx, p, r.Life, fresh)
		if err != nil {
			var e *Error
			if errors.As(err, &e) {
				e.read, e.sent = read, sent
			}
			return nil, err
		}
		x.wire.Add(read, sent)
		resp, err := x.exchange(ctx, r, body)
		if err == nil {
			return resp, nil
		}
		again := x.reused && !x.answered && replayable(r, x, err)
		x.discard()
		if !again || ctx.Err() != nil {
			return nil, err
		}
		read, sent = head.Cost(err)
		if b, ok := body.(*bytes.Reader); ok {
			b.Seek(0, io.SeekStart)
		}
	}
}

// replayable tells whether a request that failed on a kept connection may go
// out again on a new one: only a connection that broke, never a slow node, and
// only when nothing was sent, or the request may be repeated and its body can.
func replayable(r *head.Request, x *conn, err error) bool {
	if head.Timeout(err) || errors.Is(err, ErrResponse) {
		return false
	}
	var fault *head.BodyError
	if errors.As(err, &fault) || x.touched {
		return false
	}
	return !x.wrote || r.Repeatable()
}

// acquire takes a kept connection to this incarnation of the node, or opens
// one.
func (c *Client) acquire(ctx context.Context, p *pool, life uint32, fresh bool) (*conn, error) {
	for {
		x, kept, err := p.Acquire(ctx, fresh)
		if err != nil {
			return nil, &Error{Op: "take connection", Addr: p.Addr, Err: err, notSent: true}
		}
		if !kept {
			break
		}
		if life == 0 || x.life == 0 || x.life == life {
			x.reuse()
			return x, nil
		}
		x.nc.Close() // who it led to is gone, though nobody may have said so
		p.Release()
	}
	nc, err := c.dial(ctx, p.Addr)
	if err != nil {
		p.Release()
		return nil, &Error{Op: "dial", Addr: p.Addr, Err: err, notSent: true}
	}
	x := newConn(c, p, nc)
	x.life = life
	return x, nil
}

func (c *Client) dial(ctx context.Context, addr string) (net.Conn, error) {
	if d := effective(c.ConnectTimeout, DefaultConnectTimeout); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	if c.Dial != nil {
		return c.Dial(ctx, "tcp", addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

// Run closes connections that stayed unused too long, until ctx ends; then it
// closes all unused ones. Without it they are closed only when their address
// is used again.
func (c *Client) Run(ctx context.Context) error {
	every := effective(c.IdleTimeout, DefaultIdleTimeout) / 2
	if every <= 0 {
		every = DefaultIdleTimeout
	}
	c.pools.Run(ctx, func() time.Duration { return every }, nil)
	return nil
}

// CloseIdle closes every unused connection. Those in use are closed or kept
// when their exchange ends, as usual.
func (c *Client) CloseIdle() { c.pools.Sweep(time.Time{}) }

// Keep closes the unused connections to addresses that are not wanted any more;
// those in use are closed when their exchange ends.
func (c *Client) Keep(wanted func(addr string) bool) { c.pools.Keep(wanted) }

// Conns counts the connections to addr: in use and unused.
func (c *Client) Conns(addr string) (busy, idle int) { return c.pools.Conns(addr) }
