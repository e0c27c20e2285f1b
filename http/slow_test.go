package http

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twinhop/http/mounts"
)

// A client that takes in nothing of a long answer does not hold its node for
// ever.
func TestClientThatDoesNotRead(t *testing.T) { lanes(t, clientThatDoesNotRead) }

func clientThatDoesNotRead(t *testing.T) {
	ended := make(chan error, 1)
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 64<<10)
		for {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return
			}
		}
	})}, func(s *stage) { s.settings.BodyStall = 100 * time.Millisecond })
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the node is still busy with a client that does not read")
	}
}

// A client has its full time for each piece: neither a node that pauses longer
// than a client may, nor an end that comes late, nor the next request on the
// connection is taken for a client that does not read.
func TestPausesOfANodeAreNotTheClients(t *testing.T) { lanes(t, pausesOfANodeAreNotTheClients) }

func pausesOfANodeAreNotTheClients(t *testing.T) {
	const stall = 50 * time.Millisecond
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		<-time.After(3 * stall)
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		for range 2 {
			io.WriteString(w, "piece ")
			http.NewResponseController(w).Flush()
			<-time.After(3 * stall)
		}
	})}, func(s *stage) { s.settings.BodyStall = stall })
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for _, path := range []string{"/some", "/none", "/some"} {
		io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\n")
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(path, err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || path == "/some" && string(body) != "piece piece " {
			t.Errorf("%s: %q %v", path, body, err)
		}
	}
}

// net/http takes Transfer-Encoding away from a request of HTTP/1.0 and reads
// on as if there were no body. A proxy in front may see it otherwise, so what
// follows is not read as a request.
func TestOldProtocolEndsItsConnection(t *testing.T) {
	for _, framing := range []string{"", "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"} {
		r := newRecorder(t, "n1")
		s := newStage(t, []node{r.node}, nil)
		answer := s.rawSend("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" + framing +
			"\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		got := r.take()
		if len(got) != 1 || strings.Contains(strings.ToLower(got[0]), "upgrade") || !strings.HasPrefix(answer, "HTTP/1.0 200 OK\r\n") &&
			!strings.HasPrefix(answer, "HTTP/1.1 200 OK\r\n") {
			t.Errorf("%q: node got %q, client %q", framing, got, answer)
		}
	}
}

// What a small head can make the gateway do is bounded, too.
func TestHostileHeadsAreCheap(t *testing.T) { lanes(t, hostileHeadsAreCheap) }

func hostileHeadsAreCheap(t *testing.T) {
	path := "/%61" + strings.Repeat("/a", 4000)
	if canon, _, err := mounts.Canonical(path); err != nil || canon != "/a"+path[4:] {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() { mounts.Canonical(path) }); n > 8 {
		t.Errorf("%v allocations for a path of many segments", n)
	}
	s := newStage(t, []node{namedNode(t, "n1")}, nil)
	for list, status := range map[string]int{"a,b": 200, strings.Repeat("a,", 40): 431} {
		if resp, _ := s.get("/", "Connection: "+list); resp.StatusCode != status {
			t.Errorf("Connection: %.10s: %d", list, resp.StatusCode)
		}
	}
}
