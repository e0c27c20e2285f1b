package stream

import (
	"net"
	"syscall"
)

const tcpUserTimeout = 18 // TCP_USER_TIMEOUT, which package syscall lacks

// setPatience has the system give a connection up when what was written is not taken for so long (RFC 5482). Keep-alives are not sent while
// something is on its way, and without this a peer that is gone would be tried for a quarter of an hour.
func setPatience(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(patience.Milliseconds()))
	})
}
