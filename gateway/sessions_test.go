package gateway_test

import (
	"testing"

	"golang.org/x/tools/txtar"
)

// A session is new when nothing was known of it and the client brought no id:
// mod_jk's counter, which operators watch while they drain.
func TestNewSessionsAreCounted(t *testing.T) {
	s := newStage(t, txtar.Parse([]byte("-- nodes --\nnode1\n")))
	sessions := func() int64 { return s.registry.View().Pool("default").Members[0].Load.Sessions.Load() }
	for _, tt := range []struct {
		message string
		new     int64
	}{
		{"http", 1},
		{"http", 1},
		{"http cookie=AAA.node1", 0},
		{"http cookie=BBB", 0},
		{"http cookie=.node1", 0},
		{"http appsession=alice", 1},
		{"http appsession=alice", 0},
		{"sip call=c1", 1},
		{"sip from.user=bob call=c2", 1},
		{"sip from.user=bob call=c3", 0},
	} {
		before := sessions()
		s.do(tt.message)
		if n := sessions() - before; n != tt.new {
			t.Errorf("%s: %d new sessions, not %d", tt.message, n, tt.new)
		}
	}
}
