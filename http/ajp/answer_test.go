package ajp

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"twinhop/http/head"
)

// canned is a node that reads one Forward Request (and the unasked packet) and
// says these bytes, then closes.
func canned(t testing.TB, answer string) string {
	return listen(t, func(c *container, _ int) {
		if c.request() == nil {
			return
		}
		if c.first {
			readPacket(c.in)
		}
		io.WriteString(c, answer)
		c.Conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c.Conn)
	})
}

func TestAnswers(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	length := func(n string) head.Field { return head.Field{Name: "Content-Length", Value: n} }
	const flush = "AB\x00\x04\x03\x00\x00\x00"
	ok := headers(200)
	for _, c := range []struct {
		name, answer string
		body         string // expected; "!" an error at the head, "?" an error in the body
	}{
		{"plain", headers(200, length("2")) + chunk("hi") + endReuse, "hi"},
		{"no length", ok + chunk("h") + chunk("i") + endReuse, "hi"},
		{"no body", ok + endReuse, ""},
		{"flushes", flush + ok + flush + chunk("h") + flush + chunk("i") + flush + endReuse, "hi"},
		{"flush without its NUL", ok + raw("\x03\x00\x00") + endReuse, ""},
		{"piece without its NUL", ok + raw("\x03\x00\x02hi") + endReuse, "hi"},
		{"piece as large as a packet", ok + chunk(many(8184, "x")) + endReuse, many(8184, "x")},
		{"null strings", raw("\x04\x00\xc8\xff\xff\x00\x01\xa0\x01\xff\xff") + endReuse, ""},
		{"forbidden by the application", headers(403, length("2")) + chunk("no") + endReuse, "no"},
		{"forbidden by the application, empty", headers(403, length("0")) + endReuse, ""},
		{"forbidden by the connector", headers(403) + endClose, "!"},
		{"forbidden by the connector, with a page", headers(403, length("5")) + chunk("nono!") + endClose, "!"},
		{"forbidden by the connector, in pieces", headers(403, length("2")) + flush + chunk("n") + chunk("o") + endClose, "!"},
		{"forbidden, page that ends early", headers(403, length("9")) + chunk("no"), "!"},
		{"forbidden, large page", headers(403, length("5000")) + chunk(many(5000, "x")) + endClose, many(5000, "x")},
		{"not found, and closed", headers(404, length("2")) + chunk("no") + endClose, "no"},
		{"forbidden, length unknown", headers(403) + chunk("no") + endClose, "no"},
		{"length twice the same", headers(200, length("2"), length("2")) + chunk("hi") + endReuse, "hi"},
		{"length twice different", headers(200, length("2"), length("3")) + chunk("hi") + endReuse, "!"},
		{"length signed", headers(200, length("+2")) + chunk("hi") + endReuse, "!"},
		{"length list", headers(200, length("2, 2")) + chunk("hi") + endReuse, "!"},
		{"length empty", headers(200, length("")) + chunk("hi") + endReuse, "!"},
		{"204 with length", headers(204, length("5")) + endReuse, ""},
		{"204 with body", headers(204) + chunk("hi") + endReuse, "?"},
		{"304 with body", headers(304, length("2")) + chunk("hi") + endReuse, "?"},
		{"longer than announced", headers(200, length("1")) + chunk("hi") + endReuse, "?"},
		{"longer than announced by a packet", headers(200, length("2")) + chunk("hi") + chunk("!") + endReuse, "?"},
		{"shorter than announced", headers(200, length("3")) + chunk("hi") + endReuse, "?"},
		{"no end", ok + chunk("hi"), "?"},
		{"cut in a piece", ok + chunk("hello")[:8], "?"},
		{"cut in a head", ok[:9], "!"},
		{"nothing", "", "!"},
		{"wrong magic", "\x12\x34\x00\x02\x05\x01", "!"},
		{"wrong magic in the body", ok + "AC\x00\x02\x05\x01", "?"},
		{"empty packet", "AB\x00\x00", "!"},
		{"packet beyond the limit", "AB\x20\x00" + many(8192, "x"), "!"},
		{"head as large as a packet", headers(200, head.Field{Name: "X", Value: many(8170, "x")}) + endReuse, ""},
		{"head beyond the limit", headers(200, head.Field{Name: "X", Value: many(8171, "x")}) + endReuse, "!"},
		{"piece beyond the limit", ok + "AB\xff\xff\x03\xff\xf0" + many(8192, "x"), "?"},
		{"piece longer than its packet", ok + raw("\x03\x00\x05hi\x00") + endReuse, "?"},
		{"piece shorter than its packet", ok + raw("\x03\x00\x01hi\x00") + endReuse, "?"},
		{"piece of one byte less than a head", ok + raw("\x03\x00") + endReuse, "?"},
		{"body before the head", chunk("hi") + ok + endReuse, "!"},
		{"end before the head", endReuse, "!"},
		{"head twice", ok + ok + endReuse, "?"},
		{"unknown packet", raw("\x07") + ok, "!"},
		{"unknown packet in the body", ok + raw("\x0d") + endReuse, "?"},
		{"sign of life nobody asked for", "AB\x00\x01\x09" + ok + endReuse, "!"},
		{"end too long", ok + raw("\x05\x01\x01"), "?"},
		{"end too short", ok + raw("\x05"), "?"},
		{"end neither yes nor no", ok + raw("\x05\x02"), "?"},
		{"informational", headers(100) + ok + endReuse, "!"},
		{"status 1000", headers(1000) + endReuse, "!"},
		{"field number 0", raw("\x04\x00\xc8\x00\x00\x00\x00\x01\xa0\x00\x00\x01x\x00") + endReuse, "!"},
		{"field number 12", raw("\x04\x00\xc8\x00\x00\x00\x00\x01\xa0\x0c\x00\x01x\x00") + endReuse, "!"},
		{"field without a name", raw("\x04\x00\xc8\x00\x00\x00\x00\x01\xff\xff\x00\x01x\x00") + endReuse, "!"},
		{"field name empty", headers(200, head.Field{Value: "x"}) + endReuse, "!"},
		{"field name with blank", headers(200, head.Field{Name: "a b", Value: "x"}) + endReuse, "!"},
		{"line break in a value", headers(200, head.Field{Name: "X", Value: "a\r\nY: b"}) + endReuse, "!"},
		{"NUL in a value", headers(200, head.Field{Name: "X", Value: "a\x00b"}) + endReuse, "!"},
		{"line break in the reason", raw("\x04\x00\xc8"+text("a\nb")+"\x00\x00") + endReuse, "!"},
		{"string beyond its packet", raw("\x04\x00\xc8\x00\xffO\x00\x00\x00") + endReuse, "!"},
		{"string without its NUL", raw("\x04\x00\xc8\x00\x01Ox\x00\x00") + endReuse, "!"},
		{"fewer fields than said", raw("\x04\x00\xc8\x00\x00\x00\x00\x02\xa0\x01\x00\x01x\x00") + endReuse, "!"},
		{"more fields than said", raw("\x04\x00\xc8\x00\x00\x00\x00\x00\xa0\x01\x00\x01x\x00") + endReuse, "!"},
		{"65535 fields", raw("\x04\x00\xc8\x00\x00\x00\xff\xff") + endReuse, "!"},
		{"300 fields", headers(200, make([]head.Field, 300)...) + endReuse, "!"},
		{"asks for nothing", raw("\x06\x00\x00") + ok + endReuse, "!"},
		{"question too long", raw("\x06\x00\x01\x00") + ok + endReuse, "!"},
		{"question too short", raw("\x06\x00") + ok + endReuse, "!"},
		{"asks without end", many(40, raw("\x06\x1f\xfa")) + ok + endReuse, "!"},
		{"asks once after the end", raw("\x06\x1f\xfa") + ok + raw("\x06\x1f\xfa") + chunk("hi") + endReuse, "hi"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := canned(t, c.answer)
			client := all(t, Settings{HeaderTimeout: 10 * time.Second, BodyTimeout: 10 * time.Second})
			resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
			if err != nil {
				if c.body != "!" {
					t.Fatal(err)
				}
				var e *Error
				if !errors.As(err, &e) || e.NotSent() || e.Timeout() || e.Blameless() {
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
			if busy, idle := client.Conns(addr); busy != 0 || err != nil && idle != 0 || err == nil && strings.HasSuffix(c.answer, endClose) && idle != 0 {
				t.Errorf("%d busy, %d idle connections left", busy, idle)
			}
		})
	}
}

func TestAnswerHead(t *testing.T) {
	payload := "\x04" + u16(404) + text("Not here") + u16(4) +
		u16(0xA007) + text("a=1") + u16(0xA007) + text("b=2; Path=/") + text("X-Own") + text(" kept \t") + u16(0xA00B) + text("Basic")
	var resp head.Response
	if err := parseHeaders([]byte(payload), "HEAD", &resp); err != nil {
		t.Fatal(err)
	}
	var got []string
	for f := range resp.Fields.All() {
		got = append(got, f.Name+"="+f.Value)
	}
	if strings.Join(got, "|") != "Set-Cookie=a=1|Set-Cookie=b=2; Path=/|X-Own=kept|WWW-Authenticate=Basic" ||
		resp.Status != 404 || resp.Reason != "Not here" || resp.ContentLength != -1 {
		t.Errorf("%d %q %d %q", resp.Status, resp.Reason, resp.ContentLength, got)
	}
	for i, name := range strings.Fields("Content-Type Content-Language Content-Length Date Last-Modified Location Set-Cookie Set-Cookie2 Servlet-Engine Status WWW-Authenticate") {
		resp.Reset()
		if err := parseHeaders([]byte("\x04"+u16(200)+text("200")+u16(1)+u16(0xA001+i)+text("7")), "GET", &resp); err != nil || resp.Fields.At(0).Name != name || resp.Reason != "" {
			t.Errorf("%d: %v %v %q", i+1, resp.Fields, err, resp.Reason)
		}
	}
}

// Bytes behind an answer must never become the answer to the next request.
func TestExcessBytesAreNotTheNextAnswer(t *testing.T) {
	answer := headers(200) + chunk("hi") + endReuse
	addr := canned(t, answer+headers(200)+chunk("no")+endReuse)
	client := all(t, Settings{})
	for range 3 {
		resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(resp.Body); string(text) != "hi" {
			t.Errorf("got %q", text)
		}
		resp.Body.Close()
		if _, idle := client.Conns(addr); idle != 0 {
			t.Error("the connection is kept")
		}
	}
}

// Whatever arrives at once is told at once, the end with the last bytes, so
// that nobody passes them on before asking for more.
func TestReadGathers(t *testing.T) {
	addr := canned(t, headers(200)+chunk("he")+"AB\x00\x04\x03\x00\x00\x00"+chunk("llo")+endReuse)
	client := all(t, Settings{})
	resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := resp.Body.Read(buf); string(buf[:n]) != "hello" || err != io.EOF {
		t.Errorf("%q %v", buf[:n], err)
	}
	resp.Body.Close()
	if _, idle := client.Conns(addr); idle != 1 {
		t.Error("the connection is not kept")
	}
}

// Of an answer of known length the reader need not ask for the end.
func TestClosedAfterTheLastByte(t *testing.T) {
	addr := canned(t, headers(200, head.Field{Name: "Content-Length", Value: "2"})+chunk("hi")+endReuse)
	client := all(t, Settings{})
	resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/", Host: "h"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := resp.Body.Read(make([]byte, 2)); n != 2 || err != nil && err != io.EOF {
		t.Errorf("%d %v", n, err)
	}
	resp.Body.Close()
	if _, idle := client.Conns(addr); idle != 1 {
		t.Error("the connection is not kept")
	}
}

