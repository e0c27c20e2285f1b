package rmi

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twinhop/e2e/jvm"
	"twinhop/gateway/cluster"
	"twinhop/gateway/heartbeat"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jvm.Remove()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func startJVM(t *testing.T, layout, registry string, flags ...string) *jvm.Node {
	t.Helper()
	if testing.Short() {
		t.Skip("no real programs with -short")
	}
	return jvm.Start(t, layout, registry, flags...)
}

// rig is a server with a real roster behind it, on sockets of the loopback interface.
type rig struct {
	roster  *heartbeat.Roster
	at      string // the registry
	moves   *moves
	stop    func() // ends the server before the test ends
	lookups *tap   // what comes to the registry
	objects *tap   // what comes to the objects
	log     *lines
}

// moves notes what is switched over.
type moves struct {
	mu   sync.Mutex
	seen []string
}

func (m *moves) Switchover(_ context.Context, from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, from+">"+to)
	return nil
}

func (m *moves) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen)
}

// lines is a log that tests may read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A tap is a listener that keeps what clients send.
type tap struct {
	net.Listener
	news  chan struct{} // something was sent
	mu    sync.Mutex
	conns []*tapped
}

func newTap(l net.Listener) *tap { return &tap{Listener: l, news: make(chan struct{}, 1)} }

type tapped struct {
	net.Conn
	l    *tap
	mu   sync.Mutex
	sent []byte
}

func (l *tap) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, &tapped{Conn: c, l: l})
	return l.conns[len(l.conns)-1], nil
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, p[:n]...)
	select {
	case c.l.news <- struct{}{}:
	default:
	}
	return n, err
}

func (c *tapped) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

// heard is what came over each connection so far.
func (l *tap) heard() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all [][]byte
	for _, c := range l.conns {
		c.mu.Lock()
		all = append(all, slices.Clone(c.sent))
		c.mu.Unlock()
	}
	return all
}

// times counts a run of bytes in all that was heard.
func (l *tap) times(part []byte) int {
	n := 0
	for _, b := range l.heard() {
		n += bytes.Count(b, part)
	}
	return n
}

// until waits for what clients send by themselves.
func (l *tap) until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.After(30 * time.Second); !so(); {
		select {
		case <-l.news:
		case <-end:
			t.Fatalf("never: %s", what)
		}
	}
}

// start runs a server. change may set what a test wants otherwise.
func start(t *testing.T, change func(*Server)) *rig {
	t.Helper()
	r := &rig{moves: &moves{}, log: &lines{}}
	registry := &cluster.Registry{}
	if err := registry.Apply(cluster.Spec{Pools: []cluster.PoolSpec{{Name: "all", Members: []cluster.MemberSpec{{Node: "*"}}}}}); err != nil {
		t.Fatal(err)
	}
	r.roster = &heartbeat.Roster{Registry: registry, Moves: r.moves}
	r.roster.Apply(heartbeat.Settings{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	lookups, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.lookups, r.objects = newTap(lookups), newTap(objects)
	r.at = lookups.Addr().String()
	s := &Server{Roster: r.roster, Registry: r.lookups, Objects: r.objects, Log: slog.New(slog.NewTextHandler(r.log, nil))}
	if change != nil {
		change(s)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	t.Cleanup(func() {
		r.stop()
		if t.Failed() {
			t.Logf("log:\n%s", r.log)
		}
	})
	return r
}

// nodes lists the roster, a word for each node: its name and what stands out.
func (r *rig) nodes() string {
	var all []string
	for _, e := range r.roster.Nodes() {
		s := e.Name
		if e.Draining {
			s += "(draining)"
		}
		all = append(all, s)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}
