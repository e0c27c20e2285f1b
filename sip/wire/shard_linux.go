package wire

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// canShare: the system spreads datagrams over sockets.
const canShare = true

// share lets sockets of this user have one address.
func share(_, _ string, raw syscall.RawConn) error {
	var err error
	e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	return errors.Join(e, err)
}
