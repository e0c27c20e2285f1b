package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// told is what a Handler was called with.
type told struct {
	what string // message, garbled, lost, closed
	s    *Conn
	peer netip.AddrPort
	data string
	err  error
}

// ear is a Handler that writes down what it hears, and answers.
type ear struct {
	calls  chan told
	answer func(s *Conn, data []byte) // nil: none
	refuse func(s *Conn, why error)   // nil: none
}

func newEar() *ear { return &ear{calls: make(chan told, 1<<16)} }

func (e *ear) Message(s *Conn, data []byte) {
	e.calls <- told{what: "message", s: s, data: string(data)}
	if e.answer != nil {
		e.answer(s, data)
	}
}

func (e *ear) Garbled(s *Conn, data []byte, why error) {
	e.calls <- told{what: "garbled", s: s, data: string(data), err: why}
	if e.refuse != nil {
		e.refuse(s, why)
	}
}

func (e *ear) Lost(peer netip.AddrPort, data []byte, err error) {
	e.calls <- told{what: "lost", peer: peer, data: string(data), err: err}
}

func (e *ear) Closed(s *Conn) { e.calls <- told{what: "closed", s: s} }

func (e *ear) expect(t *testing.T, what string) told {
	t.Helper()
	c := <-e.calls
	if c.what != what {
		t.Fatalf("got %s %.100q %v, want %s", c.what, c.data, c.err, what)
	}
	return c
}

// none fails when anything has been heard.
func (e *ear) none(t *testing.T) {
	t.Helper()
	select {
	case c := <-e.calls:
		t.Fatalf("heard %s %.100q %v", c.what, c.data, c.err)
	default:
	}
}

// numbered is a message of its own number, padded to a size.
func numbered(n, size int) string {
	head := fmt.Sprintf("OPTIONS sip:%d@example.com SIP/2.0\r\nContent-Length: ", n)
	body := max(0, size-len(head)-10)
	return fmt.Sprintf("%s%06d\r\n\r\n%s", head, body, strings.Repeat("x", body))
}

// runPool runs a pool until the test ends, or the returned function is called.
func runPool(t *testing.T, s *Pool, h Handler) func() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, h) }()
	end := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		s.Listener.Close()
		if n := s.Stats().Open; n != 0 {
			t.Errorf("%d connections are open after Run", n)
		}
	})
	t.Cleanup(end)
	return end
}

func listenTCP(t *testing.T, at string) net.Listener {
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Skip("no such TCP here: ", err)
	}
	return l
}

// onLoopback runs a pool on loopback, where nothing may hang on how busy the machine is.
func onLoopback(t *testing.T, limits Limits, h Handler) (*Pool, func()) {
	limits.Connect, limits.Write = time.Minute, time.Minute
	s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Limits: limits}
	end := runPool(t, s, h)
	awaitRunning(s)
	return s, end
}

// awaitRunning waits until Send can be used: Run has begun in another goroutine.
func awaitRunning(s *Pool) {
	for {
		s.mu.RLock()
		ok := s.ctx != nil
		s.mu.RUnlock()
		if ok {
			return
		}
		runtime.Gosched()
	}
}

func dialPool(t *testing.T, s *Pool) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

func writeTCP(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

func readTCP(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("read %q, %v; want %q", b, err, want)
	}
}

func readEndTCP(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("read %d bytes, %v; want EOF", n, err)
	}
}

// acceptTCP hands over what a listener accepts next.
func acceptTCP(t *testing.T, l net.Listener) *net.TCPConn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

