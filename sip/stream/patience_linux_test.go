package stream

import (
	"crypto/tls"
	"syscall"
	"testing"
)

// A peer that is gone is given up in a minute, whether something is on its way to it or not, plain or with TLS.
func TestPeersThatAreGone(t *testing.T) {
	check := func(s *Conn) {
		t.Helper()
		for name, want := range map[int]int{tcpUserTimeout: 60000, syscall.TCP_KEEPIDLE: 30, syscall.TCP_KEEPINTVL: 10, syscall.TCP_KEEPCNT: 3, syscall.TCP_NODELAY: 1} {
			var got int
			var err error
			s.socket.conn.Control(func(fd uintptr) { got, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, name) })
			if err != nil || got != want {
				t.Errorf("option %d is %d, %v; want %d", name, got, err, want)
			}
		}
	}
	e := newEar()
	s, _ := onLoopback(t, Limits{}, e)
	writeTCP(t, dialPool(t, s), numbered(1, 100))
	check(e.expect(t, "message").s)
	s = onTLS(t, &Pool{}, e)
	c, _ := visit(t, s, tls.VersionTLS13, nil)
	writeTCP(t, c, numbered(1, 100))
	check(e.expect(t, "message").s)
	c, _ = meetByTLS(t, s, tls.VersionTLS13, true)
	writeTCP(t, c, numbered(1, 100))
	check(e.expect(t, "message").s)
}
