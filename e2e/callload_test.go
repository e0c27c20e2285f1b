package e2e

import (
	"testing"
	"time"
)

// 500 calls a second between SIPp callers and two SIPp nodes: none fails, nothing is out of
// order, and every message of a call meets one node.
func TestCallsUnderLoad(t *testing.T) {
	l := load{rate: 500, calls: 5000, hold: time.Second}
	if soak {
		l.calls = 30000
	}
	underLoad(t, l)
}

// The same at 3,000 calls a second: the nodes send 180 and 200 back to back, and no 200 ever
// overtakes.
func TestOrderAtSpeed(t *testing.T) {
	l := load{rate: 3000, calls: 6000, hold: 500 * time.Millisecond}
	if soak {
		l.calls = 90000
	}
	underLoad(t, l)
}

func underLoad(t *testing.T, l load) {
	t.Helper()
	w := set(t, stage{Sipp: true, Load: true})
	caller := sippCalls(t, w.dir, w.external, l)
	got, err := caller.counts()
	if err != nil {
		t.Fatal(err)
	}
	all, err := caller.messages()
	if err != nil {
		t.Fatal(err)
	}
	out := disorder(all)
	var part [2]map[string]bool
	for i, n := range w.sipp {
		log, err := n.messages()
		if err != nil {
			t.Fatal(err)
		}
		out += disorder(log)
		part[i] = served(log)
	}
	both := 0
	for id := range part[0] {
		if part[1][id] {
			both++
		}
	}
	t.Logf("%d calls at %d/s: %d succeeded, %d failed, %d retransmissions, %d messages out of order, calls per node %d + %d, on both %d",
		l.calls, l.rate, got["SuccessfulCall"], got["FailedCall"], got["Retransmissions"], out, len(part[0]), len(part[1]), both)
	if got["SuccessfulCall"] != l.calls || got["FailedCall"] != 0 {
		t.Errorf("%d of %d calls succeeded, %d failed", got["SuccessfulCall"], l.calls, got["FailedCall"])
	}
	if out != 0 {
		t.Errorf("%d messages out of order", out)
	}
	if both != 0 || len(part[0])+len(part[1]) != l.calls {
		t.Errorf("%d + %d calls on the nodes, %d on both; want %d, each on one", len(part[0]), len(part[1]), both, l.calls)
	}
	if len(part[0]) < l.calls/4 || len(part[1]) < l.calls/4 {
		t.Errorf("%d + %d calls: not spread", len(part[0]), len(part[1]))
	}
}
