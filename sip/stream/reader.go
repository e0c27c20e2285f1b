package stream

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// How a reader ends in good order.
var (
	errDone = errors.New("done") // we end it
	errEOF  = io.EOF             // the peer sends nothing more
)

// pingWindow is what Limits.Pings counts in.
const pingWindow = 10 * time.Second

// restAfter is how long a connection must be silent to give back what it holds beyond its idle block, and how long after writing the
// break of a silent connection is put down to the message: between once and twice that.
const restAfter = 2 * time.Second

var pong = []byte("\r\n")

// reader is the goroutine of a connection. All its deadlines live in the read deadline of the connection, which is moved only when it
// must come earlier or has passed: a message costs no timer.
type reader struct {
	s      *Conn
	conn   net.Conn
	framer framer

	last  time.Time // when something was last read
	whole time.Time // when a message or a ping was last complete
	begun time.Time // when the first byte of the message at hand was read; zero = none is
	pings int       // since window
	first time.Time // of those pings
}

// run reads and hands over until the connection ends.
func (r *reader) run() error {
	now := time.Now()
	r.last, r.whole = now, now
	for {
		r.arm(now)
		if r.s.closing.Load() {
			return errDone
		}
		n, err := r.conn.Read(r.framer.room())
		now = time.Now()
		if n > 0 {
			r.s.heard.Add(1)
			r.last = now
			r.framer.fed(n)
			if err := r.deliver(now); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := r.look(now); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// deliver hands over what is whole.
func (r *reader) deliver(now time.Time) error {
	s, t := r.s, r.s.pool
	for {
		kind, data := r.framer.next()
		switch kind {
		case wholeFrame:
			r.begun, r.whole = time.Time{}, now
			t.handler.Message(s, data)
		case pingFrame:
			r.whole = now
			if !r.pong(now) {
				t.counted.pingFlood.Add(1)
				return errDone
			}
		case brokenFrame:
			t.counted.garbled.Add(1)
			t.handler.Garbled(s, r.framer.unread(), r.framer.err)
			return errDone
		default:
			if r.begun.IsZero() && r.framer.partial() {
				r.begun = now
			}
			return nil
		}
		if s.closing.Load() {
			return errDone
		}
	}
}

// pong answers a ping; false means that there were too many.
func (r *reader) pong(now time.Time) bool {
	if now.Sub(r.first) >= pingWindow {
		r.first, r.pings = now, 0
	}
	if r.pings++; r.pings > r.s.pool.limits.Pings {
		return false
	}
	r.s.pool.counted.pings.Add(1)
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.send(pong, true) // if that fails, there is nobody to tell
	return true
}

// look is called when the read deadline has passed; it says whether that means the end.
func (r *reader) look(now time.Time) error {
	s, t := r.s, r.s.pool
	s.mu.Lock()
	s.due, s.watched = time.Time{}, false
	if s.unsure != nil && (s.stale || s.heard.Load() != s.heardAt) {
		s.unsure.free()
		s.unsure = nil
	}
	s.stale = true
	s.watched = s.unsure != nil
	broken := s.broken
	s.mu.Unlock()
	if now.Sub(r.last) >= restAfter {
		r.framer.rest()
	}
	switch {
	case broken != nil:
		return broken
	case s.closing.Load():
		return errDone
	case !r.begun.IsZero() && !now.Before(r.begun.Add(t.limits.Partial)):
		t.counted.timedOut.Add(1)
		t.handler.Garbled(s, r.framer.unread(), ErrLate)
		return errDone
	case !now.Before(r.whole.Add(r.idle())):
		t.counted.timedOut.Add(1)
		return errDone
	}
	return nil
}

func (r *reader) idle() time.Duration {
	return max(r.s.pool.limits.Idle, time.Duration(r.s.keep.Load()))
}

// arm sets the read deadline to the next time something may be due.
func (r *reader) arm(now time.Time) {
	s, t := r.s, r.s.pool
	at := r.whole.Add(r.idle())
	if soon := now.Add(t.limits.Idle); soon.Before(at) {
		at = soon // what Keep says may have changed by then
	}
	if !r.begun.IsZero() {
		at = earlier(at, r.begun.Add(t.limits.Partial))
	}
	if r.framer.large() {
		at = earlier(at, now.Add(restAfter))
	}
	s.mu.Lock()
	if s.watched {
		at = earlier(at, now.Add(restAfter))
	}
	s.wake(at)
	s.mu.Unlock()
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
