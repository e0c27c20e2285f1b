package http

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"twinhop/gateway/cluster"
	"twinhop/gateway/cluster/passive"
	"twinhop/jvmroute"
)

// The tests of this file are named after those that the Mobicents and Restcomm
// balancer has for its HTTP side, and after the faults that were found in it.

// enrol makes nodes known as they make themselves known.
func (s *stage) enrol(nodes ...cluster.NodeSpec) {
	s.t.Helper()
	if err := s.registry.Enrol(nodes); err != nil {
		s.t.Fatal(err)
	}
}

// announced is a node as it tells of itself.
func announced(t testing.TB, n node, more func(*cluster.NodeSpec)) cluster.NodeSpec {
	a, err := cluster.ParseAddress("http://" + n.addr)
	if err != nil {
		t.Fatal(err)
	}
	spec := cluster.NodeSpec{Name: n.name, Gen: 1, HTTP: []cluster.Address{a}}
	if more != nil {
		more(&spec)
	}
	return spec
}

// served is who answers n requests, each with a 200.
func (s *stage) served(n int, path string, fields ...string) map[string]int {
	s.t.Helper()
	got := map[string]int{}
	for range n {
		resp, body := s.get(path, fields...)
		if resp.StatusCode != 200 {
			s.t.Fatalf("%s: %d %q", path, resp.StatusCode, body)
		}
		got[body]++
	}
	return got
}

func TestRestcommBalancerWithHttpServer(t *testing.T) { lanes(t, restcommBalancerWithHttpServer) }

func restcommBalancerWithHttpServer(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2"), namedNode(t, "n3")}, nil)
	if got := s.served(30, "/app"); got["n1"] != 10 || got["n2"] != 10 || got["n3"] != 10 {
		t.Errorf("no even split: %v", got)
	}
}

// Nodes that come are given work, those that go get no more, and neither their
// sessions nor anybody's requests are lost.
func TestRestcommHttpNodeRemoval(t *testing.T) { lanes(t, restcommHttpNodeRemoval) }

func restcommHttpNodeRemoval(t *testing.T) {
	n1, n2, n3 := namedNode(t, "n1"), namedNode(t, "n2"), namedNode(t, "n3")
	s := newStage(t, []node{n1}, nil)
	one, two := announced(t, n2, nil), announced(t, n3, nil)
	s.enrol(one, two)
	if got := s.served(12, "/app"); len(got) != 3 {
		t.Errorf("with three nodes: %v", got)
	}
	const of3 = "Cookie: JSESSIONID=A.n3"
	if got := s.served(3, "/app", of3); got["n3"] != 3 {
		t.Errorf("a session of n3: %v", got)
	}
	s.enrol(one)
	if got := s.served(12, "/app"); got["n1"] != 6 || got["n2"] != 6 {
		t.Errorf("with two nodes: %v", got)
	}
	if got := s.served(3, "/app", of3); len(got) != 1 || got["n3"] != 0 {
		t.Errorf("a session of a node that left: %v", got)
	}
	s.enrol()
	if got := s.served(4, "/app", of3); got["n1"] != 4 {
		t.Errorf("with one node: %v", got)
	}
}

func TestRestcommChunkedLarge(t *testing.T) { lanes(t, restcommChunkedLarge) }

// Chunked requests and answers larger than what the old balancer gathered
// (1 MiB), both ways at once and byte for byte, whoever asks to close.
func restcommChunkedLarge(t *testing.T) {
	const size = 5 << 20
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.Copy(w, r.Body)
	})}, nil)
	want, _ := io.ReadAll(&pattern{size})
	for _, closes := range []bool{false, true} {
		r, _ := http.NewRequest("POST", "http://"+s.addr+"/upload", io.LimitReader(bytes.NewReader(want), size))
		r.ContentLength, r.Close = -1, closes
		transport := &http.Transport{}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		transport.CloseIdleConnections()
		if err != nil || !bytes.Equal(got, want) || !slices.Contains(resp.TransferEncoding, "chunked") {
			t.Errorf("close %v: %d of %d bytes, %v, %v", closes, len(got), size, resp.TransferEncoding, err)
		}
	}
}

