package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// shop is two web nodes of the scenario's own that share their sessions, as a cluster does
// that replicates: any of them knows every id. A node counts visits, and says who it is.
type shop struct {
	mu     sync.Mutex
	visits map[string]int // by the id without its route
	dark   atomic.Bool    // node1 is away: it breaks every connection off
	served [2]atomic.Int64
	fresh  [2]atomic.Int64 // sessions begun
}

func newShop(t testing.TB) (*shop, [2]string) {
	s := &shop{visits: map[string]int{}}
	var urls [2]string
	for i := range 2 {
		route := fmt.Sprintf("node%d", i+1)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if i == 0 && s.dark.Load() {
				panic(http.ErrAbortHandler)
			}
			if r.URL.Path != "/shop" {
				return // a probe
			}
			s.served[i].Add(1)
			id := ""
			if c, err := r.Cookie("JSESSIONID"); err == nil {
				id, _, _ = strings.Cut(c.Value, ".")
			} else {
				id = rand.Text()
				s.fresh[i].Add(1)
			}
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: id + "." + route, Path: "/"})
			s.mu.Lock()
			s.visits[id]++
			n := s.visits[id]
			s.mu.Unlock()
			fmt.Fprintf(w, "%s %d", route, n)
		}))
		t.Cleanup(srv.Close)
		urls[i] = srv.URL
	}
	return s, urls
}

// customers visit the shop at a rate until ctx ends. Each makes some visits and is replaced by
// a new one. They count what went wrong, lost visits among it.
type customers struct {
	requests atomic.Int64
	mu       sync.Mutex
	faults   []string
}

func (c *customers) fault(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *customers) come(ctx context.Context, t testing.TB, url string, rate int) (wait func()) {
	const each, visits = 10, 15 // requests a second and visits of a customer
	var all sync.WaitGroup
	for range rate / each {
		all.Go(func() {
			tick := time.NewTicker(time.Second / each)
			defer tick.Stop()
			for ctx.Err() == nil {
				b := browser(t)
				for n := 1; n <= visits && ctx.Err() == nil; n++ {
					<-tick.C
					c.requests.Add(1)
					resp, err := b.Get(url)
					if err != nil {
						c.fault("%v", err)
						break
					}
					text, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if _, count, _ := strings.Cut(string(text), " "); err != nil || resp.StatusCode != 200 || count != fmt.Sprint(n) {
						c.fault("visit %d: %d %q %v", n, resp.StatusCode, text, err)
						break
					}
				}
				b.CloseIdleConnections()
			}
		})
	}
	return all.Wait
}

func (c *customers) report(t testing.TB) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults[:min(len(c.faults), 10)] {
		t.Error(f)
	}
	if len(c.faults) > 0 {
		t.Errorf("%d of %d requests failed", len(c.faults), c.requests.Load())
	}
}

// desks are two SIP nodes that share their calls, as a cluster does that replicates: each
// answers whatever comes.
func newDesks(t testing.TB, dark *atomic.Bool) (urls [2]string) {
	for i := range 2 {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadBuffer(4 << 20)
		t.Cleanup(func() { conn.Close() })
		if i == 1 {
			dark = nil
		}
		go attend(conn, dark)
		urls[i] = "udp://" + conn.LocalAddr().String()
	}
	return urls
}

// attend answers while it is not dark.
func attend(conn *net.UDPConn, dark *atomic.Bool) {
	buf := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		m, err := parse(buf[:n])
		if dark != nil && dark.Load() || err != nil || strings.HasPrefix(m.start, "SIP/2.0") || strings.HasPrefix(m.start, "ACK ") {
			continue
		}
		answers := []string{"200 OK"}
		if strings.HasPrefix(m.start, "INVITE ") {
			answers = []string{"180 Ringing", "200 OK"}
		}
		for _, status := range answers {
			r := &message{start: "SIP/2.0 " + status}
			for _, f := range m.fields {
				switch strings.ToLower(f[0]) {
				case "to":
					if !strings.Contains(f[1], "tag=") {
						f[1] += ";tag=desk"
					}
					fallthrough
				case "via", "record-route", "from", "call-id", "cseq":
					r.fields = append(r.fields, f)
				}
			}
			r.fields = append(r.fields, [2]string{"Contact", "<sip:desk@" + conn.LocalAddr().String() + ">"}, [2]string{"Content-Length", "0"})
			conn.WriteToUDPAddrPort([]byte(r.String()), from)
		}
	}
}

