package exchangetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twinhop/http/head"
)

// Run checks that a protocol keeps the contract of head.Backend.
func Run(t *testing.T, h Harness) {
	for name, check := range map[string]func(*testing.T, Harness){
		"fields and target arrive as they are": plain,
		"connection is kept for the next":      kept,
		"HEAD, 204 and 304 have no body":       bodyless,
		"body of unknown length both ways":     unknown,
		"large bodies both ways":               large,
		"trailer":                              trailer,
		"dropped before the answer":            dropped,
		"dead kept connection, GET":            deadKeptGet,
		"dead kept connection, once":           deadKeptOnce,
		"cut body is an error":                 cutBody,
		"unread answer costs the connection":   unread,
		"early answer ends the sending":        early,
		"answer while the body still comes":    duplex,
		"client's body breaks":                 brokenBody,
		"nobody listens":                       refused,
		"slow node":                            slow,
		"cancelled":                            cancelled,
		"connection limit":                     limited,
		"not this protocol":                    badAnswer,
		"request that cannot be sent":          badRequest,
		"bytes on the wire are counted":        counted,
	} {
		t.Run(name, func(t *testing.T) { check(t, h) })
	}
}

// start brings up a node and a client for one check.
func (h Harness) start(t *testing.T, l Limits, script func(*Received) Answer) peer {
	t.Helper()
	return peer{h.Backend(t, l), h.Node(t, script)}
}

func get(target string) *head.Request {
	return &head.Request{Method: "GET", Target: target, Host: "app.example"}
}

func post(length int64) *head.Request {
	return &head.Request{Method: "POST", Target: "/post", Host: "app.example", Length: length}
}

func earlyPost(length int64) *head.Request {
	r := post(length)
	r.Fields.Add(EarlyField, "1")
	return r
}

// peer is a client and the node it speaks with.
type peer struct {
	head.Backend
	addr string
}

// must exchanges and reads the whole answer.
func (p peer) must(t *testing.T, r *head.Request, body io.Reader) (int, string) {
	t.Helper()
	resp, err := p.Exchange(t.Context(), p.addr, r, body)
	if err != nil {
		t.Fatalf("exchange: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	return resp.Status, string(text)
}

func plain(t *testing.T, h Harness) {
	const target = "/a;x=1/%2E%c3%A9//b?q=1&r=%20;s"
	p := h.start(t, Limits{}, func(r *Received) Answer {
		if r.Method != "GET" || r.Target != target || r.Host != "app.example" {
			t.Errorf("node got %s %s at %s", r.Method, r.Target, r.Host)
		}
		var values []string
		for v := range r.Fields.Values("X-Two") {
			values = append(values, v)
		}
		if want := h.repeated("one", "two"); fmt.Sprint(values) != want || r.Fields.Get("Cookie") != "JSESSIONID=A.n1" {
			t.Errorf("fields: %v", r.Fields)
		}
		return Answer{Status: 200, Body: []byte("hello"), Fields: []head.Field{
			{Name: "Set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b=2; Path=/"}, {Name: "X-Empty", Value: ""}}}
	})
	r := get(target)
	r.Fields.Add("X-Two", "one")
	r.Fields.Add("Cookie", "JSESSIONID=A.n1")
	r.Fields.Add("X-Two", "two")
	resp, err := p.Exchange(t.Context(), p.addr, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	if string(text) != "hello" || resp.Status != 200 || resp.ContentLength != 5 {
		t.Errorf("answer %d %q length %d", resp.Status, text, resp.ContentLength)
	}
	if resp.Fields.Count("Set-Cookie") != 2 || !resp.Fields.Has("X-Empty") {
		t.Errorf("fields %v", resp.Fields)
	}
	resp.Body.Close()
	resp.Body.Close() // twice is harmless
}

func kept(t *testing.T, h Harness) {
	var last Received
	p := h.start(t, Limits{}, func(r *Received) Answer { last = *r; return Answer{Body: []byte("x")} })
	for i := range 5 {
		p.must(t, get("/"), nil)
		if last.Conn != 1 || last.Request != i+1 {
			t.Fatalf("exchange %d came as request %d on connection %d", i+1, last.Request, last.Conn)
		}
	}
}

func bodyless(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(r *Received) Answer {
		switch r.Target {
		case "/204":
			return Answer{Status: 204}
		case "/304":
			return Answer{Status: 304, Fields: []head.Field{{Name: "ETag", Value: `"1"`}}}
		}
		return Answer{Body: []byte("12345")}
	})
	for _, target := range []string{"/204", "/304", "/"} {
		if _, text := p.must(t, &head.Request{Method: "HEAD", Target: target, Host: "h"}, nil); text != "" {
			t.Errorf("HEAD %s has a body", target)
		}
		if status, text := p.must(t, get(target), nil); target != "/" && (text != "" || fmt.Sprintf("/%d", status) != target) {
			t.Errorf("GET %s: %d %q", target, status, text)
		}
	}
}

func unknown(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(r *Received) Answer { return Answer{Body: r.Body, Unknown: true} })
	for range 2 {
		if _, text := p.must(t, post(-1), io.MultiReader(strings.NewReader("he"), strings.NewReader("llo"))); text != "hello" {
			t.Errorf("came back: %q", text)
		}
	}
}

func large(t *testing.T, h Harness) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	p := h.start(t, Limits{}, func(r *Received) Answer { return Answer{Body: r.Body} })
	for _, length := range []int64{int64(len(data)), -1} {
		if _, text := p.must(t, post(length), io.MultiReader(bytes.NewReader(data))); text != string(data) {
			t.Errorf("length %d: %d bytes came back changed", length, len(text))
		}
	}
	if _, text := p.must(t, post(int64(len(data))), bytes.NewReader(data)); text != string(data) {
		t.Error("in memory: came back changed")
	}
}

