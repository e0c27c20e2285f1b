package h1

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"twinhop/http/head"
)

// The same exchanges through this client and through net/http's: the node sees
// the same request, the caller the same answer.
func TestLikeNetHTTP(t *testing.T) {
	var seen string
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, name := range []string{"Accept-Encoding", "User-Agent"} {
			r.Header.Del(name)
		}
		seen = fmt.Sprint(r.Method, r.RequestURI, r.Host, r.Header, r.ContentLength, r.TransferEncoding, len(body))
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header()["Date"] = []string{"x"}
		switch r.URL.Path {
		case "/304":
			w.WriteHeader(304)
		case "/chunked":
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "some")
			w.(http.Flusher).Flush()
			io.WriteString(w, "more")
			w.Header().Set("X-Sum", "7")
		default:
			w.Write(body)
		}
	}))
	defer node.Close()
	addr := strings.TrimPrefix(node.URL, "http://")
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &Client{}
	defer client.CloseIdle()
	for _, c := range []struct {
		method, target string
		body           string
		length         int64
	}{
		{"GET", "/a;b/%2e?x=1&&y", "", 0}, {"GET", "/?", "", 0}, {"GET", "/304", "", 0}, {"GET", "/chunked", "", 0}, {"HEAD", "/", "", 0},
		{"POST", "/", "", 0}, {"POST", "/", "hello", 5}, {"POST", "/", "hello", -1}, {"DELETE", "/x", "", 0}, {"PUT", "/", strings.Repeat("y", 100000), 100000},
	} {
		var saw, got [2]string
		for i, b := range []head.Backend{client, head.RoundTrip{Transport: transport}} {
			r := &head.Request{Method: c.method, Target: c.target, Host: "app.example", Length: c.length}
			r.Fields.Add("X-Two", "1")
			r.Fields.Add("X-Two", "2")
			var body io.Reader
			if c.length != 0 {
				body = strings.NewReader(c.body)
			}
			resp, err := b.Exchange(t.Context(), addr, r, body)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			var fields []string
			for f := range resp.Fields.All() {
				if f.Name != "Transfer-Encoding" && f.Name != "Trailer" { // net/http takes them out
					fields = append(fields, f.Name+": "+f.Value)
				}
			}
			slices.Sort(fields)
			if resp.Status == 304 {
				resp.ContentLength = 0 // net/http does not tell whether a length was announced
			}
			got[i] = fmt.Sprint(resp.Status, resp.Reason, fields, resp.ContentLength, len(text), err, resp.Trailer)
			resp.Body.Close()
			saw[i] = seen
		}
		if saw[0] != saw[1] {
			t.Errorf("%s %s: node saw\n%s\nthrough net/http\n%s", c.method, c.target, saw[0], saw[1])
		}
		if got[0] != got[1] {
			t.Errorf("%s %s: answer\n%s\nthrough net/http\n%s", c.method, c.target, got[0], got[1])
		}
	}
}
