package stream

import (
	"io"
	"time"
)

// settle ends our direction and waits, at most until the time for writing is over, for what becomes of the last messages written. A
// socket that is closed while bytes of the peer are unread, as after a message too long, would take its answer back with a reset; and a
// peer that had closed before our message came answers it with one. ended is true when the peer's direction has.
func (s *Conn) settle(ended bool) {
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok {
		return
	}
	half.CloseWrite() // fails where a reset has come already, which shows below
	s.conn.SetReadDeadline(s.until)
	if !ended {
		if err := discard(s.conn, s.until); err != nil {
			return // a peer that stays, or breaks off what it sends, after all was written is no proof of a loss
		}
	}
	if s.direct != nil {
		s.broken = s.direct.outcome()
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
	return io.ErrNoProgress
}
