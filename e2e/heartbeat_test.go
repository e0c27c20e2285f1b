package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const heartbeatSecret = "c0ffee00c0ffee00c0ffee00c0ffee00"

// heralds put a gateway up that knows no node, and two nodes that tell it of themselves.
func heralds(t *testing.T) (*world, [2]*herald) {
	_, urls := newShop(t)
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	var nodes [2]*herald
	w := set(t, stage{Web: urls, Agents: true, Announced: true,
		Config: fmt.Sprintf("heartbeat: {json: {listen: %q}, timeout: 1s, sweep: 50ms, allow: [127.0.0.1], secret: %s}\nhealth: {http: {path: /, interval: 200ms}, sip: {interval: 200ms}}\n", at, heartbeatSecret),
		Begin: func(w *world) {
			for i := range nodes {
				_, web, _ := net.SplitHostPort(strings.TrimPrefix(urls[i], "http://"))
				_, sip, _ := net.SplitHostPort(w.agents[i].addr)
				nodes[i] = newHerald(t, at, heartbeatSecret, map[string]string{"ip": "127.0.0.1", "hostName": fmt.Sprintf("host%d", i+1), "httpPort": web, "udpPort": sip,
					"jvmRoute": fmt.Sprintf("node%d", i+1), "version": "0"})
				nodes[i].live()
				t.Cleanup(func() { nodes[i].die() })
			}
		}})
	return w, nodes
}

