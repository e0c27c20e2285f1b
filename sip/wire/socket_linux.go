//go:build linux && (amd64 || 386 || arm64)

package wire

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// system is what the batched calls need to know of a socket.
type system struct {
	raw           syscall.RawConn // nil: not a socket of the system
	family        int
	receive, send call
	noSend        atomic.Bool // sendmmsg is not available
}

// open looks at the connection once, before first use.
func (s *Socket) open() {
	c, ok := s.Conn.(*net.UDPConn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	err = errors.Join(raw.Control(func(fd uintptr) { s.sys.family, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN) }), err)
	if err != nil || s.sys.family != unix.AF_INET && s.sys.family != unix.AF_INET6 {
		return
	}
	s.sys.raw, s.sys.receive, s.sys.send = raw, receiveMany, sendMany
	measure()
}

// fast tells whether the batched calls are to be used.
func (s *Socket) fast() bool { return s.sys.raw != nil && !s.Plain }

// fastSend is fast for sending.
func (s *Socket) fastSend() bool { return s.fast() && !s.sys.noSend.Load() }

// force asks for buffers beyond what the system lets everybody have, and tells what there is. Without a socket of the system, all is well.
func (s *Socket) force(size int) (read, write int) {
	read, write = size, size
	if s.sys.raw == nil {
		return read, write
	}
	s.sys.raw.Control(func(fd uintptr) {
		buffer := func(force, plain int) int {
			n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, plain)
			if err == nil && n/2 < size { // the system doubles the number for its own needs
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, force, size) // for the privileged only
				n, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, plain)
			}
			if err != nil {
				return 0
			}
			return n / 2
		}
		read, write = buffer(unix.SO_RCVBUFFORCE, unix.SO_RCVBUF), buffer(unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	})
	return read, write
}

// watch switches the reports of the system on or off, and tells whether there are any.
func (s *Socket) watch(on bool) bool {
	if s.sys.raw == nil {
		return false
	}
	value := 0
	if on {
		value = 1
	}
	var err error
	e := s.sys.raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_RECVERR, value) // of a socket of IPv6, too: it may speak IPv4
		if s.sys.family == unix.AF_INET6 {
			err = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_RECVERR, value)
		}
	})
	if err = errors.Join(e, err); err != nil && on {
		s.warn("no reports of unreachable peers", "err", err)
	}
	return on && err == nil
}

// The measures of the error queue.
const (
	reportBatch   = 8
	reportSize    = 1500 // IPv4 quotes 576 bytes at most, IPv6 1,280
	reportControl = 128
	reportRounds  = 16
)

// reporter reads the error queue of a socket. nil: nobody wants to know.
type reporter struct {
	s    *Socket
	t    Troubled
	in   *slots
	seen seen
}

func newReporter(s *Socket, t Troubled) *reporter {
	if t == nil || s.sys.raw == nil {
		return nil
	}
	return &reporter{s: s, t: t, in: newSlots(reportBatch, reportSize, reportControl)}
}

// take hands over what is in the queue: how many reports, and whether there may be more.
func (r *reporter) take(fd uintptr) (total int, more bool) {
	for range reportRounds {
		n, errno := r.s.sys.receive(fd, r.in.headers, unix.MSG_ERRQUEUE)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return total, false
		}
		total += n
		for i := range n {
			r.hand(i)
		}
		if n < reportBatch {
			return total, false
		}
	}
	return total, true
}

func (r *reporter) hand(i int) {
	data, _ := r.in.at(i)
	peer := r.in.peer(i, &r.seen)
	errno := reported(r.in.control[i*r.in.note:][:r.in.controlled(i)])
	r.in.ready(i)
	if errno != 0 && peer.IsValid() {
		r.t.Unreachable(data, peer, errno)
	}
}

// look is take for the ordinary receiving loop, which does not hold the descriptor: after each error, and when a send has met a report.
func (r *reporter) look(failed bool) (total int) {
	if r == nil || !r.s.missed.Swap(false) && !failed {
		return 0
	}
	for more := true; more; {
		n := 0
		if r.s.sys.raw.Control(func(fd uintptr) { n, more = r.take(fd) }) != nil {
			return total
		}
		total += n
	}
	return total
}

// controlled is how much the system wrote into place i of control.
func (b *slots) controlled(i int) int {
	return min(int(b.headers[i].Hdr.Controllen), b.note)
}

// reported finds the error in a report's control messages; 0: it says nothing about the peer. A packet that was too big does not: the next
// one will be cut to size. Nor does what our own system found, because sending failed then.
func reported(control []byte) syscall.Errno {
	word := binary.NativeEndian
	head := unix.CmsgLen(0)
	for len(control) >= head {
		size := 0
		if head == 16 {
			size = int(word.Uint64(control))
		} else {
			size = int(word.Uint32(control))
		}
		if size < head || size > len(control) {
			return 0
		}
		level, kind := int32(word.Uint32(control[head-8:])), int32(word.Uint32(control[head-4:]))
		isError := level == unix.SOL_IP && kind == unix.IP_RECVERR || level == unix.SOL_IPV6 && kind == unix.IPV6_RECVERR
		if body := control[head:size]; isError && len(body) >= 16 {
			errno, origin := syscall.Errno(word.Uint32(body)), body[4]
			if origin != unix.SO_EE_ORIGIN_ICMP && origin != unix.SO_EE_ORIGIN_ICMP6 || errno == unix.EMSGSIZE {
				return 0
			}
			return errno
		}
		control = control[min(unix.CmsgSpace(size-head), len(control)):]
	}
	return 0
}
