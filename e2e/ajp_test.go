package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// byAJP is a stage whose two Tomcats are reached by AJP13 alone. Two hundred
// connections at once take a busy machine longer than the usual time.
var byAJP = stage{Tomcats: true, AJP: [2]string{"{secret: s3cret, connectTimeout: 10s}", "{secret: s3cret, connectTimeout: 10s, packetSize: 64KiB}"}}

// Ten thousand requests over kept AJP connections: each session is seen by
// exactly one node, the one its jvmRoute names.
func TestAJPSticky(t *testing.T) {
	w := set(t, byAJP)
	crowd(t, func(int) (node string, err error) {
		c := browser(t)
		for n := range requests {
			p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
			if err := stays(p, err, &node, n+1); err != nil {
				return node, err
			}
			if route(p.session) != node {
				return node, fmt.Errorf("session %q on %s", p.session, node)
			}
		}
		return node, nil
	})
}

// asTold asks for told.jsp and returns its lines.
func asTold(t *testing.T, w *world, req *http.Request) (int, map[string]string) {
	t.Helper()
	resp, err := directly.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, linesOf(resp)
}

// linesOf reads an answer of told.jsp.
func linesOf(resp *http.Response) map[string]string {
	defer resp.Body.Close()
	lines := map[string]string{}
	for in := bufio.NewScanner(resp.Body); in.Scan(); {
		name, value, _ := strings.Cut(in.Text(), "=")
		lines[name] = value
	}
	return lines
}

func request(t *testing.T, method, url string, body io.Reader, fields ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Add(name, value)
	}
	return req
}

// What a servlet sees of a request is what the client sent, and of the client
// what is so.
func TestAJPTellsTheContainer(t *testing.T) {
	w := set(t, byAJP)
	door := strings.TrimPrefix(w.http, "http://")
	const one, two = "Cookie: JSESSIONID=x.node1", "Cookie: JSESSIONID=x.node2"
	const evil = "jakarta.servlet.include.request_uri: /WEB-INF/web.xml"
	post := func(fields ...string) *http.Request {
		return request(t, "POST", w.http+"/app/told.jsp?read", strings.NewReader("hello"), fields...)
	}
	chunked := request(t, "POST", w.http+"/app/told.jsp?read", io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000))))
	expecting := request(t, "POST", w.http+"/app/told.jsp?read", strings.NewReader("hello"), "Expect: 100-continue")
	for _, c := range []struct {
		name string
		req  *http.Request
		want map[string]string
	}{
		{"GET", request(t, "GET", w.http+"/app/told.jsp;x=1?a=%20b&c", nil, "X-Two: one", "X-Two: two", evil, "AJP_REMOTE_PORT: 1", "JK_LB_ACTIVATION: STP", "X-Forwarded-For: 10.9.9.9"),
			map[string]string{"method": "GET", "uri": "/app/told.jsp;x=1", "query": "a=%20b&c", "protocol": "HTTP/1.1", "secure": "http false", "local": "127.0.0.1",
				"server": strings.Replace(door, ":", " ", 1), "length": "0", "encoding": "null", "two": "[one, two]", "activation": "ACT", "evil": "null"}},
		{"POST", post(), map[string]string{"method": "POST", "length": "5", "read": "5", "activation": "ACT"}},
		{"POST, unknown length", chunked, map[string]string{"length": "-1", "read": "100000", "encoding": "chunked"}},
		{"POST that waits to be asked", expecting, map[string]string{"method": "POST", "length": "5", "read": "5"}},
		{"large fields", request(t, "GET", w.http+"/app/told.jsp", nil, one, "X-Large: "+strings.Repeat("a", 7000)), map[string]string{"large": "7000", "node": "node1"}},
		{"large fields in large packets", request(t, "GET", w.http+"/app/told.jsp", nil, two, "X-Large: "+strings.Repeat("a", 25000)), map[string]string{"large": "25000", "node": "node2"}},
	} {
		status, lines := asTold(t, w, c.req)
		if status != 200 {
			t.Errorf("%s: status %d", c.name, status)
		}
		for name, want := range c.want {
			if lines[name] != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, lines[name], want)
			}
		}
		if addr, port, _ := strings.Cut(lines["remote"], " "); addr != "127.0.0.1" || port == "1" || len(port) < 4 {
			t.Errorf("%s: remote is %q", c.name, lines["remote"])
		}
	}
	for _, c := range []struct {
		name   string
		req    *http.Request
		status int
	}{
		{"fields beyond a packet", request(t, "GET", w.http+"/app/told.jsp", nil, one, "X-Large: "+strings.Repeat("a", 9000)), 413},
		{"target beyond a packet", request(t, "GET", w.http+"/app/told.jsp?"+strings.Repeat("a", 8000), nil, one, "X-Large: "+strings.Repeat("a", 400)), 413},
		{"method without a number: the page knows it, and refuses it", request(t, "PATCH", w.http+"/app/told.jsp", strings.NewReader("x")), 405},
		{"that target in a larger packet", request(t, "GET", w.http+"/app/told.jsp?"+strings.Repeat("a", 8000), nil, two, "X-Large: "+strings.Repeat("a", 400)), 200},
		{"upgrade", request(t, "GET", w.http+"/app/told.jsp", nil, "Connection: Upgrade", "Upgrade: websocket"), 501},
	} {
		if status, _ := asTold(t, w, c.req); status != c.status {
			t.Errorf("%s: status %d, want %d", c.name, status, c.status)
		}
	}
}

