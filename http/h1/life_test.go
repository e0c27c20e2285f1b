package h1

import (
	"fmt"
	"io"
	"testing"

	"twinhop/http/exchangetest"
	"twinhop/http/head"
)

// A connection to a process that was restarted is not used for the next one,
// although it looks open; who has no incarnation takes any.
func TestEachIncarnationHasConnectionsOfItsOwn(t *testing.T) {
	addr := scripted(t, func(r *exchangetest.Received) exchangetest.Answer {
		return exchangetest.Answer{Body: fmt.Append(nil, r.Conn)}
	})
	c := &Client{}
	defer c.CloseIdle()
	for i, step := range []struct {
		life uint32
		conn string
	}{{7, "1"}, {7, "1"}, {8, "2"}, {8, "2"}, {7, "3"}, {0, "3"}, {7, "3"}} {
		resp, err := c.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h", Life: step.life}, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != step.conn {
			t.Errorf("step %d: by connection %s, want %s", i, body, step.conn)
		}
		if busy, idle := c.Conns(addr); busy != 0 || idle != 1 {
			t.Errorf("step %d: %d busy, %d idle", i, busy, idle)
		}
	}
	c.Keep(func(a string) bool { return a == addr })
	if _, idle := c.Conns(addr); idle != 1 {
		t.Error("closed although it is wanted")
	}
	c.Keep(func(string) bool { return false })
	if _, idle := c.Conns(addr); idle != 0 {
		t.Error("still open although nobody is there")
	}
}
