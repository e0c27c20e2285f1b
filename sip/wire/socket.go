package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Handler is given each datagram of a socket, one after the other. data is valid during the call and may be written to.
type Handler interface {
	Receive(data []byte, peer netip.AddrPort)
}

// Socket is one packet socket, opened and closed by somebody else.
type Socket struct {
	Conn net.PacketConn
	Log  *slog.Logger // nil: silent
	// ReadBuffer is the receive buffer asked of the system in bytes; 0 = 4 MiB, negative = as it is. The system may grant less.
	ReadBuffer int
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

// Send writes one datagram. It may be called by any goroutine. ErrSize and ErrFull are our own trouble; any other error means that the
// peer cannot be reached.
func (s *Socket) Send(b []byte, to netip.AddrPort) error {
	if len(b) > MaxSend {
		return ErrSize
	}
	var err error
	if c, ok := s.Conn.(addrPorts); ok {
		_, err = c.WriteToUDPAddrPort(b, to)
	} else {
		_, err = s.Conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EMSGSIZE):
		return ErrSize
	case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM):
		return ErrFull
	}
	return fmt.Errorf("send to %s: %w", to, err)
}

// Run receives until ctx ends, and then returns nil, or until the socket is closed by somebody else, which is an error.
// Errors of single datagrams (a peer that refused an earlier one) do not end it. The socket stays open and may be run again.
func (s *Socket) Run(ctx context.Context, h Handler) error {
	if c, ok := s.Conn.(interface{ SetReadBuffer(int) error }); ok && s.ReadBuffer >= 0 {
		size := s.ReadBuffer
		if size == 0 {
			size = 4 << 20
		}
		if err := c.SetReadBuffer(size); err != nil && s.Log != nil {
			s.Log.Warn("receive buffer not enlarged", "addr", s.Local(), "err", err)
		}
	}
	if err := s.Conn.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("receive on %s: %w", s.Local(), err)
	}
	// The deadline wakes the reader; the socket may still be needed for sending.
	stop := context.AfterFunc(ctx, func() { s.Conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	return s.receive(ctx, h)
}

func (s *Socket) receive(ctx context.Context, h Handler) error {
	buf := make([]byte, maxDatagram)
	failures := 0
	for {
		n, peer, err := s.read(buf)
		switch {
		case err == nil:
			failures = 0
			h.Receive(buf[:n], peer)
			continue
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("receive on %s: %w", s.Local(), err)
		}
		if failures++; failures < patience {
			continue
		}
		if failures == patience && s.Log != nil {
			s.Log.Warn("socket keeps failing", "addr", s.Local(), "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

func (s *Socket) read(buf []byte) (int, netip.AddrPort, error) {
	if c, ok := s.Conn.(addrPorts); ok {
		n, peer, err := c.ReadFromUDPAddrPort(buf)
		return n, netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()), err
	}
	n, peer, err := s.Conn.ReadFrom(buf)
	return n, asAddrPort(peer), err
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
