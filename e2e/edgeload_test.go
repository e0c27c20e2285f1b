package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// tlsTunnel gives TLS to a program that has none (Debian's SIPp is built without): each connection to it becomes one to the
// gateway, whose certificate it checks.
type tlsTunnel struct {
	addr   string
	conns  atomic.Int64
	mu     sync.Mutex
	fault  error
	served map[string]int // how many connections got the certificate of this serial number
}

func newTLSTunnel(t testing.TB, root *authority, to string) *tlsTunnel {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	u := &tlsTunnel{addr: l.Addr().String(), served: map[string]int{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go u.carry(c, root.trusted(), to)
		}
	}()
	return u
}

func (u *tlsTunnel) carry(c net.Conn, config *tls.Config, to string) {
	defer c.Close()
	d := net.Dialer{Timeout: 10 * time.Second}
	out, err := tls.DialWithDialer(&d, "tcp", to, config)
	u.mu.Lock()
	if err != nil {
		u.fault = err
		u.mu.Unlock()
		return
	}
	u.served[out.ConnectionState().PeerCertificates[0].SerialNumber.String()]++
	u.mu.Unlock()
	u.conns.Add(1)
	defer out.Close()
	go func() {
		_, _ = io.Copy(out, c)
		_ = out.CloseWrite()
	}()
	_, _ = io.Copy(c, out)
}

// callers starts SIPp callers behind a tunnel: all calls by one connection, or each by its own.
func (u *tlsTunnel) callers(t testing.TB, dir, name string, l load, each bool) *sippRun {
	t.Helper()
	return tunnelled(t, dir, name, "TLS", callerArgs(freePort(t), u.addr, l), each)
}

// tunnelled starts SIPp callers that speak TCP and say that it is another transport.
func tunnelled(t testing.TB, dir, name, transport string, args []string, each bool) *sippRun {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "sipp", "caller.xml"))
	if err != nil {
		t.Fatal(err)
	}
	scenario := filepath.Join(dir, name+".xml") // in which the transport is that of the other end of the tunnel
	put(t, scenario, bytes.ReplaceAll(text, []byte("[transport]"), []byte(transport)))
	args = append(args, "-sf", scenario, "-t", "t1")
	if each {
		args = append(args, "-t", "tn", "-l", "4000", "-max_socket", "4000")
	}
	return sipp(t, dir, name, args...)
}

// 500 calls a second over TLS, most of them by one connection and some by a connection each, and none fails, although the
// certificate is replaced while they go on: who comes later gets the new one.
func TestEdgeCallsOverTLS(t *testing.T) {
	root := newAuthority(t, "root")
	w := set(t, secured(root, stage{Sipp: true, Load: true, Edge: []string{"tls"}, Words: "    tls: {cert: site.pem, key: site.key}\n"}))
	seconds := 10
	if soak {
		seconds = 60
	}
	tunnel := newTLSTunnel(t, root, w.edge["tls"])
	many, each := load{rate: 400, calls: 400 * seconds, hold: time.Second}, load{rate: 100, calls: 100 * seconds, hold: time.Second}
	callers := map[*sippRun]load{
		tunnel.callers(t, w.dir, "many", many, false): many,
		tunnel.callers(t, w.dir, "each", each, true):  each,
	}
	eventually(t, 30*time.Second, "a third of the calls is under way", func() error {
		if n := tunnel.conns.Load(); n < int64(each.calls/3) {
			return fmt.Errorf("%d connections", n)
		}
		return nil
	})
	renewed := root.write(w.dir, "site", site("site.example", "localhost"))
	if err := w.proc.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for c, l := range callers {
		c.allServed(t, l)
	}
	tunnel.mu.Lock()
	defer tunnel.mu.Unlock()
	after := tunnel.served[renewed.SerialNumber.String()]
	t.Logf("%d connections, %d of them with the new certificate", tunnel.conns.Load(), after)
	if tunnel.fault != nil || after < each.calls/4 || len(tunnel.served) != 2 {
		t.Errorf("connections per certificate: %v, %v", tunnel.served, tunnel.fault)
	}
}

