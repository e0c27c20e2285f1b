package messages

import (
	"errors"
	"strings"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/trace"
)

// written are the heads of an exchange, written by hand.
type written struct{ request, answer string }

func (w written) AppendHead(b []byte, h Head) []byte {
	switch h {
	case Left:
		return append(b, w.request...)
	case AnswerLeft:
		return append(b, w.answer...)
	}
	return b
}

var login = written{"GET /login?password=SECRET HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 \r\nSet-Cookie: SECRET\r\n\r\n"}

func texts(list []Kept) string {
	var b strings.Builder
	for _, k := range list {
		b.Write(k.Text)
		for _, h := range k.Heads {
			b.Write(h)
		}
	}
	return b.String()
}

func TestOnlyWatchedSessionsKeepTexts(t *testing.T) {
	l := clocked(1 << 20)
	exchange := func(n int) {
		l.Exchange(&Exchange{Session: id(n), Method: "GET", Target: "/login", Status: 200, Heads: login, Began: noon})
	}
	exchange(1)
	l.Message(invite("a@x"))
	if err := l.Watch(id(1), []uint64{trace.CallMark("a@x")}, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	exchange(1)
	exchange(2)
	l.Message(invite("a@x"))
	l.Message(invite("b@x"))
	got := l.Kept(id(1), []uint64{trace.CallMark("a@x"), trace.CallMark("b@x"), trace.SessionMark(id(2))})
	if len(got) != 2 || strings.Contains(texts(got), "SECRET") || !strings.Contains(texts(got), "Authorization: ***") || !strings.Contains(texts(got), "/login?password=***") {
		t.Errorf("%d kept: %s", len(got), texts(got))
	}
}

// A call that begins while its session is watched is kept from its first
// message on, though that was not known to be of the session when it came.
func TestTheFirstMessageOfACall(t *testing.T) {
	l := clocked(1 << 20)
	if err := l.Watch(id(1), nil, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	came := invite("a@x")
	l.Message(came)
	l.Linked(id(2), trace.CallMark("b@x"))
	l.Linked(id(1), trace.CallMark("a@x"))
	left := invite("a@x")
	left.Out, left.Came, left.Data = true, came.Data, []byte("INVITE sip:bob@node SIP/2.0\r\n\r\n")
	l.Message(left)
	l.Message(left)
	l.Message(invite("b@x"))
	calls := []uint64{trace.CallMark("a@x"), trace.CallMark("b@x")}
	got, all := l.Kept(id(1), calls), l.Of(id(1), calls[:1])
	if len(got) != 3 || got[0].Out || !got[1].Out || got[0].N != all[0].N || got[1].N != all[1].N || !strings.Contains(string(got[0].Text), "bob@h") {
		t.Errorf("%d kept: %s", len(got), texts(got))
	}
}

func TestWatchingEnds(t *testing.T) {
	at := noon
	l := &Log{MaxBytes: 1 << 20, Now: func() time.Time { return at }}
	call := []uint64{trace.CallMark("a@x")}
	l.Watch(id(1), call, noon.Add(time.Minute))
	l.Message(invite("a@x"))
	at = noon.Add(time.Minute)
	l.Message(invite("a@x"))
	if got := l.Kept(id(1), call); len(got) != 1 {
		t.Errorf("%d kept", len(got))
	}
	if l.tapes.follow.Load() || !l.Watched(id(1)).IsZero() {
		t.Error("still watched")
	}
	l.Watch(id(1), call, at.Add(time.Minute))
	if l.Watched(id(1)) != at.Add(time.Minute) {
		t.Error("not watched again")
	}
	l.Watch(id(1), call, at)
	if l.Message(invite("a@x")); len(l.Kept(id(1), call)) != 1 || l.tapes.follow.Load() {
		t.Error("taken back, and still watched")
	}
}

func TestWatchingIsBounded(t *testing.T) {
	l := clocked(1 << 18)
	for n := range maxWatched {
		if err := l.Watch(id(n+1), nil, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Watch(id(maxWatched+1), nil, noon.Add(time.Hour)); !errors.Is(err, ErrWatched) {
		t.Error(err)
	}
	if err := l.Watch(id(1), nil, noon.Add(2*time.Hour)); err != nil {
		t.Error("longer:", err)
	}
	big := written{"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 10000) + "\r\n\r\n", "HTTP/1.1 200 \r\n\r\n"}
	for n := range 3 * maxKept {
		l.Exchange(&Exchange{Session: id(n%5 + 1), Method: "GET", Heads: big, Began: noon})
		sum := int64(0)
		for e := l.tapes.used.Front(); e != nil; e = e.Next() {
			x, own := e.Value.(*tape), int64(keptCost)
			for i := range x.kept {
				own += x.kept[i].cost()
			}
			if x.bytes != own {
				t.Fatalf("a tape of %d says %d", own, x.bytes)
			}
			sum += own
		}
		if l.tapes.held != sum || sum > l.tapes.budget || len(l.tapes.of) != l.tapes.used.Len() {
			t.Fatalf("held %d, counted %d, allowed %d", l.tapes.held, sum, l.tapes.budget)
		}
	}
	var small Log
	small.MaxBytes = 1 << 20
	small.Watch(id(1), nil, time.Now().Add(time.Hour))
	for range 2 * maxKept {
		small.Exchange(&Exchange{Session: id(1), Method: "GET", Heads: login})
	}
	if n := len(small.Kept(id(1), nil)); n != maxKept {
		t.Errorf("%d kept", n)
	}
}

func TestNothingCanBeWatchedWhenOff(t *testing.T) {
	var none *Log
	for _, l := range []*Log{none, {}} {
		if l.Watch(id(1), nil, noon) == nil {
			t.Error("watched")
		}
		l.Linked(id(1), 1)
		if len(l.Kept(id(1), nil)) != 0 || !l.Watched(id(1)).IsZero() {
			t.Error("kept")
		}
	}
	if clocked(1<<20).Watch(appsession.ID{}, nil, noon) == nil {
		t.Error("no session, and watched")
	}
}
