//go:build unix && !race

package websocket

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"twinhop/sip/stream"
)

// echo sends back what it is told.
type echo struct{}

func (echo) Message(s *stream.Conn, data []byte)         { s.Send(data) }
func (echo) Garbled(_ *stream.Conn, _ []byte, why error) { panic(why) }
func (echo) Lost(netip.AddrPort, []byte, error)          {}
func (echo) Closed(*stream.Conn)                         {}

// alive is the memory of all that lives, and of the goroutines' stacks.
func alive() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// TestMemoryOfAnIdleWebSocket: the clients are bare sockets, which take nothing of the process. Each was upgraded and got an answer.
func TestMemoryOfAnIdleWebSocket(t *testing.T) {
	const many = 1000
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) != nil || files.Cur < 3*many {
		t.Skip("too few files")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pool := &stream.Pool{Listener: l, Limits: stream.Limits{PerSource: -1}, Greet: new(Upgrader).Greet,
		Codec: func() stream.Codec { return new(Codec) }}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	if err := pool.Begin(ctx, echo{}); err != nil {
		t.Fatal(err)
	}
	go func() { done <- pool.Serve() }()
	to := &syscall.SockaddrInet4{Port: l.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	message := strings.Repeat("x", 700)
	ask := "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
	before := alive()
	for range many {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(fd)
		if err := syscall.Connect(fd, to); err != nil {
			t.Fatal(err)
		}
		syscall.Write(fd, append([]byte(ask), frame(textFrame, message)...))
		b := make([]byte, 4<<10)
		for n := 0; !strings.HasSuffix(string(b[:n]), message); {
			got, err := syscall.Read(fd, b[n:])
			if got <= 0 {
				t.Fatalf("%q, %v", b[:n], err)
			}
			n += got
		}
	}
	each := (alive() - before) / many
	t.Logf("%d bytes a WebSocket", each)
	if each > 16<<10 {
		t.Errorf("an idle WebSocket takes %d bytes", each)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
