package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twinhop/admin/loglevel"
	"twinhop/admin/openapi/conform"
	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stage is a gateway without doors: everything that decides, and the admin.
type stage struct {
	*Server
	t        testing.TB
	registry *cluster.Registry
	store    *memstore.Store
	router   *gateway.Router
	book     *calls.Book
	trace    *trace.Log
	url      string
	setup    chan string
	stop     context.CancelFunc // ends the admin before the test does

	mu    sync.Mutex
	ahead time.Duration
	bad   map[string]error
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

func (s *stage) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

func newStage(t testing.TB, nodes ...string) *stage {
	t.Helper()
	s := &stage{t: t, registry: &cluster.Registry{}, book: &calls.Book{}, setup: make(chan string, 1),
		bad: map[string]error{}}
	s.trace = &trace.Log{MaxBytes: 8 << 20}
	s.store = memstore.New(memstore.Options{})
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i, name := range nodes {
		h, err1 := cluster.ParseAddress(fmt.Sprintf("http://10.0.0.%d:8080", i+1))
		p, err2 := cluster.ParseAddress(fmt.Sprintf("udp://10.0.0.%d:5080", i+1))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name, HTTP: []cluster.Address{h}, SIP: []cluster.Address{p}})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	s.router = &gateway.Router{Store: s.store, Views: s.registry.View, Report: s.registry.Report, Book: s.book, Observer: s.trace}
	rr, _ := balance.New("round-robin")
	rr2, _ := balance.New("round-robin")
	s.router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": {HTTP: rr, SIP: rr2}}})
	s.Server = &Server{Version: "1.0-test", Instance: "stage", StateDir: t.TempDir(),
		OnSetup: func(url string) { s.setup <- url }, Now: s.clock,
		Panel: Panel{View: s.registry.View, Store: s.store, Trace: s.trace, Explain: s.router.Explain,
			Activate: func(_ context.Context, n string, a cluster.Activation) error {
				return s.registry.SetActivation("", n, a)
			},
			Restore: func(_ context.Context, n string, was map[string]cluster.Activation) error {
				return s.registry.Restore(n, was)
			},
			Probe: s.registry.Probe,
			Adjust: func(_ context.Context, pool, n string, w cluster.MemberWords) error {
				return s.registry.Adjust(pool, n, w)
			},
			Switchover: s.router.Switchover, Move: s.router.Relocate,
			Calls: s.count, Checks: s.checks, Leader: func() string { return "http" }, LogLevel: &loglevel.Dial{}}}
	return s
}

func (s *stage) count(node string) int {
	if node == "" {
		return s.book.Total()
	}
	return s.book.Count(node)
}

func (s *stage) checks(context.Context) map[string]error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := map[string]error{"sockets": nil}
	for k, v := range s.bad {
		m[k] = v
	}
	return m
}

// run serves on a loopback port until the test ends.
func (s *stage) run() *stage {
	s.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	return s.serve(ln)
}

func (s *stage) serve(ln net.Listener) *stage {
	s.url = "http://" + ln.Addr().String()
	s.BaseURL = s.url
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.Run(ctx, ln); err != nil {
			s.t.Error(err)
		}
	})
	group.Go(func() { s.trace.Run(ctx) })
	group.Go(func() { s.store.Run(ctx) })
	s.t.Cleanup(func() {
		stop()
		group.Wait()
	})
	return s
}

