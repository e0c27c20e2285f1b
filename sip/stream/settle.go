package stream

import (
	"errors"
	"io"
	"os"
	"time"
)

// settle ends our direction and waits, at most until the time for writing is over, for what becomes of the last messages written, or of
// the codec's last bytes. A socket that is closed while bytes of the peer are unread, as after a message too long, would take its answer
// back with a reset; and a peer that had closed before our message came answers it with one. ended is true when the peer's direction has.
//
// With TLS the socket below knows that, but only of an end that we begin. A peer that has ended in good order answers our goodbye with a reset
// or not, whatever it had read. Of those that we have called, nodes that are stopped among them, we believe the worst then, of others the best.
func (s *Conn) settle(ended bool) {
	doubt := s.unsure != nil && s.heard.Load() == s.heardAt
	half, ok := s.bottom.(interface{ CloseWrite() error })
	if s.tls != nil {
		stop := time.AfterFunc(time.Until(s.until), func() { s.bottom.SetWriteDeadline(time.Unix(1, 0)) }) // TLS would take longer
		err := s.tls.CloseWrite()
		stop.Stop()
		switch {
		case ended:
			if doubt && s.dialled {
				s.broken = errEnded
			}
			return
		case err != nil: // the reset is seen here, and then no more
			s.unlessLate(err)
			return
		}
	}
	if !ok || !doubt && !s.said {
		return
	}
	half.CloseWrite() // fails where a reset has come already, which shows below
	s.conn.SetReadDeadline(s.until)
	if !ended {
		if err := discard(s.conn, s.until); err != nil {
			return // a peer that stays, or breaks off what it sends, after all was written is no proof of a loss
		}
	}
	if s.tls != nil { // the end of what it says is not the end of the connection
		if err := discard(s.bottom, s.until); err != nil {
			s.unlessLate(err)
			return
		}
	}
	if s.socket != nil {
		s.broken = s.socket.outcome()
	}
}

var errEnded = errors.New("the peer has ended the connection")

// unlessLate notes why the connection broke, if it did.
func (s *Conn) unlessLate(err error) {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		s.broken = err
	}
}

// discard reads to the end of what the peer sends.
func discard(r io.Reader, until time.Time) error {
	b := newBlock(0)
	defer b.free()
	for time.Now().Before(until) {
		if _, err := r.Read(b.b); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	return os.ErrDeadlineExceeded
}
