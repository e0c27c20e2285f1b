package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
)

// modes are the two ways to the same behaviour.
var modes = map[string]bool{"batched": false, "plain": true}

func eachMode(t *testing.T, test func(t *testing.T, plain bool)) {
	for name, plain := range modes {
		t.Run(name, func(t *testing.T) { test(t, plain) })
	}
}

// open opens a socket that ends with the test.
func open(t testing.TB, network, addr string, plain bool) *Socket {
	t.Helper()
	c, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Skip("not here: ", err)
	}
	t.Cleanup(func() { c.Close() })
	return &Socket{Conn: c, Plain: plain}
}

// run serves a socket until the test ends.
func run(t testing.TB, s *Socket, h Handler) {
	end := start(s, h)
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error("Run: ", err)
		}
	})
}

// failures collects what an Outbox could not send.
type failures []string

func (f *failures) add(b []byte, to netip.AddrPort, err error) {
	*f = append(*f, fmt.Sprintf("%s %v %v", b, to, err))
}

// counter checks that numbers come in order, and tells after each batch how far they are.
type counter struct {
	t     testing.TB
	next  uint64
	seen  chan uint64
	batch int // largest
	n     int
}

func (c *counter) Receive(data []byte, _ netip.AddrPort) {
	if got := binary.BigEndian.Uint64(data); got != c.next {
		c.t.Errorf("got %d, want %d", got, c.next)
		c.next = got
	}
	c.next++
	c.n++
}

func (c *counter) Flush() {
	c.batch = max(c.batch, c.n)
	c.n = 0
	select {
	case <-c.seen:
	default:
	}
	c.seen <- c.next
}

