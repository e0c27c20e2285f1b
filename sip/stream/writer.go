package stream

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// chunk is what one Write is given, which must be done within Limits.Write.
const chunk = 64 << 10

// maxUnsure is how many bytes of written messages are kept in case the connection breaks.
const maxUnsure = 64 << 10

// send writes one message at once if nothing is before it, else queues it. The lock is held.
func (s *Conn) send(message []byte) error {
	switch {
	case s.ended:
		return errGone
	case len(message) > s.pool.limits.Queue:
		return ErrSize
	case s.plain:
		return s.put(message, len(message))
	}
	p := newBundle()
	defer p.free()
	p.data = s.codec.Wrap(p.data, message)
	return s.put(p.data, len(message))
}

// put writes b, which ends with a message of that size, or queues it. The lock is held.
func (s *Conn) put(b []byte, size int) error {
	n := 0
	if !s.writing && s.waiting == nil && s.direct != nil {
		heard := s.heard.Load()
		var err error
		if n, err = s.direct.write(b); err != nil {
			s.fail(err)
			return errGone
		}
		if n == len(b) {
			s.remember(b[len(b)-size:], heard)
			return nil
		}
	}
	if s.waiting.left()+s.flight.left()+len(b) > s.pool.limits.Queue && n == 0 {
		return ErrFull
	}
	if s.waiting == nil {
		s.waiting = newBundle()
	}
	s.waiting.add(b, size)
	s.waiting.done += n // only ever of the first
	if s.conn != nil && !s.writing {
		s.write()
	}
	return nil
}

// mutter sends what is no message, and has nobody to tell if that fails. The lock is held.
func (s *Conn) mutter(b []byte) {
	if !s.ended && len(b) > 0 {
		s.put(b, 0)
	}
}

// ping asks the peer for a sign of life.
func (s *Conn) ping() {
	p := newBundle()
	defer p.free()
	s.mu.Lock()
	defer s.mu.Unlock()
	p.data = s.codec.Ping(p.data)
	s.mutter(p.data)
}

// fail notes that nothing can be written any more. The reader finds the same, or is woken, and reports what is lost. The lock is held.
func (s *Conn) fail(err error) {
	s.ended = true
	if s.broken == nil {
		s.broken = err
	}
	at := time.Unix(1, 0)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		at = time.Now().Add(restAfter) // a connection that was reset may still hold answers to be read; then reading fails by itself
	}
	s.wake(at)
}

// write starts the writer. The lock is held.
func (s *Conn) write() {
	s.writing = true
	go s.writer(s.conn)
}

// writer writes what waits, and then ends: an idle connection has none. finish waits for it.
func (s *Conn) writer(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.broken == nil && s.waiting != nil {
		s.flight, s.waiting = s.waiting, nil
		if err := s.fly(conn); err != nil {
			s.fail(fmt.Errorf("write: %w", err))
			break
		}
		s.flight.free()
		s.flight = nil
	}
	if s.broken == nil {
		s.restDeadline()
	}
	s.writing = false
	if s.written != nil {
		close(s.written)
		s.written = nil
	}
}

// fly writes the bundle in flight. The lock is held, but for the writing.
func (s *Conn) fly(conn net.Conn) error {
	p := s.flight
	next := 0 // the first message not written whole
	for p.left() > 0 {
		by := s.until
		if !s.ended {
			by = time.Now().Add(s.pool.limits.Write)
		}
		conn.SetWriteDeadline(by)
		heard := s.heard.Load()
		b := p.data[p.done:min(len(p.data), p.done+chunk)]
		s.mu.Unlock()
		n, err := conn.Write(b)
		s.mu.Lock()
		p.done += n
		for ; next < len(p.ends) && p.ends[next].at <= p.done; next++ {
			e := p.ends[next]
			s.remember(p.data[e.at-e.size:e.at], heard)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remember keeps a message that was written until the peer is heard again or some time has passed: what TCP took is not what the peer
// read. heard is s.heard from before it was written. The lock is held.
func (s *Conn) remember(b []byte, heard uint64) {
	if len(b) == 0 {
		return
	}
	if s.unsure == nil {
		s.unsure = newBundle()
		s.heardAt = heard
	} else if s.heardAt != heard {
		s.unsure.data, s.unsure.ends = s.unsure.data[:0], s.unsure.ends[:0]
		s.heardAt = heard
	}
	if len(s.unsure.data)+len(b) > maxUnsure {
		return
	}
	s.unsure.add(b, len(b))
	s.stale = false
	if !s.watched {
		s.watched = true
		s.wake(time.Now().Add(restAfter))
	}
}
