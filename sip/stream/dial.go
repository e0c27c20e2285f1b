package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// errNoTLS is what dialling gives where there is no configuration for it.
var errNoTLS = errors.New("TLS is not configured")

// call begins a connection whose first message is b. It is false when there is one by now, to be used instead.
func (t *Pool) call(b []byte, to Peer) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ctx == nil || t.ctx.Err() != nil:
		return false, fmt.Errorf("send to %s: %w", to.Addr, net.ErrClosed)
	case len(b) > t.limits.Queue:
		return false, ErrSize
	case t.peers[to] != nil:
		return false, nil
	case len(t.open)-t.accepted >= t.limits.Total, !t.Budget.take(true):
		return false, ErrFull
	}
	s := t.add(to, true)
	t.peers[to], t.ids[s.id] = s, s
	s.mu.Lock()
	err := s.send(b)
	s.mu.Unlock()
	go func() {
		defer t.running.Done()
		s.connect(t.ctx)
	}()
	return true, err
}

// connect dials and then serves the connection.
func (s *Conn) connect(ctx context.Context) {
	t := s.pool
	dial := t.Dial
	if dial == nil {
		dial = t.dial
	}
	conn, err := dial(ctx, s.peer)
	if err != nil {
		t.counted.dialFailed.Add(1)
		t.forget(s)
		s.mu.Lock()
		s.ended, s.broken = true, fmt.Errorf("connect to %s: %w", s.peer.Addr, err)
		s.mu.Unlock()
		s.report()
		t.drop(s)
		return
	}
	s.take(conn)
	s.serve(nil)
}

// dial connects from the address of the listener, so that the peer sees the address it knows; the port is any.
func (t *Pool) dial(ctx context.Context, to Peer) (net.Conn, error) {
	var c *tls.Config
	if t.TLS != nil {
		if c = t.TLS(); c == nil {
			return nil, errNoTLS
		}
	}
	d := net.Dialer{Timeout: t.limits.Connect}
	if t.Listener != nil {
		if from := endpoint(t.Listener.Addr()).Addr(); from.IsValid() && !from.IsUnspecified() {
			d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
		}
	}
	conn, err := d.DialContext(ctx, "tcp", to.Addr.String())
	if err != nil || c == nil {
		return conn, err
	}
	return t.secure(ctx, conn, c.Clone(), to)
}

// secure shakes hands.
func (t *Pool) secure(ctx context.Context, conn net.Conn, c *tls.Config, to Peer) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, t.limits.Handshake)
	defer cancel()
	c.ServerName = to.Name
	if c.ServerName == "" {
		c.ServerName = to.Addr.Addr().WithZone("").String()
	}
	tc := tls.Client(conn, c)
	if err := tc.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return tc, nil
}
