package stream

import (
	"crypto/tls"
	"net"
	"time"
)

// take makes conn the connection of s.
func (s *Conn) take(conn net.Conn) {
	tc, bottom := layers(conn)
	prepare(bottom)
	s.mu.Lock()
	s.conn, s.bottom, s.tls, s.local = conn, bottom, tc, endpoint(conn.LocalAddr())
	if s.socket = newDirect(bottom); tc == nil {
		s.direct = s.socket // what watches and counts on the way writes what it is given
	}
	s.mu.Unlock()
	if s.pool.ctx.Err() != nil {
		s.hangUp() // abort may have come before there was a connection
	}
}

// layers finds what TLS there is in a connection, and what it all stands on.
func layers(conn net.Conn) (tc *tls.Conn, bottom net.Conn) {
	for {
		if c, ok := conn.(*tls.Conn); ok {
			tc = c
		}
		c, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return tc, conn
		}
		conn = c.NetConn()
	}
}

// TLS is what was agreed upon when the connection was secured; nil: it is plain, or is being dialled.
func (s *Conn) TLS() *tls.ConnectionState {
	s.mu.Lock()
	tc := s.tls
	s.mu.Unlock()
	if tc == nil {
		return nil
	}
	state := tc.ConnectionState()
	return &state
}

// hangUp closes the connection at once. The socket goes first: TLS would wait for a peer that does not read.
func (s *Conn) hangUp() {
	s.bottom.Close()
	if s.conn != s.bottom {
		s.conn.Close()
	}
}

// patience is how long a peer that answers nothing is believed to be there: 30 s of silence and three questions, or so long without taking
// what was written.
const patience = time.Minute

// prepare sets the options of a new connection. Errors are left to show at its first use.
func prepare(c net.Conn) {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	t.SetNoDelay(true)
	t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3})
	setPatience(t)
}
