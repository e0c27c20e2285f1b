package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Handler is given each datagram of a socket, one after the other, on one goroutine. It must not close the socket within a call.
type Handler interface {
	// Receive handles one datagram. data is valid during the call and may be written to.
	Receive(data []byte, peer netip.AddrPort)
	// Flush ends a batch: what the handler has queued should go out now. It is called after one or more calls of Receive or Unreachable.
	Flush()
}

// Troubled is a Handler that wants to know what the system learned about datagrams sent earlier (see Socket.Errors).
type Troubled interface {
	// Unreachable tells that a datagram did not arrive at peer. quoted is the start of what was sent, as long as the network quotes it:
	// valid during the call, possibly empty. Anybody on the way can invent such a report. Same goroutine as Receive.
	Unreachable(quoted []byte, peer netip.AddrPort, err error)
}

// Socket is one packet socket, opened and closed by somebody else. Its fields are set before first use and not changed after.
type Socket struct {
	Conn net.PacketConn
	Log  *slog.Logger // nil: silent
	// ReadBuffer is the receive buffer asked of the system in bytes, and the send buffer; 0 = 4 MiB, negative = both as they are. The
	// system may grant less, which is logged.
	ReadBuffer int
	// Errors asks the system for reports about datagrams that did not arrive (Linux: IP_RECVERR). It has an effect while Run serves a
	// Handler that is Troubled.
	Errors bool
	// Plain keeps to ordinary system calls, one for each datagram. Sending then waits while the system's send buffer is full.
	Plain bool

	once   sync.Once
	sys    system
	scopes scopes
	missed atomic.Bool // a send has met a report, and the ordinary receiving loop may not notice
}

// MaxSend is what a UDP datagram over IPv4 can carry, in bytes.
const MaxSend = 65507

// The errors of Send that say nothing about the peer.
var (
	ErrSize = errors.New("message does not fit into a datagram")
	ErrFull = errors.New("no room in the system's send buffers; the message is lost")
)

// maxDatagram is what UDP can carry, and a byte to notice more.
const maxDatagram = 65536

// defaultBuffer is the size of the system's buffers we ask for: some 1,800 messages of 1 KB.
const defaultBuffer = 4 << 20

// The pace of a socket that only fails.
const (
	patience = 16                     // errors in a row before the loop slows down
	pause    = 100 * time.Millisecond // between errors then
)

// addrPorts is the way of *net.UDPConn that does not allocate.
type addrPorts interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// Local is the address the socket is bound to, possibly unspecified.
func (s *Socket) Local() netip.AddrPort { return asAddrPort(s.Conn.LocalAddr()) }

// Send writes one datagram at once. It may be called by any goroutine. ErrSize and ErrFull are our own trouble; any other error means that
// the peer cannot be reached.
func (s *Socket) Send(b []byte, to netip.AddrPort) error {
	if len(b) > MaxSend {
		return ErrSize
	}
	s.once.Do(s.open)
	for tries := 0; ; tries++ {
		err := s.sendOne(b, to)
		if err == nil || !s.perhapsOld(err, tries) {
			return explain(err, to)
		}
	}
}

// write sends by ordinary means.
func (s *Socket) write(b []byte, to netip.AddrPort) (err error) {
	if c, ok := s.Conn.(addrPorts); ok {
		_, err = c.WriteToUDPAddrPort(b, netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
	} else {
		_, err = s.Conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
	}
	return err
}

// oldRefusals bounds how many of them one send may meet: while another goroutine takes the reports off the queue, each that it takes makes
// the system tell of the one behind it, and other goroutines may be sending to the same dead peer.
const oldRefusals = 256

// perhapsOld tells whether a failed send should be tried again: the system reports what became of an earlier datagram with the next call on
// the socket, whatever that is for, and does not do what it was called for. A refusal is always such a report.
func (s *Socket) perhapsOld(err error, tries int) bool {
	again := s.Errors && tries == 0
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		again = tries < oldRefusals
	case isFull(err), errors.Is(err, net.ErrClosed):
		again = false
	}
	if again {
		s.missed.Store(true)
	}
	return again
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOMEM)
}

