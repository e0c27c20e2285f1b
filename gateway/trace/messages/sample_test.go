package messages

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/trace"
)

// passes has an exchange of a session, and the first message of a call that
// turns out to be of it, pass.
func passes(l *Log, n int) (kept int, text string) {
	call := fmt.Sprint("call ", n)
	l.Exchange(&Exchange{Session: id(n), Method: "GET", Target: "/login", Status: 200, Heads: login, Began: noon})
	came := invite(call)
	l.Message(came)
	l.Linked(id(n), trace.CallMark(call))
	left := invite(call)
	left.Out, left.Came = true, came.Data
	l.Message(left)
	list := l.Kept(id(n), []uint64{trace.CallMark(call)})
	return len(list), texts(list)
}

// A session is kept as a whole or not at all, and about as many are as was
// said.
func TestAShareOfSessionsIsKept(t *testing.T) {
	for _, share := range []float64{0, 0.25, 1, math.NaN(), -1} {
		l := clocked(64 << 20)
		l.Sample = share
		whole := 0
		for n := range 2000 {
			switch kept, text := passes(l, n+1); {
			case kept == 3:
				whole++
				if strings.Contains(text, "SECRET") {
					t.Fatal(text)
				}
			case kept != 0:
				t.Fatalf("%d of three are kept", kept)
			}
		}
		if want := 2000 * max(share, 0); share != share && whole != 0 || share == share && math.Abs(float64(whole)-want) > 120*min(want, 1) || share == 1 && whole != 2000 {
			t.Errorf("%v: %d of 2000", share, whole)
		}
	}
}

// Watching and its end have nothing to do with who is sampled.
func TestSamplingOutlivesWatching(t *testing.T) {
	l := clocked(1 << 20)
	l.Sample = 1
	if err := l.Watch(id(9), nil, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := l.Watch(id(9), nil, noon); err != nil {
		t.Fatal(err)
	}
	if kept, _ := passes(l, 1); kept != 3 || !l.Watched(id(1)).IsZero() {
		t.Errorf("%d kept", kept)
	}
	if kept, _ := passes(l, 9); kept != 3 {
		t.Errorf("%d kept of who was watched", kept)
	}
}
