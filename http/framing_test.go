package http

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// A chunked body that was read to its end lets the connection go on; one that
// was not, or that might be read otherwise, does not.
func TestChunkedRequestsKeepTheirConnection(t *testing.T) { lanes(t, chunkedRequests) }

func chunkedRequests(t *testing.T) {
	const get = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
	const chunked = "POST /buy HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n7;x=y\r\ndefghij\r\n0\r\nX-Sum: 1\r\n\r\n"
	for what, tt := range map[string]struct {
		requests []string
		answers  int
	}{
		"one after the other": {[]string{get, chunked, chunked, get}, 4},
		"all at once":         {[]string{chunked + get + chunked}, 3},
		"with a length as well": {[]string{get, strings.Replace(chunked, "Host: h", "Host: h\r\nContent-Length: 3", 1),
			get}, 2},
		"of an older version": {[]string{strings.Replace(get, "/1.1", "/1.0", 1)}, 1},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRecorder(t, "n1")
			s := newStage(t, []node{r.node}, nil)
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			in, answers := bufio.NewReader(conn), 0
			for i, request := range tt.requests {
				if _, err := io.WriteString(conn, request); err != nil {
					break // it was closed
				}
				for answers < tt.answers && (answers <= i || i == len(tt.requests)-1) {
					resp, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Fatalf("after %d answers: %v", answers, err)
					}
					if _, err := io.Copy(io.Discard, resp.Body); err != nil {
						t.Fatal(err)
					}
					if answers++; resp.Close != (answers == tt.answers && answers < 3) {
						t.Errorf("answer %d ends the connection: %v", answers, resp.Close)
					}
				}
			}
			conn.(*net.TCPConn).CloseWrite()
			if rest, _ := io.ReadAll(in); len(rest) > 0 {
				t.Errorf("and then %q", rest)
			}
			if got := strings.Join(r.take(), ""); strings.Count(got, "defghij") != strings.Count(strings.Join(tt.requests, ""), "defghij") {
				t.Errorf("the node got %q", got)
			}
		})
	}
}