// verb runs a verb of the program against the running gateway.
func (w *world) verb(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	w.t.Helper()
	c := exec.CommandContext(ctx, w.proc.cmd.Path, append(args, "--socket", filepath.Join(w.dir, "state", "admin.sock"))...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	err := c.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return out.String(), said.String(), ended.ExitCode()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return out.String(), said.String(), 0
}

// ended checks that SIPp's calls were all fine.
func (r *sippRun) ended(t testing.TB, l load) {
	t.Helper()
	if err := r.wait(l.limit() + 10*time.Second); err != nil {
		t.Errorf("caller: %v", err)
	}
	got, err := r.counts()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls at %d/s: %d succeeded, %d failed, %d retransmissions", l.calls, l.rate, got["SuccessfulCall"], got["FailedCall"], got["Retransmissions"])
	if got["SuccessfulCall"] != l.calls || got["FailedCall"] != 0 {
		t.Errorf("%d of %d calls succeeded, %d failed", got["SuccessfulCall"], l.calls, got["FailedCall"])
	}
}

// drainProgress follows the one operation until ctx ends and returns what was seen of it.
func (w *world) drainProgress(ctx context.Context) (seen []int, state string) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		var list struct {
			Items []struct {
				State     string
				Remaining struct{ Sessions, Calls int }
			}
		}
		if err := w.ask("GET", "/api/v1/operations", nil, &list); err != nil {
			w.t.Error(err)
			return seen, state
		}
		if len(list.Items) > 0 {
			o := list.Items[0]
			seen, state = append(seen, o.Remaining.Sessions+o.Remaining.Calls), o.State
		}
		select {
		case <-ctx.Done():
			return seen, state
		case <-tick.C:
		}
	}
}

