package http

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// resetting is a node that resets the connection when it has seen the head of a request, or says something first.
func resetting(t *testing.T, first string) node {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 1024))
			io.WriteString(c, first)
			if first == "" {
				c.(*net.TCPConn).SetLinger(0)
			}
			c.Close()
		}
	}()
	return node{"n1", l.Addr().String()}
}

// A node fails, or has heard enough, while the client has not sent all of its body. The client is told, is told that this was the last answer
// on its connection, and what it sends after that is nobody's request: it may be the rest of the body, written by somebody else.
func TestNodeEndsBeforeTheBody(t *testing.T) {
	bodies := []string{
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"Transfer-Encoding: chunked\r\n\r\nffff\r\nhello",
		"Content-Length: 40000\r\n\r\nhello",
	}
	for first, status := range map[string]int{"": 502, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nsaid": 413} {
		s := newStage(t, []node{resetting(t, first)}, nil)
		var all sync.WaitGroup
		for _, body := range bodies {
			for range 10 { // there were several ways for it to end
				all.Go(func() { s.cutShort(body, status) })
			}
		}
		all.Wait()
		s.stop()
	}
}

// cutShort posts a part of a body.
func (s *stage) cutShort(body string, status int) {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer c.Close()
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: h\r\n%s", body)
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		s.t.Errorf("%.30q: no answer: %v", body, err)
		return
	}
	if _, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != status || !resp.Close {
		s.t.Errorf("%.30q: %d, the last of its connection %v, %v", body, resp.StatusCode, resp.Close, err)
	}
	io.WriteString(c, "GET /other HTTP/1.1\r\nHost: h\r\n\r\n")
	if more, _ := io.ReadAll(in); len(more) > 0 {
		s.t.Errorf("%.30q: the rest of the body was answered: %q", body, more)
	}
}
