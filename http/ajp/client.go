package ajp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/http/conns"
	"twinhop/http/head"
)

// Defaults of Settings.
const (
	DefaultPacketSize     = MinPacketSize
	DefaultConnectTimeout = 500 * time.Millisecond
	DefaultHeaderTimeout  = 60 * time.Second
	DefaultIdleTimeout    = 60 * time.Second
	DefaultAcquireTimeout = 200 * time.Millisecond
	DefaultPingTimeout    = 10 * time.Second

	MinPacketSize = 8 << 10  // smallest Settings.PacketSize
	MaxPacketSize = 64 << 10 // largest

	maxFields = 256 // fields of one head
	maxAsked  = 16  // times a node may ask for more of a body after it got its end
)

// Settings are what is agreed with one node. For durations 0 means the
// default, a negative value no limit. The names in brackets are mod_jk's
// directives.
type Settings struct {
	// Secret is sent with each request [secret]; empty: none.
	Secret string
	// Attributes go with each request, and so do those of Variables that have
	// a value: what is known of the client's TLS connection, by names of
	// mod_ssl [JkEnvVar]. These come last, so that an attribute of the same
	// name is what counts without one. Tomcat takes only names that its
	// allowedRequestAttributesPattern fits.
	Attributes []Attribute
	Variables  []string
	// CertChain sends behind the client's certificate those that the client
	// showed with it [JkOptions ForwardSSLCertChain].
	CertChain bool
	// Source is the local address of connections to the node [source]; not
	// valid: the system's choice.
	Source netip.Addr
	// PacketSize is the longest packet in bytes, both ways, heads included
	// [max_packet_size]. It must be the node's (in Tomcat packetSize); 0 means
	// DefaultPacketSize.
	PacketSize int
	// ConnectTimeout bounds opening a connection [socket_connect_timeout].
	ConnectTimeout time.Duration
	// HeaderTimeout bounds each wait for a packet until the head of the answer
	// is there [reply_timeout].
	HeaderTimeout time.Duration
	// BodyTimeout bounds each wait for more of an answer's body, and each
	// write [reply_timeout, socket_timeout]. 0 means no limit.
	BodyTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept
	// [connection_pool_timeout].
	IdleTimeout time.Duration
	// MaxIdle is how many unused connections are kept; 0 means
	// conns.DefaultMaxIdle, negative none. Beyond IdleTimeout they are kept
	// while there are no more than MinIdle, those in use counted
	// [connection_pool_minsize].
	MaxIdle, MinIdle int
	// MaxConns bounds connections in use [connection_pool_size]; 0 means no
	// limit. A request waits AcquireTimeout for one to come free
	// [connection_acquire_timeout]; negative: not at all.
	MaxConns       int
	AcquireTimeout time.Duration
	// PingConnect asks a new connection for a sign of life before its first
	// request [ping_mode C, connect_timeout], PingRequest any connection
	// before each request [ping_mode P, prepost_timeout].
	PingConnect, PingRequest bool
	// PingInterval is after how long unused connections are asked while Run
	// runs [ping_mode I, connection_ping_interval]; 0 means never.
	PingInterval time.Duration
	// PingTimeout bounds the wait for each such sign [ping_timeout]; those of
	// PingConnect and PingRequest may have others [connect_timeout,
	// prepost_timeout], 0 means PingTimeout.
	PingTimeout, PingConnectTimeout, PingRequestTimeout time.Duration
}

// A Client speaks AJP13 with nodes over kept connections, one pool per
// address. Its fields are set before first use. Safe for concurrent use.
type Client struct {
	// Dial opens a connection; nil means TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Nodes are the settings per address ("ip:port") until Apply is called;
	// one without an entry has those of Default.
	Nodes   map[string]Settings
	Default Settings

	applied atomic.Pointer[map[string]Settings]

	pools conns.Pools[*conn, Settings]
}

var _ head.Backend = (*Client)(nil)

// Apply replaces Nodes. Requests under way finish with the old settings;
// connections to an address whose settings are different now are not used
// again.
func (c *Client) Apply(nodes map[string]Settings) {
	old := c.nodes()
	c.applied.Store(&nodes)
	for _, p := range c.pools.All() {
		was, had := old[p.Addr]
		is, has := nodes[p.Addr]
		if had != has || !reflect.DeepEqual(was, is) {
			c.pools.Retire(p.Addr)
		}
	}
}

func (c *Client) nodes() map[string]Settings {
	if m := c.applied.Load(); m != nil {
		return *m
	}
	return c.Nodes
}

// settings are those of the node at addr.
func (c *Client) settings(addr string) Settings {
	if s, ok := c.nodes()[addr]; ok {
		return s
	}
	return c.Default
}