func trailer(t *testing.T, h Harness) {
	if h.NoTrailers {
		t.Skip("the protocol has none")
	}
	p := h.start(t, Limits{}, func(*Received) Answer {
		return Answer{Body: []byte("x"), Unknown: true, Trailer: []head.Field{{Name: "X-Sum", Value: "7"}}}
	})
	resp, err := p.Exchange(t.Context(), p.addr, get("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil || resp.Trailer.Get("X-Sum") != "7" {
		t.Errorf("trailer %v, error %v", resp.Trailer, err)
	}
}

func dropped(t *testing.T, h Harness) {
	var seen atomic.Int32
	p := h.start(t, Limits{}, func(*Received) Answer { seen.Add(1); return Answer{Fault: Drop} })
	for _, r := range []*head.Request{get("/"), post(2)} {
		seen.Store(0)
		_, err := p.Exchange(t.Context(), p.addr, r, strings.NewReader("ab"))
		if err == nil || head.NotSent(err) || head.Timeout(err) || seen.Load() != 1 {
			t.Errorf("%s: %v, delivered %d times", r.Method, err, seen.Load())
		}
	}
}

func deadKeptGet(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(*Received) Answer { return Answer{Fault: DropAfter, Body: []byte("x")} })
	for range 5 {
		if _, text := p.must(t, get("/"), nil); text != "x" {
			t.Errorf("got %q", text)
		}
	}
}

// On a connection that may be dead a POST, or what is not to be repeated, gets
// through once or fails; it is never delivered twice. Any other GET is.
func deadKeptOnce(t *testing.T, h Harness) {
	var seen atomic.Int32
	p := h.start(t, Limits{}, func(r *Received) Answer {
		if r.Target == "/first" {
			return Answer{}
		}
		seen.Add(1)
		return Answer{Fault: Drop}
	})
	once := &head.Request{Method: "GET", Target: "/", Host: "app.example", Once: true}
	for r, times := range map[*head.Request]int32{post(2): 1, once: 1, get("/"): 2} {
		for range 5 {
			p.must(t, get("/first"), nil)
			seen.Store(0)
			_, err := p.Exchange(t.Context(), p.addr, r, bytes.NewReader([]byte("ab")))
			if n := seen.Load(); n != times || err == nil || head.NotSent(err) {
				t.Errorf("%s (once: %v) delivered %d times, %v", r.Method, r.Once, n, err)
			}
		}
	}
}

func cutBody(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(r *Received) Answer {
		return Answer{Fault: DropInBody, Body: []byte("0123456789"), Unknown: r.Target == "/unknown"}
	})
	for _, target := range []string{"/", "/unknown"} {
		resp, err := p.Exchange(t.Context(), p.addr, get(target), nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(resp.Body); err == nil || len(text) > 5 {
			t.Errorf("%s: %q, %v", target, text, err)
		}
		resp.Body.Close()
	}
}