func TestPipelinedMessagesAreAnsweredInOrder(t *testing.T) {
	e := newEar()
	e.answer = func(s *Conn, data []byte) {
		line, _, _ := strings.Cut(string(data), "\r\n")
		if err := s.Send([]byte(line + "\n")); err != nil {
			t.Error(err)
		}
	}
	s, _ := onLoopback(t, Limits{}, e)
	c := dialPool(t, s)
	var all, answers strings.Builder
	for i := range 200 {
		m := numbered(i, 60+i*37%5000)
		all.WriteString(m)
		line, _, _ := strings.Cut(m, "\r\n")
		answers.WriteString(line + "\n")
	}
	go func() {
		for out, n := all.String(), 0; out != ""; out = out[n:] {
			n = min(len(out), 1+len(out)%3001)
			io.WriteString(c, out[:n])
		}
	}()
	readTCP(t, c, answers.String())
	one := e.expect(t, "message").s
	if one.Peer() != endpoint(c.LocalAddr()) || one.Local() != endpoint(c.RemoteAddr()) || one.Dialled() || s.Find(one.ID()) != one || s.Find(one.ID()+1) != nil {
		t.Error("it is not who it is:", one.Peer(), one.Local(), one.ID())
	}
	for range 199 {
		e.expect(t, "message")
	}
	c.CloseWrite()
	readEndTCP(t, c)
	e.expect(t, "closed")
	if s.Find(one.ID()) != nil {
		t.Error("an ended connection is found")
	}
	if err := one.Send([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	one.Close()
}

func TestPings(t *testing.T) {
	e := newEar()
	s, _ := onLoopback(t, Limits{}, e)
	c := dialPool(t, s)
	m := numbered(1, 100)
	for _, piece := range []string{"\r", "\n\r", "\n" + m[:50], m[50:] + "\r\n\r\n"} {
		writeTCP(t, c, piece)
	}
	readTCP(t, c, "\r\n\r\n")
	if e.expect(t, "message").data != m {
		t.Error("a ping hurt a message")
	}
	writeTCP(t, c, strings.Repeat("\r\n\r\n", 4))
	readTCP(t, c, strings.Repeat("\r\n", 3))
	readEndTCP(t, c)
	e.expect(t, "closed")
	if n := s.Stats(); n.Pings != 5 || n.PingFlood != 1 {
		t.Errorf("%+v", n)
	}
}

func TestGarbledIsAnsweredAndClosed(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		want error
	}{
		"length": {"A b c\r\nContent-Length: -5\r\n\r\n", ErrLength},
		"large":  {"A b c\r\nContent-Length: 4000000\r\n\r\n", ErrMessage},
		"head":   {"A b c\r\nX: " + strings.Repeat("x", 70000), ErrHead},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEar()
			e.refuse = func(s *Conn, why error) { s.Send([]byte(why.Error())) }
			s, _ := onLoopback(t, Limits{}, e)
			conn := dialPool(t, s)
			good := numbered(1, 10)
			done := make(chan struct{})
			go func() { // much that nobody will read; a reset in answer to it would take our answer along
				defer close(done)
				io.WriteString(conn, good+c.head)
				io.WriteString(conn, strings.Repeat("y", 4000000))
				conn.CloseWrite()
			}()
			if e.expect(t, "message").data != good {
				t.Error("the message before was hurt")
			}
			g := e.expect(t, "garbled")
			if !errors.Is(g.err, c.want) || !strings.HasPrefix(g.data, c.head[:20]) {
				t.Errorf("%.40q, %v", g.data, g.err)
			}
			readTCP(t, conn, c.want.Error())
			readEndTCP(t, conn)
			e.expect(t, "closed")
			<-done
			if s.Stats().Garbled != 1 {
				t.Errorf("%+v", s.Stats())
			}
		})
	}
}

func TestAnswersToAHalfClosedPeer(t *testing.T) {
	e := newEar()
	big := strings.Repeat("z", 200<<10)
	e.answer = func(s *Conn, data []byte) { s.Send([]byte(big)) }
	s, _ := onLoopback(t, Limits{Queue: 4 << 20}, e)
	c := dialPool(t, s)
	for i := range 10 { // more than the system's buffers take at once
		writeTCP(t, c, numbered(i, 100))
	}
	c.CloseWrite()
	got, err := io.ReadAll(c)
	if err != nil || len(got) != 10*len(big) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for range 10 {
		e.expect(t, "message")
	}
	e.expect(t, "closed")
}

