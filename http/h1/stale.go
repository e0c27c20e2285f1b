package h1

import (
	"errors"
	"os"
	"time"
)

// quietByDeadline is the portable way to ask whether an unused connection is
// still open and silent: a read that is given no time.
func (x *conn) quietByDeadline() bool {
	var b [1]byte
	x.nc.SetReadDeadline(longAgo)
	_, err := x.nc.Read(b[:])
	x.nc.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}
