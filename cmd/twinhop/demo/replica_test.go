package demo

import (
	"fmt"
	"testing"
)

func TestReplicaIsBounded(t *testing.T) {
	r := newReplica()
	first := r.open()
	r.visit(first, "alice", true)
	for range maxVisits {
		r.open()
	}
	if len(r.sessions) != maxVisits {
		t.Errorf("%d sessions", len(r.sessions))
	}
	if _, ok := r.visit(first, "", false); ok || len(r.users) != 0 {
		t.Error("the oldest session did not make room")
	}
	base := r.open()
	for i := range 3 * maxPerOne {
		c := call{base: base, ended: i != 0}
		c.CallID = fmt.Sprint(i)
		r.keep(c)
	}
	if got := r.of(base); len(got) != maxPerOne || got[len(got)-1].CallID != "0" || len(r.calls) != maxPerOne {
		t.Errorf("%d calls of one session, %d in all; the one in progress must stay", len(got), len(r.calls))
	}
}

func TestIncomingCallsBelongToTheUser(t *testing.T) {
	r := newReplica()
	base := r.open()
	r.visit(base, "alice", true)
	c := call{node: "node1"}
	c.CallID, c.Local.URI.User = "x", "alice"
	r.keep(c)
	if got := r.of(base); len(got) != 1 || got[0].CallID != "x" {
		t.Errorf("calls of alice's page: %+v", got)
	}
	r.visit(base, "bob", true)
	if len(r.users) != 1 {
		t.Errorf("a session has several users: %v", r.users)
	}
}