const callOf = "/restcomm/2012-04-24/Accounts/AC1/Calls/%s-CA7.json"

// The node that made a call gets every request about it, whatever cookie comes
// along, also while it takes nothing new; no session is moved by that.
func TestRestcommInstanceID(t *testing.T) { lanes(t, restcommInstanceID) }

func restcommInstanceID(t *testing.T) {
	const id = "IDb1d9ba0ceaa74a0b8bb4d8b7d02d7b3a"
	for _, sticky := range []bool{true, false} {
		n1, n2 := namedNode(t, "n1"), namedNode(t, "n2")
		s := newStage(t, []node{n1}, func(s *stage) { s.settings.Instances, s.pool.Sticky = true, sticky })
		two := announced(t, n2, func(n *cluster.NodeSpec) { n.Instance = id })
		s.enrol(two)
		path := fmt.Sprintf(callOf, id)
		if got := s.served(6, path); got["n2"] != 6 {
			t.Errorf("sticky %v: pinned to n2: %v", sticky, got)
		}
		if got := s.served(2, path+"?jsessionid=A.n1", "Cookie: JSESSIONID=A.n1"); got["n2"] != 2 {
			t.Errorf("sticky %v: with a cookie for n1: %v", sticky, got)
		}
		if got := s.served(2, "/app", "Cookie: JSESSIONID=A.n1"); sticky && got["n1"] != 2 {
			t.Errorf("the session went along: %v", got)
		}
		for _, other := range []string{"IDnobody", id + "x", strings.ToLower(id)} {
			if got := s.served(6, fmt.Sprintf(callOf, other)); got["n1"] != 3 || got["n2"] != 3 {
				t.Errorf("sticky %v: %s: %v", sticky, other, got)
			}
		}
		two.Draining = true
		s.enrol(two)
		if got := s.served(4, path); got["n2"] != 4 {
			t.Errorf("sticky %v: while n2 drains: %v", sticky, got)
		}
		s.enrol()
		if got := s.served(4, path); got["n1"] != 4 {
			t.Errorf("sticky %v: n2 has left: %v", sticky, got)
		}
	}
}

// A node that was pinned and is not there is no dead end.
func TestRestcommInstanceIDOfADeadNode(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1")}, func(s *stage) { s.settings.Instances = true })
	s.enrol(announced(t, node{"n2", "127.0.0.1:1"}, func(n *cluster.NodeSpec) { n.Instance = "IDx" }))
	if got := s.served(3, fmt.Sprintf(callOf, "IDx")); got["n1"] != 3 {
		t.Errorf("%v", got)
	}
}

func TestRestcommWithoutInstanceID(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1")}, nil) // nobody asked for it
	s.enrol(announced(t, namedNode(t, "n2"), func(n *cluster.NodeSpec) { n.Instance = "IDx" }))
	if got := s.served(6, fmt.Sprintf(callOf, "IDx")); got["n1"] != 3 || got["n2"] != 3 {
		t.Errorf("%v", got)
	}
}

// A node whose first answer to a request that is looked at is bad gets no more;
// bad answers to other requests say nothing.
func TestRestcommBadResponseNodeRemoval(t *testing.T) { lanes(t, restcommBadResponseNodeRemoval) }

func restcommBadResponseNodeRemoval(t *testing.T) {
	var asked atomic.Int32
	bad := app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(404)
	})
	s := newStage(t, []node{bad, namedNode(t, "n2")}, func(s *stage) {
		s.settings.Errors = map[string]*regexp.Regexp{"http": regexp.MustCompile(`^/restcomm/.*[?&]check=1`)}
		s.passive.Limit, s.passive.Codes = 1, passive.CodesOf(404, 500)
	})
	s.front.Router.Heard = s.registry.Heard
	for range 6 {
		s.get("/other?check=1")
		s.get("/restcomm/x?check=0")
	}
	if n := asked.Swap(0); n != 6 {
		t.Errorf("asked %d times of 12 before anything counted", n)
	}
	for range 10 {
		s.get("/restcomm/x?check=1")
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the bad node was asked %d times", n)
	}
	if n1 := s.registry.View().Named("n1"); n1.Health(cluster.HTTP) != cluster.Down {
		t.Errorf("it is %s", n1.Health(cluster.HTTP))
	}
}

