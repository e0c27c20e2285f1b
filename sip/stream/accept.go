package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// The pace of a listener that only fails: it doubles from one to the other.
const (
	acceptPause   = 5 * time.Millisecond
	acceptLongest = time.Second
)

// accept serves what comes in until ctx ends or the listener is closed.
func (t *Pool) accept(ctx context.Context) error {
	if l, ok := t.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		if err := l.SetDeadline(time.Time{}); err != nil {
			return fmt.Errorf("accept on %s: %w", t.Listener.Addr(), err)
		}
		// The deadline wakes Accept; the listener may be run again.
		stop := context.AfterFunc(ctx, func() { l.SetDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	var wait time.Duration
	var logged time.Time
	for {
		conn, err := t.Listener.Accept()
		switch {
		case err == nil:
			wait = 0
			t.admit(conn)
			continue
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept on %s: %w", t.Listener.Addr(), err)
		}
		t.counted.acceptFailed.Add(1)
		if errors.Is(err, syscall.ECONNABORTED) {
			continue // the peer gave up while it waited: one connection, one error
		}
		// No files or no memory: those who wait stay in the system's queue.
		wait = min(max(2*wait, acceptPause), acceptLongest)
		if now := time.Now(); t.Log != nil && now.Sub(logged) >= acceptLongest {
			logged = now
			t.Log.Warn("connections cannot be accepted", "addr", t.Listener.Addr(), "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// admit serves a connection, or closes it when there are too many.
func (t *Pool) admit(conn net.Conn) {
	peer := endpoint(conn.RemoteAddr())
	t.mu.Lock()
	var s *Conn
	switch {
	case t.ctx.Err() != nil: // Run is about to return
	case t.accepted >= t.limits.Total:
		t.counted.refusedTotal.Add(1)
	case t.sources[source(peer.Addr())] >= t.limits.PerSource && !t.exempt(peer.Addr().WithZone("")):
		t.counted.refusedSource.Add(1)
	case !t.Budget.take(false):
		t.counted.refusedTotal.Add(1)
	default:
		s = t.add(peer, false)
	}
	t.mu.Unlock()
	if s == nil {
		conn.Close()
		return
	}
	t.counted.accepted.Add(1)
	t.counted.open.Add(1)
	go func() {
		defer t.running.Done()
		s.serve(conn)
	}()
}

func (t *Pool) exempt(a netip.Addr) bool { return t.Exempt != nil && t.Exempt(a) }
