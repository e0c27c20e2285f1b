package http

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
	"twinhop/gateway/cluster/passive"
	"twinhop/http/follow"
	"twinhop/http/h1"
	"twinhop/http/head"
)

var secrets = [][]byte{bytes.Repeat([]byte("k"), 32)}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A stage is a front with a real Router and table, and real nodes on loopback.
type stage struct {
	t        testing.TB
	front    *Front
	client   *h1.Client
	registry *cluster.Registry
	store    *memstore.Store
	settings Settings
	leader   gateway.Leader
	pool     cluster.PoolSpec
	passive  passive.Rules // what of its traffic makes a node down
	addr     string        // of the front
	tls      *tls.Config   // nil: it speaks plain HTTP
	ended    context.CancelFunc
	done     chan error
}

type node struct {
	name string
	addr string
}

// newStage puts a front before the nodes. change may adjust it before it runs.
func newStage(t testing.TB, nodes []node, change func(*stage)) *stage {
	s := quietStage(t, nodes, change)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	if s.tls != nil {
		l = tls.NewListener(l, s.tls)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.ended, s.done = cancel, make(chan error, 1)
	go func() { s.done <- s.front.Run(ctx, l) }()
	t.Cleanup(s.stop)
	return s
}

// quietStage is a stage that nobody listens at: its front is called directly.
func quietStage(t testing.TB, nodes []node, change func(*stage)) *stage {
	s := &stage{t: t, client: &h1.Client{ConnectTimeout: 20 * time.Second}, registry: &cluster.Registry{}, store: memstore.New(memstore.Options{MaxKeys: 10000})}
	s.settings = Settings{Sources: []KeySource{{fromQuery, "appsession"}, {fromCookie, "JSESSIONID"}}}
	s.pool = cluster.PoolSpec{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}
	s.front = &Front{Views: s.registry.View, Backends: map[string]head.Backend{"http": s.client}, Guard: follow.Guard{Secrets: secrets}}
	mounts := []MountRule{rule("/*", "default")}
	s.settings.Mounts = mustMounts(t, mounts)
	if change != nil {
		change(s)
	}
	spec := cluster.Spec{Pools: []cluster.PoolSpec{s.pool}, Checks: map[cluster.Service]cluster.Schedule{cluster.HTTP: {Passive: s.passive}}}
	for _, n := range nodes {
		url := n.addr
		if !strings.Contains(url, "://") {
			url = "http://" + url
		}
		a, err := cluster.ParseAddress(url)
		if err != nil {
			t.Fatal(err)
		}
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: n.name, HTTP: []cluster.Address{a}})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	router := &gateway.Router{Store: s.store, Views: s.registry.View}
	algorithm, _ := balance.New("round-robin")
	router.Apply(&gateway.Policy{Leader: s.leader, Pools: map[string]gateway.Placement{"default": {HTTP: algorithm}}})
	s.front.Router = router
	s.front.detour = s.front.detour || detour
	s.front.Apply(&s.settings)
	return s
}

func (s *stage) stop() {
	if s.ended == nil {
		return
	}
	s.ended()
	s.ended = nil
	if err := <-s.done; err != nil {
		s.t.Error(err)
	}
	s.client.CloseIdle()
}

func rule(path, pool string) MountRule { return MountRule{Path: path, Pool: pool} }

func mustMounts(t testing.TB, rules []MountRule) *Mounts {
	t.Helper()
	m, err := NewMounts(rules)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// app starts a node that runs a handler.
func app(t testing.TB, name string, h http.HandlerFunc) node {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return node{name, strings.TrimPrefix(srv.URL, "http://")}
}

// named is a node that answers with its name.
func namedNode(t testing.TB, name string) node {
	return app(t, name, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, name) })
}

// recorder is a node that keeps what it got, byte for byte, and answers by
// hand.
type recorder struct {
	node
	mu      sync.Mutex // guards what follows
	got     []string
	answers []string
}

func newRecorder(t testing.TB, name string) *recorder {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{node: node{name, l.Addr().String()}}
	var running sync.WaitGroup
	t.Cleanup(func() { l.Close(); running.Wait() })
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				for in := bufio.NewReader(c); r.one(in, c); {
				}
			})
		}
	})
	return r
}

func (r *recorder) one(in *bufio.Reader, c net.Conn) bool {
	var got strings.Builder
	length, chunked := 0, false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		got.WriteString(line)
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(v))
		}
		chunked = chunked || strings.HasPrefix(line, "Transfer-Encoding: chunked")
		if line == "\r\n" {
			break
		}
	}
	io.CopyN(&got, in, int64(length))
	for chunked {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		got.WriteString(line)
		chunked = !strings.HasSuffix(got.String(), "0\r\n\r\n")
	}
	r.mu.Lock()
	r.got = append(r.got, got.String())
	answer := "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 0\r\n\r\n"
	if len(r.answers) > 0 {
		answer, r.answers = r.answers[0], r.answers[1:]
	}
	r.mu.Unlock()
	_, err := io.WriteString(c, answer)
	return err == nil && answer != "" && !strings.Contains(answer, "Connection: close")
}

func (r *recorder) answer(raw string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = append(r.answers, raw)
}

// take returns what the node got since the last take.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// rawSend sends bytes to the front and returns all it answers until it closes.
func (s *stage) rawSend(request string) string {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, request)
	answer, _ := io.ReadAll(c)
	return string(answer)
}

// get asks for a path and returns the answer with its body.
func (s *stage) get(path string, fields ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequest("GET", "http://"+s.addr+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	t := &http.Transport{DisableKeepAlives: true}
	resp, err := t.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp, string(body)
}

// bind puts an identity on a node, as a call to that user would.
func (s *stage) bind(value, node string) {
	key := appsession.Key{Space: appsession.App, Value: value}
	if _, err := s.store.Bind(s.t.Context(), appsession.Binding{ID: appsession.Namer{}.ID(key), Owner: node}, []appsession.Alias{{Key: key}}); err != nil {
		s.t.Fatal(err)
	}
}
