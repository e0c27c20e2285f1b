package wire

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Memory is a network within the process, for tests and trials: datagrams arrive in order and whole, or not at all when the receiver's
// queue is full. The zero Memory is ready.
type Memory struct {
	mu    sync.Mutex
	conns map[netip.AddrPort]*MemoryConn
}

// queue is how many datagrams wait at a MemoryConn.
const queue = 1024

// MemoryConn is a net.PacketConn on a Memory network.
type MemoryConn struct {
	net   *Memory
	local netip.AddrPort
	inbox chan datagram

	mu       sync.Mutex
	deadline *time.Timer
	wake     chan struct{} // closed when the deadline has passed
	closed   chan struct{}
}

type datagram struct {
	data []byte
	peer netip.AddrPort
}

var errTaken = errors.New("address already in use")

// Listen opens a socket at an address of the network.
func (n *Memory) Listen(at netip.AddrPort) (*MemoryConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns == nil {
		n.conns = make(map[netip.AddrPort]*MemoryConn)
	}
	if n.conns[at] != nil {
		return nil, &net.OpError{Op: "listen", Net: "memory", Err: errTaken}
	}
	c := &MemoryConn{net: n, local: at, inbox: make(chan datagram, queue), wake: make(chan struct{}), closed: make(chan struct{})}
	n.conns[at] = c
	return c, nil
}

// ReadFromUDPAddrPort waits for a datagram; what does not fit into b is cut off.
func (c *MemoryConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	c.mu.Lock()
	wake := c.wake
	c.mu.Unlock()
	select {
	case <-c.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	default:
	}
	select {
	case d := <-c.inbox:
		return copy(b, d.data), d.peer, nil
	case <-wake:
		return 0, netip.AddrPort{}, os.ErrDeadlineExceeded
	case <-c.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

// WriteToUDPAddrPort sends b; nobody there is no error, as with UDP.
func (c *MemoryConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	c.net.mu.Lock()
	peer := c.net.conns[to]
	c.net.mu.Unlock()
	if peer != nil {
		select {
		case peer.inbox <- datagram{append([]byte(nil), b...), c.local}:
		default:
		}
	}
	return len(b), nil
}

// ReadFrom is ReadFromUDPAddrPort with the types of net.PacketConn.
func (c *MemoryConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, peer, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(peer), nil
}

// WriteTo is WriteToUDPAddrPort with the types of net.PacketConn.
func (c *MemoryConn) WriteTo(b []byte, to net.Addr) (int, error) {
	return c.WriteToUDPAddrPort(b, asAddrPort(to))
}

// LocalAddr is where the socket was opened.
func (c *MemoryConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.local) }

// Close ends waiting readers and frees the address.
func (c *MemoryConn) Close() error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.net.conns[c.local] != c {
		return net.ErrClosed
	}
	delete(c.net.conns, c.local)
	close(c.closed)
	return nil
}

// SetReadDeadline ends waiting reads at t; the zero time means never.
func (c *MemoryConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deadline != nil {
		c.deadline.Stop()
		c.deadline = nil
	}
	select {
	case <-c.wake:
		c.wake = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return nil
	}
	left := time.Until(t)
	if left <= 0 {
		close(c.wake)
		return nil
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.deadline == timer { // else a later deadline has replaced this one
			close(c.wake)
			c.deadline = nil
		}
	})
	c.deadline = timer
	return nil
}

// SetDeadline is SetReadDeadline: writing never waits.
func (c *MemoryConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetWriteDeadline does nothing: writing never waits.
func (c *MemoryConn) SetWriteDeadline(time.Time) error { return nil }
