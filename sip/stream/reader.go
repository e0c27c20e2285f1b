package stream

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// How a reader ends in good order, and why else it may end what it reads.
var (
	errDone = errors.New("done") // we end it
	errEOF  = io.EOF             // the peer sends nothing more

	errFlood = errors.New("too many pings")
)

// pingWindow is what Limits.Pings counts in.
const pingWindow = 10 * time.Second

// restAfter is how long a connection must be silent to give back what it holds beyond its idle block, and how long after writing the
// break of a silent connection is put down to the message: between once and twice that.
const restAfter = 2 * time.Second

// reader is the goroutine of a connection. All its deadlines live in the read deadline of the connection, which is moved only when it
// must come earlier or has passed: a message costs no timer.
type reader struct {
	s     *Conn
	conn  net.Conn
	codec Codec
	in    intake

	last  time.Time // when something was last read
	whole time.Time // when a message, or another sign of life, was last complete
	begun time.Time // when the first byte of the message at hand was read; zero = none is
	asked time.Time // when we last asked for a sign of life
	pings int       // since window
	first time.Time // of those pings
}

// run reads and hands over until the connection ends. early is as if it had been read at once.
func (r *reader) run(early []byte) error {
	now := time.Now()
	r.last, r.whole = now, now
	for len(early) > 0 {
		n := copy(r.in.room(), early)
		r.in.fed(n)
		early = early[n:]
		if err := r.deliver(now); err != nil {
			return err
		}
	}
	for {
		r.arm(now)
		if r.s.closing.Load() {
			return errDone
		}
		n, err := r.conn.Read(r.in.room())
		now = time.Now()
		if n > 0 {
			r.s.heard.Add(1)
			r.last = now
			r.in.fed(n)
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
		p := r.codec.Cut(r.in.unread())
		r.in.use(p.Used)
		switch p.Event {
		case Message:
			r.begun, r.whole = time.Time{}, now
			t.handler.Message(s, p.Data)
		case Reply:
			r.whole = now
			if !r.reply(p.Data, now) {
				t.counted.pingFlood.Add(1)
				return r.end(errFlood)
			}
		case Alive:
			r.whole = now
		case End:
			return r.leave(p.Data)
		case Broken:
			t.counted.garbled.Add(1)
			t.handler.Garbled(s, p.Data, p.Err)
			return r.end(p.Err)
		case Partial:
			if r.begun.IsZero() {
				r.begun = now
			}
		default:
			r.begun = time.Time{}
		}
		if p.Event <= Partial && (p.Used == 0 || r.in.empty()) {
			return nil
		}
		if s.closing.Load() {
			return errDone
		}
	}
}

// reply answers a ping; false means that there were too many.
func (r *reader) reply(b []byte, now time.Time) bool {
	if now.Sub(r.first) >= pingWindow {
		r.first, r.pings = now, 0
	}
	if r.pings++; r.pings > r.s.pool.limits.Pings {
		return false
	}
	r.s.pool.counted.pings.Add(1)
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.mutter(b)
	return true
}

// end says the last bytes of the codec, for a reason that is nil if all is well.
func (r *reader) end(why error) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.part(why)
	return errDone
}

// leave answers a peer that ends the connection.
func (r *reader) leave(b []byte) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.mutter(b)
	r.s.said = true
	r.s.finishing()
	return errDone
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
		r.in.rest()
	}
	switch {
	case broken != nil:
		return broken
	case s.closing.Load():
		return errDone
	case !r.begun.IsZero() && !now.Before(r.begun.Add(t.limits.Partial)):
		t.counted.timedOut.Add(1)
		t.handler.Garbled(s, r.in.unread(), ErrLate)
		return r.end(ErrLate)
	case !now.Before(r.whole.Add(r.idle())):
		t.counted.timedOut.Add(1)
		return r.end(nil)
	case !now.Before(r.ask()):
		r.asked = now
		s.ping()
	}
	return nil
}

// ask is when the peer is to be asked for a sign of life.
func (r *reader) ask() time.Time {
	at := r.last
	if at.Before(r.asked) {
		at = r.asked
	}
	return at.Add(r.s.pool.limits.Ping)
}

func (r *reader) idle() time.Duration {
	return max(r.s.pool.limits.Idle, time.Duration(r.s.keep.Load()))
}

// arm sets the read deadline to the next time something may be due.
func (r *reader) arm(now time.Time) {
	s, t := r.s, r.s.pool
	at := earlier(r.whole.Add(r.idle()), r.ask())
	if soon := now.Add(t.limits.Idle); soon.Before(at) {
		at = soon // what Keep says may have changed by then
	}
	if !r.begun.IsZero() {
		at = earlier(at, r.begun.Add(t.limits.Partial))
	}
	if r.in.large() {
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
