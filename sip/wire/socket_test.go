package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(echoMode); mode != "" { // a benchmark has started us to be measured
		serveEcho(mode)
		return
	}
	goleak.VerifyTestMain(m)
}

type receiver chan string

func (r receiver) Receive(data []byte, peer netip.AddrPort) { r <- peer.String() + " " + string(data) }

func (r receiver) Flush() {}

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// start runs a socket and returns how to end it: the error of Run.
func start(s *Socket, h Handler) func() error {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, h) }()
	return func() error { cancel(); return <-done }
}

func TestOrderIsKept(t *testing.T) {
	real := func(t *testing.T) net.PacketConn {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Skip("no UDP here: ", err)
		}
		return c
	}
	var network Memory
	n := 5000
	memory := func(t *testing.T) net.PacketConn {
		n++
		c, err := network.Listen(netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(n)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, open := range map[string]func(*testing.T) net.PacketConn{"udp": real, "memory": memory, "plain": func(t *testing.T) net.PacketConn { return plain{real(t)} }} {
		t.Run(name, func(t *testing.T) {
			a, b := &Socket{Conn: open(t)}, &Socket{Conn: open(t)}
			defer a.Conn.Close()
			defer b.Conn.Close()
			got := make(receiver, 200)
			end := start(b, got)
			for i := range 100 {
				if err := a.Send(fmt.Append(nil, i), b.Local()); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 100 {
				if s, want := <-got, fmt.Sprint(a.Local(), " ", i); s != want {
					t.Fatalf("got %q, want %q", s, want)
				}
			}
			if err := end(); err != nil {
				t.Errorf("Run: %v", err)
			}
			end = start(b, got) // a socket that was let go can be run again
			a.Send([]byte("again"), b.Local())
			if s := <-got; !strings.HasSuffix(s, "again") {
				t.Error(s)
			}
			if err := end(); err != nil {
				t.Errorf("second Run: %v", err)
			}
		})
	}
}

// plain hides the fast methods of a *net.UDPConn.
type plain struct{ net.PacketConn }

// failing answers with errors before it works.
type failing struct {
	net.PacketConn
	left int
}

func (f *failing) ReadFrom(b []byte) (int, net.Addr, error) {
	if f.left > 0 {
		f.left--
		return 0, nil, &net.OpError{Op: "read", Net: "udp", Err: syscall.ECONNREFUSED}
	}
	return f.PacketConn.ReadFrom(b)
}

func TestErrorsOfDatagramsDoNotEndTheLoop(t *testing.T) {
	var network Memory
	c, _ := network.Listen(at("192.0.2.1:5060"))
	peer, _ := network.Listen(at("192.0.2.2:5060"))
	defer c.Close()
	got := make(receiver, 1)
	end := start(&Socket{Conn: &failing{c, patience - 1}}, got)
	peer.WriteToUDPAddrPort([]byte("hello"), at("192.0.2.1:5060"))
	if s := <-got; s != "192.0.2.2:5060 hello" {
		t.Error(s)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

func TestASocketClosedByOthersIsAnError(t *testing.T) {
	var network Memory
	c, _ := network.Listen(at("192.0.2.1:5060"))
	done := make(chan error)
	s := &Socket{Conn: c}
	go func() { done <- s.Run(context.Background(), make(receiver)) }()
	c.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Run: %v, want net.ErrClosed", err)
	}
	if err := s.Send(nil, at("192.0.2.2:1")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Send: %v, want net.ErrClosed", err)
	}
}

func TestMemoryConn(t *testing.T) {
	var network Memory
	c, err := network.Listen(at("192.0.2.1:5060"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := network.Listen(at("192.0.2.1:5060")); err == nil {
		t.Error("an address was given out twice")
	}
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, _, err := c.ReadFrom(make([]byte, 1)); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("read: %v, want a timeout", err)
	}
	c.Close()
	if again, err := network.Listen(at("192.0.2.1:5060")); err != nil {
		t.Error("a closed address is not free: ", err)
	} else {
		again.Close()
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// writing fails with what the test says.
type writing struct {
	net.PacketConn
	err error
}

func (w writing) WriteTo([]byte, net.Addr) (int, error) {
	return 0, &net.OpError{Op: "write", Net: "udp", Err: w.err}
}

func TestSendTellsWhoseFaultItIs(t *testing.T) {
	var network Memory
	c, _ := network.Listen(at("192.0.2.1:5060"))
	defer c.Close()
	for err, want := range map[error]error{syscall.EMSGSIZE: ErrSize, syscall.ENOBUFS: ErrFull, syscall.EAGAIN: ErrFull, syscall.EHOSTUNREACH: syscall.EHOSTUNREACH} {
		if got := (&Socket{Conn: writing{c, err}}).Send([]byte("x"), at("192.0.2.2:1")); !errors.Is(got, want) {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
	if got := (&Socket{Conn: c}).Send(make([]byte, MaxSend+1), at("192.0.2.2:1")); got != ErrSize {
		t.Errorf("too long: %v", got)
	}
}
