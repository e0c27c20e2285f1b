package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostile are requests that proxies and servers understand differently, or that cost more than
// they should. The status is what the gateway, or Tomcat behind it, says first; "" is no answer.
var hostile = []struct{ name, request, status string }{
	{"length and chunked", "POST /app/plain.jsp HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "200"},
	{"chunked in HTTP/1.0", "POST /app/plain.jsp HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "200"},
	{"two lengths", "POST /app/plain.jsp HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 60\r\n\r\n" + smuggled, "400"},
	{"odd coding", "POST /app/plain.jsp HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, "501"},
	{"coding with a blank", "POST /app/plain.jsp HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled, "400"},
	{"body of a GET", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 55\r\n\r\n" + smuggled, "200"},
	{"LF alone in a chunk", "POST /app/plain.jsp HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n" + smuggled,
		"400 or 200"}, // a node that does not want the body may answer before it is read
	{"LF alone", "GET /app/plain.jsp HTTP/1.1\nHost: h\nConnection: close\n\n", "200"},
	{"CR in a value", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n" + smuggled, "400"},
	{"NUL in a value", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n" + smuggled, "400"},
	{"NUL in the target", "GET /app/plain.jsp\x00 HTTP/1.1\r\nHost: h\r\n\r\n" + smuggled, "400"},
	{"folded field", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nX: a\r\n Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", "200"},
	{"folded first field", "GET /app/plain.jsp HTTP/1.1\r\n X: a\r\nHost: h\r\n\r\n" + smuggled, "400"},
	{"large field", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 256<<10) + "\r\n\r\n", "431"},
	{"many fields", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: x\r\n", 500) + "\r\n", "431"},
	{"many options", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nConnection: " + strings.Repeat("a,", 9000) + "\r\n\r\n", "431"},
	{"long target", "GET /" + strings.Repeat("x", 16<<10) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
	{"escaped slash", "GET /app%2fplain.jsp HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "400"},
	{"dots with parameter", "GET /app/x/..;/plain.jsp HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "400"},
	{"absolute form", "GET http://other.invalid/app/plain.jsp HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200"},
	{"other scheme", "GET ftp://other.invalid/app/plain.jsp HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200"},
	{"opaque target", "GET other.invalid:80 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "400"},
	{"CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n" + smuggled, "405"},
	{"h2c upgrade", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "200"},
	{"h2c at once", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", "400"},
	{"HTTP/0.9", "GET /app/plain.jsp\r\n\r\n", "400"},
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 50) + "\r\n\r\n", "400"},
	{"two Hosts", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n" + smuggled, "400"},
	{"forged forwarding", "GET /app/plain.jsp HTTP/1.1\r\nHost: h\r\nConnection: X-Forwarded-For, close\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n", "200"},
	{"cookie with CR LF", "GET /app/hits.jsp HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCookie: JSESSIONID=a%0d%0aX:y.node1\r\n\r\n", "200"},
	{"endless route", "GET /app/hits.jsp;jsessionid=A." + strings.Repeat("n", 4000) + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200"},
	{"body that stops", "POST /app/plain.jsp HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nshort", ""},
	{"half a head", "GET /app/plain.jsp HTTP/1.1\r\nHost: h", ""},
}

// smuggled is what must never be served: it would change the session of another test's page.
const smuggled = "GET /app/hits.jsp?smuggled=1 HTTP/1.1\r\nHost: smuggled\r\n\r\n"

// Hostile requests do no harm: each is answered as it should be and at most once, and browsers
// that use the gateway meanwhile see their own sessions, hit by hit.
func TestHostileRequests(t *testing.T) {
	w := set(t, stage{Tomcats: true})
	const rounds = 5
	ctx, cancel := context.WithCancel(t.Context())
	var control sync.WaitGroup
	var mu sync.Mutex
	served := 0
	for i := range 4 {
		control.Go(func() {
			c := browser(t)
			node := ""
			for n := 1; ctx.Err() == nil; n++ {
				p, err := fetch(c, "GET", w.http+"/app/hits.jsp", nil)
				if err := stays(p, err, &node, n); err != nil {
					t.Errorf("browser %d: %v", i, err)
					return
				}
				mu.Lock()
				served++
				mu.Unlock()
			}
		})
	}
	addr := strings.TrimPrefix(w.http, "http://")
	for range rounds {
		for _, h := range hostile {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			c.SetDeadline(time.Now().Add(10 * time.Second))
			if h.status == "" { // it goes away
				_, _ = io.WriteString(c, h.request)
				c.Close()
				continue
			}
			go func() { _, _ = io.WriteString(c, h.request) }()
			in := bufio.NewReader(c)
			first, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Errorf("%s: %v", h.name, err)
				c.Close()
				continue
			}
			_, _ = io.Copy(io.Discard, first.Body)
			if got := fmt.Sprint(first.StatusCode); !strings.Contains(h.status, got) {
				t.Errorf("%s: status %s, want %s", h.name, got, h.status)
			}
			_ = c.(*net.TCPConn).CloseWrite() // nothing more comes; what is there already is read on
			if second, err := http.ReadResponse(in, nil); err == nil {
				t.Errorf("%s: a second answer, %s", h.name, second.Status)
			}
			c.Close()
		}
	}
	cancel()
	control.Wait()
	t.Logf("%d hostile requests, %d of ordinary browsers", rounds*len(hostile), served)
	if served < 50 {
		t.Errorf("only %d ordinary requests meanwhile", served)
	}
}

// What is excluded from the mounts is not served by Tomcat either, however it is spelled.
func TestExcludedPathsStayHidden(t *testing.T) { stayHidden(t, stage{Tomcats: true}) }

func stayHidden(t *testing.T, s stage) {
	s.Config = "mounts:\n  - {path: \"/*\", pool: default}\n  - {path: \"!/app/private\", pool: \"*\"}\n  - {path: \"!/app/private/*\", pool: \"*\"}\n"
	w := set(t, s)
	addr := strings.TrimPrefix(w.http, "http://")
	direct := strings.TrimPrefix(w.tomcats.nodes[0].url(), "http://")
	open := 0
	var paths []string
	for _, private := range []string{"private", "%70rivate", "priv%61te", "private;x=1", "private;a/..;b", ";x/private", "./private", ".;x/private", "%2e/private",
		"x/../private", "x/..;/private", "x/%2e%2e/private", "x/.%2e/private", "x/..;a=b/private", "x//../private", "x/..//private", "/private", "//private",
		"x%2f..%2fprivate", "x/..%2fprivate", "%2fprivate", "x/..%5cprivate", "..%5cprivate", `\private`, `x\..\private`, "../app/private", "../../app/private", "%2570rivate",
		"private%3bx", "private%00", "private/.", "private/./x/..", "PRIVATE", "private%20", "x/../../app/private", "..;/app/private", "%c0%ae%c0%ae/private"} {
		for _, page := range []string{"/page.jsp", "//page.jsp", "/page.jsp;x=1", "/%70age.jsp", ";y=2/page.jsp", "/x/../page.jsp", "/;z/page.jsp"} {
			paths = append(paths, "/app/"+private+page)
		}
	}
	paths = append(paths, "//app/private/page.jsp", "/;x/app/private/page.jsp", "/app;x/private/page.jsp", "/app;x=y/private;z/page.jsp", "/%61pp/private/page.jsp")
	for _, p := range paths {
		request := "GET " + p + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
		if strings.Contains(exchange(t, direct, request), "private=1") {
			open++
		}
		if answer := exchange(t, addr, request); strings.Contains(answer, "private=1") {
			t.Errorf("%s is served", p)
		}
	}
	t.Logf("%d spellings, %d of them open at Tomcat itself", len(paths), open)
	if open < 20 {
		t.Errorf("only %d spellings are open at Tomcat: nothing was shown", open)
	}
}

func exchange(t testing.TB, addr, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, request)
	answer, _ := io.ReadAll(c)
	return string(answer)
}