// host asks the shop once and returns who answered.
func host(t testing.TB, c *http.Client, url string) string {
	t.Helper()
	who, err := visit(c, url)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// Nodes that are not configured register, serve, drain, restart, die and come back. Nobody notices but who has to.
func TestAnnouncedNodes(t *testing.T) {
	t.Parallel() // it waits more than it works
	w, nodes := heralds(t)
	before := w.present("node1", "node2")
	var raw json.RawMessage
	if err := w.ask("GET", "/api/v1/nodes", nil, &raw); err != nil {
		t.Fatal(err)
	}
	if session, _ := nodes[0].known(); before["node1"].Announced.Incarnation == "" || strings.Contains(string(raw), session) {
		t.Errorf("a session is shown, or no incarnation: %s", raw)
	}
	phone := newAgent(t, "phone")
	place := func() string {
		t.Helper()
		c := mustCall(t, w, phone, "sip:alice@example.com", "sip:bob@example.com")
		if _, err := c.bye(); err != nil {
			t.Fatal(err)
		}
		return c.node
	}
	served := map[string]bool{}
	for range 4 {
		served[place()] = true
	}
	if len(served) != 2 {
		t.Errorf("calls went to %v only", served)
	}

	// A restart within the timeout: one node all the time, another incarnation, its visitors stay.
	visitor := browser(t)
	home := host(t, visitor, w.http)
	i := map[string]int{"node1": 0, "node2": 1}[home]
	nodes[i].die()
	nodes[i].live()
	eventually(t, 10*time.Second, "another incarnation", func() error {
		if got := host(t, visitor, w.http); got != home {
			t.Fatalf("the visitor of %s was at %s", home, got)
		}
		now, err := w.announced()
		if err != nil || len(now) != 2 {
			t.Fatalf("during the restart: %v %v", now, err)
		}
		if now[home].Announced.Incarnation == before[home].Announced.Incarnation {
			return fmt.Errorf("still %s", now[home].Announced.Incarnation)
		}
		return nil
	})

	// A drain that the node asks for.
	session, _ := nodes[i].known()
	if got := nodes[i].command("shutdown", map[string]string{"sessionId": session}); !strings.HasSuffix(got, `{"shutdown":"OK"}`) {
		t.Fatalf("shutdown: %s", got)
	}
	if now := w.present("node1", "node2")[home]; !now.Announced.Draining || now.Activation != "disabled" {
		t.Errorf("while it drains: %+v", now)
	}
	for range 6 {
		if got := host(t, browser(t), w.http); got == home {
			t.Errorf("a new visitor came to %s, which drains", got)
		}
		if got := place(); got == home {
			t.Errorf("a new call came to %s, which drains", got)
		}
		if got := host(t, visitor, w.http); got != home {
			t.Errorf("the visitor of %s was at %s", home, got)
		}
	}
	heard := w.present("node1", "node2")[home].Announced.Heartbeats
	eventually(t, 10*time.Second, "heartbeats of a node that drains", func() error {
		if now := w.present("node1", "node2")[home].Announced.Heartbeats; now < heard+8 { // longer than the timeout
			return fmt.Errorf("%d, there were %d", now, heard)
		}
		return nil
	})

	// A crash: it is gone after its silence, and its visitors are elsewhere. Then it is there again.
	nodes[i].die()
	w.agents[i].close()
	w.present([]string{"node2", "node1"}[i])
	if got := host(t, visitor, w.http); got == home {
		t.Errorf("the visitor is at %s, which is dead", got)
	}
	if stdout, _, code := w.verb(context.Background(), "nodes", "list"); code != 0 || !strings.Contains(stdout, "json ") {
		t.Errorf("nodes list: %d %s", code, stdout)
	}
	var overview struct{ Recent []struct{ Type, Node string } }
	if err := w.ask("GET", "/api/v1/overview", nil, &overview); err != nil || !strings.Contains(fmt.Sprint(overview.Recent), "{heartbeat.expired "+home+"}") {
		t.Errorf("the latest events do not tell: %+v %v", overview, err)
	}
	w.agents[i].open(t)
	nodes[i].live()
	w.present("node1", "node2")

	// An operator takes it away: it stays away while it runs, and is welcome when it is started again.
	if _, stderr, code := w.verb(context.Background(), "nodes", "remove", home, "--force"); code != 0 || !strings.Contains(stderr, home+" is gone. It announced itself: it comes back when it is started again") {
		t.Errorf("nodes remove: %d %s", code, stderr)
	}
	for before := nodes[i].heard(); nodes[i].heard() < before+8; {
		w.present([]string{"node2", "node1"}[i])
	}
	nodes[i].die()
	nodes[i].live()
	w.present("node1", "node2")
}

// A SIP server of somebody else's is a node after one OPTIONS to the internal port, and not after one to the external port.
func TestSIPHeartbeat(t *testing.T) {
	w := set(t, stage{Agents: true, Announced: true, Config: "heartbeat: {sip: true, timeout: 1s}\nhealth: {sip: {interval: 200ms}}\n"})
	node, stranger := w.agents[0], newAgentAt(t, "stranger", "127.0.0.1")
	heartbeat := func(a *agent, gateway string) string {
		t.Helper()
		_, port, _ := net.SplitHostPort(a.addr)
		n := serial.Add(1)
		m := &message{start: "OPTIONS sip:" + gateway + " SIP/2.0", body: "udpPort=" + port + "\nhostname=" + a.name + "\nip=127.0.0.1\njvmRoute=" + a.name + "\n", fields: [][2]string{
			{"Via", "SIP/2.0/UDP 127.0.0.1:9;rport" + fmt.Sprintf(";branch=z9hG4bKbeat%d", n)}, {"Max-Forwards", "70"}, {"From", "<sip:" + a.addr + ">;tag=b"}, {"To", "<sip:" + gateway + ">"},
			{"Call-ID", fmt.Sprintf("beat-%d", n)}, {"CSeq", "1 OPTIONS"}, {"Mobicents-Heartbeat", "1"}, {"Content-Type", "text/plain"}}}
		m.fields = append(m.fields, [2]string{"Content-Length", fmt.Sprint(len(m.body))})
		return once(t, gateway, m)
	}
	if got := heartbeat(stranger, w.external); strings.Contains(got, "200 OK") {
		t.Errorf("a heartbeat from outside: %s", got)
	}
	if got := heartbeat(node, w.internal); got != "SIP/2.0 200 OK" {
		t.Fatalf("a heartbeat: %s", got)
	}
	all, err := w.listed("sip")
	if err != nil || len(all) != 1 || all["node1"].Announced == nil {
		t.Fatalf("%v %v", all, err)
	}
	phone := newAgent(t, "phone")
	c := mustCall(t, w, phone, "sip:alice@example.com", "sip:bob@example.com")
	if _, err := c.bye(); err != nil || c.node != "node1" {
		t.Errorf("%s %v", c.node, err)
	}
	node.close() // neither heartbeats nor answers to probes
	eventually(t, 15*time.Second, "the node is gone", func() error {
		if all, err := w.listed("sip"); err != nil || len(all) > 0 {
			return fmt.Errorf("%v %v", all, err)
		}
		return nil
	})
}

// once sends a request from a socket of its own and returns the first line of the answer, "" for none.
func once(t testing.TB, to string, m *message) string {
	t.Helper()
	conn, err := net.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(m.String())); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(3 * time.Second))
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(buf[:n]), "\r\n")
	return first
}

