package e2e

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"twinhop/e2e/jvm"
)

// oldNode is a node that nobody configures: SIP, HTTP, and heartbeats, by Java RMI out of a JVM or by JSON.
type oldNode struct {
	name   string
	agent  *agent      // SIP over UDP
	sipp   *sippRun    // or over TCP
	secure *secureNode // or over TLS
	web    *httptest.Server
}

// newOldNode makes one, whose SIP and heartbeats are "rmi" (by UDP), "tcp" (with RMI), "json" (by UDP), or "tls" (with JSON); its sessions carry its route, as those of a Tomcat with a jvmRoute do.
func newOldNode(t *testing.T, w *world, name, registry, how string) *oldNode {
	n := &oldNode{name: name}
	n.web = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("jsessionid")
		if c, err := r.Cookie("JSESSIONID"); err == nil {
			id = c.Value
		}
		if id == "" {
			http.SetCookie(rw, &http.Cookie{Name: "JSESSIONID", Value: fmt.Sprintf("a.b%d.%s", serial.Add(1), name), Path: "/"})
		}
		rw.Header().Set("X-Node", name)
	}))
	t.Cleanup(n.web.Close)
	_, httpPort, _ := net.SplitHostPort(n.web.Listener.Addr().String())
	says := map[string]string{"hostName": name, "ip": "127.0.0.1", "jvmRoute": name, "version": "0", "httpPort": httpPort}
	if how == "tcp" {
		port := freePort(t)
		n.sipp = sipp(t, w.dir, "node"+name[len(name)-1:], "-t", "t1", "-p", strconv.Itoa(port))
		says["tcpPort"] = strconv.Itoa(port)
	} else if how == "tls" {
		n.secure = newSecureNode(t, name, w.people)
		_, says["tlsPort"], _ = net.SplitHostPort(n.secure.addr)
	} else {
		n.agent = newAgent(t, name)
		_, says["udpPort"], _ = net.SplitHostPort(n.agent.addr)
	}
	if how == "json" || how == "tls" {
		h := newHerald(t, registry, "", says)
		h.live()
		t.Cleanup(h.die)
		return n
	}
	says["sessionId"] = strconv.FormatInt(time.Now().UnixNano(), 10)
	words := ""
	for k, v := range says {
		words += " " + k + "=" + v
	}
	j := jvm.Start(t, "recent", registry)
	j.Does("node" + words)
	j.Does("every 200")
	return n
}

// oldBalancer starts a gateway with a file of the old balancer, which is filled in with ports and otherwise as it was, with
// the old start line, and two nodes that register. files put further ones where it starts.
func oldBalancer(t *testing.T, file, how string, files ...func(*world)) (*world, []*oldNode) {
	text, err := os.ReadFile(filepath.Join("testdata/restcomm", file))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: scratch(t)}
	binary := built(t, true)
	at := func() (string, string) { p := freePort(t); return strconv.Itoa(p), fmt.Sprintf("127.0.0.1:%d", p) }
	var external, internal, web, rmi, admin string
	external, w.external = at()
	internal, w.internal = at()
	web, w.http = at()
	w.http = "http://" + w.http
	rmi, registry := at()
	object, _ := at()
	_, admin = at()
	w.admin = "http://" + admin
	w.edge = map[string]string{}
	var tls, socket, socketTLS string
	tls, w.edge["tls"] = at()
	socket, w.edge["ws"] = at()
	socketTLS, w.edge["wss"] = at()
	fill := strings.NewReplacer("@EXTERNAL@", external, "@INTERNAL@", internal, "@HTTP@", web, "@RMI@", rmi, "@OBJECT@", object,
		"@TLS@", tls, "@WS@", socket, "@WSS@", socketTLS, "@DIR@", w.dir)
	for _, f := range files {
		f(w)
	}
	name := "lb.properties"
	if how == "json" || how == "tls" {
		name = file
	}
	put(t, filepath.Join(w.dir, name), []byte(fill.Replace(string(text))))
	put(t, filepath.Join(w.dir, "more.yaml"), fmt.Appendf(nil, "state: {dir: state}\nadmin: {listen: %q}\n", admin))
	if w.proc, err = launch(w.dir, "twinhop", binary, "run", "-DlogConfigFile=log4j.xml", "-DlogLevel=INFO", "-jar", "sip-balancer-jar-with-dependencies.jar", "-mobicents-balancer-config="+name, "-c", "more.yaml"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.strike)
	w.socket = overSocket(filepath.Join(w.dir, "state", "admin.sock"))
	eventually(t, 20*time.Second, "the gateway listens", func() error {
		if !w.proc.running() {
			text, _ := os.ReadFile(w.proc.log)
			t.Fatalf("the gateway ended at once: %v\n%s", w.proc.err, text)
		}
		_, err := directly.Get(w.admin + "/healthz")
		return err
	})
	nodes := []*oldNode{newOldNode(t, w, "node1", registry, how), newOldNode(t, w, "node2", registry, how)}
	eventually(t, 30*time.Second, "both nodes are registered and serve", func() error {
		if err := w.ready(); err != nil {
			return err
		}
		seen := map[string]bool{}
		for range 4 {
			node, err := w.asks(browser(t), "/")
			if err != nil {
				return err
			}
			seen[node] = true
		}
		if len(seen) != 2 {
			return fmt.Errorf("served by %v", seen)
		}
		return nil
	})
	return w, nodes
}

