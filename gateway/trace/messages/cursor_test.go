package messages

import (
	"testing"

	"twinhop/gateway/trace"
)

// A cursor gives what passes once, one call late, and no more than what is
// still there.
func TestCursor(t *testing.T) {
	l := clocked(1)
	call := trace.CallMark("a@x")
	wants := func(mark uint64) bool { return mark == call || mark == trace.SessionMark(id(1)) }
	l.Message(invite("a@x"))
	c := l.Follow()
	next := func(want int) []Summary {
		t.Helper()
		got := c.Next(wants)
		if len(got) != want {
			t.Errorf("%d, want %d", len(got), want)
		}
		return got
	}
	next(0)
	l.Message(invite("a@x"))
	l.Message(invite("b@x"))
	l.Exchange(&Exchange{Session: id(1), Method: "GET", Target: "/"})
	next(0)
	for _, s := range next(2) {
		if s.Mark != call && s.Mark != trace.SessionMark(id(1)) || s.N == 0 {
			t.Errorf("%+v", s)
		}
	}
	next(0)
	for range 3 * minRing {
		l.Message(invite("a@x"))
	}
	next(0)
	next(minRing)
	l.Message(invite("a@x"))
	c.Skip()
	next(0)
	next(0)
	var none *Log
	if got := none.Follow().Next(wants); got != nil {
		t.Errorf("%v", got)
	}
	if got := (&Log{}).Follow().Next(wants); got != nil {
		t.Errorf("%v", got)
	}
}