// Answers without a body, to every kind of request, leave the connection fit
// for the next one.
func TestAJPBodyless(t *testing.T) {
	w := set(t, byAJP)
	for range 5 {
		for _, c := range []struct {
			method string
			code   int
			body   string
		}{{"GET", 204, ""}, {"GET", 304, ""}, {"HEAD", 200, ""}, {"GET", 200, "said\n"}, {"POST", 204, ""}, {"GET", 404, "said\n"}, {"GET", 403, "said\n"}, {"HEAD", 404, ""}, {"GET", 503, "said\n"}} {
			resp, err := directly.Do(request(t, c.method, fmt.Sprintf("%s/app/status.jsp?code=%d", w.http, c.code), strings.NewReader(strings.Repeat("x", map[string]int{"POST": 10}[c.method]))))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != c.code || string(body) != c.body || resp.Header.Get("X-Node") == "" {
				t.Errorf("%s %d: %d %q %v", c.method, c.code, resp.StatusCode, body, err)
			}
		}
	}
}

// The same by AJP13, which carries bodies in packets of 8 KiB.
func TestAJPLargeBodies(t *testing.T) {
	s := byAJP
	s.Load = true
	for node := range 2 { // with packets of either size
		var one [2]string
		one[node] = byAJP.AJP[node]
		s.AJP, s.Config = one, fmt.Sprintf("pools: {default: {nodes: [node%d]}}\n", node+1)
		largeBodies(t, s)
	}
}

// A page that answers without reading what is posted is heard, and what was
// not read gets into nobody's way.
func TestAJPEarlyAnswer(t *testing.T) {
	w := set(t, byAJP)
	for _, length := range []int64{10_000_000, -1, 100} {
		for i := range 4 {
			var body io.Reader = &streamed{end: max(length, 300_000)}
			if length == 100 {
				body = bytes.NewReader(make([]byte, 100))
			}
			req := request(t, "POST", w.http+"/app/status.jsp?code=413", io.NopCloser(body), "Expect: 100-continue")
			if i%2 == 0 {
				req.Header.Del("Expect")
			}
			req.ContentLength = length
			resp, err := directly.Do(req)
			if err != nil {
				t.Errorf("length %d: %v", length, err)
				continue
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 413 || string(text) != "said\n" || err != nil {
				t.Errorf("length %d: %d %q %v", length, resp.StatusCode, text, err)
			}
			if p, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil); err != nil || !p.whole {
				t.Errorf("afterwards: %+v %v", p, err)
			}
		}
	}
}

// A client that vanishes while it posts, or while it is answered, costs nobody
// else anything.
func TestAJPClientVanishes(t *testing.T) {
	w := set(t, byAJP)
	for range 5 {
		for _, text := range []string{
			"POST /app/bulk.jsp HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nbegin",
			"POST /app/bulk.jsp HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n",
			"GET /app/bulk.jsp?bytes=50000000 HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET /app/plain.jsp?ms=300 HTTP/1.1\r\nHost: h\r\n\r\n",
		} {
			c, err := net.Dial("tcp", strings.TrimPrefix(w.http, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, text)
			if strings.Contains(text, "bytes=") {
				io.CopyN(io.Discard, c, 100_000)
			}
			c.Close()
			for range 3 {
				if p, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil); err != nil || !p.whole {
					t.Errorf("afterwards: %+v %v", p, err)
				}
			}
		}
	}
	for _, n := range []string{"node1", "node2"} {
		w.health(n, "http", "up")
	}
}

