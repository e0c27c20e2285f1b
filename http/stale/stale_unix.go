//go:build unix

package stale

import "syscall"

// Quiet tells whether the connection is open and the peer said nothing on it
// that nobody asked for. It costs one system call and never waits. After false
// the connection is spoilt: a byte may have been read.
func (c *Check) Quiet() bool {
	if c.raw == nil {
		return c.quietByDeadline()
	}
	if err := c.raw.Read(c.probe); err != nil {
		return false
	}
	return !c.pending
}

// readable is handed to raw.Read: anything but "would block" spoils the
// connection, so there is no need to keep the byte read.
func (c *Check) readable(fd uintptr) bool {
	var b [1]byte
	for {
		_, err := syscall.Read(int(fd), b[:])
		if err == syscall.EINTR {
			continue
		}
		c.pending = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK
		return true
	}
}