// A large answer is read in large parts.
func TestLargeAnswerTakesFewReads(t *testing.T) {
	const pieces = 100
	in := &countedReads{r: strings.NewReader(headers(200) + strings.Repeat(chunk(strings.Repeat("x", 8184)), pieces) + endReuse)}
	client := &Client{Dial: func(context.Context, string, string) (net.Conn, error) { return &wire{r: in}, nil }, Default: Settings{MaxIdle: -1}}
	resp, err := client.Exchange(t.Context(), "n", get(), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if len(body) != pieces*8184 || err != nil || in.n > pieces*8192/bulkSize+3 {
		t.Errorf("%d bytes in %d reads, %v", len(body), in.n, err)
	}
}

type countedReads struct {
	r io.Reader
	n int
}

func (c *countedReads) Read(p []byte) (int, error) { c.n++; return c.r.Read(p) }

// A protocol error ends its own connection: what runs on another goes on, and
// so do the unused ones.
func TestProtocolErrorCostsOneConnection(t *testing.T) {
	release := make(chan struct{})
	addr := listen(t, func(c *container, _ int) {
		for {
			q := c.request()
			if q == nil {
				return
			}
			switch q.uri {
			case "/slow":
				io.WriteString(c, headers(200)+chunk("first "))
				<-release
				io.WriteString(c, chunk("second")+endReuse)
			case "/":
				io.WriteString(c, headers(200)+endReuse)
			default:
				io.WriteString(c, map[string]string{"/type": raw("\x63"), "/magic": "ABBA", "/long": "AB\xff\xff\x03", "/twice": headers(200) + headers(200),
					"/piece": headers(200) + raw("\x03\xff\xffx\x00"), "/extra": headers(200) + endReuse + chunk("of whom?")}[q.uri])
			}
		}
	})
	client := all(t, Settings{})
	ask := func(target string) (string, error) {
		resp, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: target, Host: "h"}, nil)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return string(text), err
	}
	running, err := client.Exchange(t.Context(), addr, &head.Request{Method: "GET", Target: "/slow", Host: "h"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	another, err := client.Exchange(t.Context(), addr, get(), nil)
	if err != nil {
		t.Fatal(err)
	}
	must(t, client, addr) // on a third connection
	io.Copy(io.Discard, another.Body)
	another.Body.Close()
	for _, target := range []string{"/type", "/magic", "/long", "/twice", "/piece", "/extra"} {
		_, before := client.Conns(addr)
		_, err := ask(target)
		if (err == nil) != (target == "/extra") {
			t.Errorf("%s: %v", target, err)
		}
		if busy, idle := client.Conns(addr); busy != 1 || idle != before-1 {
			t.Errorf("%s: %d busy, %d idle, before %d", target, busy, idle, before)
		}
		if text, err := ask("/"); text != "" || err != nil {
			t.Errorf("after %s: %q %v", target, text, err)
		}
		resp, err := client.Exchange(t.Context(), addr, get(), nil) // so that there are two again
		if err != nil {
			t.Fatal(err)
		}
		must(t, client, addr)
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	close(release)
	if text, err := io.ReadAll(running.Body); string(text) != "first second" || err != nil {
		t.Errorf("what ran meanwhile: %q %v", text, err)
	}
	running.Body.Close()
	if busy, idle := client.Conns(addr); busy != 0 || idle != 3 {
		t.Errorf("%d busy, %d idle", busy, idle)
	}
}