// A node is drained while 200 calls and 500 requests come each second: nobody notices, how far
// it is can be seen, and it ends when the last session and call of the node have ended.
func TestDrainUnderLoad(t *testing.T) {
	web, urls := newShop(t)
	w := set(t, stage{Web: urls, Sipp: true, Load: true, Config: "affinity: {ttl: {idle: 5s}}\nhealth: {http: {path: /alive, interval: 500ms}, sip: {interval: 1s}}\n"})
	l := load{rate: 200, calls: 3000, hold: 3 * time.Second}
	if soak {
		l.calls = 12000
	}
	caller := sipp(t, w.dir, "caller", callerArgs(freePort(t), w.external, l)...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	people := &customers{}
	gone := people.come(ctx, t, w.http+"/shop", 500)

	time.Sleep(3 * time.Second)
	if web.served[0].Load() == 0 || web.served[1].Load() == 0 {
		t.Errorf("before the drain: %d and %d requests", web.served[0].Load(), web.served[1].Load())
	}
	follow, unfollow := context.WithCancel(t.Context())
	var seen []int
	var state string
	var following sync.WaitGroup
	following.Go(func() { seen, state = w.drainProgress(follow) })
	begun := time.Now()
	out, said, code := w.verb(t.Context(), "nodes", "drain", "node1", "--wait", "60s", "--reason", "upgrade")
	took := time.Since(begun)
	unfollow()
	following.Wait()
	if code != 0 || !strings.Contains(out, "done") || !strings.Contains(said, "sessions") {
		t.Errorf("drain: %d\n%s%s", code, out, said)
	}
	if len(seen) < 5 || seen[0] == 0 || state != "done" && state != "running" {
		t.Errorf("seen of the drain: %v, %s", seen, state)
	}
	before := web.served[0].Load()
	time.Sleep(2 * time.Second)
	if n := web.served[0].Load() - before; n != 0 {
		t.Errorf("%d requests came to the node after it was drained", n)
	}
	var n node
	if err := w.ask("GET", "/api/v1/nodes/node1", nil, &n); err != nil || n.Sessions != 0 || n.Calls != 0 {
		t.Errorf("afterwards: %+v %v", n, err)
	}
	stop()
	gone()
	people.report(t)
	caller.ended(t, l)
	t.Logf("drained in %v: first %d sessions and calls, seen %d times; %d requests", took.Round(time.Millisecond), seen[0], len(seen), people.requests.Load())
	if took < 5*time.Second {
		t.Errorf("it took %v, and sessions live 5 s", took)
	}
}

// Everything moves from one node to the other and back, then single sessions do, while calls and
// requests come: none is lost.
func TestMovesUnderLoad(t *testing.T) {
	_, urls := newShop(t)
	w := set(t, stage{Web: urls, Sip: newDesks(t, nil), Load: true, Config: "health: {http: {path: /alive, interval: 500ms}, sip: {interval: 1s}}\n"})
	l := load{rate: 200, calls: 3000, hold: 3 * time.Second}
	caller := sipp(t, w.dir, "caller", callerArgs(freePort(t), w.external, l)...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	people := &customers{}
	gone := people.come(ctx, t, w.http+"/shop", 500)
	time.Sleep(3 * time.Second)
	moved := 0
	for i := range 6 {
		from, to := "node1", "node2"
		if i%2 == 1 {
			from, to = to, from
		}
		var done struct{ Moved int }
		if err := w.ask("POST", "/api/v1/switchover", map[string]string{"from": from, "to": to}, &done); err != nil {
			t.Fatal(err)
		}
		moved += done.Moved
		time.Sleep(500 * time.Millisecond)
	}
	single := 0
	for range 20 {
		var list struct{ Items []session }
		if err := w.ask("GET", "/api/v1/sessions?node=node1&limit=10", nil, &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list.Items {
			var after session
			if err := w.ask("POST", "/api/v1/sessions/"+s.ID+"/actions/move", map[string]any{"to": "node2"}, &after); err != nil {
				if strings.Contains(err.Error(), "404") || strings.Contains(err.Error(), "409") { // it ended, or somebody was quicker
					continue
				}
				t.Fatal(err)
			}
			single++
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	gone()
	people.report(t)
	caller.ended(t, l)
	t.Logf("%d sessions moved by switchover, %d one by one; %d requests", moved, single, people.requests.Load())
	if moved < 100 || single < 20 {
		t.Errorf("%d and %d sessions moved: nothing was shown", moved, single)
	}
}

// The configuration is read again and again, each time with other mounts, weights and pools,
// under the same load; what is not valid changes nothing.
func TestReloadUnderLoad(t *testing.T) {
	_, urls := newShop(t)
	w := set(t, stage{Web: urls, Sipp: true, Load: true, Config: "health: {http: {path: /alive, interval: 500ms}, sip: {interval: 1s}}\n"})
	name := filepath.Join(w.dir, "twinhop.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	l := load{rate: 200, calls: 2000, hold: time.Second}
	caller := sipp(t, w.dir, "caller", callerArgs(freePort(t), w.external, l)...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	people := &customers{}
	gone := people.come(ctx, t, w.http+"/shop", 500)
	time.Sleep(time.Second)
	more := []string{"mounts: [{path: /shop, pool: other}, {path: /*, pool: default}]\npools: {default: {}, other: {balance: sessions}}\n",
		"mounts: [{path: \"/*\"}]\npools: {default: {balance: round-robin, nodes: [{name: node1, weight: 3}, node2]}}\n", ""}
	for i := range 12 {
		write(t, name, string(text)+more[i%3])
		if out, said, code := w.verb(t.Context(), "config", "reload"); code != 0 || !strings.Contains(out, "changed") {
			t.Fatalf("reload %d: %d %s%s", i, code, out, said)
		}
		if i%4 == 3 {
			write(t, name, string(text)+"mounts: [{path: nowhere}]\n")
			if _, said, code := w.verb(t.Context(), "config", "reload"); code != 1 || !strings.Contains(said, "mounts[0].path") {
				t.Errorf("a file that is not valid: %d %s", code, said)
			}
		}
		time.Sleep(300 * time.Millisecond)
	}
	stop()
	gone()
	people.report(t)
	caller.ended(t, l)
}

// A node comes and goes every second. The gateway lets it in less and less often; the other
// one's calls and visits are fine, and so are those that had to leave, which leave once.
func TestFlappingNode(t *testing.T) {
	web, urls := newShop(t)
	w := set(t, stage{Web: urls, Sip: newDesks(t, &web.dark), Load: true,
		Config: "health: {http: {path: /alive, interval: 200ms}, sip: {interval: 200ms}}\nsip: {failover: {invite: 500ms}}\n"})
	l := load{rate: 50, calls: 1000, hold: time.Second}
	if soak {
		l.calls = 3000
	}
	caller := sipp(t, w.dir, "caller", callerArgs(freePort(t), w.external, l)...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	people := &customers{}
	gone := people.come(ctx, t, w.http+"/shop", 200)
	for range l.calls / l.rate {
		time.Sleep(time.Second)
		web.dark.Store(!web.dark.Load())
	}
	web.dark.Store(false)
	stop()
	gone()
	people.report(t)
	caller.ended(t, l)
	var list struct {
		Items []struct{ Left []string }
		Total struct{ Value int }
	}
	if err := w.ask("GET", "/api/v1/sessions?limit=500", nil, &list); err != nil {
		t.Fatal(err)
	}
	once, twice := 0, 0
	for _, s := range list.Items {
		if len(s.Left) > 0 {
			once++
		}
		if len(s.Left) > 1 {
			twice++
		}
	}
	var n struct {
		Checks map[string]struct{ Changes int }
	}
	if err := w.ask("GET", "/api/v1/nodes/node1", nil, &n); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests; of %d sessions looked at %d moved, %d twice; node1 changed its state %v times", people.requests.Load(), len(list.Items), once, twice, n.Checks)
	if twice*20 > len(list.Items) {
		t.Errorf("%d of %d sessions moved twice", twice, len(list.Items))
	}
}