// asks gets a page and returns the node that served it.
func (w *world) asks(c *http.Client, path string, header ...string) (string, error) {
	req, err := http.NewRequest("GET", w.http+path, nil)
	if err != nil {
		return "", err
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		return "", fmt.Errorf("%s: %s", path, resp.Status)
	}
	return resp.Header.Get("X-Node"), nil
}

// sessions shows that browsers stay where they are, and that ids count wherever the old balancer read them.
func (w *world) sessions(t *testing.T) {
	t.Helper()
	spread := map[string]int{}
	for range 10 {
		c, first := browser(t), ""
		for i := range 4 {
			node, err := w.asks(c, "/")
			if err != nil || i > 0 && node != first {
				t.Fatalf("request %d of a session of %s: %s, %v", i, first, node, err)
			}
			first = node
		}
		spread[first]++
	}
	if len(spread) != 2 {
		t.Errorf("all sessions are on %v", spread)
	}
	for _, name := range []string{"node1", "node2"} {
		for _, ask := range [][]string{{"/x?a=1&jsessionid=q.r." + name}, {"/x", "Cookie: jsessionid=q.r." + name}, {"/x", "Cookie: JSESSIONID=q." + name}, {"/x;jsessionid=q." + name}} {
			for range 3 { // once might be by chance
				if node, err := w.asks(browser(t), ask[0], ask[1:]...); err != nil || node != name {
					t.Errorf("%v: %s, %v", ask, node, err)
				}
			}
		}
	}
}

// An old file with two ports, no edits: calls by turns, hints as nodes and phones know them, requests of nodes that find
// the world, sessions that stay.
func TestOldBalancerTwoPorts(t *testing.T) {
	w, nodes := oldBalancer(t, "two-ports.properties", "rmi")
	w.sessions(t)
	phone := newAgent(t, "phone")
	met := map[string]int{}
	for range 4 {
		c := mustCall(t, w, phone, alice, bob)
		met[c.node]++
		node := nodes[slices.IndexFunc(nodes, func(n *oldNode) bool { return n.name == c.node })]
		host, port, _ := net.SplitHostPort(node.agent.addr)
		for _, rr := range c.setUp.list("Record-Route") {
			if !strings.Contains(rr, "node_host="+host+";node_port="+port) {
				t.Errorf("Record-Route %s does not name the node", rr)
			}
		}
		if r, err := c.within("INFO"); err != nil || r.get("X-Node") != c.node {
			t.Errorf("INFO: %v, %v", r, err)
		}
		if r, err := c.bye(); err != nil || r.get("X-Node") != c.node {
			t.Errorf("BYE: %v, %v", r, err)
		}
	}
	if met["node1"] != 2 || met["node2"] != 2 {
		t.Errorf("four calls: %v", met)
	}
	c, err := nodes[0].agent.invite(w.internal, "sip:app@e2e.invalid", "sip:phone@"+phone.addr, "")
	if err != nil || c.node != "phone" {
		t.Fatalf("a call of a node: %+v, %v", c, err)
	}
	if r, err := c.bye(); err != nil || r.get("X-Node") != "phone" {
		t.Errorf("its BYE: %v, %v", r, err)
	}
	w.rereads(t)
	contains(t, w.proc.log, "lb.properties:1:1", "heartbeat.allow", "a comment, though the old balancer took it for a key", "files of log4j are not read")
}

