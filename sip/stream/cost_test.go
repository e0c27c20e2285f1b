//go:build unix && !race

package stream

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// alive is the memory of all that lives, and of the goroutines' stacks.
func alive() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// TestMemoryOfAnIdleConnection: the peers are bare sockets, which take nothing of the process.
func TestMemoryOfAnIdleConnection(t *testing.T) {
	const many = 1000
	if openFiles() < 3*many {
		if os.Getenv("CI") == "true" {
			t.Fatal("too few files: ulimit -n")
		}
		t.Skip("too few files: ulimit -n")
	}
	e := newEar()
	e.answer = func(s *Conn, data []byte) { s.Send(data) }
	s, _ := onLoopback(t, Limits{PerSource: -1}, e)
	to := &syscall.SockaddrInet4{Port: s.Listener.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	before := alive()
	message, b := []byte(numbered(1, 700)), make([]byte, 700)
	for range many {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(fd)
		if err := syscall.Connect(fd, to); err != nil {
			t.Fatal(err)
		}
		syscall.Write(fd, message)
		for n := 0; n < len(b); {
			got, err := syscall.Read(fd, b)
			if got <= 0 {
				t.Fatal(err)
			}
			n += got
		}
		e.expect(t, "message")
	}
	forgetUnsure(s)
	each := (alive() - before) / many
	t.Logf("%d bytes a connection", each)
	if each > 8<<10 {
		t.Errorf("an idle connection takes %d bytes", each)
	}
}

// forgetUnsure is what two seconds of rest do.
func forgetUnsure(s *Pool) {
	for _, one := range openOf(s) {
		one.mu.Lock()
		one.unsure = nil
		one.mu.Unlock()
	}
}

// crowdAt tells a process of the test which pool to visit.
const crowdAt = "TWINHOP_TEST_CROWD_AT"

// TestMemoryOfAnIdleTLSConnection: the peers are another process, which is this test again.
func TestMemoryOfAnIdleTLSConnection(t *testing.T) {
	const many = 500
	if at := os.Getenv(crowdAt); at != "" {
		b := make([]byte, 700)
		for range many {
			c, err := tls.Dial("tcp", at, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			writeTCP(t, c, numbered(1, 700))
			if _, err := io.ReadFull(c, b); err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		fmt.Println("here")
		io.ReadAll(os.Stdin)
		return
	}
	e := newEar()
	e.answer = func(s *Conn, data []byte) { s.Send(data) }
	s := onTLS(t, &Pool{Limits: Limits{PerSource: -1}}, e)
	before := alive()
	crowd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemoryOfAnIdleTLSConnection$")
	crowd.Env = append(os.Environ(), crowdAt+"="+s.Listener.Addr().String())
	in, err := crowd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := crowd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := crowd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(out)
	if line, err := said.ReadString('\n'); line != "here\n" {
		t.Fatalf("%q, %v", line, err)
	}
	for range many {
		e.expect(t, "message")
	}
	forgetUnsure(s)
	each := (alive() - before) / many
	t.Logf("%d bytes a connection", each)
	if each > 20<<10 {
		t.Errorf("an idle TLS connection takes %d bytes", each)
	}
	in.Close()
	io.Copy(io.Discard, said)
	if err := crowd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestSendAllocatesNothing(t *testing.T) {
	e := newEar()
	s, _ := onLoopback(t, Limits{}, e)
	c := dialPool(t, s)
	writeTCP(t, c, numbered(1, 100))
	peer := e.expect(t, "message").s.Peer()
	message, b := []byte(numbered(2, 600)), make([]byte, 600)
	if n := testing.AllocsPerRun(1000, func() {
		if err := s.Send(message, peer); err != nil {
			t.Fatal(err)
		}
		io.ReadFull(c, b)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// parrot sends back what it is told.
type parrot struct{ pool *Pool }

func (e parrot) Message(s *Conn, data []byte)             { e.pool.Send(data, s.Peer()) }
func (parrot) Garbled(*Conn, []byte, error)               {}
func (parrot) Lost(_ netip.AddrPort, _ []byte, err error) { panic(err) }
func (parrot) Closed(*Conn)                               {}

// BenchmarkPool is a message in and the same out. The peer is in the same process: of the time, about the half is ours.
func BenchmarkPool(b *testing.B) {
	for name, window := range map[string]int{"one by one": 1, "many at once": 32} {
		b.Run(name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Skip(err)
			}
			defer l.Close()
			s := &Pool{Listener: l}
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx, parrot{s}) }()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			var out []byte
			for i := range window {
				out = append(out, numbered(i, 600)...)
			}
			in := make([]byte, len(out))
			b.ReportAllocs()
			for i := 0; i < b.N; i += window {
				c.Write(out)
				if _, err := io.ReadFull(c, in); err != nil {
					b.Fatal(err)
				}
			}
			cancel()
			<-done
		})
	}
}
