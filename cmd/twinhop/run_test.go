package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"twinhop/cmd/twinhop/ask"
)

// deadline bounds every wait of these tests; none of them is expected to
// come near it.
const deadline = 20 * time.Second

// appNode is an application server for the tests: HTTP with a request that
// hangs, and SIP that accepts every call.
type appNode struct {
	http  *httptest.Server
	sip   net.PacketConn
	asked chan struct{} // one for every request for /slow that arrived
	let   chan struct{} // closed: the slow ones are answered
	once  sync.Once
}

func startNode(t *testing.T) *appNode {
	t.Helper()
	n := &appNode{asked: make(chan struct{}, 8), let: make(chan struct{})}
	n.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			n.asked <- struct{}{}
			select {
			case <-n.let:
			case <-r.Context().Done():
				return
			}
		}
		fmt.Fprint(w, "from the node")
	}))
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.sip = conn
	served := make(chan struct{})
	go func() {
		defer close(served)
		n.serveSIP()
	}()
	t.Cleanup(func() {
		n.release()
		n.http.Close()
		n.sip.Close()
		<-served
	})
	return n
}

func (n *appNode) release() { n.once.Do(func() { close(n.let) }) }

// serveSIP answers everything but ACK with 200.
func (n *appNode) serveSIP() {
	buf := make([]byte, 65536)
	for {
		size, from, err := n.sip.ReadFrom(buf)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(buf[:size], []byte("ACK ")) {
			n.sip.WriteTo([]byte(accept(string(buf[:size]), n.sip.LocalAddr())), from)
		}
	}
}

func accept(request string, me net.Addr) string {
	var b strings.Builder
	b.WriteString("SIP/2.0 200 OK\r\n")
	for _, name := range []string{"Via", "Record-Route", "From", "To", "Call-ID", "CSeq"} {
		for _, v := range fields(request, name) {
			if name == "To" && !strings.Contains(v, "tag=") {
				v += ";tag=node"
			}
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	b.WriteString("Contact: <sip:node@" + me.String() + ">\r\nContent-Length: 0\r\n\r\n")
	return b.String()
}

// fields returns the values of a header, in order.
func fields(message, name string) []string {
	var all []string
	for line := range strings.SplitSeq(message, "\r\n") {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			all = append(all, v)
		}
	}
	return all
}

// gateway is a running program in front of one node.
type gateway struct {
	*exec.Cmd
	dir              string
	http, sip, admin string
	log              *lines
	ended            chan error
}

// lines keeps what the program says.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startGateway runs the program on ports that the system chooses and waits
// until it is ready.
func startGateway(t *testing.T, n *appNode, shutdown string) *gateway {
	t.Helper()
	return startGatewayOf(t, n, "admin: {listen: \"127.0.0.1:0\"}\nshutdown: "+shutdown+"\n")
}

// startGatewayOf is startGateway with what the configuration says of admin and shutdown.
func startGatewayOf(t *testing.T, n *appNode, more string) *gateway {
	t.Helper()
	g := &gateway{dir: t.TempDir(), log: &lines{}, ended: make(chan error, 1)}
	conf := fmt.Sprintf(`
listen:
  http: [{addr: "127.0.0.1:0"}]
  sip: {external: ["udp://127.0.0.1:0"], internal: ["udp://127.0.0.1:0"]}
nodes: [{name: node1, http: %q, sip: [%q]}]
state: {dir: state}
%s`, n.http.URL, "udp://"+n.sip.LocalAddr().String(), more)
	if err := os.WriteFile(filepath.Join(g.dir, "twinhop.yaml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	g.Cmd = program(t, g.dir, "run", "-c", "twinhop.yaml")
	g.Cmd.Stderr = g.log
	if err := g.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { g.ended <- g.Cmd.Wait() }()
	t.Cleanup(func() {
		g.Cmd.Process.Kill()
		if t.Failed() {
			t.Logf("the program said:\n%s", g.log)
		}
	})
	until(t, "the program listens", func() bool {
		g.http, g.sip, g.admin = word(g.log.String(), "http"), strings.TrimPrefix(word(g.log.String(), "sip"), "udp://"), word(g.log.String(), "admin")
		return g.admin != ""
	})
	until(t, "the program is ready", func() bool { return g.status(g.admin, "/readyz") == 200 })
	return g
}

// word finds key=value in the line that tells the addresses.
func word(log, key string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "msg=listening") {
			for _, w := range strings.Fields(line) {
				if v, ok := strings.CutPrefix(w, key+"="); ok {
					return v
				}
			}
		}
	}
	return ""
}

// until waits for something to become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(deadline); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

var client = &http.Client{Timeout: deadline, Transport: &http.Transport{DisableKeepAlives: true}}

// status asks and returns the status, 0 when nobody answers.
func (g *gateway) status(addr, path string) int {
	r, err := client.Get("http://" + addr + path)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
	return r.StatusCode
}

// wait returns the exit code.
func (g *gateway) wait(t *testing.T) int {
	t.Helper()
	select {
	case err := <-g.ended:
		return exitCode(t, err)
	case <-time.After(deadline):
		t.Fatal("the program does not end")
	}
	return -1
}

// phone is a SIP caller.
type phone struct {
	t    *testing.T
	conn net.Conn
	seq  int
}

func newPhone(t *testing.T, addr string) *phone {
	c, err := net.Dial("udp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &phone{t: t, conn: c}
}

// ask sends a request and returns its final answer, repeating the request as
// SIP over UDP does.
func (p *phone) ask(method, uri, call, to string, route []string) string {
	p.t.Helper()
	p.seq++
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKtest%s%d;rport\r\nMax-Forwards: 70\r\n", method, uri, p.conn.LocalAddr(), call, p.seq)
	for _, r := range route {
		b.WriteString("Route: " + r + "\r\n")
	}
	fmt.Fprintf(&b, "From: <sip:alice@example.com>;tag=a\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:alice@%s>\r\nContent-Length: 0\r\n\r\n",
		to, call, p.seq, method, p.conn.LocalAddr())
	buf := make([]byte, 65536)
	for end := time.Now().Add(deadline); time.Now().Before(end); {
		if _, err := p.conn.Write([]byte(b.String())); err != nil {
			p.t.Fatal(err)
		}
		if method == "ACK" {
			return ""
		}
		p.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		for {
			size, err := p.conn.Read(buf)
			if err != nil {
				break
			}
			answer := string(buf[:size])
			if !strings.HasPrefix(answer, "SIP/2.0 1") && slices.Contains(fields(answer, "CSeq"), fmt.Sprintf("%d %s", p.seq, method)) {
				return answer
			}
		}
	}
	p.t.Fatalf("no answer to %s", method)
	return ""
}

const callee = "<sip:bob@example.com>"

// call places a call and returns how to end it.
func (p *phone) call(id string) (hangUp func() string) {
	p.t.Helper()
	answer := p.ask("INVITE", "sip:bob@example.com", id, callee, nil)
	if !strings.HasPrefix(answer, "SIP/2.0 200") {
		p.t.Fatalf("the call failed: %s", answer)
	}
	return p.take(id, answer)
}

// take acknowledges an accepted call.
func (p *phone) take(id, answer string) (hangUp func() string) {
	route := fields(answer, "Record-Route")
	slices.Reverse(route)
	target := strings.Trim(fields(answer, "Contact")[0], "<>")
	to := fields(answer, "To")[0]
	p.seq-- // the ACK has the number of its INVITE
	p.ask("ACK", target, id, to, route)
	return func() string { return p.ask("BYE", target, id, to, route) }
}

// SIGTERM with work in flight: readyz tells, new calls are refused, the
// request that runs and the call that is held come to their end, and then the
// program exits 0.
func TestRunDrains(t *testing.T) {
	n := startNode(t)
	g := startGateway(t, n, "{announce: 300ms, grace: 1m}")
	if s := g.status(g.http, "/"); s != 200 {
		t.Fatalf("status %d", s)
	}
	slow := make(chan int, 1)
	go func() { slow <- g.status(g.http, "/slow") }()
	<-n.asked
	p := newPhone(t, g.sip)
	hangUp := p.call("held")

	g.Process.Signal(syscall.SIGTERM)
	until(t, "readyz says 503", func() bool { return g.status(g.admin, "/readyz") == 503 })
	late := 0
	until(t, "new calls are refused", func() bool { // those before the end of announce are not
		late++
		id := fmt.Sprintf("late%d", late)
		answer := p.ask("INVITE", "sip:bob@example.com", id, callee, nil)
		if strings.HasPrefix(answer, "SIP/2.0 200") {
			p.take(id, answer)()
		}
		return strings.HasPrefix(answer, "SIP/2.0 503") && len(fields(answer, "Retry-After")) == 1
	})
	n.release()
	if s := <-slow; s != 200 {
		t.Errorf("the request in flight ended with %d", s)
	}
	select {
	case err := <-g.ended:
		t.Fatalf("the program ended with a call held: %v", err)
	default:
	}
	if answer := hangUp(); !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Errorf("BYE: %s", answer)
	}
	if code := g.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(g.log.String(), "msg=stopped") {
		t.Error("the log does not tell the end")
	}
}

// The grace is a bound: work that does not end is cut, and that is no error.
func TestRunEndsAtTheGrace(t *testing.T) {
	n := startNode(t)
	g := startGateway(t, n, "{announce: 0, grace: 500ms}")
	slow := make(chan int, 1)
	go func() { slow <- g.status(g.http, "/slow") }()
	<-n.asked
	newPhone(t, g.sip).call("held")
	g.Process.Signal(syscall.SIGTERM)
	if code := g.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if s := <-slow; s == 200 {
		t.Errorf("a request that never ended was answered with %d", s)
	}
}

func TestSecondSignalExitsAtOnce(t *testing.T) {
	n := startNode(t)
	g := startGateway(t, n, "{announce: 10m, grace: 10m}")
	g.Process.Signal(syscall.SIGTERM)
	tick := time.NewTicker(50 * time.Millisecond) // those that come too soon are taken for the first
	defer tick.Stop()
	for end := time.After(deadline); ; {
		select {
		case err := <-g.ended:
			if code := exitCode(t, err); code != ask.Interrupted {
				t.Errorf("exit code %d", code)
			}
			return
		case <-tick.C:
			g.Process.Signal(syscall.SIGINT)
		case <-end:
			t.Fatal("the program does not end")
		}
	}
}

// What cannot be bound or read keeps the whole program from starting.
func TestRunRefuses(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	node := `nodes: [{name: node1, http: "http://127.0.0.1:1"}]` + "\nstate: {dir: state}\nadmin: {listen: \"127.0.0.1:0\"}\n"
	for name, c := range map[string]struct{ conf, says string }{
		"taken port": {fmt.Sprintf("listen: {http: [{addr: %q}]}\n%s", taken.Addr(), node), "listen.http: listen tcp4 " + taken.Addr().String()},
		"secrets of everybody": {"listen: {http: [{addr: \"127.0.0.1:0\"}]}\nsecrets: {file: twinhop.yaml}\n" + node,
			"secrets file: twinhop.yaml can be used by others"},
		"no page": {"listen: {http: [{addr: \"127.0.0.1:0\"}]}\nhttp: {unavailable: {page: gone.html}}\n" + node, "http.unavailable.page: open gone.html"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "twinhop.yaml"), []byte(c.conf), 0o644); err != nil {
				t.Fatal(err)
			}
			p := program(t, dir, "run", "-c", "twinhop.yaml")
			var stderr bytes.Buffer
			p.Stderr = &stderr
			if code := exitCode(t, p.Run()); code != 1 {
				t.Errorf("exit code %d", code)
			}
			if !strings.Contains(stderr.String(), c.says) {
				t.Errorf("says:\n%s", stderr.String())
			}
		})
	}
}

// The service manager is told of the start and of the end.
func TestRunTellsTheServiceManager(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", name)
	g := startGateway(t, startNode(t), "{announce: 0, grace: 1s}")
	said := func() string {
		buf := make([]byte, 256)
		manager.SetReadDeadline(time.Now().Add(deadline))
		size, err := manager.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(buf[:size]))
	}
	if s := said(); s != "READY=1" {
		t.Errorf("said %q", s)
	}
	g.Process.Signal(syscall.SIGTERM)
	if s := said(); s != "STOPPING=1" {
		t.Errorf("said %q", s)
	}
	if code := g.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