func unread(t *testing.T, h Harness) {
	var conn atomic.Int32
	p := h.start(t, Limits{}, func(r *Received) Answer {
		conn.Store(int32(r.Conn))
		return Answer{Body: make([]byte, 1<<20)}
	})
	for i := range 3 {
		resp, err := p.Exchange(t.Context(), p.addr, get("/"), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Read(make([]byte, 10))
		resp.Body.Close()
		if int(conn.Load()) != i+1 {
			t.Errorf("exchange %d used connection %d", i+1, conn.Load())
		}
	}
}

// endless is a client that never ends its body until it is closed.
type endless struct {
	closed chan struct{}
	first  bool
}

func (e *endless) Read(p []byte) (int, error) {
	if !e.first {
		e.first = true
		return copy(p, "begin"), nil
	}
	<-e.closed
	return 0, errors.New("closed")
}

func (e *endless) Close() error { close(e.closed); return nil }

func early(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(r *Received) Answer {
		return Answer{Status: 413, Body: []byte("too large")}
	})
	if status, text := p.must(t, earlyPost(1<<20), &endless{closed: make(chan struct{})}); status != 413 || text != "too large" {
		t.Errorf("%d %q", status, text)
	}
}

func duplex(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(r *Received) Answer { return Answer{Unknown: true, Fault: EarlyEchoes} })
	reader, writer := io.Pipe()
	resp, err := p.Exchange(t.Context(), p.addr, earlyPost(-1), reader)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 4)
	for _, word := range []string{"ping", "pong"} {
		go io.WriteString(writer, word)
		if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != word {
			t.Fatalf("got %q, %v", buf, err)
		}
	}
	writer.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) != 0 {
		t.Errorf("rest %q, %v", rest, err)
	}
}

func brokenBody(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(r *Received) Answer {
		if !r.Cut {
			t.Errorf("the node took %q for a whole body", r.Body)
		}
		return Answer{}
	})
	broken := errors.New("client went away")
	for _, length := range []int64{10, -1} {
		_, err := p.Exchange(t.Context(), p.addr, post(length), io.MultiReader(strings.NewReader("half"), &failing{broken}))
		var fault *head.BodyError
		if !errors.As(err, &fault) || !errors.Is(err, broken) {
			t.Errorf("length %d: %v", length, err)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func refused(t *testing.T, h Harness) {
	b := h.Backend(t, Limits{})
	_, err := b.Exchange(t.Context(), "127.0.0.1:1", post(2), strings.NewReader("ab"))
	if err == nil || !head.NotSent(err) {
		t.Errorf("nobody listens: %v", err)
	}
}

func slow(t *testing.T, h Harness) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	p := h.start(t, Limits{Header: 20 * time.Millisecond}, func(*Received) Answer { return Answer{Wait: release} })
	_, err := p.Exchange(t.Context(), p.addr, get("/"), nil)
	if err == nil || head.NotSent(err) || !head.Timeout(err) {
		t.Errorf("silent node: %v", err)
	}
}

func cancelled(t *testing.T, h Harness) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithCancel(t.Context())
	p := h.start(t, Limits{}, func(*Received) Answer { cancel(); return Answer{Wait: release} })
	if _, err := p.Exchange(ctx, p.addr, get("/"), nil); !errors.Is(err, context.Canceled) || head.NotSent(err) {
		t.Errorf("cancelled: %v", err)
	}
}

func limited(t *testing.T, h Harness) {
	p := h.start(t, Limits{MaxConns: 1}, func(*Received) Answer { return Answer{Body: []byte("x")} })
	resp, err := p.Exchange(t.Context(), p.addr, get("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Exchange(t.Context(), p.addr, post(1), strings.NewReader("a")); err == nil || !head.NotSent(err) {
		t.Errorf("beyond the limit: %v", err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	p.must(t, get("/"), nil)
}

func badAnswer(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(*Received) Answer { return Answer{Fault: BadAnswer} })
	if _, err := p.Exchange(t.Context(), p.addr, get("/"), nil); err == nil || head.NotSent(err) || head.Timeout(err) {
		t.Errorf("garbage: %v", err)
	}
}

func badRequest(t *testing.T, h Harness) {
	p := h.start(t, Limits{}, func(r *Received) Answer { t.Errorf("node got %q", r.Target); return Answer{} })
	evil := get("/")
	evil.Fields.Add("X", "a\r\nY: b")
	for _, r := range []*head.Request{get("/ HTTP/1.1\r\nX: y"), {Method: "GET /\r\n", Target: "/", Host: "h"}, evil,
		{Method: "GET", Target: "/", Host: "h\r\nX: y"}} {
		if _, err := p.Exchange(t.Context(), p.addr, r, nil); err == nil || !head.NotSent(err) {
			t.Errorf("%q: %v", r.Target, err)
		}
	}
}
