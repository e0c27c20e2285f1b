//go:build unix

package stream

import (
	"net"
	"syscall"
)

// direct writes to a connection what the system takes at once, on the caller's goroutine.
type direct struct {
	conn syscall.RawConn
	b    []byte
	n    int
	err  error
	try  func(fd uintptr) bool // made once: a closure for each message would be garbage
}

// newDirect gives nil for a connection that is no socket.
func newDirect(c net.Conn) *direct {
	socket, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	d := &direct{conn: raw}
	d.try = func(fd uintptr) bool {
		for {
			d.n, d.err = syscall.Write(int(fd), d.b)
			if d.err != syscall.EINTR {
				return true
			}
		}
	}
	return d
}

// write gives how much was taken, which may be nothing; an error means that nothing was, and nothing will be.
func (d *direct) write(b []byte) (int, error) {
	d.b = b
	err := d.conn.Write(d.try)
	d.b = nil
	switch {
	case err != nil:
		return 0, err
	case d.err == syscall.EAGAIN || d.err == syscall.ENOBUFS || d.err == syscall.ENOMEM:
		return 0, nil
	case d.err != nil:
		return 0, d.err
	}
	return d.n, nil
}

// outcome waits until both directions of a connection have ended, the peer having closed its own: nil if it took all we wrote, or why
// not. Bounded by the read deadline.
func (d *direct) outcome() error {
	var found error
	if err := d.conn.Read(func(fd uintptr) bool {
		if n, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR); err != nil || n != 0 {
			if found = err; err == nil {
				found = syscall.Errno(n)
			}
			return true
		}
		_, err := syscall.Getpeername(int(fd))
		return err == syscall.ENOTCONN // closed on both sides
	}); err != nil {
		return err
	}
	return found
}

// openFiles is how many the process may have.
func openFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || l.Cur > 1<<30 {
		return 1 << 30
	}
	return int(l.Cur)
}
