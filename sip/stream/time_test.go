package stream

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener within the process, with the time of a synctest bubble.
type pipes struct {
	conns  chan net.Conn
	errs   []error // given before anything else
	times  []time.Time
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn, 10), closed: make(chan struct{})} }

// pipeEnd is the end of a pipe that has addresses.
type pipeEnd struct {
	net.Conn
	local, remote netip.AddrPort
}

func (p pipeEnd) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(p.local) }
func (p pipeEnd) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(p.remote) }

var ours = at("192.0.2.1:5060")

func (l *pipes) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs, l.times = l.errs[1:], append(l.times, time.Now())
		return nil, err
	}
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipes) Addr() net.Addr { return net.TCPAddrFromAddrPort(ours) }

func pipe(peer netip.AddrPort) (here, there net.Conn) {
	a, b := net.Pipe()
	return pipeEnd{a, ours, peer}, pipeEnd{b, peer, ours}
}

// connect is a new accepted connection, seen from the peer.
func (l *pipes) connect(peer netip.AddrPort) net.Conn {
	here, there := pipe(peer)
	l.conns <- here
	return there
}

// inBubble runs a pool on pipes until the end of the synctest bubble that calls it.
func inBubble(t *testing.T, limits Limits) (*Pool, *pipes, *ear) {
	return inBubbleWith(t, &Pool{Limits: limits})
}

func inBubbleWith(t *testing.T, s *Pool) (*Pool, *pipes, *ear) {
	e, l := newEar(), newPipes()
	s.Listener = l
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, e) }()
	t.Cleanup(func() {
		cancel()
		l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return s, l, e
}

// after waits until something is heard and says how long that took.
func (e *ear) after(t *testing.T, what string) (told, time.Duration) {
	t.Helper()
	start := time.Now()
	c := e.expect(t, what)
	return c, time.Since(start)
}

var alice = at("192.0.2.7:33000")

func TestASlowMessageIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubble(t, Limits{})
		c := l.connect(alice)
		e.refuse = func(s *Conn, why error) { s.Send([]byte("408")) }
		time.Sleep(100 * time.Second) // idle time does not count
		writeTCP(t, c, numbered(1, 100)+"\r\n")
		e.expect(t, "message")
		start := time.Now()
		var writer sync.WaitGroup
		writer.Go(func() {
			for _, b := range []byte(numbered(2, 100)) { // nearly a byte a second
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(990 * time.Millisecond)
			}
			t.Error("all of it was read")
		})
		g := e.expect(t, "garbled")
		if d := time.Since(start); d != 5*time.Second || !errors.Is(g.err, ErrLate) || g.data != "OPTION" {
			t.Errorf("%v: %q, %v", d, g.data, g.err)
		}
		readTCP(t, c, "408")
		readEndTCP(t, c)
		e.expect(t, "closed")
		writer.Wait()
		if n := s.Stats(); n.TimedOut != 1 || n.Garbled != 0 {
			t.Errorf("%+v", n)
		}
	})
}

func TestASlowBodyIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubble(t, Limits{})
		c := l.connect(alice)
		for i := range 3 { // each message has its own time, also when they follow close upon another
			m, next := numbered(i, 200), numbered(i+1, 200)
			if i == 0 {
				writeTCP(t, c, m[:150])
			}
			time.Sleep(4 * time.Second)
			writeTCP(t, c, m[150:]+next[:150])
			e.expect(t, "message")
		}
		if _, d := e.after(t, "garbled"); d != 5*time.Second {
			t.Error(d)
		}
		e.expect(t, "closed")
	})
}

func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubble(t, Limits{})
		c := l.connect(alice)
		if _, d := e.after(t, "closed"); d != 120*time.Second {
			t.Error("silent from the start:", d)
		}
		readEndTCP(t, c)
		c = l.connect(alice)
		time.Sleep(100 * time.Second)
		writeTCP(t, c, numbered(1, 5000))
		one := e.expect(t, "message").s
		time.Sleep(119 * time.Second)
		writeTCP(t, c, "\r\n\r\n")
		readTCP(t, c, "\r\n")
		time.Sleep(119 * time.Second)
		writeTCP(t, c, "\r\n") // half a ping is nothing
		if _, d := e.after(t, "closed"); d != time.Second {
			t.Error("after a ping:", d)
		}
		if s.Stats().TimedOut != 2 {
			t.Errorf("%+v", s.Stats())
		}
		one.Keep(time.Hour) // of one that has ended
	})
}

func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubble(t, Limits{})
		c := l.connect(alice)
		e.answer = func(s *Conn, data []byte) { s.Keep(3605 * time.Second) }
		writeTCP(t, c, numbered(1, 100))
		e.expect(t, "message")
		if _, d := e.after(t, "closed"); d != 3605*time.Second {
			t.Error(d)
		}
		c = l.connect(alice)
		writeTCP(t, c, numbered(1, 100))
		m := e.expect(t, "message")
		time.Sleep(200 * time.Second)
		m.s.Keep(0)
		if _, d := e.after(t, "closed"); d > 120*time.Second {
			t.Error("taken back:", d)
		}
	})
}

func TestPingsAreCountedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, _ := inBubble(t, Limits{})
		c := l.connect(alice)
		for range 30 {
			time.Sleep(2 * time.Second)
			writeTCP(t, c, "\r\n\r\n")
			readTCP(t, c, "\r\n")
		}
		if s.Stats().Pings != 30 {
			t.Errorf("%+v", s.Stats())
		}
	})
}

func TestAPeerThatReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubble(t, Limits{Queue: 1000})
		c := l.connect(alice)
		writeTCP(t, c, numbered(1, 100))
		m := e.expect(t, "message")
		for i := range 10 {
			if err := s.Send([]byte(numbered(i, 100)), alice); err != nil {
				t.Fatal(i, err)
			}
		}
		if err := m.s.Send([]byte("x")); !errors.Is(err, ErrFull) {
			t.Error(err)
		}
		if err := m.s.Send(make([]byte, 1001)); !errors.Is(err, ErrSize) {
			t.Error(err)
		}
		readTCP(t, c, numbered(0, 100)+numbered(1, 100)[:50])
		c0, d := e.after(t, "lost")
		if d != 2*time.Second || c0.data != numbered(0, 100) || !errors.Is(c0.err, ErrUnsure) {
			t.Errorf("%v: %+v", d, c0)
		}
		for i := 1; i < 10; i++ { // the first of them was written in part
			if g := e.expect(t, "lost"); g.data != numbered(i, 100) || g.peer != alice || errors.Is(g.err, ErrUnsure) {
				t.Errorf("%q, %v", g.data, g.err)
			}
		}
		e.expect(t, "closed")
		e.none(t)
	})
}

func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubble(t, Limits{})
		c := l.connect(alice)
		writeTCP(t, c, numbered(1, 100))
		m := e.expect(t, "message")
		m.s.Send([]byte("one"))
		synctest.Wait() // it is being written
		time.Sleep(time.Second)
		m.s.Send([]byte("two"))
		m.s.Close()
		if s.Find(m.s.ID()) != nil {
			t.Error("found though closed")
		}
		if g, d := e.after(t, "lost"); g.data != "one" || d != 2*time.Second {
			t.Error(g.data, d)
		}
		if g := e.expect(t, "lost"); g.data != "two" {
			t.Error(g.data)
		}
		e.expect(t, "closed")
	})
}

func TestOneDialForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := inBubble(t, Limits{Queue: 1000})
		here, there := pipe(alice)
		dials := 0
		s.Dial = func(ctx context.Context, to Peer) (net.Conn, error) {
			if dials++; to.Addr != alice {
				t.Error(to)
			}
			time.Sleep(900 * time.Millisecond)
			return here, nil
		}
		for i := range 10 {
			go func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				if err := s.Send([]byte(numbered(i, 100)), alice); err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(500 * time.Millisecond)
		if err := s.Send([]byte("x"), alice); !errors.Is(err, ErrFull) {
			t.Error(err)
		}
		for i := range 10 {
			readTCP(t, there, numbered(i, 100))
		}
		if dials != 1 || s.Stats().Dialled != 1 || s.Stats().Open != 1 {
			t.Error(dials, s.Stats())
		}
	})
}

func TestDialling(t *testing.T) {
	refused := errors.New("refused")
	synctest.Test(t, func(t *testing.T) {
		s, _, e := inBubble(t, Limits{Total: 2})
		s.Dial = func(ctx context.Context, to Peer) (net.Conn, error) {
			select {
			case <-time.After(time.Second):
				return nil, refused
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		s.Send([]byte("one"), alice)
		s.Send([]byte("two"), alice)
		s.Send([]byte("three"), ours)
		if err := s.Send([]byte("four"), at("192.0.2.9:1")); !errors.Is(err, ErrFull) {
			t.Error("above Total:", err)
		}
		time.Sleep(2 * time.Second)
		seen := make(map[string]bool)
		for range 3 {
			c := e.expect(t, "lost")
			seen[c.data] = errors.Is(c.err, refused)
		}
		if !seen["one"] || !seen["two"] || !seen["three"] {
			t.Error(seen)
		}
		s.Send([]byte("five"), alice) // still dialling when Run ends: that is no loss anybody is told of
		if s.Stats().DialFailed != 2 {
			t.Errorf("%+v", s.Stats())
		}
		e.none(t)
	})
}

func TestCloseWhileDialling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, e := inBubble(t, Limits{})
		here, there := pipe(alice)
		s.Dial = func(ctx context.Context, to Peer) (net.Conn, error) {
			time.Sleep(time.Second)
			return here, nil
		}
		s.Send([]byte("one"), alice)
		s.mu.RLock()
		one := s.peers[Peer{Addr: alice}]
		s.mu.RUnlock()
		if one.Local().IsValid() {
			t.Error(one.Local())
		}
		one.Close()
		readTCP(t, there, "one")
		readEndTCP(t, there)
		e.expect(t, "closed")
	})
}

func TestAcceptBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, e := newPipes(), newEar()
		for range 12 {
			l.errs = append(l.errs, &net.OpError{Op: "accept", Err: syscall.EMFILE})
		}
		l.errs = append(l.errs, syscall.ECONNABORTED)
		var log strings.Builder
		s := &Pool{Listener: l, Log: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, e) }()
		c := l.connect(alice)
		writeTCP(t, c, numbered(1, 100))
		e.expect(t, "message")
		cancel()
		l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		var pauses []time.Duration
		for i := range l.times[1:] {
			pauses = append(pauses, l.times[i+1].Sub(l.times[i]))
		}
		if pauses[0] != 5*time.Millisecond || pauses[1] != 10*time.Millisecond || pauses[11] != time.Second {
			t.Error(pauses)
		}
		if n := strings.Count(log.String(), "\n"); n < 2 || n > 7 || s.Stats().AcceptFailed != 13 {
			t.Errorf("%d lines, %+v", n, s.Stats())
		}
	})
}

// TestWhatRestsIsSmall: big blocks, and what is remembered of messages written, are given back in silence.
func TestWhatRestsIsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubble(t, Limits{})
		c := l.connect(alice)
		e.answer = func(s *Conn, data []byte) { s.Send([]byte("answer")) }
		writeTCP(t, c, numbered(1, 60000))
		readTCP(t, c, "answer")
		m := e.expect(t, "message")
		synctest.Wait()
		held := func() bool {
			m.s.mu.Lock()
			defer m.s.mu.Unlock()
			return m.s.unsure != nil
		}
		if !held() {
			t.Error("what was written is forgotten at once")
		}
		time.Sleep(2 * restAfter)
		synctest.Wait()
		if held() {
			t.Error("what was written is not forgotten")
		}
		m.s.mu.Lock()
		if left := time.Until(m.s.due); left < 100*time.Second {
			t.Errorf("the reader wakes again in %v, for nothing", left)
		}
		m.s.mu.Unlock()
		writeTCP(t, c, numbered(2, 60000)) // and it goes on as before
		readTCP(t, c, "answer")
	})
}

var _ io.Closer = (*pipes)(nil)

// watched is a connection that remembers its write deadline.
type watched struct {
	net.Conn
	mu sync.Mutex
	by time.Time
}

func (w *watched) SetDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.by = t
	return w.Conn.SetDeadline(t)
}

func (w *watched) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.by = t
	return w.Conn.SetWriteDeadline(t)
}

func TestNoDeadlineIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubble(t, Limits{})
		here, there := pipe(alice)
		w := &watched{Conn: here}
		l.conns <- w
		writeTCP(t, there, numbered(1, 100))
		m := e.expect(t, "message")
		m.s.Send([]byte("one"))
		synctest.Wait()
		if left := time.Until(w.by); left != 2*time.Second {
			t.Error("while it writes:", left)
		}
		readTCP(t, there, "one")
		synctest.Wait()
		if !w.by.IsZero() {
			t.Error("a write deadline stays, and would end what is written later")
		}
	})
}

func TestAPongIsNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubble(t, Limits{})
		c := l.connect(alice)
		writeTCP(t, c, "\r\n\r\n") // and its answer is never read
		if _, d := e.after(t, "closed"); d != 2*time.Second {
			t.Error(d)
		}
		e.none(t)
	})
}

func TestADialThatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, l := newEar(), newPipes()
		here, there := pipe(alice)
		s := &Pool{Listener: l, Dial: func(ctx context.Context, to Peer) (net.Conn, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			return here, nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, e) }()
		synctest.Wait()
		s.Send([]byte("one"), alice)
		cancel() // first: a listener that closes before is an error
		l.Close()
		start := time.Now()
		if err := <-done; err != nil || time.Since(start) > time.Second {
			t.Error(err, time.Since(start))
		}
		there.Close()
		e.expect(t, "closed")
		e.none(t)
	})
}

// A listener that no deadline wakes is closed at the end of Run, and may be a moment earlier than the pool hears of it. Closed by somebody else
// it is an error.
func TestListenerIsClosed(t *testing.T) {
	for _, early := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			l, done := newPipes(), make(chan error, 1)
			go func() { done <- (&Pool{Listener: l}).Run(ctx, newEar()) }()
			synctest.Wait()
			l.Close()
			synctest.Wait()
			if early {
				cancel()
			}
			if err := <-done; errors.Is(err, net.ErrClosed) == early {
				t.Errorf("closed at the end %v: %v", early, err)
			}
			cancel()
		})
	}
}