func TestManyDatagramsInOrderWithoutLoss(t *testing.T) {
	const total = 100_000
	eachMode(t, func(t *testing.T, plain bool) {
		a, b := open(t, "udp", "127.0.0.1:0", plain), open(t, "udp", "127.0.0.1:0", plain)
		c := &counter{t: t, seen: make(chan uint64, 1)}
		end := start(b, c)
		o := Outbox{Failed: func(_ []byte, to netip.AddrPort, err error) { t.Error("not sent: ", to, err) }}
		to := b.Local()
		arrived := uint64(0)
		for i := range uint64(total) {
			m := binary.BigEndian.AppendUint64(o.Room(), i)
			if err := o.Put(a, m[:8+i%500], to); err != nil {
				t.Fatal(err)
			}
			if i%50 != 49 {
				continue
			}
			o.Flush()
			for i > arrived+150 { // the default receive buffer would hold some 250
				arrived = <-c.seen
			}
		}
		o.Flush()
		for arrived < total {
			arrived = <-c.seen
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		if !plain && a.fast() && c.batch < 2 || c.batch > 32 {
			t.Errorf("largest batch: %d", c.batch)
		}
	})
}

// echo sends everything back.
type echo struct {
	s   *Socket
	out Outbox
}

func (e *echo) Receive(data []byte, peer netip.AddrPort) {
	e.out.Put(e.s, append(e.out.Room(), data...), peer)
}

func (e *echo) Flush() { e.out.Flush() }

// pair is a client that sends windows of messages to an echo, and waits for all of them.
type pair struct {
	client, server *Socket
	out            Outbox
	left           atomic.Int64
	done           chan struct{}
	message        []byte
	to             netip.AddrPort
}

func (p *pair) Receive([]byte, netip.AddrPort) {
	if p.left.Add(-1) == 0 {
		p.done <- struct{}{}
	}
}

func (p *pair) Flush() {}

// exchange sends n messages and waits for their echoes.
func (p *pair) exchange(n int) {
	p.left.Store(int64(n))
	for range n {
		p.out.Put(p.client, append(p.out.Room(), p.message...), p.to)
	}
	p.out.Flush()
	<-p.done
}

func newPair(t testing.TB, network, addr string, plain bool) *pair {
	p := &pair{client: open(t, network, addr, plain), server: open(t, network, addr, plain), done: make(chan struct{}, 1), message: make([]byte, 900)}
	p.to = p.server.Local()
	run(t, p.server, &echo{s: p.server})
	run(t, p.client, p)
	p.exchange(1)
	return p
}

func TestNothingIsAllocatedForAMessage(t *testing.T) {
	for _, at := range [][2]string{{"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}} {
		eachMode(t, func(t *testing.T, plain bool) {
			p := newPair(t, at[0], at[1], plain)
			for range 10 {
				p.exchange(32)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 300 {
				p.exchange(32)
			}
			runtime.ReadMemStats(&after)
			if n := after.Mallocs - before.Mallocs; n > 100 { // the test's own
				t.Errorf("%d allocations for %d messages", n, 2*300*32)
			}
			to := p.to
			if n := testing.AllocsPerRun(100, func() {
				p.left.Store(1)
				p.client.Send(p.message, to)
				<-p.done
			}); n > 0 && !raceEnabled {
				t.Errorf("Send: %v allocations", n)
			}
		})
	}
}

func TestASingleProcessorIsShared(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	eachMode(t, func(t *testing.T, plain bool) {
		p := newPair(t, "udp", "127.0.0.1:0", plain)
		for range 100 {
			p.exchange(40)
		}
	})
}

func TestFamilies(t *testing.T) {
	eachMode(t, func(t *testing.T, plain bool) {
		for _, c := range []struct{ name, a, b, as string }{
			{"IPv4", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1"},
			{"IPv6", "[::1]:0", "[::1]:0", "::1"},
			{"IPv4 to a socket of both", "127.0.0.1:0", "[::]:0", "127.0.0.1"},
			{"IPv6 to a socket of both", "[::1]:0", "[::]:0", "::1"},
			{"all addresses of IPv4", "127.0.0.1:0", "0.0.0.0:0", "127.0.0.1"},
			{"scope", linkLocal(t), "[::]:0", ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				if c.a == "" {
					t.Skip("no link-local address")
				}
				a, b := open(t, "udp", c.a, plain), open(t, "udp", c.b, plain)
				run(t, b, &echo{s: b})
				got := make(receiver, 1)
				run(t, a, got)
				to := netip.AddrPortFrom(a.Local().Addr(), b.Local().Port())
				for range 2 { // at first by Send, then by an Outbox
					if err := a.Send([]byte("x"), to); err != nil {
						t.Fatal(err)
					}
					want := netip.AddrPortFrom(a.scopes.numeric(to.Addr()), to.Port())
					if s := <-got; s != want.String()+" x" {
						t.Errorf("got %q from %s", s, want)
					}
					var o Outbox
					o.Put(a, []byte("y"), netip.AddrPortFrom(netip.AddrFrom16(to.Addr().As16()).WithZone(to.Addr().Zone()), to.Port()))
					o.Flush()
					if s := <-got; s != want.String()+" y" {
						t.Errorf("got %q from %s", s, want)
					}
				}
			})
		}
	})
}

// linkLocal is an address with a zone of this machine.
func linkLocal(t *testing.T) string {
	all, err := net.Interfaces()
	if err != nil {
		return ""
	}
	for _, i := range all {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() == nil && n.IP.IsLinkLocalUnicast() && i.Flags&net.FlagUp != 0 {
				return fmt.Sprintf("[%s%%%s]:0", n.IP, i.Name)
			}
		}
	}
	return ""
}

func TestOnlyTheBadMessageIsSkipped(t *testing.T) {
	eachMode(t, func(t *testing.T, plain bool) {
		for _, bad := range []string{"127.0.0.1:0", "[2001:db8::1]:5060", "192.0.2.77:5060"} {
			a, b := open(t, "udp4", "127.0.0.1:0", plain), open(t, "udp4", "127.0.0.1:0", plain)
			a.Errors = true
			got := make(receiver, 64)
			run(t, b, got)
			var failed failures
			o := Outbox{Failed: failed.add}
			for i := range 9 {
				to := b.Local()
				if i%4 == 0 { // first, middle and last
					to = at(bad)
				}
				if err := o.Put(a, fmt.Append(nil, i), to); err != nil {
					t.Fatal(err)
				}
			}
			o.Flush()
			for i := range 9 {
				if want := fmt.Sprint(a.Local(), " ", i); i%4 != 0 {
					if s := <-got; s != want {
						t.Errorf("%s: got %q, want %q", bad, s, want)
					}
				}
			}
			if len(failed) != 3 {
				t.Fatalf("%s: failed: %q", bad, failed)
			}
			for i, f := range failed {
				if want := fmt.Sprint(4*i, " ", at(bad), " send to ", at(bad), ": "); len(f) <= len(want) || f[:len(want)] != want {
					t.Errorf("%s: failed: %q", bad, f)
				}
			}
		}
	})
}

// informed takes reports.
type informed struct {
	receiver
	reports chan string
}

func (h informed) Unreachable(quoted []byte, peer netip.AddrPort, err error) {
	h.reports <- fmt.Sprintf("%s %v %v", quoted, peer, err)
}

// dead is an address where nobody is, and where nobody comes who takes any port that is free: those are higher.
func dead(t *testing.T, addr string) netip.AddrPort {
	host := netip.MustParseAddrPort(addr).Addr()
	for range 1000 {
		a := net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, uint16(10_000+rand.N(20_000))))
		if c, err := net.ListenUDP("udp", a); err == nil {
			c.Close()
			return a.AddrPort()
		}
	}
	t.Fatal("no port is free")
	return netip.AddrPort{}
}

