package framing

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
)

// Conn is a connection whose requests are watched.
type Conn struct {
	net.Conn
	watch Watch
	odd   atomic.Bool
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.odd.Load() && !c.watch.Feed(p[:n]) {
		c.odd.Store(true)
	}
	return n, err
}

// NetConn is the connection that is watched.
func (c *Conn) NetConn() net.Conn { return c.Conn }

// CloseWrite tells the client that nothing more comes, where that can be done.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

// Plain tells whether every request so far, the one at hand included, says in
// one way, and without any oddity, where its body ends.
func (c *Conn) Plain() bool { return !c.odd.Load() }

// Listener watches the connections of another one but those by TLS, which
// net/http must see as they are.
type Listener struct{ net.Listener }

// Accept implements net.Listener.
func (l Listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if _, secret := nc.(*tls.Conn); err != nil || secret {
		return nc, err
	}
	return &Conn{Conn: nc}, nil
}

type key struct{}

// With is for http.Server.ConnContext: it lets Of find the connection.
func With(ctx context.Context, nc net.Conn) context.Context {
	if c, ok := nc.(*Conn); ok {
		return context.WithValue(ctx, key{}, c)
	}
	return ctx
}

// Of returns the connection of a request, nil for one that is not watched.
func Of(ctx context.Context) *Conn {
	c, _ := ctx.Value(key{}).(*Conn)
	return c
}