// socketTunnel makes a WebSocket of each connection to it.
func (w *world) socketTunnel(t testing.TB, root *authority, transport string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	carry := func(c net.Conn) {
		defer c.Close()
		out, err := w.edgePhone(root, transport, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer out.conn.Close()
		in := &streamPhone{conn: c, in: bufio.NewReader(c)}
		go func() {
			defer out.conn.Close()
			for {
				m, err := in.read()
				if err != nil || out.send(m.String()) != nil {
					return
				}
			}
		}()
		for {
			m, err := out.read()
			if err != nil || in.send(m.String()) != nil {
				return
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go carry(c)
		}
	}()
	return l.Addr().String()
}

// 500 calls a second by two WebSockets, one of them over TLS, and none fails.
func TestEdgeCallsOverWebSockets(t *testing.T) {
	root := newAuthority(t, "root")
	w := set(t, secured(root, stage{Sipp: true, Load: true, Edge: []string{"ws", "wss"}, Words: "    tls: {cert: site.pem, key: site.key}\n"}))
	l := load{rate: 250, calls: 1000, hold: time.Second}
	if soak {
		l.calls *= 15
	}
	var callers []*sippRun
	for _, transport := range w.byName() {
		args := callerArgs(freePort(t), w.socketTunnel(t, root, transport), l)
		callers = append(callers, tunnelled(t, w.dir, transport, strings.ToUpper(transport), args, false))
	}
	for _, c := range callers {
		c.allServed(t, l)
	}
}

// byName are the transports of the edge.
func (w *world) byName() []string { return slices.Sorted(maps.Keys(w.edge)) }

// allServed waits for a caller, all of whose calls are to be served, in order.
func (r *sippRun) allServed(t testing.TB, l load) {
	t.Helper()
	if err := r.wait(l.limit() + 10*time.Second); err != nil {
		t.Errorf("%s: %v", r.name, err)
	}
	got, err := r.counts()
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.messages()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d calls at %d/s: %d succeeded, %d failed, %d messages out of order", r.name, l.calls, l.rate, got["SuccessfulCall"], got["FailedCall"], disorder(all))
	if got["SuccessfulCall"] != l.calls || got["FailedCall"] != 0 || disorder(all) != 0 {
		t.Errorf("%s: %d of %d calls succeeded, %d failed, %d messages out of order", r.name, got["SuccessfulCall"], l.calls, got["FailedCall"], disorder(all))
	}
}

// What a WebSocket costs on which nothing happens: 16 KiB at most, by ws:// and on the HTTP port. All of them are served when
// they speak.
func TestEdgeIdleSockets(t *testing.T) {
	const each, allowed = 1000, 16 << 10
	root := newAuthority(t, "root")
	w := set(t, secured(root, stage{Agents: true, Load: true, Web: [2]string{pageNode(t, "node1"), pageNode(t, "node2")}, Edge: []string{"ws", "wss"},
		Words: "    tls: {cert: site.pem, key: site.key}\n    websocket: /sip\n", Config: "telemetry: {trace: {maxBytes: 4MiB}}\n"}))
	transports := []string{"ws", "http", "wss"}
	for _, transport := range transports {
		for range 50 { // what the first ones cost is not theirs
			p := w.mustEdge(t, root, transport, nil)
			if err := p.serve(w.external); err != nil {
				t.Fatal(err)
			}
			p.conn.Close()
		}
	}
	resident := func() int {
		v, err := w.vitals()
		if err != nil {
			t.Fatal(err)
		}
		return v.resident
	}
	for _, transport := range transports { // none is closed before the last one is open: what is free again would be taken by others
		before := resident()
		var all []*streamPhone
		for range each {
			all = append(all, w.mustEdge(t, root, transport, nil))
		}
		cost := (resident() - before) / each
		t.Logf("%s: %d bytes for each of %d idle sockets", transport, cost, each)
		if transport != "wss" && cost > allowed {
			t.Errorf("%s: an idle socket costs %d bytes, want %d at most", transport, cost, allowed)
		}
		for _, p := range all[:20] {
			if err := p.serve(w.external); err != nil {
				t.Fatalf("%s: a socket that was idle: %v", transport, err)
			}
		}
	}
}
