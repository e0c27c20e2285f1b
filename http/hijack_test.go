package http

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"twinhop/gateway"
	"twinhop/http/crowd"
)

// TestLocalHandlerGetsTheSocket: who takes a client's connection over finds the socket below whatever watches it, and loses no byte of what
// had been read before, by whichever way the request came.
func TestLocalHandlerGetsTheSocket(t *testing.T) {
	for _, detour := range []bool{false, true} {
		got := make(chan string, 1)
		s := quietStage(t, []node{namedNode(t, "n1")}, func(s *stage) {
			s.front.detour = detour
			s.front.Local = map[string]LocalHandler{"/sip": func(w http.ResponseWriter, _ *http.Request, _ []gateway.Evidence, _ gateway.Hint) {
				conn, rw, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				early := make([]byte, rw.Reader.Buffered())
				io.ReadFull(rw.Reader, early)
				rest, _ := io.ReadAll(conn)
				bottom := conn
				for c, ok := conn.(interface{ NetConn() net.Conn }); ok; c, ok = bottom.(interface{ NetConn() net.Conn }) {
					bottom = c.NetConn()
				}
				if _, ok := bottom.(*net.TCPConn); !ok {
					t.Errorf("below %T is %T", conn, bottom)
				}
				io.WriteString(bottom, "by the socket\n")
				got <- string(early) + string(rest)
			}}
		})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.done = make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		s.ended = cancel
		go func() { s.done <- s.front.Run(ctx, (&crowd.Crowd{}).Listener(l)) }()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		text := "GET /sip HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: " + strings.Repeat("x", 7000) + "\r\n\r\n"
		early := strings.Repeat("early", 2000)
		io.WriteString(conn, text+early)
		conn.(*net.TCPConn).CloseWrite()
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != "by the socket\n" {
			t.Errorf("%q, %v", line, err)
		}
		if b := <-got; b != early {
			t.Errorf("detour %v: %d bytes came of %d", detour, len(b), len(early))
		}
		s.stop()
	}
}
