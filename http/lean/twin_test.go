package lean

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twinhop/http/head"
)

// parsed reads one request as a connection that received exactly these bytes
// would; rest is what follows it.
func parsed(data []byte) (q head.Request, body, rest string, last, ok bool) {
	c := &Conn{s: &Server{HeaderBytes: 32 << 10}, nc: ended{}, buf: slices.Clone(data), w: len(data)}
	if !complete(data, c.s.HeaderBytes) || !c.Request(&q) {
		return q, "", "", false, false
	}
	return q, string(c.Body), string(data[c.next:]), c.last, true
}

// ended is a connection on which nothing more comes.
type ended struct{ net.Conn }

func (ended) Read([]byte) (int, error)        { return 0, io.EOF }
func (ended) SetReadDeadline(time.Time) error { return nil }

var plainRequests = []string{
	"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /a/b;x=1?c=%20&d HTTP/1.1\r\nHost: app.example:8080\r\nUser-Agent: x\r\nCookie: a=b\r\nCOOKIE: c=d\r\naccept:*/*\r\nConnection: Keep-Alive\r\n\r\n",
	"HEAD / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\nX-Empty:\r\nX-High: \xe4\t\xf6\r\n\r\n",
	"POST /f HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhelloGET / HTTP/1.1\r\n",
	"POST /f HTTP/1.1\r\nHost: h\r\nContent-Length: 00\r\n\r\n",
	"DELETE /f HTTP/1.1\r\nhost:h\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n\r\nrest",
	"OPTIONS /f HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /f?a[]=1|2&b=\"%\" HTTP/1.1\r\nHost: h\r\n\r\n",
}

// What is not plain is wrong, or is right and net/http's affair.
var otherRequests = []string{
	"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\n\r\n",
	"GET / HTTP/1.1\r\nHost:\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h/\r\n\r\n",
	"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
	"GET / http/1.1\r\nHost: h\r\n\r\n",
	"GET // HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /% HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /%4g HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /#f HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /?#f HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /?\xe4 HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /[a] HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /\\ HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /\xe4 HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
	"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
	"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
	"get / HTTP/1.1\r\nHost: h\r\n\r\n",
	"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\nHost: h\n\n",
	"GET / HTTP/1.1\r\nHost: h\n\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX: a\nb\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\n X: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
	"GET / HTTP/1.1\r\n X: a\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX(: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\ntransfer-encoding: identity\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nhello",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("x", 20000),
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nhello",
	"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
	"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Secret\r\nX-Secret: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nConnection: close\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nKeep-Alive: 5\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nProxy-Connection: keep-alive\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nTrailer: X\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nPragma: no-cache\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: y\r\n", 101) + "\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("y", 40000) + "\r\n\r\n",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}

func TestWhatIsPlain(t *testing.T) {
	for _, text := range plainRequests {
		if _, _, _, _, ok := parsed([]byte(text)); !ok {
			t.Errorf("%q is plain", text)
		}
		sameAsTwin(t, []byte(text))
	}
	for _, text := range otherRequests {
		if _, _, _, _, ok := parsed([]byte(text)); ok {
			t.Errorf("%.200q is not plain", text)
		}
		if !complete([]byte(text), 32<<10) {
			t.Errorf("%.200q would be waited for", text)
		}
	}
}

// A body may come a moment after its head, in pieces; one that does not come is
// for net/http to wait for.
func TestBodyThatLags(t *testing.T) {
	const form = "POST /f HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n"
	for pieces, want := range map[int]bool{0: false, 3: false, 4: true} {
		ours, theirs := net.Pipe()
		c := &Conn{s: &Server{HeaderBytes: 32 << 10}, nc: ours, buf: make([]byte, firstRead)}
		c.w = copy(c.buf, form)
		var sending sync.WaitGroup
		sending.Go(func() {
			for range pieces {
				theirs.Write(bytes.Repeat([]byte("x"), 2500))
			}
		})
		var q head.Request
		if got := c.Request(&q); got != want || got && string(c.Body) != strings.Repeat("x", 10000) {
			t.Errorf("%d pieces: %v, %d bytes", pieces, got, len(c.Body))
		}
		if got := string(c.buf[c.r:c.w]); got != form+strings.Repeat("x", 2500*pieces) {
			t.Errorf("%d pieces: %d bytes are left", pieces, len(got))
		}
		sending.Wait()
		ours.Close()
	}
}

// Whatever we take for a plain request net/http takes for the same request,
// with the same bytes after it.
func sameAsTwin(t *testing.T, data []byte) {
	t.Helper()
	q, body, rest, last, ok := parsed(data)
	if !ok {
		return
	}
	in := bufio.NewReaderSize(bytes.NewReader(data), 64<<10)
	r, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("%q is plain, but net/http says %v", data, err)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("%q: body: %v", data, err)
	}
	after, _ := io.ReadAll(in)
	if q.Method != r.Method || q.Target != r.RequestURI || q.Host != r.Host || q.Length != r.ContentLength || body != string(text) ||
		rest != string(after) || last != r.Close || !r.ProtoAtLeast(1, 1) || len(r.TransferEncoding) > 0 {
		t.Fatalf("%q is %q %q %q %d %q %q %v, to net/http %+v %q %q", data, q.Method, q.Target, q.Host, q.Length, body, rest, last, r, text, after)
	}
	r.Header.Del("Connection")
	r.Header.Del("Content-Length")
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	var want, got []head.Field
	for _, name := range names {
		for _, v := range r.Header[name] {
			want = append(want, head.Field{Name: name, Value: v})
		}
	}
	for f := range q.Fields.All() {
		got = append(got, f)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%q has %q, to net/http %q", data, got, want)
	}
}

func FuzzTwin(f *testing.F) {
	for _, text := range slices.Concat(plainRequests, otherRequests) {
		if len(text) < 1000 {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { sameAsTwin(t, data) })
}
