package events

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"twinhop/admin/stamp"
)

func at(second float64) *stamp.Time {
	return stamp.Of(time.Unix(1000, 0).Add(time.Duration(second * float64(time.Second))))
}

// What happened is said in words, with how grave it is.
func TestWords(t *testing.T) {
	for _, tt := range []struct {
		o              Occurrence
		kind, severity string
		text           string
	}{
		{Occurrence{Type: "node.changed", Node: "n1", Service: "http", Was: "up", Is: "down"}, "node.health", Bad, "n1: HTTP is down, was up"},
		{Occurrence{Type: "node.changed", Node: "n1", Service: "sip", Was: "down", Is: "up"}, "node.health", Info, "n1: SIP is up, was down"},
		{Occurrence{Type: "node.changed", Node: "n1", Service: "sip", Was: "down", Is: "recovering"}, "node.health", Warn, "n1: SIP is recovering, was down"},
		{Occurrence{Type: "node.changed", Node: "n1", Is: "present"}, "node.joined", Info, "n1 is here"},
		{Occurrence{Type: "node.changed", Node: "n1", Was: "present"}, "node.left", Warn, "n1 is gone"},
		{Occurrence{Type: "node.changed", Node: "n1", Service: "pstn in default", Was: "free", Is: "full"}, "node.resource", Warn, "n1: pstn in default is full"},
		{Occurrence{Type: "node.set", Node: "n1", Was: "active", Is: "disabled", Actor: "ada", Reason: "kernel"}, "node.activation", Warn, "n1 is disabled, was active by ada: kernel"},
		{Occurrence{Type: "node.set", Node: "n1", Was: "active", Is: "active", Words: "weight=3"}, "node.words", Info, "n1 is said to have weight=3"},
		{Occurrence{Type: "node.set", Node: "n1", Was: "active", Is: "active", Actor: "ada"}, "node.words", Info, "n1 is active, as before by ada"},
		{Occurrence{Type: "node.drain", Node: "n1", Was: "active", Is: "disabled", Actor: "ada"}, "drain.begun", Info, "n1 is drained by ada"},
		{Occurrence{Type: "node.drained", Node: "n1", Is: "failed"}, "drain.failed", Warn, "drain of n1 is failed"},
		{Occurrence{Type: "session.moved", Session: "s_1", From: "n1", Node: "n2", Rule: "failover_down"}, "session.moved", Warn, "session s_1 moved from n1 to n2 (failover_down)"},
		{Occurrence{Type: "session.set", Session: "s_1", From: "n1", Node: "n2", Actor: "ada"}, "session.moved", Info, "session s_1 moved from n1 to n2 by ada"},
		{Occurrence{Type: "config.rejected", Actor: "signal"}, "config.rejected", Warn, "configuration refused; the one in force stays by signal"},
		{Occurrence{Type: "auth.failed", From: "192.0.2.1"}, "auth.failed", Warn, "a log in from 192.0.2.1 failed"},
		{Occurrence{Type: "audit", Words: "node.probe node:n1", Is: "refused", Actor: "ada"}, "audit", Warn, "node.probe node:n1 was refused by ada"},
		{Occurrence{Type: "user.added", Words: "user=ada role=viewer", Actor: "bob"}, "user.added", Info, "user.added user=ada role=viewer by bob"},
	} {
		if e := of(tt.o); e.Type != tt.kind || e.Severity != tt.severity || e.Text != tt.text {
			t.Errorf("%+v\nis %s, %s: %s", tt.o, e.Type, e.Severity, e.Text)
		}
	}
}

// When a node dies, its sessions are one event, also when others happen
// between; who is told of it later is told the whole number once.
func TestManyAreOne(t *testing.T) {
	var b Book
	move := func(from string, second float64) (Event, bool) {
		return b.Note(Occurrence{At: at(second), Type: "session.moved", Session: "s_" + from, From: from, Node: "n3", Rule: "failover_down"})
	}
	if e, first := move("n1", 0); !first || e.ID != "e_1" || e.Session != "s_n1" || e.Count != 0 {
		t.Errorf("%+v", e)
	}
	move("n2", 0)
	b.Note(Occurrence{At: at(0), Type: "node.changed", Node: "n1", Service: "http", Is: "down"})
	for range 500 {
		move("n1", 1)
		move("n2", 1)
	}
	list := b.back()
	if len(list) != 3 || list[2].Count != 501 || list[2].ID != "e_1" || list[2].Session != "" || !strings.HasPrefix(list[2].Text, "501 sessions moved from n1") {
		t.Errorf("%d events: %+v", len(list), list[len(list)-1])
	}
	grown := b.Grown()
	if len(grown) != 2 || grown[0].ID != "e_1" || grown[1].ID != "e_2" || grown[1].Count != 501 || b.Grown() != nil {
		t.Errorf("%+v", grown)
	}
	if _, first := move("n1", 11); !first {
		t.Error("what happens much later is another event")
	}
	for i := range nearby {
		b.Note(Occurrence{At: at(12), Type: "node.set", Node: fmt.Sprint("n", i)})
	}
	if _, first := move("n1", 12); !first {
		t.Error("a like one is looked for too far")
	}
}

func TestEventsAreBounded(t *testing.T) {
	var b Book
	for range Kept + 100 {
		b.Note(Occurrence{At: at(0), Type: "node.set"})
	}
	list := b.back()
	if len(list) != Kept || list[0].Number() != Kept+100 || len(b.Recent()) != recently {
		t.Errorf("%d events, %d recent", len(list), len(b.Recent()))
	}
	text, err := json.Marshal(list[0])
	if err != nil || !strings.Contains(string(text), `"id":"e_10100","severity":"info"`) {
		t.Errorf("%s %v", text, err)
	}
}