// Requests by method and class of status, and bytes both ways.
func TestRestcommHttpStatistic(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/none" {
			w.WriteHeader(404)
		}
		w.Write(bytes.Repeat(body, 2))
	})}, func(s *stage) { s.front.Metrics = m })
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/", ""}, {"GET", "/none", ""}, {"POST", "/", strings.Repeat("x", 1000)}, {"PUT", "/", "x"}, {"GET", "/", ""},
	} {
		s.rawSend(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", r.method, r.path, len(r.body), r.body))
	}
	s.stop() // all is counted now
	for labels, want := range map[[3]string]float64{{"n1", "GET", "2xx"}: 2, {"n1", "GET", "4xx"}: 1, {"n1", "POST", "2xx"}: 1, {"n1", "PUT", "2xx"}: 1, {"", "GET", "2xx"}: 0} {
		if got := testutil.ToFloat64(m.requests.WithLabelValues(labels[:]...)); got != want {
			t.Errorf("%v: %v, want %v", labels, got, want)
		}
	}
	load := s.registry.View().Pool("default").Members[0].Load
	if read, sent := load.Read.Load(), load.Sent.Load(); read < 2002 || read > 4000 || sent < 1001 || sent > 3000 {
		t.Errorf("%d bytes to the client, %d to the node", read, sent)
	}
}

// One connection, each request to the node of its own cookie.
func TestRestcommEachRequestOfAConnectionGoesItsOwnWay(t *testing.T) {
	lanes(t, eachRequestOfAConnectionIsRoutedOnItsOwn)
}

// Without a node: an answer with a status line, that nobody may keep and that
// says when to come back.
func TestRestcommNoNode(t *testing.T) { lanes(t, restcommNoNode) }

func restcommNoNode(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1")}, nil)
	if err := s.registry.SetActivation("", "n1", cluster.Stopped); err != nil {
		t.Fatal(err)
	}
	answer := s.rawSend("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 503 Service Unavailable\r\n") || !strings.Contains(answer, "\r\nRetry-After: 5\r\n") ||
		!strings.Contains(answer, "\r\nCache-Control: no-store\r\n") || !strings.Contains(answer, "\r\nContent-Length: ") {
		t.Errorf("%q", answer)
	}
}

// Clients that say Connection: close, and those of HTTP/1.0, get whole answers.
func TestRestcommConnectionClose(t *testing.T) { lanes(t, restcommConnectionClose) }

func restcommConnectionClose(t *testing.T) {
	page := strings.Repeat("0123456789abcdef", 4<<10)
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chunked" {
			http.NewResponseController(w).Flush()
		}
		io.WriteString(w, page)
	})}, nil)
	for i := range 60 {
		version, path := "1.1", "/"
		if i%3 == 1 {
			path = "/chunked"
		}
		if i%5 == 1 {
			version = "1.0"
		}
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET %s HTTP/%s\r\nHost: h\r\nConnection: close\r\n\r\n", path, version)
		in := bufio.NewReader(c)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		body, err := io.ReadAll(resp.Body)
		if _, more := in.ReadByte(); err != nil || string(body) != page || !errors.Is(more, io.EOF) {
			t.Errorf("request %d: %d of %d bytes, %v, then %v", i, len(body), len(page), err, more)
		}
		c.Close()
	}
}

// Who cannot be reached is not where a request ends: not even a POST.
func TestRestcommConnectErrorsGoToAnotherNode(t *testing.T) {
	lanes(t, restcommConnectErrorsGoToAnotherNode)
}

