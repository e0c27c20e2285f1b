package websocket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"twinhop/sip/stream"
	"twinhop/sip/websocket/wstest"
)

// echoer sends back what it is sent.
type echoer struct {
	garbled chan error
	stop    func() // ends the server; the end of the test does, too
}

func (echoer) Message(s *stream.Conn, data []byte) { s.Send(data) }
func (h echoer) Garbled(_ *stream.Conn, _ []byte, why error) {
	select {
	case h.garbled <- why:
	default:
	}
}
func (echoer) Lost(netip.AddrPort, []byte, error) {}
func (echoer) Closed(*stream.Conn)                {}

// echoing runs a server of WebSockets that sends back what it is sent, and gives its URL.
func echoing(t testing.TB, limits stream.Limits) (url string, h echoer) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &stream.Pool{Listener: l, Greet: new(Upgrader).Greet, Codec: func() stream.Codec { return new(Codec) }, Limits: limits}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	h = echoer{make(chan error, 100), sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		l.Close()
	})}
	go func() { done <- p.Run(ctx, h) }()
	t.Cleanup(h.stop)
	return "ws://" + l.Addr().String() + "/", h
}

func TestServerEchoes(t *testing.T) {
	url, _ := echoing(t, stream.Limits{})
	c := wstest.Dial(t, url, wstest.Options{})
	c.Send("OPTIONS one")
	c.SendBinary("OPTIONS two\xff")
	c.SendParts("OPTIONS", " th", "", "ree")
	for _, want := range []string{"OPTIONS one", "OPTIONS two\xff", "OPTIONS three"} {
		if got := c.Receive(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	c.Leave(1000)
	if code := c.Closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}

// TestServerAsksAndLeaves: who is silent is asked for a sign of life, who answers none is told good-bye, and so are all at the end.
func TestServerAsksAndLeaves(t *testing.T) {
	url, _ := echoing(t, stream.Limits{Ping: 10 * time.Millisecond, Idle: 200 * time.Millisecond})
	c := wstest.Dial(t, url, wstest.Options{})
	for range 3 {
		if f := c.Next(); f.Header.OpCode != 0x9 || f.Header.Length != 0 {
			t.Fatalf("instead of a ping: %+v", f.Header)
		}
		c.Raw(frame(pongFrame, ""))
	}
	if code := c.Closed(); code != 1000 {
		t.Errorf("who is silent is closed with %d", code)
	}
}

func TestServerEnds(t *testing.T) {
	url, h := echoing(t, stream.Limits{})
	c := wstest.Dial(t, url, wstest.Options{})
	c.Send("OPTIONS")
	c.Receive()
	h.stop()
	if code := c.Closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
}

// TestSlowFragments: the time for a message runs from its first byte, whatever comes between its fragments.
func TestSlowFragments(t *testing.T) {
	url, h := echoing(t, stream.Limits{Partial: 200 * time.Millisecond, Pings: -1})
	c := wstest.Dial(t, url, wstest.Options{})
	c.Raw(frame(opText, "OPTIONS"))
	for {
		if _, err := c.Write(frames(frame(pongFrame, ""), frame(pingFrame, ""))); err != nil {
			break
		}
		select {
		case why := <-h.garbled:
			if !errors.Is(why, stream.ErrLate) {
				t.Error(why)
			}
			if code := c.Closed(); code != 1008 {
				t.Errorf("closed with %d", code)
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("the connection broke")
}
