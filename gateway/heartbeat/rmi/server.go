package rmi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/gateway/heartbeat"
	"twinhop/gateway/heartbeat/rmi/jser"
)

// Roster is where what nodes say goes: *heartbeat.Roster.
type Roster interface {
	Allowed(from netip.Addr) bool
	Ping(from netip.Addr, a heartbeat.Announcement) error
	Remove(from netip.Addr, a heartbeat.Announcement) error
	Switchover(ctx context.Context, from netip.Addr, fromRoute, toRoute string) error
}

// Limits bound what connections cost. What is zero is as in DefaultLimits.
type Limits struct {
	Connections int           // at a time
	PerSource   int           // at a time of one address
	Idle        time.Duration // between calls; clients of the JDK close after 15 s themselves
	Partial     time.Duration // for the handshake, for one call to arrive, for one answer to be taken
	Lease       time.Duration // what garbage collection of clients is told: how long until they ask again
	Stream      jser.Limits   // of the arguments of one call
	Large       int           // of all calls that are not over yet, in bytes beyond the first 4 KiB of each
}

// DefaultLimits are for 256 nodes, many of them on one machine.
var DefaultLimits = Limits{
	Connections: 1024, PerSource: 256, Idle: time.Minute, Partial: 5 * time.Second,
	Lease: 10 * time.Minute, Stream: jser.DefaultLimits, Large: 1 << 20,
}

// Server answers nodes. Fields are not to be changed while it runs.
type Server struct {
	Roster   Roster
	Registry net.Listener // where nodes look the balancer up
	Objects  net.Listener // where they call it; nil: at the registry too
	Host     string       // what nodes are told to connect to; "": the address they came to
	Limits   Limits
	Log      *slog.Logger // nil = discard

	mu      sync.Mutex
	conns   map[net.Conn]netip.Addr // nil when it ends
	sources map[netip.Addr]int
	warned  atomic.Int64 // when something refused was last told, in nanoseconds
	ids     uniqueIDs
	large   atomic.Int64 // what calls have of Limits.Large
}

// Run serves both listeners until the context is done, then closes them and all
// connections. An error of a listener ends it.
func (s *Server) Run(ctx context.Context) error {
	s.begin()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	listeners := []net.Listener{s.Registry}
	if s.Objects != nil {
		listeners = append(listeners, s.Objects)
	}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		wg.Go(func() {
			failed <- s.accept(ctx, l, &wg)
			stop()
		})
	}
	<-ctx.Done()
	for _, l := range listeners {
		l.Close()
	}
	s.closeAll()
	wg.Wait()
	var err error
	for range listeners {
		err = errors.Join(err, <-failed)
	}
	return err
}

func (s *Server) begin() {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	d := DefaultLimits
	l := &s.Limits
	for _, f := range []struct{ have, is *int }{{&l.Connections, &d.Connections}, {&l.PerSource, &d.PerSource}, {&l.Large, &d.Large}} {
		if *f.have == 0 {
			*f.have = *f.is
		}
	}
	for _, f := range []struct{ have, is *time.Duration }{{&l.Idle, &d.Idle}, {&l.Partial, &d.Partial}, {&l.Lease, &d.Lease}} {
		if *f.have == 0 {
			*f.have = *f.is
		}
	}
	if l.Stream == (jser.Limits{}) {
		l.Stream = d.Stream
	}
	s.conns, s.sources = map[net.Conn]netip.Addr{}, map[netip.Addr]int{}
	s.ids.begin(time.Now())
}

// accept takes connections until the context is done. A failure that goes away
// again, as having no file descriptor left, is waited out.
func (s *Server) accept(ctx context.Context, l net.Listener, wg *sync.WaitGroup) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		c, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				c.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			s.Log.Warn("RMI heartbeats: no connection can be taken", "err", err)
			pause.Reset(100 * time.Millisecond)
			select {
			case <-pause.C:
			case <-ctx.Done():
			}
			continue
		}
		from, ok := s.admit(c)
		if !ok {
			c.Close()
			continue
		}
		wg.Go(func() {
			defer s.leave(c, from)
			s.serve(ctx, c, from)
		})
	}
}

// admit counts a connection in, if its source may speak to us and there is room
// for it. Nothing of it was read by then.
func (s *Server) admit(c net.Conn) (netip.Addr, bool) {
	from := sourceOf(c.RemoteAddr())
	if !s.Roster.Allowed(from) {
		return from, false
	}
	s.mu.Lock()
	room := len(s.conns) < s.Limits.Connections && s.sources[from] < s.Limits.PerSource
	ends := s.conns == nil
	if room && !ends {
		s.conns[c] = from
		s.sources[from]++
	}
	s.mu.Unlock()
	if !room {
		s.warn("RMI heartbeats: too many connections, one is closed", "peer", from)
	}
	return from, room && !ends
}

func (s *Server) leave(c net.Conn, from netip.Addr) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.sources[from]--; s.sources[from] == 0 {
		delete(s.sources, from)
	}
}

func (s *Server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// complain tells of a connection that was closed for what came over it.
func (s *Server) complain(from netip.Addr, err error) {
	s.warn("RMI heartbeats: a connection is closed for what it sent", "peer", from, "err", err)
}

// warn says something at most once a second: whoever causes it can cause it often.
func (s *Server) warn(text string, args ...any) {
	last, now := s.warned.Load(), time.Now().UnixNano()
	if now-last >= int64(time.Second) && s.warned.CompareAndSwap(last, now) {
		s.Log.Warn(text, args...)
	}
}

func sourceOf(a net.Addr) netip.Addr {
	ap, _ := netip.ParseAddrPort(a.String())
	return ap.Addr().Unmap().WithZone("")
}
