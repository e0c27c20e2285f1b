package http

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway"
)

func TestEachRequestOfAConnectionIsRoutedOnItsOwn(t *testing.T) {
	lanes(t, eachRequestOfAConnectionIsRoutedOnItsOwn)
}

func eachRequestOfAConnectionIsRoutedOnItsOwn(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2")}, nil)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for i := range 6 {
		name := []string{"n1", "n2"}[i%2]
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\nCookie: JSESSIONID=S%d.%s\r\n\r\n", i%2, name)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(resp.Body); string(body) != name {
			t.Errorf("request %d for %s was served by %s", i, name, body)
		}
	}
}

func TestAPostIsNeverDeliveredTwice(t *testing.T) { lanes(t, aPostIsNeverDeliveredTwice) }

func aPostIsNeverDeliveredTwice(t *testing.T) {
	var seen atomic.Int32
	dies := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		seen.Add(1)
		panic(http.ErrAbortHandler)
	}
	s := newStage(t, []node{app(t, "n1", dies), app(t, "n2", dies), app(t, "n3", dies)}, nil)
	for _, c := range []struct {
		method, body string
		delivered    int32
	}{
		{"POST", "x", 1}, {"POST", strings.Repeat("x", 1<<20), 1}, {"PATCH", "x", 1}, {"POST", "", 1},
		{"GET", "", 3}, {"PUT", "x", 3}, {"PUT", strings.Repeat("x", 1<<20), 1}, // a streamed body is gone
	} {
		seen.Store(0)
		r, _ := http.NewRequest(c.method, "http://"+s.addr+"/", strings.NewReader(c.body))
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 502 || seen.Load() != c.delivered {
			t.Errorf("%s of %d bytes: status %d, delivered %d times", c.method, len(c.body), resp.StatusCode, seen.Load())
		}
	}
}

func TestARequestThatReachedNobodyGoesToAnother(t *testing.T) {
	dead := node{"n1", "127.0.0.1:1"}
	alive := app(t, "n2", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, "n2 ", n)
	})
	s := newStage(t, []node{dead, alive}, nil)
	for _, size := range []int{0, 10, 1 << 20} {
		for range 3 {
			r, _ := http.NewRequest("POST", "http://"+s.addr+"/", bytes.NewReader(make([]byte, size)))
			resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 200 || string(body) != fmt.Sprint("n2 ", size) {
				t.Errorf("POST of %d bytes: %d %q", size, resp.StatusCode, body)
			}
		}
	}
}

func TestNobodyIsThere(t *testing.T) { lanes(t, nobodyIsThere) }

func nobodyIsThere(t *testing.T) {
	nodes := []node{{"n1", "127.0.0.1:1"}}
	s := newStage(t, nodes, nil)
	resp, _ := s.get("/")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	stopped := func(change func(*stage)) *stage {
		s := newStage(t, nodes, change)
		if err := s.registry.SetActivation("", "n1", 2); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if resp, body := stopped(nil).get("/"); resp.StatusCode != 503 || body != "Service Unavailable\n" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	resp, body := stopped(func(s *stage) { s.settings.Unavailable.Page = []byte("<p>soon") }).get("/")
	if resp.StatusCode != 503 || body != "<p>soon" || resp.Header.Get("Retry-After") != "5" {
		t.Errorf("%d %q %v", resp.StatusCode, body, resp.Header)
	}
	resp, _ = stopped(func(s *stage) { s.settings.Unavailable.Redirect = "https://status.example/" }).get("/")
	if resp.StatusCode != 302 || resp.Header.Get("Location") != "https://status.example/" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

// pattern is a large body that is never in memory.
type pattern struct{ left int64 }

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), p.left)
	for i := range b[:n] {
		b[i] = byte(p.left - int64(i))
	}
	p.left -= n
	return int(n), nil
}

func TestHundredMegabytesBothWaysInBoundedMemory(t *testing.T) {
	lanes(t, hundredMegabytesBothWaysInBoundedMemory)
}

func hundredMegabytesBothWaysInBoundedMemory(t *testing.T) {
	const size = 100 << 20
	echo := app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.Copy(w, r.Body)
	})
	s := newStage(t, []node{echo}, nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	want := sha256.New()
	io.Copy(want, &pattern{size})
	for _, length := range []int64{size, -1} {
		r, _ := http.NewRequest("POST", "http://"+s.addr+"/", &pattern{size})
		r.ContentLength = length
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		got := sha256.New()
		n, err := io.Copy(got, resp.Body)
		resp.Body.Close()
		if n != size || err != nil || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
			t.Errorf("length %d: %d bytes came back, %v", length, n, err)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.Sys) - int64(before.Sys); grown > 32<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
}

