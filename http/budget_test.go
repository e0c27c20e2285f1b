package http

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"twinhop/http/h1"
	"twinhop/http/head"
)

// still is a node whose answer costs nothing.
type still struct {
	resp head.Response
	body stillBody
}

type stillBody struct{ left bool }

func (b *stillBody) Read(p []byte) (int, error) {
	if !b.left {
		return 0, io.EOF
	}
	b.left = false
	return copy(p, "hello"), io.EOF
}

func (b *stillBody) Close() error { return nil }

func (s *still) Exchange(context.Context, string, *head.Request, io.Reader) (*head.Response, error) {
	s.resp.Reset()
	s.resp.Status, s.resp.ContentLength = 200, 5
	s.resp.Fields.Add("Content-Type", "text/html;charset=UTF-8")
	s.resp.Fields.Add("Date", "Sat, 21 Nov 2026 10:00:00 GMT")
	s.body.left = true
	s.resp.Body = &s.body
	return &s.resp, nil
}

// idle is a ResponseWriter that keeps nothing.
type idle struct{ h http.Header }

func (w *idle) Header() http.Header         { return w.h }
func (w *idle) WriteHeader(int)             { clear(w.h) }
func (w *idle) Write(p []byte) (int, error) { return len(p), nil }
func (w *idle) Flush()                      {}

// What the front itself allocates for one sticky request, the server and the
// node left out. The budget is a ceiling to be lowered, never raised.
func TestAllocationBudget(t *testing.T) {
	const budget = 6
	if racing {
		t.Skip("the race detector allocates, and makes pools forget")
	}
	yes, wait := true, time.Minute
	words := map[string]PoolWords{"default": {Retry: Retry{2, 2, time.Second},
		Rule:  RuleWords{ReplyTimeout: &wait, FailOn: []int{503, -404}, ServerErrors: 500, Cookie: "JSESSIONID", Path: ";jsessionid", SetCookie: &yes},
		Nodes: map[string]NodeWords{"n2": {Attempts: 2, Interval: time.Second, FailOn: []int{500}, Repeat: &[]string{"GET"}}}}}
	r := httptest.NewRequest("GET", "http://app.example/app/page.jsp?a=b", nil)
	r.RequestURI = "/app/page.jsp?a=b"
	r.Header = http.Header{"Cookie": {"x=y; JSESSIONID=0123456789ABCDEF0123456789ABCDEF.n2"}, "Accept": {"*/*"},
		"User-Agent": {"Mozilla/5.0"}, "Accept-Encoding": {"gzip"}, "Accept-Language": {"en"}}
	w := &idle{http.Header{}}
	for name, pools := range map[string]map[string]PoolWords{"no words": nil, "all words": words} {
		s := quietStage(t, []node{{"n1", "127.0.0.1:1"}, {"n2", "127.0.0.1:2"}}, func(s *stage) {
			s.front.Backends = map[string]head.Backend{"http": &still{}}
			s.settings.Pools = pools
		})
		got := testing.AllocsPerRun(1000, func() { s.front.ServeHTTP(w, r) })
		t.Logf("%s: %v allocations", name, got)
		if got > budget {
			t.Errorf("%s: %v allocations, budget %d", name, got, budget)
		}
	}
}

// The same request through us and through net/http's reverse proxy, to the
// same node.
func BenchmarkProxy(b *testing.B) {
	page := bytes.Repeat([]byte("x"), 2000)
	n := app(b, "n1", func(w http.ResponseWriter, r *http.Request) { w.Write(page) })
	s := newStage(b, []node{n}, nil)
	target, _ := url.Parse("http://" + n.addr)
	std := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 64}})
	defer std.Close()
	for name, addr := range map[string]string{"front": s.addr, "ReverseProxy": strings.TrimPrefix(std.URL, "http://")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var d net.Dialer
			client := &h1.Client{Dial: d.DialContext}
			defer client.CloseIdle()
			r := &head.Request{Method: "GET", Target: "/app", Host: "app.example"}
			r.Fields.Add("Cookie", "JSESSIONID=0123456789ABCDEF0123456789ABCDEF.n1")
			r.Fields.Add("User-Agent", "bench")
			for b.Loop() {
				resp, err := client.Exchange(b.Context(), addr, r, nil)
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
}