// http lets a request with a session id and an identity be decided and
// answered by its node, as the HTTP front does.
func (s *stage) http(id, route, identity string) gateway.Decision {
	s.t.Helper()
	a := s.ask(gateway.Open, cluster.HTTP)
	if identity != "" {
		a.Add(appsession.Key{Space: appsession.App, Value: identity}, gateway.SourceQuery)
	}
	if id != "" && route != "" {
		a.Add(appsession.Key{Space: appsession.HTTP, Value: id}, gateway.SourceCookie)
		a.Hint = gateway.Hint{Route: route, Source: gateway.SourceCookie}
	}
	d, err := s.router.Route(context.Background(), a)
	if err != nil {
		return d
	}
	if id != "" && route == "" {
		b := s.ask(gateway.Open, cluster.HTTP)
		if identity != "" {
			b.Add(appsession.Key{Space: appsession.App, Value: identity}, gateway.SourceQuery)
		}
		b.Evidence = append(b.Evidence, gateway.Evidence{Key: appsession.Key{Space: appsession.HTTP, Value: id}, Source: gateway.SourceCookie,
			Verb: gateway.Set, Sent: &appsession.Sent{ID: id + "." + d.Member.Route, Node: d.Member.Name, Path: "/"}})
		if _, err := s.router.Learn(context.Background(), d.Member.Node, b); err != nil {
			s.t.Fatal(err)
		}
	}
	d.Done(gateway.OK, gateway.Usage{Read: 900, Sent: 300, Status: 200})
	return d
}

// sip lets the INVITE of a call be decided.
func (s *stage) sip(call, identity string) gateway.Decision {
	s.t.Helper()
	a := s.ask(gateway.Open, cluster.SIP)
	if identity != "" {
		a.Add(appsession.Key{Space: appsession.App, Value: identity}, gateway.SourceFromUser)
	}
	a.Evidence = append(a.Evidence, gateway.Evidence{Key: appsession.Key{Space: appsession.Call, Value: call}, Source: gateway.SourceCallID, Life: time.Hour})
	a.Counts = true
	d, err := s.router.Route(context.Background(), a)
	if err == nil {
		d.Done(gateway.OK, gateway.Usage{})
	}
	return d
}

func (s *stage) within(call, hint string) gateway.Decision {
	a := s.ask(gateway.Within, cluster.SIP)
	a.Add(appsession.Key{Space: appsession.Call, Value: call}, gateway.SourceCallID)
	a.Hint = gateway.Hint{Node: hint, Source: gateway.SourceRoute}
	d, err := s.router.Route(context.Background(), a)
	if err == nil {
		d.Done(gateway.OK, gateway.Usage{})
	}
	return d
}

func (s *stage) ask(k gateway.Kind, svc cluster.Service) *gateway.Ask {
	v := s.registry.View()
	return &gateway.Ask{Kind: k, Wants: svc, View: v, Pool: v.Pool("default")}
}

// kill makes traffic find a node dead.
func (s *stage) kill(name string) {
	n := s.registry.View().Named(name)
	for range 5 {
		s.registry.Report(n, cluster.HTTP, cluster.Refused)
		s.registry.Report(n, cluster.SIP, cluster.Refused)
	}
}

// browser is a client with cookies.
type browser struct {
	t      testing.TB
	base   string
	client *http.Client
	header http.Header
}

func (s *stage) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &browser{s.t, s.url, &http.Client{Jar: jar, Transport: &http.Transport{}, Timeout: 20 * time.Second}, http.Header{}}
	s.t.Cleanup(b.client.CloseIdleConnections)
	return b
}

// login returns a browser that is logged in.
func (s *stage) login(role Role) *browser {
	s.t.Helper()
	b := s.browser()
	url, err := s.LoginURL("test-"+role.String(), role, time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	_, token, _ := strings.Cut(url, "#t=")
	b.must(200, "POST", "/api/v1/auth/login", map[string]string{"token": token})
	return b
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (b *browser) do(method, path string, body any) answer {
	b.t.Helper()
	var in io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, b.base+path, in)
	if err != nil {
		b.t.Fatal(err)
	}
	if method != "GET" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range b.header {
		r.Header[k] = v
	}
	if h := b.header.Get("Host"); h != "" {
		r.Host = h
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := conform.Check(r, resp, text); err != nil {
		b.t.Error(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	json.Unmarshal(text, &a.body)
	return a
}

func (b *browser) must(status int, method, path string, body any) answer {
	b.t.Helper()
	a := b.do(method, path, body)
	if a.status != status {
		b.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.text)
	}
	return a
}

// at digs into an answer: at("items", 0, "node").
func (a answer) at(path ...any) any {
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}