// explain makes the errors of Send.
func explain(err error, to netip.AddrPort) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EMSGSIZE):
		return ErrSize
	case isFull(err):
		return ErrFull
	}
	return fmt.Errorf("send to %s: %w", to, err)
}

// Run receives until ctx ends, and then returns nil, or until the socket is closed by somebody else, which is an error that wraps
// net.ErrClosed. Errors of single datagrams (a peer that refused an earlier one) do not end it. The socket stays open and may be run again.
func (s *Socket) Run(ctx context.Context, h Handler) error {
	s.once.Do(s.open)
	s.enlarge()
	if err := s.Conn.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("receive on %s: %w", s.Local(), err)
	}
	// The deadline wakes the reader; the socket may still be needed for sending.
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(woken)
		s.Conn.SetReadDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			<-woken // else a late deadline would end the next Run
		}
	}()
	t, _ := h.(Troubled)
	if !s.Errors || !s.watch(t != nil) {
		t = nil
	}
	if t != nil {
		defer s.watch(false) // reports that nobody takes would fill the receive buffer
	}
	if s.fast() {
		err := s.receiveBatches(ctx, h, t)
		if !errors.Is(err, errNoBatches) {
			return err
		}
		s.warn("no batched receiving here", "err", err)
	}
	return s.receive(ctx, h, t)
}

// errNoBatches: the system does not have the calls, or does not let us use them.
var errNoBatches = errors.New("batched system calls are not available")

// receive takes one datagram at a time, by ordinary means.
func (s *Socket) receive(ctx context.Context, h Handler, t Troubled) error {
	buf := make([]byte, maxDatagram)
	reports := newReporter(s, t)
	failures := 0
	for {
		n, peer, err := s.read(buf)
		if reports.look(err != nil) > 0 {
			h.Flush()
			if err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				failures = 0
				continue
			}
		}
		if err == nil {
			failures = 0
			if n < len(buf) {
				h.Receive(buf[:n], peer)
				h.Flush()
			}
			continue
		}
		if ended, err := s.rest(ctx, &failures, err); ended {
			return err
		}
	}
}

// rest decides what a failed read means: the end of Run, or another try, at once or after a while.
func (s *Socket) rest(ctx context.Context, failures *int, err error) (ended bool, _ error) {
	switch {
	case ctx.Err() != nil:
		return true, nil
	case errors.Is(err, net.ErrClosed):
		return true, fmt.Errorf("receive on %s: %w", s.Local(), err)
	}
	if *failures++; *failures < patience {
		return false, nil
	}
	if *failures == patience {
		s.warn("socket keeps failing", "err", err)
	}
	select {
	case <-ctx.Done():
		return true, nil
	case <-time.After(pause):
		return false, nil
	}
}

func (s *Socket) warn(msg string, args ...any) {
	if s.Log != nil {
		s.Log.With("addr", s.Local()).Warn(msg, args...)
	}
}

func (s *Socket) read(buf []byte) (int, netip.AddrPort, error) {
	if c, ok := s.Conn.(addrPorts); ok {
		n, peer, err := c.ReadFromUDPAddrPort(buf)
		return n, netip.AddrPortFrom(s.scopes.numeric(peer.Addr().Unmap()), peer.Port()), err
	}
	n, peer, err := s.Conn.ReadFrom(buf)
	return n, asAddrPort(peer), err
}

// buffers is how sockets of the standard library have their buffers set.
type buffers interface {
	SetReadBuffer(int) error
	SetWriteBuffer(int) error
}

// enlarge asks for buffers that hold a burst.
func (s *Socket) enlarge() {
	size := s.ReadBuffer
	switch {
	case size < 0:
		return
	case size == 0:
		size = defaultBuffer
	}
	if c, ok := s.Conn.(buffers); ok {
		if err := errors.Join(c.SetReadBuffer(size), c.SetWriteBuffer(size)); err != nil {
			s.warn("buffers not enlarged", "err", err)
		}
	}
	if read, write := s.force(size); read < size || write < size {
		s.warn("system granted smaller buffers", "asked", size, "receive", read, "send", write)
	}
}

func asAddrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case nil:
		return netip.AddrPort{}
	case *net.UDPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	default:
		p, err := netip.ParseAddrPort(a.String())
		if err != nil {
			return netip.AddrPort{}
		}
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
}