// A connector with another secret refuses everything: the client is told that
// the way to the node is broken, the operator why.
func TestAJPWrongSecret(t *testing.T) {
	s := byAJP
	s.AJP[0] = "{secret: wrong}"
	w := set(t, s)
	refused := 0
	for range 10 {
		if p, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil); err != nil {
			if p.status != 502 {
				t.Errorf("status %d", p.status)
			}
			refused++
		} else if p.node != "node2" {
			t.Errorf("served by %s", p.node)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	text, _ := os.ReadFile(w.proc.log)
	if !bytes.Contains(text, []byte("the node's AJP connector refuses our requests")) || bytes.Contains(text, []byte("wrong")) || bytes.Contains(text, []byte("s3cret")) {
		t.Errorf("the log says\n%s", text)
	}
	// A probe that asks for a page finds it.
	s.Config = "health: {http: {path: /app/plain.jsp}, ajp: {cping: false, interval: 200ms}}\n"
	w = set(t, s)
	w.health("node1", "http", "down")
	for range 10 {
		if p, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil); err != nil || p.node != "node2" {
			t.Errorf("%+v %v", p, err)
		}
	}
}

// A Tomcat that is restarted while there are unused connections to it is
// missed by nobody who GETs; sessions go on at the other and are not lost.
func TestAJPRestart(t *testing.T) {
	s := byAJP
	s.Config = "health: {ajp: {interval: 500ms}}\n"
	w := set(t, s)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	var served, failed atomic.Int32
	for range 20 {
		wg.Go(func() {
			c := browser(t)
			for hits := 1; ctx.Err() == nil; hits++ {
				p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
				if served.Add(1); err != nil || p.hits < hits {
					if failed.Add(1) <= 5 {
						t.Errorf("hit %d: %+v %v", hits, p, err)
					}
				}
				hits = max(hits, p.hits)
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	time.Sleep(time.Second)
	w.tomcats.nodes[0].proc.kill()
	time.Sleep(time.Second)
	tomcats(t)
	w.health("node1", "http", "up")
	time.Sleep(time.Second)
	cancel()
	wg.Wait()
	t.Logf("%d requests, %d failed", served.Load(), failed.Load())
	// Between two requests: connections lie unused, the node is another process.
	for range 10 {
		if _, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil); err != nil {
			t.Error(err)
		}
	}
	w.tomcats.nodes[1].proc.kill()
	tomcats(t)
	w.health("node2", "http", "up")
	for i := range 10 {
		if node, err := post(directly, w.http, fmt.Sprint("after-", i), i%3); err != nil {
			t.Errorf("POST to %s after the restart: %v", node, err)
		}
	}
}

// One pool may have nodes of both kinds; a session moves from one to the other
// when its node dies, and drains as told.
func TestAJPMixedPool(t *testing.T) {
	s := byAJP
	s.AJP[1] = ""
	w := set(t, s)
	on := func(node string) *http.Client {
		for range 10 {
			c := browser(t)
			if p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil); err == nil && p.node == node {
				return c
			}
		}
		t.Fatalf("no new session on %s", node)
		return nil
	}
	one := on("node1") // before the crowd leaves a debt that newcomers would pay on one node
	crowd(t, func(int) (node string, err error) {
		c := browser(t)
		for n := range requests / 10 {
			p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
			if err := stays(p, err, &node, n+1); err != nil {
				return node, err
			}
		}
		return node, nil
	})
	if err := w.ask("PATCH", "/api/v1/nodes/node1", map[string]any{"activation": "disabled", "reason": "test"}, &node{}); err != nil {
		t.Fatal(err)
	}
	_, lines := asTold(t, w, request(t, "GET", w.http+"/app/told.jsp", nil, "Cookie: JSESSIONID=x.node1"))
	if lines["node"] != "node1" || lines["activation"] != "DIS" {
		t.Errorf("a draining member is told %q on %s", lines["activation"], lines["node"])
	}
	w.tomcats.nodes[0].proc.kill()
	if p, err := fetch(one, "GET", w.http+"/app/hits.jsp", nil); err != nil || p.node != "node2" || p.hits != 2 || route(p.session) != "node2" {
		t.Errorf("after the death of its node: %+v %v", p, err)
	}
	tomcats(t)
}
