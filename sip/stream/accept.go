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
	if t.Listener == nil {
		<-ctx.Done()
		return nil
	}
	l, wakes := t.Listener.(interface{ SetDeadline(time.Time) error })
	if wakes {
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
		case errors.Is(err, net.ErrClosed) && (wakes || !ends(ctx)):
			return fmt.Errorf("accept on %s: %w", t.Listener.Addr(), err)
		case errors.Is(err, net.ErrClosed):
			return nil
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

// ends tells whether a context ends within a moment: who closes a listener because another one has, from which this one comes, may be faster
// than that.
func ends(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(time.Second):
		return false
	}
}

// admit serves a connection, or closes it when there are too many.
func (t *Pool) admit(conn net.Conn) {
	s, err := t.enter(endpoint(conn.RemoteAddr()))
	if err != nil {
		conn.Close()
		return
	}
	go func() {
		defer t.running.Done()
		s.take(conn)
		early, err := s.greet()
		if err != nil {
			t.counted.refusedGreet.Add(1)
			s.hangUp()
			t.drop(s)
			return
		}
		t.publish(s)
		s.serve(early)
	}()
}

// Adopt takes over a connection that somebody else accepted, and early, what was read from it and belongs to the messages. It is counted
// and limited as those that the Listener accepts; Greet is not called. first, unless nil, is called before anything is handed over, by the
// goroutine of Adopt, with a connection that is found and sent to already. ErrFull: there are too many; anything else: the pool does not
// run. conn is closed where an error is returned.
func (t *Pool) Adopt(conn net.Conn, early []byte, first func(*Conn)) error {
	s, err := t.enter(endpoint(conn.RemoteAddr()))
	if err != nil {
		conn.Close()
		return fmt.Errorf("adopt a connection of %s: %w", conn.RemoteAddr(), err)
	}
	s.take(conn)
	t.publish(s)
	if first != nil {
		first(s)
	}
	go func() {
		defer t.running.Done()
		s.serve(early)
	}()
	return nil
}

// enter counts an accepted connection, unless there are too many.
func (t *Pool) enter(peer netip.AddrPort) (*Conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ctx == nil || t.ctx.Err() != nil: // Run is about to return
		return nil, net.ErrClosed
	case t.accepted >= t.limits.Total:
		t.counted.refusedTotal.Add(1)
		return nil, ErrFull
	case t.sources[source(peer.Addr())] >= t.limits.PerSource && !t.exempt(peer.Addr().WithZone("")):
		t.counted.refusedSource.Add(1)
		return nil, ErrFull
	case !t.Budget.take(false):
		t.counted.refusedTotal.Add(1)
		return nil, ErrFull
	}
	return t.add(Peer{Addr: peer}, false), nil
}

// greet runs Greet in the time it has.
func (s *Conn) greet() ([]byte, error) {
	t := s.pool
	if t.Greet == nil {
		return nil, nil
	}
	s.conn.SetDeadline(time.Now().Add(t.limits.Greet))
	early, err := t.Greet(s.conn)
	if err != nil {
		return nil, err
	}
	return early, s.conn.SetDeadline(time.Time{})
}

func (t *Pool) exempt(a netip.Addr) bool { return t.Exempt != nil && t.Exempt(a) }
