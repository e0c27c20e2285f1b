package assembly

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"twinhop/gateway/config"
)

// asked asks with a cookie and returns the status and the body.
func asked(t *testing.T, url, cookie string) (int, string) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// What the old balancers of SIP servlets heed in HTTP, from the file to the
// node, and taken back by another file.
func TestSignalsOfRequests(t *testing.T) {
	c := settings(t, "")
	c.Nodes = []config.Node{web("n1", sign(t, "n1")), web("n2", sign(t, "n2"))}
	c.Nodes[1].Instance = "IDx"
	c.Pools[0].Balance = "round-robin"
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	who := func(path, cookie string) (n2 int) {
		t.Helper()
		for range 4 {
			code, body := asked(t, at+path, cookie)
			if code != 200 {
				t.Fatalf("%s: %d %q", path, code, body)
			}
			if body == "n2" {
				n2++
			}
		}
		return n2
	}
	requests := [][2]string{{"/restcomm/v/Accounts/a/Calls/IDx-c", ""}, {"/?jsessionid=A.n2", ""}, {"/", "jsessionid=B.n2"}, {"/", "JSESSIONID=a.b.n2"}}
	for _, r := range requests[:2] {
		if n := who(r[0], r[1]); n != 2 {
			t.Errorf("%q, as it was: %d of 4 to n2", r, n)
		}
	}
	c.Affinity.Instance, c.Affinity.Route = true, config.RouteWords{Delimiter: "last", Query: "jsessionid", AnyCase: true}
	if _, err := g.Reload(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		if n := who(r[0], r[1]); n != 4 {
			t.Errorf("%q: %d of 4 to n2", r, n)
		}
	}
}

// Nobody there: another host answers, from the next request on when a file says so.
func TestAnotherHostStandsIn(t *testing.T) {
	c := settings(t, "")
	c.Nodes = []config.Node{web("n1", sign(t, "n1"))}
	c.Nodes[0].Activation = "stopped"
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	if code, _ := asked(t, at+"/", ""); code != 503 {
		t.Errorf("%d", code)
	}
	c.HTTP.Unavailable.Proxy = sign(t, "sorry")
	if _, err := g.Reload(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if code, body := asked(t, at+"/", "JSESSIONID=A.n1"); code != 200 || body != "sorry" {
		t.Errorf("%d %q", code, body)
	}
	c.HTTP.Unavailable.Proxy = "http://127.0.0.1:1"
	if _, err := g.Reload(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if code, _ := asked(t, at+"/", ""); code != 503 {
		t.Errorf("nobody stands in: %d", code)
	}
}

// One bad answer to a request that is looked at, and the node gets no more; a
// bad answer to another says nothing.
func TestErrorsOfSomeRequests(t *testing.T) {
	var out atomic.Bool // once an answer counted, its probes fail, too: it does not come back while the others are asked
	fails := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/alive":
			if out.Load() {
				w.WriteHeader(503)
			}
		case "/api/y":
			out.Store(true)
			fallthrough
		default:
			w.WriteHeader(404)
		}
	}))
	defer fails.Close()
	c := settings(t, "")
	c.Nodes = []config.Node{web("n1", fails.URL), web("n2", sign(t, "n2"))}
	c.Pools[0].Balance = "round-robin"
	c.Health.HTTP.Path, c.Health.HTTP.Interval = "/alive", time.Hour
	c.Health.HTTP.Errors = config.HTTPErrorRule{Limit: 1, Codes: []string{"4xx"}, Match: "^/api/.*[?]x=1"}
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	count := func(path string) (bad int) {
		for range 6 {
			if code, _ := asked(t, at+path, ""); code == 404 {
				bad++
			}
		}
		return bad
	}
	if n := count("/other?x=1"); n != 3 {
		t.Errorf("%d of 6 by the node that fails: such requests do not count", n)
	}
	if n := count("/api/y?x=1"); n != 1 {
		t.Errorf("%d of 6 by the node that fails", n)
	}
}

// A connection to a node that leaves is closed at once, not when its time is over.
func TestConnectionsOfANodeThatLeaves(t *testing.T) {
	used, closed := make(chan string, 16), make(chan string, 64)
	n2 := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/app" {
			used <- r.RemoteAddr
		}
	}))
	n2.Config.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			closed <- c.RemoteAddr().String()
		}
	}
	n2.Start()
	defer n2.Close()
	c := settings(t, "")
	c.Nodes = []config.Node{web("n1", sign(t, "n1")), web("n2", n2.URL)}
	c.Health.HTTP.Interval = time.Hour
	g := atWork(t, c)
	if code, _ := asked(t, "http://"+g.Addrs().HTTP[0]+"/app", "JSESSIONID=A.n2"); code != 200 {
		t.Fatal(code)
	}
	by := <-used
	if err := g.RemoveNode(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	late := time.After(10 * time.Second) // unused ones are kept for 15 s
	for {
		select {
		case one := <-closed:
			if one == by {
				return
			}
		case <-late:
			t.Fatal("still open")
		}
	}
}

// A listener that sends its clients to HTTPS asks no node.
func TestRedirectionToHTTPS(t *testing.T) {
	c := settings(t, sign(t, "node"))
	c.Listen.HTTP = append(c.Listen.HTTP, config.HTTPListener{Addr: "127.0.0.1:0", HTTPS: 8443})
	g := atWork(t, c)
	for i, want := range []string{"", "https://127.0.0.1:8443/app;v=1?x=1"} {
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(httptest.NewRequest("GET", "http://"+g.Addrs().HTTP[i]+"/app;v=1?x=1", nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != want || (resp.StatusCode == http.StatusFound) != (want != "") {
			t.Errorf("listener %d: %d %q", i, resp.StatusCode, got)
		}
	}
}
