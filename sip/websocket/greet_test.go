package websocket

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/sip/websocket/wstest"
)

// greeted is what Greet makes of a connection on which a client writes what it is given, in pieces, and then waits.
func greeted(t *testing.T, text string, piece int) (answer string, early []byte, err error) {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	heard := make(chan string)
	go func() {
		b, _ := io.ReadAll(client)
		heard <- string(b)
	}()
	go func() {
		for rest := text; rest != ""; {
			n := min(piece, len(rest))
			if _, err := io.WriteString(client, rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	server.SetDeadline(time.Now().Add(5 * time.Second))
	early, err = new(Upgrader).Greet(server)
	server.Close()
	return <-heard, early, err
}

func TestGreetInPieces(t *testing.T) {
	text := request("+Cookie: " + strings.Repeat("x", 5000))
	for _, piece := range []int{1, 3, 100, 1 << 10, 1 << 20} {
		answer, early, err := greeted(t, text, piece)
		if err != nil || len(early) != 0 || !strings.HasPrefix(answer, "HTTP/1.1 101 ") || !strings.HasSuffix(answer, "\r\n\r\n") {
			t.Errorf("in pieces of %d: %q, %q, %v", piece, answer, early, err)
		}
	}
	if _, early, err := greeted(t, text+"abc", 1<<20); err != nil || string(early) != "abc" {
		t.Errorf("what came with it: %q, %v", early, err)
	}
}

// TestGreetReadsNoTwoWays: what net/http would pass on, and others may take for other fields, is refused here.
func TestGreetReadsNoTwoWays(t *testing.T) {
	for what, text := range map[string]string{
		"a line that is folded":       request("+X: a\r\n b"),
		"the first, folded":           strings.Replace(request(), "\r\n", "\r\n Host: a\r\n", 1),
		"a bare LF":                   request("+X: a\nOrigin: https://evil.example"),
		"two bare LFs":                request("+X: a\n\nGET / HTTP/1.1"),
		"a bare CR":                   request("+X: a\rOrigin: https://evil.example"),
		"a blank before the colon":    request("+Origin : https://evil.example"),
		"a NUL in a name":             request("+Ori\x00gin: https://evil.example"),
		"no name":                     request("+: x"),
		"an empty line first":         "\r\n" + request(),
		"small letters":               "get" + strings.TrimPrefix(request(), "GET"),
		"SIP":                         "REGISTER sip:shop.example SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n",
		"a method of TLS":             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"the second line of a proxy":  "\r\n\r\n\x00\r\nQUIT\n",
		"a preface of HTTP/2":         "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"a target with a blank in it": request("GET /a b HTTP/1.1"),
	} {
		answer, _, err := greeted(t, text, 1<<20)
		var no *Refused
		if !errors.As(err, &no) || !strings.HasPrefix(answer, "HTTP/1.1 4") || strings.Contains(answer, " 101 ") {
			t.Errorf("%s: %q, %v", what, answer, err)
		}
	}
}

func TestGreetIsBounded(t *testing.T) {
	for what, text := range map[string]string{
		"a line without end":  "GET /" + strings.Repeat("x", 1<<20),
		"lines without end":   "GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 1<<18),
		"one byte too many":   request("+X: " + strings.Repeat("x", maxHead+1-len(request("+X: ")))),
		"letters without end": strings.Repeat("A", 1<<20),
	} {
		for _, piece := range []int{1000, 1 << 20} {
			answer, _, err := greeted(t, text, piece)
			if !strings.HasPrefix(answer, "HTTP/1.1 431 ") {
				t.Errorf("%s: %q, %v", what, answer, err)
			}
		}
	}
	if answer, _, err := greeted(t, request("+X: "+strings.Repeat("x", maxHead-len(request("+X: ")))), 1<<20); err != nil {
		t.Errorf("as long as may be: %q, %v", answer, err)
	}
}

// TestGreetEndsWithItsTime: the deadline of the connection bounds all of it, however slowly bytes come, and the answer to a refusal too.
func TestGreetEndsWithItsTime(t *testing.T) {
	for what, client := range map[string]func(net.Conn){
		"says nothing":            func(c net.Conn) {},
		"says half":               func(c net.Conn) { io.WriteString(c, request()[:50]) },
		"says a byte each second": func(c net.Conn) { slowly(c, strings.Repeat("G", 100)) },
		"never reads the refusal": func(c net.Conn) { io.WriteString(c, request("-Sec-WebSocket-Protocol")) },
		"never reads the answer":  func(c net.Conn) { io.WriteString(c, request()) },
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			var done sync.WaitGroup
			done.Go(func() { client(theirs) })
			began := time.Now()
			ours.SetDeadline(began.Add(5 * time.Second))
			_, err := new(Upgrader).Greet(ours)
			took := time.Since(began)
			ours.Close()
			theirs.Close()
			done.Wait()
			var no *Refused
			if took > 5*time.Second+lingerTime || !errors.Is(err, os.ErrDeadlineExceeded) && !errors.As(err, &no) {
				t.Errorf("a client that %s: %v after %v", what, err, took)
			}
		})
	}
}

func slowly(c net.Conn, text string) {
	for i := range text {
		if _, err := c.Write([]byte(text[i : i+1])); err != nil {
			return
		}
		<-time.After(time.Second)
	}
}

func TestGreetEndsWithTheClient(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() {
		io.WriteString(theirs, request()[:100])
		theirs.Close()
	}()
	if _, err := new(Upgrader).Greet(ours); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

// TestRefusalArrives although the client sends more than is read: without the reading on, a reset would overtake the answer.
func TestRefusalArrives(t *testing.T) {
	e := ownPort(t, &Upgrader{}, nil)
	for range 20 {
		conn := e.dial(t)
		if _, err := io.WriteString(conn, request("-Sec-WebSocket-Protocol")+strings.Repeat("x", 40<<10)); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 400 {
			t.Fatalf("%v %v", resp, err)
		}
		if b, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(b), "subprotocol") {
			t.Fatalf("%q %v", b, err)
		}
		conn.Close()
		e.take(t, "")
	}
}

// TestSecureEntrances: by TLS a page that came without may not have the WebSocket of its host, by either entrance.
func TestSecureEntrances(t *testing.T) {
	u := &Upgrader{}
	http1 := httpPort(t, u, true)
	some := httptest.NewUnstartedServer(nil)
	some.StartTLS()
	defer some.Close()
	own := ownPort(t, u, some.TLS)
	own.tls = http1.tls
	for _, e := range []entrance{http1, own} {
		e.tls = e.tls.Clone()
		e.tls.NextProtos = []string{"http/1.1"}
		for origin, status := range map[string]int{"https://shop.example": 101, "http://shop.example": 403} {
			resp, _, conn := e.ask(t, request("Origin: "+origin))
			conn.Close()
			got := e.take(t, origin)
			if _, secure := got.conn.(*tls.Conn); resp.StatusCode != status || (status == 101) != (got.err == nil && secure) {
				t.Errorf("%s, a page of %s: %s, %+v", e.name, origin, resp.Status, got)
			}
		}
	}
}

// TestAnotherClient: the library's client is content with us.
func TestAnotherClient(t *testing.T) {
	for _, e := range entrances(t, &Upgrader{}) {
		c, err := wstest.Connect("ws://"+e.addr+"/sip", wstest.Options{})
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		c.Close()
		if _, err := wstest.Connect("ws://"+e.addr+"/sip", wstest.Options{Protocols: []string{"xmpp"}}); err == nil || !strings.Contains(err.Error(), "400") {
			t.Errorf("%s: without SIP: %v", e.name, err)
		}
	}
}
