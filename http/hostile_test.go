package http

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Each probe must reach the node as one request at most, and what follows it
// on the connection must never be taken for a request of its own.
func TestSmuggling(t *testing.T) { lanes(t, smuggling) }

func smuggling(t *testing.T) {
	const evil = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
	const ok, bad = "200", "400"
	for name, c := range map[string]struct{ request, status string }{
		"length and chunked":      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + evil, ok},
		"two lengths":             {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 38\r\n\r\n" + evil, bad},
		"length list":             {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0, 38\r\n\r\n" + evil, bad},
		"length sign":             {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +0\r\n\r\n" + evil, bad},
		"length hex":              {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x0\r\n\r\n" + evil, bad},
		"length empty":            {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n" + evil, bad},
		"coding unknown":          {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n" + evil, "501"},
		"coding gzip, chunked":    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + evil, "501"},
		"coding twice":            {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + evil, "501"},
		"coding tab":              {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + evil, ok},
		"coding blank in name":    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + evil, bad},
		"coding vertical tab":     {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + evil, bad},
		"NUL in value":            {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n" + evil, bad},
		"CR in value":             {"GET / HTTP/1.1\r\nHost: h\r\nX: a\rContent-Length: 38\r\n\r\n" + evil, bad},
		"no Host":                 {"GET / HTTP/1.1\r\n\r\n" + evil, bad},
		"two Hosts":               {"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n" + evil, bad},
		"Host with blank":         {"GET / HTTP/1.1\r\nHost: h i\r\n\r\n" + evil, bad},
		"blank in target":         {"GET / x HTTP/1.1\r\nHost: h\r\n\r\n" + evil, bad},
		"chunk size bad":          {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n" + evil, bad},
		"chunk size huge":         {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n" + evil, bad},
		"chunk ends wrong":        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + evil, bad},
		"h2c upgrade":             {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", ok},
		"h2c upgrade with others": {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n", ok},
		"connect":                 {"CONNECT other:22 HTTP/1.1\r\nHost: other:22\r\n\r\n" + evil, "405"},
		"http/9":                  {"GET / HTTP/9.9\r\nHost: h\r\n\r\n", "505"},
		"target too long":         {"GET /" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
		"too many fields":         {"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: y\r\n", 150) + "\r\n", "431"},
		"head too large":          {"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("y", 40000) + "\r\n\r\n", "431"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(t, "n1")
			s := newStage(t, []node{r.node}, nil)
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go io.WriteString(conn, c.request)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(resp.StatusCode); got != c.status {
				t.Errorf("status %s, expected %s", got, c.status)
			}
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
			for _, got := range r.take() {
				lower := strings.ToLower(got)
				if strings.Contains(got, "smuggled") || strings.Contains(lower, "upgrade") || strings.Contains(lower, "http2") ||
					strings.Contains(lower, "content-length") && strings.Contains(lower, "transfer-encoding") {
					t.Errorf("node got %q", got)
				}
			}
		})
	}
}

// After each hostile probe an ordinary client gets its own answer.
func TestAnswersAreNotMixedUp(t *testing.T) { lanes(t, answersAreNotMixedUp) }

func answersAreNotMixedUp(t *testing.T) {
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, r.URL.Path)
	})}, nil)
	for i, probe := range []string{
		"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nshort",
		"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nshort",
		"POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		"GET /p HTTP/1.1\r\nHost: h\r\n\r\nGET /q HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, probe)
		conn.Close()
		for j := range 3 {
			path := fmt.Sprintf("/victim/%d/%d", i, j)
			if _, body := s.get(path); body != path {
				t.Errorf("after probe %d: %s got %q", i, path, body)
			}
		}
	}
}

// TRACE would show a script what it is not to see; who wants it all the same
// says so.
func TestTrace(t *testing.T) {
	for _, through := range []bool{false, true} {
		lanes(t, func(t *testing.T) {
			r := newRecorder(t, "n1")
			s := newStage(t, []node{r.node}, func(s *stage) { s.settings.Trace = through })
			answer := s.rawSend("TRACE /x HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\nConnection: close\r\n\r\n")
			if through && !strings.HasPrefix(answer, "HTTP/1.1 200 ") || !through && (!strings.HasPrefix(answer, "HTTP/1.1 405 ") || !strings.Contains(answer, "\r\nAllow: GET, ")) {
				t.Errorf("through %v: %s", through, answer)
			}
			if got := r.take(); (len(got) > 0) != through {
				t.Errorf("through %v: the node got %q", through, got)
			}
		})
	}
}
