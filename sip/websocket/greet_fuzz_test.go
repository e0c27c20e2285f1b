package websocket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// script is a connection by which bytes come in pieces; what is written to it is kept.
type script struct {
	net.Conn
	in    []byte
	piece int
	out   bytes.Buffer
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.piece)], s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) { return s.out.Write(p) }

// FuzzGreet: a request is granted only if net/http reads the same request, and sees its end at the same place; every other whole one is told
// why not, in one answer. Where the bytes are cut makes no difference.
func FuzzGreet(f *testing.F) {
	f.Add([]byte(request("+Origin: http://shop.example")), "frame", uint8(3))
	f.Add([]byte(request("+Content-Length: 0", "-Host", "Host: [::1]")), "", uint8(200))
	f.Add([]byte(strings.Replace(request(), "\r\n", "\n", 3)), "x", uint8(1))
	f.Add([]byte(request("+Origin : null", "+X:\x7f")), "x", uint8(50))
	f.Add([]byte("0"+strings.Repeat("x", 100)+"\r\n\r\n"), "0", uint8(1)) // no method begins so
	f.Fuzz(func(t *testing.T, head []byte, rest string, piece uint8) {
		input := append(head, rest...)
		c := &script{in: bytes.Clone(input), piece: int(piece) + 1}
		early, err := new(Upgrader).Greet(c)
		answer := c.out.String()
		again := &script{in: bytes.Clone(input), piece: len(input) + 1}
		_, otherwise := new(Upgrader).Greet(again)
		if (err == nil) != (otherwise == nil) || answer != again.out.String() && len(input) < maxHead {
			t.Errorf("in pieces %v %q, at once %v %q", err, answer, otherwise, again.out.String())
		}
		var no *Refused
		switch {
		case err != nil:
			if errors.As(err, &no) != strings.HasPrefix(answer, "HTTP/1.1 4") || strings.Contains(answer, " 101 ") || strings.Count(answer, "HTTP/1.1 ") > 1 {
				t.Errorf("%v, but the client hears %q", err, answer)
			}
			return
		case !strings.HasPrefix(answer, "HTTP/1.1 101 ") || strings.Count(answer, "\r\n\r\n") != 1:
			t.Errorf("granted, but the client hears %q", answer)
		}
		in := bufio.NewReaderSize(bytes.NewReader(input), 2*maxHead+len(input))
		r, err := http.ReadRequest(in)
		if err != nil {
			t.Fatalf("granted, but net/http says %v", err)
		}
		left, _ := io.ReadAll(in)
		after := string(early) + string(c.in)
		if string(left) != after {
			t.Errorf("what follows the request is %q for us, %q for net/http", after, left)
		}
		if r.Method != "GET" || len(r.Header["Origin"]) > 1 || r.Header.Get("Sec-Websocket-Version") != "13" || r.ContentLength != 0 {
			t.Errorf("granted: %+v", r)
		}
	})
}

func (s *script) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }
