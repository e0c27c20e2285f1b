package json

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"twinhop/gateway/cluster"
	"twinhop/gateway/heartbeat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is a network of pipes with one listener, that of the gateway.
type wire struct {
	calls chan net.Conn
	once  sync.Once
	done  chan struct{}
	cut   atomic.Bool  // nobody reaches the gateway
	read  atomic.Int64 // bytes that the gateway read
}

func newWire() *wire { return &wire{calls: make(chan net.Conn), done: make(chan struct{})} }

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.calls:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.done) })
	return nil
}

var gatewayAt = netip.MustParseAddrPort("10.0.0.9:2610")

func (w *wire) Addr() net.Addr { return net.TCPAddrFromAddrPort(gatewayAt) }

// dial opens a connection from an address.
func (w *wire) dial(from string) (net.Conn, error) {
	if w.cut.Load() {
		return nil, errors.New("no route to host")
	}
	near, far := net.Pipe()
	peer := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 40000))
	select {
	case w.calls <- &end{Conn: far, peer: peer, read: &w.read}:
		return near, nil
	case <-w.done:
		return nil, errors.New("connection refused")
	}
}

// end is the gateway's end of a connection.
type end struct {
	net.Conn
	peer net.Addr
	read *atomic.Int64
}

func (e *end) RemoteAddr() net.Addr { return e.peer }
func (e *end) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(gatewayAt) }
func (e *end) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	e.read.Add(int64(n))
	return n, err
}

// stage is a gateway with its nodes, in a bubble of time.
type stage struct {
	*Server
	t      *testing.T
	wire   *wire
	probes atomic.Int64
	stop   func()

	mu    sync.Mutex
	said  bytes.Buffer
	moves []string
}

func (s *stage) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(p)
}

func (s *stage) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

func (s *stage) Probe(context.Context, *cluster.Node) cluster.Result {
	s.probes.Add(1)
	<-time.After(time.Millisecond)
	return cluster.Result{Detail: "no answer"}
}

func (s *stage) Switchover(_ context.Context, from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves = append(s.moves, from+">"+to)
	return nil
}

// begin runs a gateway; change, unless it is nil, changes its Server before.
func begin(t *testing.T, change func(*Server)) *stage {
	t.Helper()
	s := &stage{t: t, wire: newWire()}
	log := slog.New(slog.NewTextHandler(s, nil))
	r := &heartbeat.Roster{Registry: &cluster.Registry{Probers: map[cluster.Service]cluster.Prober{cluster.SIP: s}}, Moves: s, Log: log}
	err := r.Registry.Apply(cluster.Spec{Checks: map[cluster.Service]cluster.Schedule{cluster.SIP: {Interval: time.Hour}},
		Pools: []cluster.PoolSpec{{Name: "p", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}})
	if err != nil {
		t.Fatal(err)
	}
	r.Apply(heartbeat.Settings{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}})
	s.Server = &Server{Roster: r, Listener: s.wire, Log: log}
	if change != nil {
		change(s.Server)
	}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, run := range []func(context.Context) error{r.Registry.Run, r.Run, s.Run} {
		all.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	s.stop = func() {
		stop()
		all.Wait()
	}
	return s
}

// nodes are those of the cluster, with ! if they get nothing new.
func (s *stage) nodes() string {
	synctest.Wait()
	var all []string
	for _, m := range s.Roster.Registry.View().Pool("p").Members {
		name := m.Name
		if m.Activation != cluster.Active {
			name += "!"
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

func (s *stage) want(nodes string) {
	s.t.Helper()
	if got := s.nodes(); got != nodes {
		s.t.Fatalf("nodes %q, want %q\n%s", got, nodes, s.log())
	}
}

// raw sends bytes from an address and returns the status and the body of the
// answer; status 0: the connection was closed.
func (s *stage) raw(from, text string) (status int, body string, head http.Header) {
	s.t.Helper()
	c, err := s.wire.dial(from)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(c, text) // it may be closed before all is sent
	}()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil {
		text, _ := io.ReadAll(answer.Body)
		status, body, head = answer.StatusCode, string(text), answer.Header
		head.Set("Close", fmt.Sprint(answer.Close))
	}
	c.Close()
	<-sent
	return status, body, head
}

// post sends a body as stock nodes do.
func (s *stage) post(from, body string) (int, string) {
	s.t.Helper()
	status, answer, _ := s.raw(from, request(body))
	return status, answer
}

func request(body string) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: 10.0.0.9:2610\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func (s *stage) wants(from, body string, status int, answer string) {
	s.t.Helper()
	if code, got := s.post(from, body); code != status || got != answer {
		s.t.Errorf("%s: %d %s, want %d %s", body, code, got, status, answer)
	}
}

// client is a node of ours at an address.
func (s *stage) client(from string) *Client {
	t := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return s.wire.dial(from) }}
	return &Client{URL: "http://10.0.0.9:2610", HTTP: &http.Client{Transport: t}, Secret: s.Secret,
		Properties: map[string]string{"ip": from, "udpPort": "5080", "jvmRoute": "ours"}}
}

// stock behaves as the node of the old product does, whose client cannot be
// changed: it starts every 5 s until an answer has the word start in it, then
// gives a sign of life every 5 s, and starts with another session when three
// of them were not answered with OK.
type stock struct {
	gateway  atomic.Pointer[stage]
	at       string
	starts   atomic.Int64
	sessions atomic.Int64
	cancel   func()
	ended    sync.WaitGroup
}

func (s *stage) stock(at string) *stock {
	ctx, cancel := context.WithCancel(s.t.Context())
	n := &stock{at: at, cancel: cancel}
	n.gateway.Store(s)
	n.ended.Go(func() { n.run(ctx) })
	return n
}

// kill ends the process without a word.
func (n *stock) kill() {
	n.cancel()
	n.ended.Wait()
}

func (n *stock) run(ctx context.Context) {
	pause := time.NewTimer(time.Second)
	next := func() bool {
		select {
		case <-ctx.Done():
			return false
		case <-pause.C:
			pause.Reset(5 * time.Second)
			return true
		}
	}
	for {
		n.sessions.Add(1)
		session := time.Now().UnixMilli()
		for started := false; !started; {
			if !next() {
				return
			}
			n.starts.Add(1)
			started = strings.Contains(n.send(fmt.Sprintf(`{"start":{"hostName":"n","ip":%q,"httpPort":"8080","udpPort":"5080","tcpPort":"5080",`+
				`"version":"0","sessionId":"%d","heartbeatPort":"2222"}}`, n.at, session)), "start")
		}
		pause.Reset(time.Second)
		for counter := 0; counter < 3; {
			if !next() {
				return
			}
			counter++
			if n.send(fmt.Sprintf(`{"heartbeat":{"sessionId":%d}}`, session)) == `{"heartbeat":"OK"}` {
				counter--
			}
		}
	}
}

func (n *stock) send(body string) string {
	s := n.gateway.Load()
	if s.wire.cut.Load() {
		return ""
	}
	_, answer := s.post(n.at, body)
	return answer
}
