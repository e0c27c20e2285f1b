package trace

import (
	"slices"
	"testing"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// The calls of a session are known from its history, when the table has
// forgotten them.
func TestCallsOfATimeline(t *testing.T) {
	l := newLog()
	call := func(name string) appsession.Key { return appsession.Key{Space: appsession.Call, Value: name} }
	l.Decided(ask(cluster.HTTP, webID), &gateway.Decision{Member: node1, Session: id(1)}, nil)
	l.Decided(ask(cluster.SIP, alice, call("a@x")), &gateway.Decision{Member: node1, Session: id(1)}, nil)
	l.Learned(node1.Node, ask(cluster.SIP, call("a@x")), id(1))
	l.Learned(node1.Node, ask(cluster.SIP, call("b@x")), id(1))
	l.Decided(ask(cluster.SIP, call("c@x")), &gateway.Decision{Member: node1, Session: id(2)}, nil)
	got, want := Calls(l.Timeline(id(1))), []uint64{CallMark("a@x"), CallMark("b@x")}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Calls that look alike when they are shortened are not counted as one.
func TestCallsThatLookAlike(t *testing.T) {
	l := newLog()
	for _, name := range []string{"aaaaaaaaaaaaaaaaaaaa-1-tail.example", "aaaaaaaaaaaaaaaaaaaa-2-tail.example"} {
		l.Decided(ask(cluster.SIP, appsession.Key{Space: appsession.Call, Value: name}), &gateway.Decision{Member: node1, Session: id(1)}, nil)
	}
	if got := Calls(l.Timeline(id(1))); len(got) != 2 {
		t.Errorf("%d calls", len(got))
	}
}
