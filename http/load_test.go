package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"twinhop/gateway/cluster"
	"twinhop/http/h1"
	"twinhop/http/head"
)

// sessions is an application node with sessions of its own, which sets a
// cookie with its route and counts the requests of each session.
func sessions(name string, hits *sync.Map, next *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := ""
		if c, err := r.Cookie("JSESSIONID"); err == nil {
			id, _, _ = strings.Cut(c.Value, ".")
		}
		if id == "" {
			id = fmt.Sprint("S", next.Add(1))
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: id + "." + name, Path: "/"})
		}
		n, _ := hits.LoadOrStore(id+" on "+name, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
		io.WriteString(w, name)
	}
}

func TestEachSessionIsSeenByOneNode(t *testing.T) { lanes(t, eachSessionIsSeenByOneNode) }

func eachSessionIsSeenByOneNode(t *testing.T) {
	const clients, requests = 60, 30
	var hits sync.Map
	var next atomic.Int64
	s := newStage(t, []node{app(t, "n1", sessions("n1", &hits, &next)), app(t, "n2", sessions("n2", &hits, &next))}, nil)
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() {
			jar, _ := cookiejar.New(nil)
			c := &http.Client{Transport: transport, Jar: jar}
			for range requests {
				resp, err := c.Get("http://" + s.addr + fmt.Sprintf("/?appsession=user%d", i))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	running.Wait()
	seen := 0
	hits.Range(func(key, n any) bool {
		seen++
		if n.(*atomic.Int64).Load() != requests {
			t.Errorf("%v: %d requests", key, n.(*atomic.Int64).Load())
		}
		return true
	})
	if seen != clients {
		t.Errorf("%d sessions", seen)
	}
	for _, m := range s.registry.View().Pool("default").Members {
		if busy := m.Load.Busy.Load(); busy != 0 {
			t.Errorf("%s: %d requests never ended", m.Name, busy)
		}
	}
}

// A node killed under load costs no GET whose answer had not begun.
func TestKilledNodeCostsNoGet(t *testing.T) { lanes(t, killedNodeCostsNoGet) }

func killedNodeCostsNoGet(t *testing.T) {
	var asked atomic.Int64
	kill := make(chan struct{})
	victim := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 200 {
			close(kill)
		}
		io.WriteString(w, "n1")
	}))
	s := newStage(t, []node{{"n1", strings.TrimPrefix(victim.URL, "http://")}, namedNode(t, "n2")}, nil)
	var running sync.WaitGroup
	running.Go(func() {
		<-kill
		victim.Listener.Close()
		victim.CloseClientConnections()
	})
	for i := range 8 {
		running.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for j := range 200 {
				r, _ := http.NewRequest("GET", "http://"+s.addr+"/", nil)
				r.Header.Set("Cookie", fmt.Sprintf("JSESSIONID=C%d.n%d", i, 1+i%2))
				resp, err := transport.RoundTrip(r)
				if err != nil {
					t.Error(err)
					return
				}
				if body, err := io.ReadAll(resp.Body); resp.StatusCode != 200 || err != nil {
					t.Errorf("client %d, request %d: %d %q %v", i, j, resp.StatusCode, body, err)
				}
				resp.Body.Close()
			}
		})
	}
	running.Wait()
	victim.Close()
}

// What goes wrong on our side of a connection is not held against the node.
func TestNodesAreNotBlamedForOthers(t *testing.T) { lanes(t, nodesAreNotBlamedForOthers) }

func nodesAreNotBlamedForOthers(t *testing.T) {
	signs := map[cluster.Sign]int{}
	var mu sync.Mutex
	release := make(chan struct{})
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) { <-release })}, func(s *stage) { s.client.MaxConns = 1 })
	s.front.Router.Report = func(_ *cluster.Node, _ cluster.Service, sign cluster.Sign) { mu.Lock(); signs[sign]++; mu.Unlock() }
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		r, _ := http.NewRequestWithContext(ctx, "GET", "http://"+s.addr+"/", nil)
		_, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		gone <- err
	}()
	for busy := 0; busy == 0; {
		busy, _ = s.client.Conns(s.registry.View().Nodes[0].Addr(cluster.HTTP).Addr.String())
	}
	if resp, _ := s.get("/"); resp.StatusCode != 503 { // over our own limit
		t.Errorf("status %d", resp.StatusCode)
	}
	leave() // a client goes
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	c, _ := net.Dial("tcp", s.addr) // a client breaks its body
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\nhalf")
	c.Close()
	close(release)
	s.stop()
	mu.Lock()
	defer mu.Unlock()
	delete(signs, cluster.Good) // it may still have answered in time
	if len(signs) != 0 {
		t.Errorf("signs against the node: %v", signs)
	}
	if !blameless(&h1.Error{Err: h1.ErrRequest}) || head.NotSent(errors.New("x")) {
		t.Error("kinds of errors")
	}
}
