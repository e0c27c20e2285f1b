package websocket

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"twinhop/sip/websocket/wstest"
)

// upgraded is what an entrance made of a request.
type upgraded struct {
	conn  net.Conn
	early []byte
	err   error
}

// entrance is a port at which WebSockets are asked for.
type entrance struct {
	name    string
	addr    string
	outcome chan upgraded
	tls     *tls.Config // nil: plain
}

// entrances are the two ways in: an HTTP port, and a port of WebSockets only.
func entrances(t *testing.T, u *Upgrader) []entrance {
	return []entrance{httpPort(t, u, false), ownPort(t, u, nil)}
}

func httpPort(t *testing.T, u *Upgrader, secure bool) entrance {
	e := entrance{name: "HTTP port", outcome: make(chan upgraded, 10)}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, early, err := u.Upgrade(w, r)
		if conn != nil {
			t.Cleanup(func() { conn.Close() })
		}
		e.outcome <- upgraded{conn, early, err}
	}))
	srv.Config.MaxHeaderBytes = maxHead - 4096 // net/http adds as much
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = time.Minute, time.Minute
	srv.EnableHTTP2 = secure
	if secure {
		srv.StartTLS()
		e.tls = srv.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	e.addr = srv.Listener.Addr().String()
	return e
}

func ownPort(t *testing.T, u *Upgrader, secure *tls.Config) entrance {
	e := entrance{name: "own port", outcome: make(chan upgraded, 10)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e.addr = l.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if secure != nil {
				conn = tls.Server(conn, secure)
			}
			conn.SetDeadline(time.Now().Add(wstest.Wait))
			early, err := u.Greet(conn)
			if err != nil {
				conn.Close()
			} else {
				t.Cleanup(func() { conn.Close() })
			}
			e.outcome <- upgraded{conn, early, err}
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return e
}

// dial connects; the connection is closed with the test.
func (e entrance) dial(t *testing.T) net.Conn {
	t.Helper()
	var conn net.Conn
	var err error
	if e.tls != nil {
		conn, err = tls.Dial("tcp", e.addr, e.tls)
	} else {
		conn, err = net.Dial("tcp", e.addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(wstest.Wait))
	return conn
}

// ask sends a request and reads the answer.
func (e entrance) ask(t *testing.T, request string) (*http.Response, *bufio.Reader, net.Conn) {
	t.Helper()
	conn := e.dial(t)
	go io.WriteString(conn, request) // an answer may come before all is sent
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("%s: no answer: %v", e.name, err)
	}
	return resp, r, conn
}

// request is a right one, with lines taken away and put in: "-Name" takes the field away, "Name: value" puts one in its place or, with "+"
// before it, behind all others, and "GET ..." replaces the first.
func request(changes ...string) string {
	lines := []string{"GET /sip HTTP/1.1", "Host: shop.example:8080", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: sip"}
	for _, c := range changes {
		added, isNew := strings.CutPrefix(c, "+")
		name, _, field := strings.Cut(strings.TrimPrefix(c, "-"), ":")
		at := -1
		for i, l := range lines {
			if strings.HasPrefix(l, name+":") {
				at = i
			}
		}
		switch {
		case strings.Contains(c, " HTTP/"):
			lines[0] = c
		case isNew || field && at < 0:
			lines = append(lines, added)
		case strings.HasPrefix(c, "-"):
			lines = append(lines[:at], lines[at+1:]...)
		case field:
			lines[at] = c
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// take gives what became of the request asked last.
func (e entrance) take(t *testing.T, what string) upgraded {
	t.Helper()
	select {
	case got := <-e.outcome:
		return got
	case <-time.After(wstest.Wait):
		t.Fatalf("%s, %s: the request did not come to the upgrader", e.name, what)
		panic("")
	}
}
