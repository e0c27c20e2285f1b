package rmi

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestLongCallsShareABound: who begins long calls and ends none is cut off when they hold too
// much together, and is in nobody's way: heartbeats are short.
func TestLongCallsShareABound(t *testing.T) {
	var s *Server
	r := start(t, func(server *Server) {
		s = server
		s.Limits.Large = 128 << 10
	})
	long := call64(balancerID, -1, hashHandlePing) + mapHead + strings.Repeat("\x74\x0f\xff"+strings.Repeat("k", 0xfff), 15)
	for range 2 { // there is room for
		connect(t, r.at).send(long)
	}
	for end := time.Now().Add(30 * time.Second); s.large.Load() < int64(2*(len(long)-1-small)); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("they are not read")
		}
	}
	third := connect(t, r.at)
	third.send(long)
	third.want("51")
	third.ends()
	for range 10 { // the two are still there
		connect(t, r.at).send(long[:small])
	}
	j := startJVM(t, "recent", r.at)
	j.Does(node1)
	j.Does("ping")
	r.stop()
	if left := s.large.Load(); left != 0 {
		t.Errorf("%d bytes are not given back", left)
	}
}