func TestReportsNameTheDeadPeerAndQuoteTheMessage(t *testing.T) {
	if !reportsHere {
		t.Skip("the system has no error queue")
	}
	eachMode(t, func(t *testing.T, plain bool) {
		for _, c := range []struct{ own, other string }{{"127.0.0.1:0", "127.0.0.1:0"}, {"[::1]:0", "[::1]:0"}, {"[::]:0", "127.0.0.1:0"}, {"[::]:0", "[::1]:0"}} {
			a, b := open(t, "udp", c.own, plain), open(t, "udp", c.other, plain)
			gone := dead(t, c.other)
			a.Errors = true
			h := informed{make(receiver, 1), make(chan string, 64)}
			run(t, a, h)
			got := make(receiver, 64)
			run(t, b, got)
			for range 2 { // the option may be set after the first message
				b.Send([]byte("hello"), netip.AddrPortFrom(b.Local().Addr(), a.Local().Port()))
				<-h.receiver
			}
			var failed failures
			o := Outbox{Failed: failed.add}
			for i := range 10 {
				o.Put(a, fmt.Append(nil, "dead ", i), gone)
				o.Put(a, fmt.Append(nil, "alive ", i), b.Local())
			}
			o.Flush()
			for i := range 10 {
				if s, want := <-got, fmt.Sprint("alive ", i); s[len(s)-len(want):] != want {
					t.Errorf("got %q, want %q", s, want)
				}
			}
			if len(failed) > 0 {
				t.Errorf("refusals of earlier messages failed later ones: %q", failed)
			}
			if plain { // what a send has met is found with the next datagram
				b.Send([]byte("hello"), netip.AddrPortFrom(b.Local().Addr(), a.Local().Port()))
				<-h.receiver
			}
			var reports []string
			for range 10 {
				reports = append(reports, <-h.reports)
			}
			slices.Sort(reports)
			for i, r := range reports {
				if want := fmt.Sprint("dead ", i, " ", gone, " connection refused"); r != want {
					t.Errorf("report %q, want %q", r, want)
				}
			}
		}
	})
}

func TestASocketOfTheSystemClosedByOthersIsAnError(t *testing.T) {
	eachMode(t, func(t *testing.T, plain bool) {
		s := open(t, "udp", "127.0.0.1:0", plain)
		done := make(chan error)
		got := make(receiver, 1)
		go func() { done <- s.Run(context.Background(), got) }()
		s.Send([]byte("x"), s.Local())
		<-got
		s.Conn.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Run: %v, want net.ErrClosed", err)
		}
		if err := s.Send(nil, at("127.0.0.1:9")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Send: %v, want net.ErrClosed", err)
		}
		if err := s.Run(context.Background(), got); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Run again: %v, want net.ErrClosed", err)
		}
	})
}

func TestTheLargestDatagramIsWhole(t *testing.T) {
	eachMode(t, func(t *testing.T, plain bool) {
		p := newPair(t, "udp4", "127.0.0.1:0", plain)
		p.message = make([]byte, MaxSend)
		p.exchange(1)
		if err := p.out.Put(p.client, make([]byte, MaxSend+1), p.to); err != ErrSize {
			t.Errorf("longer: %v, want ErrSize", err)
		}
	})
}

// echoMode is the environment variable that makes a test process serve echoes instead.
const echoMode = "WIRE_TEST_ECHO"

// serveEcho prints its port and serves until standard input ends.
func serveEcho(mode string) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &Socket{Conn: c, Plain: modes[mode]}
	fmt.Println(s.Local().Port())
	end := start(s, &echo{s: s})
	os.Stdin.Read(make([]byte, 1))
	end()
}

// BenchmarkEcho within one process: what the two ways cost when the other side is as busy.
func BenchmarkEcho(b *testing.B) {
	for _, name := range []string{"batched", "plain"} {
		b.Run(name, func(b *testing.B) {
			const window = 32
			p := newPair(b, "udp4", "127.0.0.1:0", modes[name])
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += 2 * window { // a message each way
				p.exchange(window)
			}
		})
	}
}
