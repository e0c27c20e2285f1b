package stale

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

var longAgo = time.Unix(1, 0)

// A Check looks at one connection. It must not be copied once Watch was
// called; the zero value watches nothing.
type Check struct {
	nc      net.Conn
	raw     syscall.RawConn // nil when nc is not a socket
	probe   func(fd uintptr) bool
	pending bool // result of probe
}

// Watch makes nc the connection that is looked at.
func (c *Check) Watch(nc net.Conn) {
	c.nc = nc
	if s, ok := nc.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			c.raw, c.probe = raw, c.readable // one closure for all looks
		}
	}
}

// quietByDeadline is the portable way: a read that is given no time.
func (c *Check) quietByDeadline() bool {
	var b [1]byte
	c.nc.SetReadDeadline(longAgo)
	_, err := c.nc.Read(b[:])
	c.nc.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}