// rereads changes the file and has it read again: what is wrong changes nothing, what is right counts at once.
func (w *world) rereads(t *testing.T) {
	t.Helper()
	name := filepath.Join(w.dir, "lb.properties")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ line, says string }{
		{"nodeTimeout=soon", "lb.properties:" + strconv.Itoa(bytes.Count(text, []byte("\n"))+1)},
		{"nodeTimeout=9000", "the configuration was reloaded"},
	} {
		put(t, name, append(slices.Clone(text), step.line+"\n"...))
		if err := w.proc.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, 15*time.Second, step.line+" is told", func() error {
			log, err := os.ReadFile(w.proc.log)
			if err == nil && !strings.Contains(string(log), step.says) {
				err = fmt.Errorf("the log does not say %q", step.says)
			}
			return err
		})
		if node, err := w.asks(browser(t), "/"); err != nil || node == "" {
			t.Errorf("after %s: %q, %v", step.line, node, err)
		}
	}
	contains(t, w.proc.log, "the configuration in force stays", "changed=heartbeat.timeout")
}

// An old file with one port behind an IP load balancer, no edits: the address of the IP load balancer in Record-Route and
// Via, callers placed by a hash of who they are.
func TestOldBalancerOnePort(t *testing.T) {
	w, nodes := oldBalancer(t, "one-port.properties", "rmi")
	_, port, _ := net.SplitHostPort(w.external)
	vip := "127.0.0.9:" + port
	phone := newAgent(t, "phone")
	met := map[string]string{}
	for i := range 12 {
		from := fmt.Sprintf("sip:u%d@e2e.invalid", i%6)
		c, err := phone.invite(vip, from, bob, "")
		if err != nil {
			t.Fatal(err)
		}
		if known := met[from]; known != "" && known != c.node {
			t.Errorf("%s was on %s, and is on %s", from, known, c.node)
		}
		met[from] = c.node
		for _, rr := range c.setUp.list("Record-Route") {
			if hostport(uri(rr)) != vip {
				t.Errorf("Record-Route %s", rr)
			}
		}
		node := nodes[slices.IndexFunc(nodes, func(n *oldNode) bool { return n.name == c.node })]
		invites := node.agent.got("INVITE")
		if via := invites[len(invites)-1].list("Via"); !strings.Contains(via[0], " "+vip+";") {
			t.Errorf("Via %v", via)
		}
		if r, err := c.bye(); err != nil || r.get("X-Node") != c.node {
			t.Errorf("BYE: %v, %v", r, err)
		}
	}
	first := ""
	for range 4 { // the same for browsers, by the parameter
		node, err := w.asks(browser(t), "/?appsession=somebody")
		if err != nil || first != "" && node != first {
			t.Errorf("somebody was on %s, and is on %s: %v", first, node, err)
		}
		first = node
	}
	w.sessions(t)
}

// An old file with TCP on both sides, no edits.
func TestOldBalancerTCP(t *testing.T) {
	w, nodes := oldBalancer(t, "tcp.properties", "tcp")
	w.sessions(t)
	l := load{rate: 10, calls: 40, hold: 200 * time.Millisecond}
	caller := sipp(t, w.dir, "caller", append(callerArgs(freePort(t), w.external, l), "-t", "t1")...)
	if err := caller.wait(l.limit() + 10*time.Second); err != nil {
		t.Errorf("caller: %v", err)
	}
	all, err := caller.counts()
	if err != nil || all["SuccessfulCall"] != l.calls || all["FailedCall"] != 0 {
		t.Errorf("calls: %v, %v", all, err)
	}
	for _, n := range nodes {
		messages, err := n.sipp.messages()
		byes := 0
		for _, m := range messages {
			if strings.HasPrefix(m.start, "BYE") {
				byes++
			}
		}
		if err != nil || byes < l.calls/4 {
			t.Errorf("%s ended %d calls, %v", n.name, byes, err)
		}
	}
}

// The XML of the last versions, no edits: nodes register by JSON.
func TestOldBalancerXML(t *testing.T) {
	w, nodes := oldBalancer(t, "lb-configuration.xml", "json")
	w.sessions(t)
	phone := newAgent(t, "phone")
	met := map[string]int{}
	for range 4 {
		c := mustCall(t, w, phone, alice, bob)
		met[c.node]++
		if r, err := c.bye(); err != nil || r.get("X-Node") != c.node {
			t.Errorf("BYE: %v, %v", r, err)
		}
	}
	if len(met) != len(nodes) {
		t.Errorf("four calls: %v", met)
	}
	contains(t, w.proc.log, "lb-configuration.xml:8:3", "it read apiPort", "there is no IP load balancer")
}
