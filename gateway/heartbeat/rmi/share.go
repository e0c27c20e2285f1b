package rmi

import (
	"errors"
	"io"
)

// small is what every call may have at any time, in bytes. A heartbeat of a node
// with a handful of addresses is no longer.
const small = 4 << 10

var errCrowded = errors.New("too many long calls at a time: try again")

// share reads one call. Beyond what is small all calls that are not over yet
// share Limits.Large: what they hold is many times what was sent, and whoever
// may speak can begin many and end none.
type share struct {
	s    *Server
	in   io.Reader
	read int64
	took int64 // of Limits.Large
}

// Read implements io.Reader.
func (x *share) Read(b []byte) (int, error) {
	n, err := x.in.Read(b)
	x.read += int64(n)
	if more := x.read - small - x.took; more > 0 {
		x.took += more
		if x.s.large.Add(more) > int64(x.s.Limits.Large) {
			return 0, errCrowded
		}
	}
	return n, err
}

// over gives back what the call took.
func (x *share) over() { x.s.large.Add(-x.took) }
