package stream

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// call begins a connection whose first message is b. It is false when there is one by now, to be used instead.
func (t *Pool) call(b []byte, to netip.AddrPort) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ctx == nil || t.ctx.Err() != nil:
		return false, fmt.Errorf("send to %s: %w", to, net.ErrClosed)
	case len(b) > t.limits.Queue:
		return false, ErrSize
	case t.peers[to] != nil:
		return false, nil
	case len(t.open)-t.accepted >= t.limits.Total, !t.Budget.take(true):
		return false, ErrFull
	}
	s := t.add(to, true)
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
		dial = t.dialTCP
	}
	conn, err := dial(ctx, s.peer)
	if err != nil {
		t.counted.dialFailed.Add(1)
		t.forget(s)
		s.mu.Lock()
		s.ended, s.broken = true, fmt.Errorf("connect to %s: %w", s.peer, err)
		s.mu.Unlock()
		s.report()
		t.drop(s)
		return
	}
	t.counted.dialled.Add(1)
	t.counted.open.Add(1)
	s.serve(conn)
}

// dialTCP connects from the address of the listener, so that the peer sees the address it knows; the port is any.
func (t *Pool) dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{Timeout: t.limits.Connect}
	if from := endpoint(t.Listener.Addr()).Addr(); from.IsValid() && !from.IsUnspecified() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	return d.DialContext(ctx, "tcp", to.String())
}
