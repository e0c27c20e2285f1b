package access

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

type peerKey struct{}

// WithPeer notes, on a unix socket, who is at the other end.
func WithPeer(ctx context.Context, c net.Conn) context.Context {
	uc, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	uid, err := peerUID(uc)
	if err != nil {
		return context.WithValue(ctx, peerKey{}, -1)
	}
	return context.WithValue(ctx, peerKey{}, uid)
}

func peerUID(c *net.UnixConn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("asking who is at the socket: %w", err)
	}
	var cred *unix.Ucred
	var inner error
	err = raw.Control(func(fd uintptr) { cred, inner = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, inner); err != nil {
		return 0, fmt.Errorf("asking who is at the socket: %w", err)
	}
	return int(cred.Uid), nil
}

// SocketPeer tells whether the request came by a unix socket, and whether its
// sender is root or the very user this process runs as.
func SocketPeer(ctx context.Context) (socket, trusted bool) {
	uid, ok := ctx.Value(peerKey{}).(int)
	return ok, ok && (uid == 0 || uid == os.Getuid())
}

// ListenUnix opens a unix socket that only its owner can reach. A socket file
// that nobody listens on any more is replaced; anything else at the path is an
// error.
func ListenUnix(path string) (net.Listener, error) {
	if st, err := os.Lstat(path); err == nil {
		if st.Mode()&os.ModeSocket == 0 {
			return nil, fmt.Errorf("listening on %s: there is something that is no socket", filepath.Base(path))
		}
		if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
			c.Close()
			return nil, fmt.Errorf("listening on %s: %w", filepath.Base(path), syscall.EADDRINUSE)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("replacing a dead socket: %w", err)
		}
	}
	// Bound under another name, narrowed, then moved: nobody can connect
	// before the mode is right, and the umask of other goroutines is left alone.
	draft := fmt.Sprintf("%s.%d", path, os.Getpid())
	ln, err := net.Listen("unix", draft)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", filepath.Base(path), err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	err = errors.Join(os.Chmod(draft, 0o600), os.Rename(draft, path))
	if err != nil {
		ln.Close()
		os.Remove(draft)
		return nil, fmt.Errorf("listening on %s: %w", filepath.Base(path), err)
	}
	return &unixListener{ln, path}, nil
}

// unixListener removes the socket's file when it is closed.
type unixListener struct {
	net.Listener
	path string
}

// Addr is where the socket is, not where it was bound.
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close closes the listener and removes its file.
func (l *unixListener) Close() error {
	err := l.Listener.Close()
	if err == nil {
		os.Remove(l.path)
	}
	return err
}
