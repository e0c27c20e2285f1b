package h1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twinhop/http/exchangetest"
	"twinhop/http/head"
	"twinhop/http/stale"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExchangeSuite(t *testing.T) {
	exchangetest.Run(t, exchangetest.Harness{
		Backend: func(t testing.TB, l exchangetest.Limits) head.Backend {
			c := &Client{HeaderTimeout: l.Header, MaxConns: l.MaxConns, ConnectTimeout: 5 * time.Second}
			t.Cleanup(c.CloseIdle)
			return c
		},
		Meter: func(t testing.TB, dial exchangetest.Dial) head.Backend {
			c := &Client{Dial: dial}
			t.Cleanup(c.CloseIdle)
			return c
		},
		Node: scripted,
	})
}

// raw is a node that reads one request and answers with these bytes.
func raw(t *testing.T, answer string) (*Client, string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{}
	t.Cleanup(func() { l.Close(); c.CloseIdle() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
				io.WriteString(nc, answer)
			}
			nc.Close()
		}
	}()
	return c, l.Addr().String()
}

func TestAnswers(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, c := range []struct {
		name, answer string
		body         string // expected; "!" an error at the head, "?" an error in the body
	}{
		{"until close", ok + "\r\nhello", "hello"},
		{"http/1.0", "HTTP/1.0 200\r\n\r\nhello", "hello"},
		{"length twice the same", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "hi"},
		{"length twice different", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", "!"},
		{"length list", ok + "Content-Length: 2, 2\r\n\r\nhi", "!"},
		{"length signed", ok + "Content-Length: +2\r\n\r\nhi", "!"},
		{"length negative", ok + "Content-Length: -2\r\n\r\nhi", "!"},
		{"length empty", ok + "Content-Length:\r\n\r\nhi", "!"},
		{"length huge", ok + "Content-Length: 99999999999999999999\r\n\r\nhi", "!"},
		{"length and chunked", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "!"},
		{"chunked upper", ok + "Transfer-Encoding: Chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\n\r\n", "hi"},
		{"gzip, chunked", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "!"},
		{"chunked twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!"},
		{"chunked in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!"},
		{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "!"},
		{"bare CR in value", ok + "X: a\rb\r\nContent-Length: 2\r\n\r\nhi", "!"},
		{"NUL in value", ok + "X: a\x00b\r\nContent-Length: 2\r\n\r\nhi", "!"},
		{"folded", ok + "X: a\r\n b\r\nContent-Length: 2\r\n\r\nhi", "!"},
		{"blank before colon", ok + "Content-Length : 2\r\n\r\nhi", "!"},
		{"empty name", ok + ": 2\r\n\r\nhi", "!"},
		{"no colon", ok + "nothing\r\n\r\nhi", "!"},
		{"http/2", "HTTP/2.0 200 OK\r\n\r\n", "!"},
		{"status 99", "HTTP/1.1 099 OK\r\n\r\n", "!"},
		{"status 2000", "HTTP/1.1 2000 OK\r\n\r\n", "!"},
		{"empty answer", "", "!"},
		{"half a head", ok + "X: ", "!"},
		{"head too large", ok + "X: " + many(70000, "a") + "\r\n\r\n", "!"},
		{"head just large", ok + "X: " + many(60000, "a") + "\r\nContent-Length: 2\r\n\r\nhi", "hi"},
		{"too many fields", ok + many(300, "X: y\r\n") + "\r\n", "!"},
		{"ten informational", many(10, "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n") + ok + "Content-Length: 2\r\n\r\nhi", "hi"},
		{"endless informational", many(12, "HTTP/1.1 103 Early\r\n\r\n") + ok + "\r\n", "!"},
		{"101 not asked for", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "!"},
		{"204 with length", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", ""},
		{"bad chunk size", ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\nhi\r\n0\r\n\r\n", "?"},
		{"0x chunk size", ok + "Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n", "?"},
		{"empty chunk size", ok + "Transfer-Encoding: chunked\r\n\r\n\r\nhi\r\n0\r\n\r\n", "?"},
		{"blank after chunk size", ok + "Transfer-Encoding: chunked\r\n\r\n2 \r\nhi\r\n0\r\n\r\n", "?"},
		{"chunk without end", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhixx0\r\n\r\n", "?"},
		{"chunk bare LF", ok + "Transfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n", "?"},
		{"chunk extension endless", ok + "Transfer-Encoding: chunked\r\n\r\n2;" + many(2000, "a") + "\r\nhi\r\n0\r\n\r\n", "?"},
		{"no last chunk", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "?"},
		{"trailer too large", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + many(200, "X: "+many(50, "a")+"\r\n") + "\r\n", "?"},
		{"trailer bad", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nX y\r\n\r\n", "?"},
		{"cut", ok + "Content-Length: 9\r\n\r\nhi", "?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, addr := raw(t, c.answer)
			resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
			if err != nil {
				if c.body != "!" {
					t.Fatal(err)
				}
				var e *Error
				if !errors.As(err, &e) || e.NotSent() || e.Timeout() {
					t.Errorf("error %#v", err)
				}
				return
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			switch {
			case c.body == "!" || c.body == "?" && err == nil:
				t.Errorf("accepted: %d %q", resp.Status, text)
			case c.body != "?" && (err != nil || string(text) != c.body):
				t.Errorf("got %q, %v", text, err)
			}
			if busy, idle := client.Conns(addr); busy != 0 || err != nil && idle != 0 {
				t.Errorf("%d busy, %d idle connections left", busy, idle)
			}
		})
	}
}

// Bytes behind an answer must never become the answer to the next request.
func TestExcessBytesAreNotTheNextAnswer(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
	client, addr := raw(t, ok+"hi"+ok+"no")
	for range 3 {
		resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(resp.Body); string(text) != "hi" {
			t.Errorf("got %q", text)
		}
		resp.Body.Close()
	}
}

// byHand lets a test play the node.
func byHand(t *testing.T) (*Client, net.Conn) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return &Client{Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil }, MaxIdle: -1}, theirs
}

func TestExpectContinue(t *testing.T) {
	for _, c := range []struct {
		name, first string
		sent        string // body the node gets
	}{
		{"continue", "HTTP/1.1 100 Continue\r\n\r\n", "body"},
		{"refused", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, node := byHand(t)
			client.ContinueTimeout = time.Minute
			got := make(chan string, 1)
			go func() {
				in := bufio.NewReader(node)
				hr, err := http.ReadRequest(in)
				if err != nil || hr.Header.Get("Expect") != "100-continue" {
					t.Error("no Expect", err)
				}
				if c.first != "" {
					io.WriteString(node, c.first)
				} else {
					io.WriteString(node, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
				}
				body, _ := io.ReadAll(io.LimitReader(in, 4))
				got <- string(body)
				if c.first != "" {
					io.WriteString(node, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			}()
			r := &head.Request{Method: "POST", Target: "/", Host: "h", Length: 4, Expect: true}
			resp, err := client.Exchange(t.Context(), "n", r, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if body := <-got; body != c.sent {
				t.Errorf("node got %q, status %d", body, resp.Status)
			}
		})
	}
}

func TestUpgradeHandsOver(t *testing.T) {
	client, node := byHand(t)
	go func() {
		in := bufio.NewReader(node)
		http.ReadRequest(in)
		io.WriteString(node, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst")
		io.CopyN(node, in, 4)
	}()
	r := &head.Request{Method: "GET", Target: "/", Host: "h", Upgrade: "echo"}
	resp, err := client.Exchange(t.Context(), "n", r, nil)
	if err != nil || resp.Status != 101 || resp.Conn == nil {
		t.Fatal(err)
	}
	go io.WriteString(resp.Conn, "ping")
	buf := make([]byte, 9)
	if _, err := io.ReadFull(resp.Conn, buf); err != nil || string(buf) != "firstping" {
		t.Errorf("%q %v", buf, err)
	}
	if busy, _ := client.Conns("n"); busy != 1 {
		t.Error("a tunnel is not counted")
	}
	resp.Conn.Close()
	if busy, _ := client.Conns("n"); busy != 0 {
		t.Error("a closed tunnel is counted")
	}
}

func TestWhatIsSent(t *testing.T) {
	r := &head.Request{Method: "POST", Target: "/a;b?c", Host: "h:1", Length: 4}
	for _, f := range []string{"X-b: 1", "content-length: 99", "Transfer-Encoding: chunked", "Connection: close",
		"Upgrade: h2c", "TE: trailers", "Host: other", "Keep-Alive: 1", "Trailer: X", "Expect: 100-continue", "x-A: 2"} {
		name, value, _ := strings.Cut(f, ": ")
		r.Fields.Add(name, value)
	}
	const rest = "POST /a;b?c HTTP/1.1\r\nHost: h:1\r\nX-b: 1\r\nx-A: 2\r\n"
	if got := string(appendHead(nil, r, true)); got != rest+"Content-Length: 4\r\n\r\n" {
		t.Errorf("%q", got)
	}
	if got := string(appendHead(nil, r, false)); got != rest+"Content-Length: 0\r\n\r\n" {
		t.Errorf("%q", got)
	}
	r.Length, r.Expect = -1, true
	if got := string(appendHead(nil, r, true)); got != rest+"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n" {
		t.Errorf("%q", got)
	}
}

func TestKeepAliveTimeoutOfTheNode(t *testing.T) {
	client, addr := raw(t, "HTTP/1.1 200 OK\r\nKeep-Alive: max=3, timeout=1\r\nContent-Length: 0\r\n\r\n")
	resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	client.pools.Sweep(time.Now().Add(time.Second))
	if _, idle := client.Conns(addr); idle != 0 {
		t.Error("kept longer than the node does")
	}
}

// untilSpoilt dials for c and returns what waits until the connection dialled
// last has something to read, or its end.
func untilSpoilt(c *Client) (wait func()) {
	var last net.Conn
	c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		var err error
		last, err = d.DialContext(ctx, network, addr)
		return last, err
	}
	return func() {
		var look stale.Check
		for look.Watch(last); look.Quiet(); {
			runtime.Gosched()
		}
	}
}

// A node that closed, or said something unasked, while a connection lay unused
// costs no request, not even one that must not be repeated.
func TestSpoiledKeptConnectionIsNotUsed(t *testing.T) {
	for _, farewell := range []string{"", "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				nc, err := l.Accept()
				if err != nil {
					return
				}
				http.ReadRequest(bufio.NewReader(nc))
				io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"+farewell)
				nc.(*net.TCPConn).CloseWrite()
			}
		}()
		client, addr := &Client{}, l.Addr().String()
		arrived := untilSpoilt(client)
		for i := range 3 {
			r := &head.Request{Method: "POST", Target: "/", Host: "h", Length: 1}
			resp, err := client.Exchange(t.Context(), addr, r, strings.NewReader("x"))
			if err != nil || resp.Status != 200 {
				t.Fatalf("POST %d: %v %v", i, resp, err)
			}
			resp.Body.Close()
			arrived()
		}
		client.CloseIdle()
	}
}

func TestRunClosesWhatIsUnused(t *testing.T) {
	addr := scripted(t, func(*exchangetest.Received) exchangetest.Answer { return exchangetest.Answer{} })
	client := &Client{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- client.Run(ctx) }()
	resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if _, idle := client.Conns(addr); idle != 1 {
		t.Error("not kept")
	}
	cancel()
	<-done
	if _, idle := client.Conns(addr); idle != 0 {
		t.Error("not closed")
	}
}

func TestProber(t *testing.T) {
	status := 404
	addr := scripted(t, func(r *exchangetest.Received) exchangetest.Answer {
		if r.Target != "/alive?x" || r.Method != "GET" || r.Host != "probe.example" {
			t.Errorf("%s %s %s", r.Method, r.Target, r.Host)
		}
		return exchangetest.Answer{Status: status}
	})
	p := &Prober{Path: "/alive?x", Host: "probe.example"}
	if err := p.Probe(t.Context(), addr); err != nil {
		t.Errorf("404: %v", err)
	}
	status = 503
	if err := p.Probe(t.Context(), addr); err == nil {
		t.Error("503 is alive")
	}
	if err := p.Probe(t.Context(), "127.0.0.1:1"); err == nil {
		t.Error("nobody is alive")
	}
}

func FuzzHead(f *testing.F) {
	for _, s := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HTTP/1.0 404\r\nConnection: keep-alive\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n", "HTTP/1.1 304 \r\nETag: \"x\"\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nX:\t\x80\xff \r\nConnection: Close, x\r\n\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if i := strings.Index(s, "\r\n\r\n"); i >= 0 {
			s = s[:i+4]
		}
		var resp head.Response
		fr, err := parseHead(s, "GET", &resp)
		if err != nil {
			return
		}
		twin, err := http.ReadResponse(bufio.NewReader(strings.NewReader(s)), &http.Request{Method: "GET"})
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", s, err)
		}
		twin.Body.Close()
		if twin.StatusCode != resp.Status || fr.chunked && !fr.none != (len(twin.TransferEncoding) == 1) {
			t.Errorf("%q: %+v, net/http %d %v", s, fr, twin.StatusCode, twin.TransferEncoding)
		}
		if !fr.none && !fr.chunked && fr.length != twin.ContentLength {
			t.Errorf("%q: length %d, net/http %d", s, fr.length, twin.ContentLength)
		}
		for x := range resp.Fields.All() {
			if vs := twin.Header.Values(x.Name); !head.EqualFold(x.Name, "Connection") && !head.Framing(x.Name) && len(vs) != resp.Fields.Count(x.Name) {
				t.Errorf("%q: field %q %d times, net/http %q", s, x.Name, resp.Fields.Count(x.Name), vs)
			}
		}
	})
}