func TestSlowStreamsArriveAsTheyCome(t *testing.T) { lanes(t, slowStreamsArriveAsTheyCome) }

func slowStreamsArriveAsTheyCome(t *testing.T) {
	more := make(chan string)
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for word := range more {
			io.WriteString(w, word)
			http.NewResponseController(w).Flush()
		}
	})}, nil)
	r, _ := http.NewRequest("GET", "http://"+s.addr+"/", nil)
	go func() { more <- "first" }()
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 5)
	for _, word := range []string{"first", "other"} {
		if word == "other" {
			more <- word
		}
		if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != word {
			t.Fatalf("%q %v", buf, err)
		}
	}
	close(more)
}

func TestACutAnswerIsCut(t *testing.T) { lanes(t, aCutAnswerIsCut) }

func aCutAnswerIsCut(t *testing.T) {
	r, other := newRecorder(t, "n1"), newRecorder(t, "n2")
	s := newStage(t, []node{r.node, other.node}, nil)
	for _, raw := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\nConnection: close\r\n\r\nhalf",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nhalf\r\nzz",
	} {
		r.answer(raw)
		req, _ := http.NewRequest("GET", "http://"+s.addr+"/", nil)
		req.Header.Set("Cookie", "JSESSIONID=A.n1")
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			continue // the head was not sent yet: as good
		}
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%q passes for a whole answer", body)
		}
		resp.Body.Close()
	}
	if got := other.take(); len(got) != 0 {
		t.Errorf("another node is asked after the client got some of an answer: %q", got)
	}
}

func TestEarlyAnswerStopsTheUpload(t *testing.T) {
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(413)
	})}, nil)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nonly the beginning")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 413 {
		t.Fatal(resp, err)
	}
}

func TestExpectContinueReachesTheNode(t *testing.T) {
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(401)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Header.Get("Expect"), body)
	})}, nil)
	for path, want := range map[string]string{"/yes": "HTTP/1.1 100 Continue", "/no": "HTTP/1.1 401 Unauthorized"} {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", path)
		in := bufio.NewReader(c)
		if line, _ := in.ReadString('\n'); strings.TrimSpace(line) != want {
			t.Errorf("%s: %q", path, line)
		}
		if path == "/yes" {
			in.ReadString('\n')
			io.WriteString(c, "body")
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, _ := io.ReadAll(resp.Body); string(body) != "100-continue body" {
				t.Errorf("%q", body)
			}
		}
		c.Close()
	}
}

func TestLocalPath(t *testing.T) {
	var got string
	s := newStage(t, []node{namedNode(t, "n1")}, func(s *stage) {
		s.front.Local = map[string]LocalHandler{"/sip": func(w http.ResponseWriter, _ *http.Request, ev []gateway.Evidence, hint gateway.Hint) {
			got = fmt.Sprintf("%d %s %s %s", len(ev), ev[0].Value, ev[1].Value, hint.Route)
			io.WriteString(w, "mine")
		}}
	})
	if _, body := s.get("/sip?appsession=alice", "Cookie: JSESSIONID=A.n1"); body != "mine" || got != "2 alice A n1" {
		t.Errorf("%q, evidence %s", body, got)
	}
}

// An id that a node replaces leads late requests right for a while, then it is
// forgotten; the new one stays.
func TestReplacedIDIsForgotten(t *testing.T) {
	r, at := newRecorder(t, "n1"), time.Unix(1_800_000_000, 0)
	var clock atomic.Pointer[time.Time]
	clock.Store(&at)
	s := newStage(t, []node{r.node}, func(s *stage) {
		s.store = memstore.New(memstore.Options{MaxKeys: 100, Clock: func() time.Time { return *clock.Load() }})
	})
	known := func(id string) bool {
		_, err := s.store.Find(t.Context(), []appsession.Key{{Space: appsession.HTTP, Value: id}})
		return err == nil
	}
	r.answer("HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=B.n1; Path=/\r\nContent-Length: 0\r\n\r\n")
	s.get("/login", "Cookie: JSESSIONID=A.n1")
	if !known("A") || !known("B") {
		t.Error("an id is not known after the login")
	}
	r.answer("HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=; Path=/; Max-Age=0\r\nContent-Length: 0\r\n\r\n")
	later := at.Add(2 * goneLife)
	clock.Store(&later)
	s.store.Tick()
	if known("A") || !known("B") {
		t.Error("the old id should be forgotten, the new one not")
	}
	s.get("/logout", "Cookie: JSESSIONID=B.n1")
	last := later.Add(2 * goneLife)
	clock.Store(&last)
	s.store.Tick()
	if known("B") {
		t.Error("the session outlives its logout")
	}
}