func effective(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return max(d, 0)
}

func (s *Settings) packetSize() int {
	if s.PacketSize == 0 {
		return DefaultPacketSize
	}
	return min(max(s.PacketSize, MinPacketSize), MaxPacketSize)
}

// limits are those of s in the words of the pool.
func (s *Settings) limits() conns.Limits {
	return conns.Limits{MaxIdle: s.MaxIdle, MinOpen: s.MinIdle, MaxBusy: s.MaxConns, Wait: effective(s.AcquireTimeout, DefaultAcquireTimeout)}
}

// A scratch is the memory for one packet to a node.
type scratch struct{ b []byte }

var scratches = sync.Pool{New: func() any { return &scratch{b: make([]byte, 0, MinPacketSize)} }}

// Exchange implements head.Backend. An upgrade is refused with
// head.ErrUpgrade; a head that does not fit one packet with head.ErrTarget or
// head.ErrFields. A body is read when the node asks for it, but for its first
// piece, which the protocol sends at once when the length is known: with
// Expect the body is therefore not held back.
func (c *Client) Exchange(ctx context.Context, addr string, r *head.Request, body io.Reader) (*head.Response, error) {
	p := c.pool(addr)
	out := scratches.Get().(*scratch)
	kept := false
	defer func() {
		if !kept {
			scratches.Put(out)
		}
	}()
	if r.Length == 0 {
		body = nil
	}
	if err := out.forward(r, body != nil, &p.Words); err != nil {
		return nil, &Error{Op: "send to", Addr: addr, Err: err, notSent: true}
	}
	var read, sent int64 // by the attempt before
	for fresh := false; ; fresh = true {
		x, err := c.acquire(ctx, p, fresh)
		if err != nil {
			var e *Error
			if errors.As(err, &e) {
				e.read, e.sent = read, sent
			}
			return nil, err
		}
		x.wire.Add(read, sent)
		resp, err := x.exchange(ctx, r, body, out)
		if err == nil {
			kept = body != nil
			return resp, nil
		}
		again := x.reused && x.replayable(r, err)
		x.up.out = nil // it stays ours
		x.discard()
		if !again || ctx.Err() != nil {
			return nil, err
		}
		read, sent = head.Cost(err)
		if b, ok := body.(*bytes.Reader); ok {
			b.Seek(0, io.SeekStart)
		}
		if err := out.forward(r, body != nil, &p.Words); err != nil { // a body may have been in its place
			return nil, &Error{Op: "send to", Addr: addr, Err: err, notSent: true}
		}
	}
}

// forward makes the packet with the head of r.
func (o *scratch) forward(r *head.Request, body bool, s *Settings) error {
	switch {
	case r.Upgrade != "":
		return head.ErrUpgrade
	case !r.Sendable() || r.Length != 0 && !body:
		return ErrRequest
	}
	o.b = appendForward(o.b[:0], r, s)
	if err := fits(o.b, r, s.packetSize()); err != nil {
		return fmt.Errorf("%w: %d bytes, packetSize %d", err, len(o.b), s.packetSize())
	}
	seal(o.b)
	return nil
}

// replayable tells whether a request that failed on a kept connection may go
// out again on a new one: only a connection that broke, never a slow node, and
// only when nothing was sent, or the request may be repeated and its body can.
func (x *conn) replayable(r *head.Request, err error) bool {
	var fault *head.BodyError
	switch {
	case head.Timeout(err) || errors.As(err, &fault) || x.up.touched:
		return false
	case !x.wrote:
		return true
	}
	return !x.answered && r.Repeatable()
}

// acquire takes a kept connection, or opens one, or waits for one.
func (c *Client) acquire(ctx context.Context, p *pool, fresh bool) (*conn, error) {
	x, kept, err := p.Acquire(ctx, fresh)
	if err != nil {
		return nil, &Error{Op: "take connection", Addr: p.Addr, Err: err, notSent: true}
	}
	if kept {
		x.reuse()
		return x, nil
	}
	nc, err := c.dial(ctx, p)
	if err != nil {
		p.Release()
		return nil, &Error{Op: "dial", Addr: p.Addr, Err: err, notSent: true}
	}
	return newConn(p, nc), nil
}

func (c *Client) dial(ctx context.Context, p *pool) (net.Conn, error) {
	if d := effective(p.Words.ConnectTimeout, DefaultConnectTimeout); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	if c.Dial != nil {
		return c.Dial(ctx, "tcp", p.Addr)
	}
	var d net.Dialer
	if from := p.Words.Source; from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	return d.DialContext(ctx, "tcp", p.Addr)
}
