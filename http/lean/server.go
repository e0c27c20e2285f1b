package lean

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// watchAfter is how long a request is served before somebody looks whether its
// client is still there: looking costs more than a quick answer does.
const watchAfter = 500 * time.Millisecond

// A Verdict says what became of a request.
type Verdict uint8

// The verdicts.
const (
	Served    Verdict = iota // it is answered
	Cut                      // its answer cannot be completed: the connection is closed
	Elsewhere                // nothing was done about it: net/http is to serve it, and all that follow
)

// A Server serves what is plain on the connections of its listeners. Its
// fields are set before it is used.
type Server struct {
	// Handle serves the request that Conn.Request reads.
	Handle func(*Conn) Verdict
	// HeaderBytes bounds a head, HeaderTimeout the time for it, IdleTimeout the
	// time between two requests.
	HeaderBytes                int
	HeaderTimeout, IdleTimeout time.Duration
	// Stall is how long a client may take to make room for what is written.
	Stall func() time.Duration
	// Log is told of a Handle that panicked.
	Log *slog.Logger

	closing atomic.Bool
	date    atomic.Pointer[date]
	running sync.WaitGroup

	mu    sync.Mutex // guards what follows
	conns map[*Conn]struct{}
}

// Listen makes a listener of l that accepts only what is not served here:
// connections that went over, and those that are no TCP.
func (s *Server) Listen(l net.Listener) net.Listener {
	return &listener{Listener: l, s: s, ready: make(chan accepted), closed: make(chan struct{})}
}

// A socket is a *net.TCPConn, or has one in it.
type socket interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

type listener struct {
	net.Listener
	s       *Server
	ready   chan accepted
	start   sync.Once
	end     sync.Once
	closed  chan struct{}
	running sync.WaitGroup
}

type accepted struct {
	conn net.Conn
	err  error
}

// Accept returns the next connection that is for net/http. The first call
// begins to accept.
func (l *listener) Accept() (net.Conn, error) {
	l.start.Do(func() { l.running.Go(l.accept) })
	select {
	case a := <-l.ready:
		return a.conn, a.err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) accept() {
	for {
		nc, err := l.Listener.Accept()
		if tcp, ok := nc.(socket); err == nil && ok {
			l.s.add(l, tcp)
			continue
		}
		if !l.give(accepted{nc, err}) || errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// give hands something to Accept, and tells whether it was wanted.
func (l *listener) give(a accepted) bool {
	select {
	case l.ready <- a:
		return true
	case <-l.closed:
		if a.conn != nil {
			a.conn.Close()
		}
		return false
	}
}

// Close ends the listener, not the connections.
func (l *listener) Close() error {
	var err error
	l.start.Do(func() {}) // either it accepts by now, or it never will
	l.end.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
		l.running.Wait()
	})
	return err
}

// handOver gives a connection to net/http, with what was read and not served.
func (l *listener) handOver(c *Conn) {
	c.nc.SetDeadline(time.Time{})
	l.give(accepted{conn: &handed{Conn: c.nc, early: c.buf[c.r:c.w]}})
}

// handed is a connection whose first bytes were read already.
type handed struct {
	net.Conn
	early []byte
}

func (h *handed) Read(p []byte) (int, error) {
	if len(h.early) == 0 {
		return h.Conn.Read(p)
	}
	n := copy(p, h.early)
	if h.early = h.early[n:]; len(h.early) == 0 {
		h.early = nil
	}
	return n, nil
}

// NetConn is the connection itself, which is short of those bytes.
func (h *handed) NetConn() net.Conn { return h.Conn }

// CloseWrite tells the client that nothing more comes.
func (h *handed) CloseWrite() error { return h.Conn.(socket).CloseWrite() }

func (s *Server) add(l *listener, nc socket) {
	c := &Conn{s: s, home: l, nc: nc, buf: make([]byte, firstRead)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		remote := a.AddrPort()
		c.peer.Remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	}
	if a, ok := nc.LocalAddr().(*net.TCPAddr); ok {
		c.peer.Local = a.AddrPort()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		nc.Close()
		return
	}
	if s.conns == nil {
		s.conns = make(map[*Conn]struct{})
	}
	s.conns[c] = struct{}{}
	s.running.Go(c.serve)
}

func (s *Server) remove(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// each calls f with every connection there is.
func (s *Server) each(f func(*Conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}

// Run looks after the clients of requests that take long, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	tick := time.NewTicker(watchAfter)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.each(func(c *Conn) { c.watch(now.Add(-watchAfter)) })
		}
	}
}

// Shutdown closes connections as soon as no request is being served on them,
// and all when ctx ends. It returns when none is left, ctx's error if one was
// cut.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing.Store(true)
	s.mu.Unlock()
	s.each((*Conn).retire)
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.each(func(c *Conn) {
		c.cancel()
		c.nc.Close()
	})
	<-done
	return ctx.Err()
}

// failed notes a panic of Handle, as net/http does.
func (s *Server) failed(p any) {
	if s.Log != nil {
		s.Log.Error("request panicked", "proto", "http", "err", p, "stack", string(debug.Stack()))
	}
}