func restcommConnectErrorsGoToAnotherNode(t *testing.T) {
	s := newStage(t, []node{{"n1", "127.0.0.1:1"}, namedNode(t, "n2")}, nil)
	for i := range 6 {
		answer := s.rawSend(fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCookie: JSESSIONID=S%d.n1\r\nContent-Length: 1\r\n\r\nx", i))
		if !strings.HasPrefix(answer, "HTTP/1.1 200 ") || !strings.HasSuffix(answer, "n2") {
			t.Errorf("request %d: %q", i, answer)
		}
	}
}

// Session ids without a route stay with one node, the same behind every gateway, in
// whatever order it came to know the nodes; those of a node that leaves go
// elsewhere, no other does.
func TestRestcommSessionsWithoutRoute(t *testing.T) { lanes(t, restcommSessionsWithoutRoute) }

func restcommSessionsWithoutRoute(t *testing.T) {
	nodes := []node{namedNode(t, "10.0.0.1-8080"), namedNode(t, "10.0.0.2-8080"), namedNode(t, "10.0.0.3-8080")}
	var first map[string]string
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		s := newStage(t, nil, nil)
		for i := range order { // one after the other
			var known []cluster.NodeSpec
			for _, n := range order[:i+1] {
				known = append(known, announced(t, nodes[n], nil))
			}
			s.enrol(known...)
		}
		at, used := map[string]string{}, map[string]bool{}
		for i := range 24 {
			id := fmt.Sprintf("%032X", i*7919)
			for name := range s.served(2, "/app", "Cookie: JSESSIONID="+id) {
				if was := at[id]; was != "" {
					t.Errorf("%s is served by %s and %s", id, was, name)
				}
				at[id], used[name] = name, true
			}
		}
		if len(used) != 3 {
			t.Errorf("all sessions are on %v", used)
		}
		if first == nil {
			first = at
		}
		for id, name := range at {
			if first[id] != name {
				t.Errorf("%s is on %s, behind another gateway on %s", id, first[id], name)
			}
		}
	}
}

// The id and its route after the last dot, wherever the old balancer looks for
// it, and where it does not.
func TestRestcommWhereAnIDStands(t *testing.T) { lanes(t, restcommWhereAnIDStands) }

func restcommWhereAnIDStands(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "node1"), namedNode(t, "node2")}, func(s *stage) { s.settings.Dialect = jvmroute.Restcomm() })
	for i, c := range []struct{ path, cookie string }{
		{"/", "JSESSIONID=abc%d.node2"}, {"/", "jsessionid=abc%d.node2"}, {"/", "JSessionId=a.b.c%d.node2"}, {"/?jsessionid=abc%d.node2", ""},
		{"/?x=1&jsessionid=abc%d.node2", ""}, {"/;jsessionid=abc%d.node2", ""}, {"/?jsessionid=a.b.c%d.node2&y=2", "JSESSIONID=z%d.node1"},
	} {
		path, cookie := c.path, c.cookie
		if strings.Contains(path, "%d") {
			path = fmt.Sprintf(path, i)
		}
		if cookie != "" {
			cookie = fmt.Sprintf(cookie, i)
		}
		if got := s.served(2, path, "Cookie: "+cookie); got["node2"] != 2 {
			t.Errorf("%s %s: %v", c.path, c.cookie, got)
		}
	}
	for i, path := range []string{"/?JSESSIONID=x%d.node2", "/?xjsessionid=x%d.node2", "/?appsession.node2=x%d"} {
		if got := s.served(4, fmt.Sprintf(path, i)); len(got) != 2 {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// A node that starts anew within its time gets connections of its own, whatever
// lane the request came by; meanwhile those of others are used again.
func TestConnectionsOfAnIncarnation(t *testing.T) { lanes(t, connectionsOfAnIncarnation) }

func connectionsOfAnIncarnation(t *testing.T) {
	echo := app(t, "n1", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })
	s := newStage(t, nil, nil)
	life := func(gen uint32) string {
		s.enrol(announced(t, echo, func(n *cluster.NodeSpec) { n.Gen = gen }))
		_, first := s.get("/")
		if _, second := s.get("/"); second != first {
			t.Errorf("incarnation %d: by %s, then by %s", gen, first, second)
		}
		return first
	}
	if a, b := life(1), life(2); a == b {
		t.Error("a connection to the process before is used")
	}
}
