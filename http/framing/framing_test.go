package framing

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

const (
	get     = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	posted  = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
	chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"
)

func TestWatch(t *testing.T) {
	long := strings.Repeat("x", 3*maxLine)
	for what, tt := range map[string]struct {
		text  string
		plain bool
	}{
		"nothing":                     {"", true},
		"requests of every kind":      {get + posted + chunked + posted + get + chunked + get, true},
		"long lines":                  {"GET /" + long + " HTTP/1.1\r\nHost: h\r\nX: " + long + "\r\n\r\n" + chunked, true},
		"a body like a request":       {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 27\r\n\r\n" + get + chunked, true},
		"names and values in case":    {"POST / HTTP/1.1\r\nHost: h\r\ntransfer-ENCODING:Chunked \r\n\r\n0\r\n\r\n" + get, true},
		"no body":                     {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" + get, true},
		"both":                        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", false},
		"both, the other way round":   {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false},
		"both, in the second":         {posted + "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false},
		"two codings":                 {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", false},
		"two coding lines":            {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", false},
		"a coding of many blanks":     {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked" + strings.Repeat(" ", maxLine) + "x\r\n\r\n", false},
		"a tab before the coding":     {"POST / HTTP/1.1\r\nTransfer-Encoding:\tchunked\r\n\r\n", false},
		"two lengths":                 {"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", false},
		"a length with a sign":        {"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", false},
		"no length":                   {"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", false},
		"HTTP/1.0":                    {"GET / HTTP/1.0\r\n\r\n", false},
		"no version":                  {"GET /\r\n\r\n", false},
		"a tunnel":                    {"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", false},
		"an empty line first":         {"\r\n" + get, false},
		"a bare LF":                   {"GET / HTTP/1.1\nHost: h\r\n\r\n", false},
		"a bare CR":                   {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", false},
		"two CRs":                     {"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", false},
		"a folded line":               {"GET / HTTP/1.1\r\nHost: h\r\n x\r\n\r\n", false},
		"a blank before the colon":    {"POST / HTTP/1.1\r\nContent-Length : 3\r\n\r\n", false},
		"no colon":                    {"POST / HTTP/1.1\r\nContent-Length\r\n\r\n", false},
		"a chunk of no size":          {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", false},
		"a chunk with a sign":         {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\n", false},
		"a chunk that is larger":      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", false},
		"a chunk with half an end":    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\rb", false},
		"a chunk of too many digits":  {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 2*maxLine) + "1\r\n", false},
		"a trailer that is no field":  {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx\r\n", false},
		"a chunk line with a bare LF": {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n", false},
	} {
		for _, piece := range []int{1, 2, 7, 1 << 20} {
			w, plain := Watch{}, true
			for rest := tt.text; rest != "" && plain; {
				n := min(piece, len(rest))
				plain = w.Feed([]byte(rest[:n]))
				rest = rest[n:]
			}
			if plain != tt.plain {
				t.Errorf("%s, in pieces of %d: %v", what, piece, plain)
			}
		}
	}
}

// FuzzWatch holds the watch against net/http: where the watch sees nothing odd,
// net/http sees the same requests with the same bodies, as far as it reads.
func FuzzWatch(f *testing.F) {
	for _, s := range []string{get + chunked + posted, chunked + get, posted + "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;\"\r\na\r\n0\r\nA:b\r\n\r\n" + get} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, in := Watch{}, bufio.NewReader(strings.NewReader(text))
		rest := text
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
			n := len(rest) - unread(in, text)
			at := rest[:n]
			rest = rest[n:]
			if !w.Feed([]byte(at)) {
				return
			}
			if w.at != first || w.chunked != (r.ContentLength < 0) {
				t.Fatalf("after %q the watch is at %d, chunked %v; net/http has a body of %d", at, w.at, w.chunked, r.ContentLength)
			}
		}
	})
}

// unread is how many bytes are left behind what was read of the text.
func unread(in *bufio.Reader, text string) int {
	left, _ := io.ReadAll(in)
	in.Reset(strings.NewReader(text[len(text)-len(left):]))
	return len(left)
}

func TestConn(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	type seen struct{ watched, plain bool }
	all := make(chan seen, 10)
	srv := &http.Server{ConnContext: With, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c := Of(r.Context())
		all <- seen{c != nil, c != nil && c.Plain()}
	})}
	done := make(chan error)
	go func() { done <- srv.Serve(Listener{l}) }()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	for i, text := range []string{get, chunked, posted, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", get} {
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := http.ReadResponse(in, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := <-all, (seen{true, i < 3}); got != want {
			t.Errorf("request %d: %+v, want %+v", i, got, want)
		}
	}
	c.Close()
	srv.Close()
	<-done
	if Of(t.Context()) != nil {
		t.Error("a connection out of nowhere")
	}
}