func FuzzChunked(f *testing.F) {
	f.Add([]byte("2\r\nhi\r\n0\r\n\r\n"))
	f.Add([]byte("2;x=\"y\"\r\nhi\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nrest"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		x := newConn(&Client{}, (&Client{}).pool("n"), &fixed{r: bytes.NewReader(wire)})
		x.ctx, x.framing = t.Context(), framing{length: -1, chunked: true}
		mine, err := io.ReadAll(newBody(x))
		if err != nil {
			return
		}
		hr := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + string(wire)
		twin, err := http.ReadResponse(bufio.NewReader(strings.NewReader(hr)), nil)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := io.ReadAll(twin.Body)
		if err != nil && !strings.Contains(err.Error(), "trailer") || err == nil && !bytes.Equal(mine, theirs) {
			t.Errorf("%q: %q, net/http %q %v", wire, mine, theirs, err)
		}
	})
}

type fixed struct {
	net.Conn
	r io.Reader
}

func (f *fixed) Read(p []byte) (int, error)      { return f.r.Read(p) }
func (f *fixed) SetReadDeadline(time.Time) error { return nil }
func (f *fixed) Close() error                    { return nil }

// The end of a chunked answer that is there already is told with its last
// bytes, so that nobody passes them on before asking for more.
func TestEndComesWithTheLastBytes(t *testing.T) {
	for answer, trailer := range map[string]string{"5\r\nhello\r\n0\r\n\r\n": "", "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n": "1"} {
		c, addr := raw(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+answer)
		resp, err := c.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := resp.Body.Read(buf)
		if string(buf[:n]) != "hello" || (err == io.EOF) != (trailer == "") {
			t.Errorf("%q: first %q, %v", answer, buf[:n], err)
		}
		if n, err := resp.Body.Read(buf); n != 0 || err != io.EOF || resp.Trailer.Get("X-T") != trailer {
			t.Errorf("%q: then %d bytes, %v, trailer %q", answer, n, err, resp.Trailer.Get("X-T"))
		}
		resp.Body.Close()
		if _, idle := c.Conns(addr); idle != 1 {
			t.Errorf("%q: the connection is not kept", answer)
		}
	}
}
