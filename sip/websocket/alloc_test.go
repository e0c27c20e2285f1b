//go:build !race

// Under the race detector a sync.Pool throws some of what it is given away, at random.

package websocket

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"twinhop/sip/stream"
	"twinhop/sip/websocket/wstest"
)

// TestCostOfMessages: what comes and goes by WebSocket costs no allocation, also in fragments.
func TestCostOfMessages(t *testing.T) {
	message := "INVITE sip:bob@example.com SIP/2.0\r\n" + strings.Repeat("X: y\r\n", 100)
	out := make([]byte, 0, 4096)
	for what, frames := range map[string][]byte{
		"text":                    frame(textFrame, message),
		"binary":                  frame(binaryFrame, message),
		"fragments":               frames(frame(opText, message[:100]), frame(opContinuation, message[100:300]), frame(lastFrame, message[300:])),
		"a ping before":           frames(frame(pingFrame, "0123456789"), frame(textFrame, message)),
		"a keep-alive before":     frames(frame(textFrame, "\r\n\r\n"), frame(textFrame, message)),
		"a pong between fragment": frames(frame(opText, message[:100]), frame(pongFrame, "x"), frame(lastFrame, message[100:])),
	} {
		c, b := &Codec{}, make([]byte, len(frames))
		n := testing.AllocsPerRun(100, func() {
			copy(b, frames)
			for rest := b; ; {
				p := c.Cut(rest)
				if p.Event == stream.Nothing {
					return
				}
				if p.Event == stream.Message && len(p.Data) != len(message) || p.Event == stream.Broken || p.Event == stream.Partial {
					t.Fatalf("%s: %+v", what, p)
				}
				rest = rest[p.Used:]
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
		if n := testing.AllocsPerRun(100, func() { out = c.Wrap(out[:0], b) }); n != 0 {
			t.Errorf("%s: %v allocations to send", what, n)
		}
	}
}

func BenchmarkCut(b *testing.B) {
	in := frame(textFrame, strings.Repeat("x", 600))
	c, work := &Codec{}, bytes.Clone(in)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		copy(work, in)
		c.Cut(work)
	}
}

func BenchmarkWrap(b *testing.B) {
	message := bytes.Repeat([]byte("x"), 600)
	c, out := &Codec{}, []byte(nil)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		out = c.Wrap(out[:0], message)
	}
}

// TestCostOfAnEcho counts what a whole server allocates for a message that comes and goes by a connection: nothing.
func TestCostOfAnEcho(t *testing.T) {
	url, _ := echoing(t, stream.Limits{})
	conn, err := wstest.Connect(url, wstest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(wstest.Wait))
	message := strings.Repeat("x", 700)
	in, back := frame(textFrame, message), make([]byte, 4+len(message))
	echo := func() {
		if _, err := conn.Write(in); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, back); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		echo()
	}
	if n := testing.AllocsPerRun(1000, echo); n > 0 {
		t.Errorf("%v allocations a message", n)
	}
}