func TestCloseWritesWhatWasQueued(t *testing.T) {
	e := newEar()
	e.answer = func(s *Conn, data []byte) {
		s.Send([]byte("answer"))
		s.Close()
		s.Close()
		if err := s.Send([]byte("late")); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
	s, _ := onLoopback(t, Limits{}, e)
	c := dialPool(t, s)
	writeTCP(t, c, numbered(1, 100)+numbered(2, 100))
	readTCP(t, c, "answer")
	readEndTCP(t, c)
	e.expect(t, "message")
	c.Close()
	e.expect(t, "closed") // and the second message is not handed over
}

func TestLimitsOfConnections(t *testing.T) {
	from := func(t *testing.T, ip string, s *Pool) net.Conn {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
		c, err := d.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	served := func(t *testing.T, c net.Conn, want bool) {
		t.Helper()
		io.WriteString(c, "\r\n\r\n")
		if _, err := c.Read(make([]byte, 9)); (err == nil) != want {
			t.Errorf("served: %v, want %v", err, want)
		}
	}
	e := newEar()
	s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Limits: Limits{Total: 4, PerSource: 2}, Exempt: func(ip netip.Addr) bool { return ip == netip.MustParseAddr("127.0.0.9") }}
	runPool(t, s, e)
	awaitRunning(s)
	one := from(t, "127.0.0.1", s)
	served(t, one, true)
	served(t, from(t, "127.0.0.1", s), true)
	served(t, from(t, "127.0.0.1", s), false)
	one.Close()
	e.expect(t, "closed")
	for s.Stats().Open > 1 { // the place is given back a moment after Closed
		runtime.Gosched()
	}
	served(t, from(t, "127.0.0.1", s), true)
	served(t, from(t, "127.0.0.9", s), true)
	served(t, from(t, "127.0.0.9", s), true)
	served(t, from(t, "127.0.0.9", s), false)
	if n := s.Stats(); n.RefusedSource != 1 || n.RefusedTotal != 1 || n.Accepted != 5 || n.Open != 4 {
		t.Errorf("%+v", n)
	}
	if source(netip.MustParseAddr("2001:db8::1:2:3:4")) != source(netip.MustParseAddr("2001:db8::9")) || source(netip.MustParseAddr("2001:db8:0:1::")) == source(netip.MustParseAddr("2001:db8::")) {
		t.Error("IPv6 sources are networks of 64 bits")
	}
}

func TestSendDialsFromTheListener(t *testing.T) {
	for _, ip := range []string{"127.0.0.2", "::1", ""} {
		t.Run(ip, func(t *testing.T) {
			peerIP := ip
			if ip != "::1" {
				peerIP = "127.0.0.3"
			}
			peer := listenTCP(t, net.JoinHostPort(peerIP, "0"))
			defer peer.Close()
			e := newEar()
			s := &Pool{Listener: listenTCP(t, net.JoinHostPort(ip, "0")), Limits: Limits{Connect: time.Minute}}
			runPool(t, s, e)
			awaitRunning(s)
			to := endpoint(peer.Addr())
			for i := range 3 {
				if err := s.Send([]byte(numbered(i, 100)), to); err != nil {
					t.Fatal(err)
				}
			}
			c := acceptTCP(t, peer)
			readTCP(t, c, numbered(0, 100)+numbered(1, 100)+numbered(2, 100))
			if from := endpoint(c.RemoteAddr()); ip != "" && (from.Addr() != netip.MustParseAddr(ip) || from.Port() == endpoint(s.Listener.Addr()).Port()) {
				t.Error("dialled from", from)
			}
			writeTCP(t, c, numbered(7, 100)) // both ways
			m := e.expect(t, "message")
			if !m.s.Dialled() || m.s.Peer() != to || s.Stats().Dialled != 1 {
				t.Error(m.s.Dialled(), m.s.Peer(), s.Stats())
			}
			if err := s.Send([]byte("again"), netip.AddrPortFrom(netip.AddrFrom16(to.Addr().As16()), to.Port())); err != nil {
				t.Error(err)
			}
			readTCP(t, c, "again")
		})
	}
}

func TestSendUsesAnAcceptedConnection(t *testing.T) {
	e := newEar()
	s, _ := onLoopback(t, Limits{}, e)
	var conns []net.Conn
	for range 3 { // of one address
		c := dialPool(t, s)
		writeTCP(t, c, numbered(1, 100))
		e.expect(t, "message")
		conns = append(conns, c)
	}
	for i, c := range conns {
		if err := s.Send(fmt.Append(nil, i), endpoint(c.LocalAddr())); err != nil {
			t.Fatal(err)
		}
		readTCP(t, c, fmt.Sprint(i))
	}
	if s.Stats().Dialled != 0 {
		t.Error("dialled in vain")
	}
}

func TestRefusedIsLost(t *testing.T) {
	peer := listenTCP(t, "127.0.0.1:0")
	to := endpoint(peer.Addr())
	peer.Close()
	e := newEar()
	s, _ := onLoopback(t, Limits{}, e)
	if err := s.Send([]byte("one"), to); err != nil {
		t.Fatal(err)
	}
	c := e.expect(t, "lost")
	if c.data != "one" || c.peer != to || !errors.Is(c.err, syscall.ECONNREFUSED) || errors.Is(c.err, ErrUnsure) {
		t.Errorf("%+v", c)
	}
	if n := s.Stats(); n.DialFailed != 1 || n.Lost != 1 || n.Open != 0 {
		t.Errorf("%+v", n)
	}
}

func TestReconnectAfterARestartOfThePeer(t *testing.T) {
	peer := listenTCP(t, "127.0.0.1:0")
	defer peer.Close()
	to := endpoint(peer.Addr())
	e := newEar()
	s, _ := onLoopback(t, Limits{}, e)
	for i, end := range []func(c *net.TCPConn){
		func(c *net.TCPConn) { c.Close() },
		func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
		func(c *net.TCPConn) { c.CloseWrite() },
	} {
		m := numbered(i, 500)
		if err := s.Send([]byte(m), to); err != nil {
			t.Fatal(err)
		}
		c := acceptTCP(t, peer)
		readTCP(t, c, m)
		writeTCP(t, c, numbered(i, 100))
		e.expect(t, "message")
		end(c)
		e.expect(t, "closed") // the end was seen: the next message is not lost
	}
	e.none(t)
}

// TestBreaks: what is said of messages that were written when the peer ends the connection.
func TestBreaks(t *testing.T) {
	for name, c := range map[string]struct {
		before bool // the peer ends it before our message is written, else after
		end    func(c *net.TCPConn)
		lost   bool
	}{
		"reset, message unread":    {false, func(c *net.TCPConn) { c.SetLinger(0); c.Close() }, true},
		"closed, message unread":   {false, func(c *net.TCPConn) { c.Close() }, true},
		"closed before":            {true, func(c *net.TCPConn) { c.Close() }, true},
		"half-closed before":       {true, func(c *net.TCPConn) { c.CloseWrite() }, false},
		"half-closed, then closed": {false, func(c *net.TCPConn) { c.CloseWrite(); io.Copy(io.Discard, c); c.Close() }, false},
		"heard since": {false, func(c *net.TCPConn) {
			io.CopyN(io.Discard, c, 1)
			io.WriteString(c, "\r\n")
			io.Copy(io.Discard, io.LimitReader(c, 299))
			c.Close()
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEar()
			reading, go1 := make(chan bool), make(chan bool)
			e.answer = func(s *Conn, data []byte) { reading <- true; <-go1 }
			s, _ := onLoopback(t, Limits{}, e)
			conn := dialPool(t, s)
			writeTCP(t, conn, numbered(1, 100))
			stream := e.expect(t, "message").s
			<-reading // the reader is held up, so that it cannot see the end
			m := numbered(2, 300)
			send := func() {
				if err := stream.Send([]byte(m)); err != nil {
					t.Error(err)
				}
			}
			if c.before {
				c.end(conn)
				send()
				go1 <- true
			} else {
				send()
				go1 <- true
				c.end(conn)
			}
			call := <-e.calls
			if call.what == "lost" {
				if call.data != m || !errors.Is(call.err, ErrUnsure) || !c.lost {
					t.Errorf("lost: %q, %v", call.data, call.err)
				}
				call = <-e.calls
			} else if c.lost {
				t.Error("not said to be lost")
			}
			if call.what != "closed" {
				t.Error(call.what)
			}
			e.none(t)
		})
	}
}

func TestResetWhileQueued(t *testing.T) {
	peer := listenTCP(t, "127.0.0.1:0")
	defer peer.Close()
	e := newEar()
	s, _ := onLoopback(t, Limits{Queue: 1 << 20}, e)
	to := endpoint(peer.Addr())
	sent := 0
	var err error
	var c *net.TCPConn
	for err == nil { // the peer reads nothing; the system's buffers fill, then the queue
		if err = s.Send([]byte(numbered(sent, 20000)), to); err == nil {
			sent++
		}
		if c == nil {
			c = acceptTCP(t, peer)
			tighten(t, s, c)
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	if err := s.Send(make([]byte, 1<<20+1), to); !errors.Is(err, ErrSize) {
		t.Error(err)
	}
	c.SetLinger(0)
	c.Close()
	var lost []string
	certain := 0
	for {
		call := <-e.calls
		if call.what == "closed" {
			break
		}
		if call.what != "lost" || call.peer != to {
			t.Fatalf("%+v", call)
		}
		if !errors.Is(call.err, ErrUnsure) {
			certain++
		}
		lost = append(lost, call.data)
	}
	if certain < 40 || certain > 53 {
		t.Errorf("%d of %d were in the queue", certain, sent)
	}
	for i, data := range lost[len(lost)-certain:] {
		if data != numbered(sent-certain+i, 20000) {
			t.Fatalf("lost message %d of %d is not the one expected", i, certain)
		}
	}
	if s.Stats().Lost != int64(len(lost)) {
		t.Errorf("%+v", s.Stats())
	}
}

// tighten waits until the pool has its connection to c and lets the system keep little of what is on its way there: buffers that grow by
// themselves take a whole queue.
func tighten(t *testing.T, s *Pool, c *net.TCPConn) {
	t.Helper()
	for s.Stats().Open == 0 { // else the reset would refuse the connection
		runtime.Gosched()
	}
	if err := c.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	at := s.lookUp(endpoint(c.LocalAddr()))
	for at.Local() == (netip.AddrPort{}) {
		runtime.Gosched()
	}
	at.mu.Lock()
	defer at.mu.Unlock()
	if err := at.conn.(*net.TCPConn).SetWriteBuffer(4096); err != nil {
		t.Fatal(err)
	}
}

func (t *Pool) lookUp(to netip.AddrPort) *Conn {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.peers[Peer{Addr: to}]
}

func TestRunEndsInSilence(t *testing.T) {
	peer := listenTCP(t, "127.0.0.1:0")
	defer peer.Close()
	e := newEar()
	s, end := onLoopback(t, Limits{}, e)
	for i := 0; ; i++ {
		if err := s.Send([]byte(numbered(i, 20000)), endpoint(peer.Addr())); err != nil {
			break
		}
		if i == 0 {
			acceptTCP(t, peer)
		}
	}
	c := dialPool(t, s)
	writeTCP(t, c, "INVITE")
	for s.Stats().Open < 2 {
		runtime.Gosched()
	}
	end()
	e.expect(t, "closed")
	e.expect(t, "closed")
	e.none(t)
	if err := s.Send([]byte("x"), endpoint(peer.Addr())); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if s.Find(1) != nil {
		t.Error("found")
	}
}

func TestAListenerClosedByOthersIsAnError(t *testing.T) {
	l := listenTCP(t, "127.0.0.1:0")
	s := &Pool{Listener: l}
	l.Close()
	if err := s.Run(context.Background(), newEar()); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// Peers that end connections at any time, and many senders.
func TestEveryMessageIsReadOrLost(t *testing.T) {
	s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Limits: Limits{Connect: time.Minute, Write: time.Minute}}
	readOrLost(t, s, func(c net.Conn) net.Conn { return c })
}

// readOrLost runs a pool that sends to peers, whose ends of connections are made by secure.
func readOrLost(t *testing.T, s *Pool, secure func(net.Conn) net.Conn) {
	peer := listenTCP(t, "127.0.0.1:0")
	got := make(chan string, 1<<16)
	var peers sync.WaitGroup
	peers.Go(func() {
		for i := 0; ; i++ {
			c, err := peer.Accept()
			if err != nil {
				return
			}
			peers.Go(func() {
				raw := c.(*net.TCPConn)
				c := secure(c)
				defer c.Close()
				line := make([]byte, len("0-000\n"))
				for range i % 50 {
					if _, err := io.ReadFull(c, line); err != nil {
						return
					}
					got <- string(line)
				}
				if i%2 == 0 {
					raw.SetLinger(0)
				}
			})
		}
	})
	e := newEar()
	s.Limits.Queue = 1 << 20
	end := runPool(t, s, e)
	awaitRunning(s)
	known, sent := make(map[string]bool), 0
	for range 50 {
		var senders sync.WaitGroup
		for i := range 8 {
			senders.Go(func() {
				for n := range 5 {
					if err := s.Send(fmt.Appendf(nil, "%d-%03d\n", i, sent/8+n), endpoint(peer.Addr())); err != nil {
						t.Error(err)
					}
					runtime.Gosched()
				}
			})
		}
		senders.Wait()
		sent += 8 * 5
		for timeout := time.After(20 * time.Second); len(known) < sent; {
			select {
			case m := <-got:
				known[m] = true
			case c := <-e.calls:
				if c.what == "lost" {
					known[c.data] = true
				}
			case <-timeout:
				t.Fatalf("%d of %d known; %+v", len(known), sent, s.Stats())
			}
		}
	}
	end()
	peer.Close()
	peers.Wait()
}

func TestAThousandConnections(t *testing.T) {
	if openFiles() < 2500 {
		t.Skip("too few files")
	}
	const many = 1000
	e := newEar()
	e.answer = func(s *Conn, data []byte) { s.Send(data) }
	s, end := onLoopback(t, Limits{PerSource: -1}, e)
	var conns []*net.TCPConn
	for range many {
		conns = append(conns, dialPool(t, s))
	}
	for i, c := range conns {
		writeTCP(t, c, numbered(i, 700))
	}
	for i, c := range conns {
		readTCP(t, c, numbered(i, 700))
	}
	for range many {
		e.expect(t, "message")
	}
	if n := s.Stats(); n.Open != many || n.Accepted != many {
		t.Errorf("%+v", n)
	}
	for _, c := range conns[:many/2] {
		c.Close()
	}
	for range many / 2 {
		e.expect(t, "closed")
	}
	end()
	for range many / 2 {
		e.expect(t, "closed")
	}
	e.none(t)
}

func TestALateReaderGetsAllInOrder(t *testing.T) {
	peer := listenTCP(t, "127.0.0.1:0")
	defer peer.Close()
	e := newEar()
	s, _ := onLoopback(t, Limits{Queue: 1 << 20}, e)
	to := endpoint(peer.Addr())
	var c *net.TCPConn
	sent := 0
	for { // until the system's buffers and the queue are full: some message was taken in part
		err := s.Send([]byte(numbered(sent, 7001)), to)
		if errors.Is(err, ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sent++
		if c == nil {
			c = acceptTCP(t, peer)
		}
	}
	for i := range sent {
		readTCP(t, c, numbered(i, 7001))
	}
	for i := range 100 {
		if err := s.Send([]byte(numbered(i, 500)), to); err != nil {
			t.Fatal(err)
		}
		readTCP(t, c, numbered(i, 500))
	}
	e.none(t)
}