// Who may not become a node does not, and the log says what to do if it should.
func TestForeignHeartbeats(t *testing.T) {
	w, nodes := heralds(t)
	before := w.present("node1", "node2")
	start := `{"start":{"ip":"127.0.0.1","httpPort":"9","sessionId":"1","jvmRoute":"evil"}}`
	if got, err := nodes[0].say("127.0.0.2", start, rand.Text()); err == nil {
		t.Errorf("from elsewhere: %s", got)
	}
	forger := newHerald(t, nodes[0].gateway, "another secret of theirs", map[string]string{})
	if got, err := forger.say("127.0.0.1", start, rand.Text()); err != nil || !strings.HasPrefix(got, "401 ") {
		t.Errorf("with another secret: %s %v", got, err)
	}
	nonce := rand.Text()
	session, _ := nodes[0].known()
	heartbeat := `{"heartbeat":{"sessionId":` + session + `}}`
	if got, err := nodes[0].say("127.0.0.1", heartbeat, nonce); err != nil || !strings.HasPrefix(got, "200 ") {
		t.Errorf("a heartbeat: %s %v", got, err)
	}
	if got, err := nodes[0].say("127.0.0.1", heartbeat, nonce); err != nil || !strings.HasPrefix(got, "401 ") {
		t.Errorf("the same again: %s %v", got, err)
	}
	elsewhere := strings.Replace(start, "127.0.0.1", "192.0.2.1", 1)
	if got, err := nodes[0].say("127.0.0.1", elsewhere, rand.Text()); err != nil || !strings.HasPrefix(got, "403 ") {
		t.Errorf("a node elsewhere: %s %v", got, err)
	}
	if now := w.present("node1", "node2"); now["node1"].Announced.Incarnation != before["node1"].Announced.Incarnation {
		t.Errorf("node1 is another: %+v", now)
	}
	text, err := os.ReadFile(w.proc.log)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`line="- 127.0.0.2/32"`, `line="- 192.0.2.1/32"`, "heartbeat.allow"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the log does not say %s:\n%s", want, text)
		}
	}
	for _, h := range nodes {
		if session, _ := h.known(); strings.Contains(string(text), session) {
			t.Error("the log has a session")
		}
	}
}

// A gateway that crashes knows its nodes from a file. When that is lost, it says that it does not know them, and they start anew. One that
// stops tells them.
func TestGatewayOfAnnouncedNodesRestarts(t *testing.T) {
	w, nodes := heralds(t)
	w.present("node1", "node2")
	file := filepath.Join(w.dir, "state", "nodes")
	eventually(t, 10*time.Second, "both nodes in the file", func() error {
		text, err := os.ReadFile(file)
		if n := strings.Count(string(text), "host1") + strings.Count(string(text), "host2"); n != 2 {
			return fmt.Errorf("%d of them %v", n, err)
		}
		return nil
	})
	again := func(end syscall.Signal, lost bool, starts int) {
		t.Helper()
		_ = w.proc.cmd.Process.Signal(end)
		_ = w.proc.wait(15 * time.Second)
		if lost {
			_ = os.Remove(file)
		}
		var err error
		if w.proc, err = launch(w.dir, "twinhop", built(t, true), "run", "-c", filepath.Join(w.dir, "twinhop.yaml")); err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, "the gateway is ready", w.ready)
		w.present("node1", "node2")
		host(t, browser(t), w.http)
		for _, h := range nodes {
			eventually(t, 10*time.Second, "a node that is taken as often as it has to be", func() error {
				if _, got := h.known(); got != starts {
					return fmt.Errorf("%d times, want %d", got, starts)
				}
				return nil
			})
		}
	}
	again(syscall.SIGKILL, false, 1)
	again(syscall.SIGKILL, true, 2)
	again(syscall.SIGTERM, false, 3)
	for _, h := range nodes {
		h.mu.Lock()
		_, port, _ := net.SplitHostPort(h.gateway)
		if want := `{"stop":{"ipAddress":"127.0.0.1","port":` + port + `}}`; len(h.told) != 1 || h.told[0] != want {
			t.Errorf("a gateway that stops said %q, want %q", h.told, want)
		}
		h.mu.Unlock()
	}
}
