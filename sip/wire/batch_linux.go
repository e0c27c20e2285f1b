//go:build linux && (amd64 || 386 || arm64)

package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The measures of the receiving loop.
const (
	batchSize = 32   // datagrams taken by one call
	rounds    = 64   // calls before the loop lets others in
	remeasure = 4096 // waits before the number of processors is looked at again
)

// call is recvmmsg or sendmmsg: how many messages were moved.
type call func(fd uintptr, v []unix.Mmsghdr, flags int) (int, syscall.Errno)

// announced tells the scheduler of system calls. With a single processor it must know: another goroutine would wait for its turn otherwise.
// With more the announcement is most of what a short call costs, because the runtime hands the processor over and wakes threads.
var announced atomic.Bool

func measure() { announced.Store(runtime.GOMAXPROCS(0) == 1) }

func receiveMany(fd uintptr, v []unix.Mmsghdr, flags int) (int, syscall.Errno) {
	return many(unix.SYS_RECVMMSG, fd, v, flags|unix.MSG_DONTWAIT)
}

func sendMany(fd uintptr, v []unix.Mmsghdr, flags int) (int, syscall.Errno) {
	return many(unix.SYS_SENDMMSG, fd, v, flags|unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

// many makes the call. v and all it points to lie on the heap, which does not move.
func many(trap, fd uintptr, v []unix.Mmsghdr, flags int) (int, syscall.Errno) {
	var n uintptr
	var errno syscall.Errno
	if announced.Load() {
		n, _, errno = unix.Syscall6(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(v))), uintptr(len(v)), uintptr(flags), 0, 0)
	} else {
		n, _, errno = unix.RawSyscall6(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(v))), uintptr(len(v)), uintptr(flags), 0, 0)
	}
	runtime.KeepAlive(v)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// slots are the places that a batch of datagrams is received into. Everything is reused.
type slots struct {
	headers []unix.Mmsghdr
	vectors []unix.Iovec
	names   []unix.RawSockaddrInet6 // large enough for both families
	data    []byte
	control []byte
	size    int // of one place in data
	note    int // of one place in control
}

func newSlots(n, size, note int) *slots {
	b := &slots{
		headers: make([]unix.Mmsghdr, n), vectors: make([]unix.Iovec, n), names: make([]unix.RawSockaddrInet6, n),
		data: make([]byte, n*size), control: make([]byte, n*note), size: size, note: note,
	}
	for i := range b.headers {
		v, h := &b.vectors[i], &b.headers[i].Hdr
		v.Base = &b.data[i*size]
		v.SetLen(size)
		h.Iov = v
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		if note > 0 {
			h.Control = &b.control[i*note]
		}
		b.ready(i)
	}
	return b
}

// ready undoes what the system has written into a header.
func (b *slots) ready(i int) {
	h := &b.headers[i].Hdr
	h.Namelen = unix.SizeofSockaddrInet6
	h.SetControllen(b.note)
}

// at gives what was received in place i. whole is false when it was cut.
func (b *slots) at(i int) (data []byte, whole bool) {
	h := &b.headers[i]
	n := min(int(h.Len), b.size)
	start := i * b.size
	return b.data[start : start+n : start+b.size], h.Hdr.Flags&unix.MSG_TRUNC == 0
}

// peer gives the address in place i.
func (b *slots) peer(i int, seen *seen) netip.AddrPort {
	if b.headers[i].Hdr.Namelen < unix.SizeofSockaddrInet4 {
		return netip.AddrPort{}
	}
	return decode(&b.names[i], seen)
}

// loop is the receiving side of a socket during one Run.
type loop struct {
	s        *Socket
	h        Handler
	reports  *reporter // nil: no reports are wanted
	in       *slots
	seen     seen
	waits    int
	cut      int
	failures int
	err      error // why turn has left, if not to let others in
}

func newLoop(s *Socket, h Handler, t Troubled, size int) *loop {
	return &loop{s: s, h: h, reports: newReporter(s, t), in: newSlots(batchSize, size, 0)}
}

// receiveBatches is receive by the system calls of this file, made within one wait of the network poller.
func (s *Socket) receiveBatches(ctx context.Context, h Handler, t Troubled) error {
	return newLoop(s, h, t, maxDatagram).run(ctx)
}

func (l *loop) run(ctx context.Context) error {
	measure()
	turn := l.turn
	for {
		l.err = nil
		err := l.s.sys.raw.Read(turn)
		if err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
			// The poller refuses to wait while it has seen nothing of the socket but an error: take that away.
			l.s.sys.raw.Control(func(fd uintptr) { turn(fd) })
		}
		switch {
		case errors.Is(l.err, errNoBatches):
			return l.err
		case l.err != nil:
			err = l.err
		}
		if err == nil {
			if ctx.Err() != nil {
				return nil
			}
			runtime.Gosched()
			continue
		}
		if ended, err := l.s.rest(ctx, &l.failures, err); ended {
			return err
		}
	}
}

// turn takes what is there. False: nothing more, wait. The poller tells of what comes during a turn after it, so that nothing is missed when
// a call brings fewer datagrams than asked for, because there are no more or because a report came in between. The queue of reports is read
// when a call says that there are any, or when nothing else has woken us: asking each time would be a third of the calls at low load.
func (l *loop) turn(fd uintptr) bool {
	if l.waits++; l.waits%remeasure == 0 {
		measure()
	}
	if l.reports != nil && l.s.missed.Swap(false) {
		l.report(fd)
	}
	var last syscall.Errno
	for i := range rounds {
		n, errno := l.s.sys.receive(fd, l.in.headers, 0)
		switch {
		case errno == 0:
			l.failures = 0
			l.deliver(n)
			if n < len(l.in.headers) {
				return false
			}
		case errno == unix.EAGAIN:
			if i == 0 {
				l.report(fd) // a send has met the error already
			}
			return false
		case errno == unix.EINTR:
		case isReport(errno): // what it is about stands in the error queue
			l.report(fd)
		case errno == unix.ENOSYS, errno == unix.EPERM:
			l.err = fmt.Errorf("%w: %w", errNoBatches, errno)
			return true
		default:
			l.err = fmt.Errorf("receive: %w", errno)
			return true
		}
		last = errno
	}
	if last != 0 {
		l.err = fmt.Errorf("receive: %w", last) // nothing but reports: they do not come that fast from a sound system
	}
	return true
}

// report hands over what the error queue holds.
func (l *loop) report(fd uintptr) {
	if l.reports == nil {
		return
	}
	for more := true; more; {
		var n int
		if n, more = l.reports.take(fd); n > 0 {
			l.h.Flush()
		}
	}
}

func (l *loop) deliver(n int) {
	for i := range n {
		data, whole := l.in.at(i)
		peer := l.in.peer(i, &l.seen)
		l.in.ready(i)
		if !whole { // cannot be: a place holds what UDP can carry
			if l.cut++; l.cut == 1 {
				l.s.warn("datagrams are too long", "peer", peer)
			}
			continue
		}
		l.h.Receive(data, peer)
	}
	l.h.Flush()
}

// isReport tells errors that the system raises for datagrams sent earlier.
func isReport(errno syscall.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ENOPROTOOPT, unix.EPROTO, unix.EOPNOTSUPP, unix.ENONET,
		unix.EHOSTDOWN, unix.ENETDOWN, unix.EACCES, unix.EMSGSIZE:
		return true
	}
	return false
}
