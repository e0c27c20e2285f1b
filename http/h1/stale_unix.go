//go:build unix

package h1

import "syscall"

// quiet tells whether an unused connection is open and the node said nothing
// on it. It costs one system call and never waits.
func (x *conn) quiet() bool {
	if x.raw == nil {
		return x.quietByDeadline()
	}
	if err := x.raw.Read(x.probe); err != nil {
		return false
	}
	return !x.pending
}

// readable is handed to raw.Read: anything but "would block" spoils the
// connection, so there is no need to keep the byte read.
func (x *conn) readable(fd uintptr) bool {
	var b [1]byte
	for {
		_, err := syscall.Read(int(fd), b[:])
		if err == syscall.EINTR {
			continue
		}
		x.pending = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK
		return true
	}
}
