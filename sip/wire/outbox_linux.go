//go:build linux && (amd64 || 386 || arm64)

package wire

import (
	"net/netip"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pack is a batch of datagrams as the system takes it.
type pack struct {
	headers []unix.Mmsghdr
	vectors []unix.Iovec
	names   []unix.RawSockaddrInet6

	// The arguments and results of one call within the socket's hold on its descriptor.
	sys   *system
	first int
	n     int
	sent  int
	errno syscall.Errno
	call  func(fd uintptr)
}

// fill writes the headers of a queue.
func (p *pack) fill(s *Socket, queue []posted) {
	if !s.fastSend() {
		return
	}
	if len(p.headers) < len(queue) {
		n := cap(queue)
		p.headers, p.vectors, p.names = make([]unix.Mmsghdr, n), make([]unix.Iovec, n), make([]unix.RawSockaddrInet6, n)
		p.call = func(fd uintptr) { p.sent, p.errno = p.sys.send(fd, p.headers[p.first:p.n], 0) }
	}
	for i := range queue {
		b, v, h := queue[i].b, &p.vectors[i], &p.headers[i].Hdr
		v.Base = unsafe.SliceData(b)
		v.SetLen(len(b))
		h.Iov = v
		h.SetIovlen(1)
		if h.Namelen = encode(&p.names[i], queue[i].to, s.sys.family, &s.scopes); h.Namelen > 0 {
			h.Name = (*byte)(unsafe.Pointer(&p.names[i]))
		} else {
			h.Name = nil
		}
	}
	p.n = len(queue)
}

// transmit sends queue[first:] as far as it goes: how many, or the error of the first.
func (p *pack) transmit(s *Socket, queue []posted, first int) (int, error) {
	q := &queue[first]
	if !s.fastSend() {
		if err := s.write(q.b, q.to); err != nil {
			return 0, err
		}
		return 1, nil
	}
	p.sys, p.first = &s.sys, first
	for {
		if err := s.sys.raw.Control(p.call); err != nil {
			return 0, err
		}
		switch p.errno {
		case 0:
			return p.sent, nil
		case unix.EINTR:
		case unix.ENOSYS, unix.EPERM: // a packet filter says EPERM, too
			if err := s.write(q.b, q.to); err != nil {
				return 0, err
			}
			s.warn("no batched sending here", "err", p.errno)
			s.sys.noSend.Store(true)
			return 1, nil
		default:
			return 0, p.errno
		}
	}
}

// single is a pack for one datagram.
type single struct {
	pack  pack
	queue [1]posted
}

var singles = sync.Pool{New: func() any { return new(single) }}

// sendOne sends without waiting where the system can.
func (s *Socket) sendOne(b []byte, to netip.AddrPort) error {
	if !s.fastSend() {
		return s.write(b, to)
	}
	o := singles.Get().(*single)
	o.queue[0] = posted{b, to}
	o.pack.fill(s, o.queue[:])
	_, err := o.pack.transmit(s, o.queue[:], 0)
	o.queue[0] = posted{}
	o.pack.vectors[0].Base = nil
	o.pack.sys = nil
	singles.Put(o)
	return err
}
