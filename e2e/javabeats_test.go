package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"twinhop/e2e/jvm"
)

// announced is what the API shows of a node that told of itself.
type announced struct {
	Name       string
	Activation string
	Health     map[string]string
	Announced  *struct {
		By          string
		Incarnation string
		HostName    string
		Heartbeats  int
		Draining    bool
	}
}

// javaWorld is a gateway that only listens for heartbeats, and two nodes whose heartbeats come
// from JVMs; their SIP and HTTP are the scenario's own.
type javaWorld struct {
	*world
	web      *shop
	urls     [2]string // HTTP of the nodes
	sip      [2]string // their addresses for SIP
	registry string
	phone    *agent
}

func newJavaWorld(t *testing.T, load bool) *javaWorld {
	t.Helper()
	need(t, "java", "javac")
	j := &javaWorld{}
	j.web, j.urls = newShop(t)
	j.registry = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	s := stage{Announced: true, Web: j.urls, Agents: !load, Load: load,
		Config: fmt.Sprintf("heartbeat: {rmi: {listen: %q, objectPort: %d}, timeout: 2s}\n", j.registry, freePort(t))}
	if load {
		s.Sip = newDesks(t, &j.web.dark)
		s.Config += "health: {http: {path: /alive, interval: 200ms}, sip: {interval: 200ms}}\nsip: {failover: {invite: 500ms}}\n"
	}
	j.world = set(t, s)
	j.phone = newAgent(t, "phone")
	for i := range 2 {
		if j.sip[i] = strings.TrimPrefix(s.Sip[i], "udp://"); !load {
			j.sip[i] = j.agents[i].addr
		}
	}
	return j
}

// start runs the JVM of a node, which counts from 1, and has it announce itself every half second.
func (j *javaWorld) start(t testing.TB, i int, layout, session string) *jvm.Node {
	t.Helper()
	n := jvm.Start(t, layout, j.registry)
	j.announce(n, i, session)
	return n
}

func (j *javaWorld) announce(n *jvm.Node, i int, session string) {
	j.t.Helper()
	web, err := url.Parse(j.urls[i-1])
	if err != nil {
		j.t.Fatal(err)
	}
	_, sip, _ := strings.Cut(j.sip[i-1], ":")
	n.Does(fmt.Sprintf("node ip=127.0.0.1 hostName=host%d udpPort=%s httpPort=%s jvmRoute=node%d version=0 sessionId=%s", i, sip, web.Port(), i, session))
	n.Does("ping")
	n.Does("every 500")
}

// listed is what is registered, by name.
func (j *javaWorld) listed() (map[string]announced, error) {
	var all struct{ Items []announced }
	if err := j.ask("GET", "/api/v1/nodes", nil, &all); err != nil {
		return nil, err
	}
	byName := map[string]announced{}
	for _, n := range all.Items {
		if _, twice := byName[n.Name]; twice {
			return nil, fmt.Errorf("%s is listed twice", n.Name)
		}
		byName[n.Name] = n
	}
	return byName, nil
}

func (j *javaWorld) list() map[string]announced {
	j.t.Helper()
	all, err := j.listed()
	if err != nil {
		j.t.Fatal(err)
	}
	return all
}

// both waits until both nodes get work, of either kind.
func (j *javaWorld) both() {
	j.t.Helper()
	for _, name := range []string{"node1", "node2"} {
		j.health(name, "http", "up")
		j.health(name, "sip", "up")
	}
}

// visit asks for the shop and returns who served it.
func visit(b *http.Client, url string) (string, error) {
	resp, err := b.Get(url + "/shop")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", resp.StatusCode, text)
	}
	who, _, _ := strings.Cut(string(text), " ")
	return who, err
}

// met makes visitors and calls until both nodes have a visitor and a call, and returns one of each.
func (j *javaWorld) met() (visitors map[string]*http.Client, calls map[string]*call) {
	j.t.Helper()
	visitors, calls = map[string]*http.Client{}, map[string]*call{}
	for range 50 {
		b := browser(j.t)
		who, err := visit(b, j.http)
		if err != nil {
			j.t.Fatal(err)
		}
		c, err := j.phone.invite(j.external, alice, bob, "")
		if err != nil {
			j.t.Fatal(err)
		}
		visitors[who], calls[c.node] = b, c
		if len(visitors) == 2 && len(calls) == 2 {
			return visitors, calls
		}
	}
	j.t.Fatalf("50 visitors met %d nodes, 50 calls %d", len(visitors), len(calls))
	return nil, nil
}

// newcomers counts who serves ten new visitors and ten new calls.
func (j *javaWorld) newcomers() map[string]int {
	j.t.Helper()
	met := map[string]int{}
	for range 10 {
		who, err := visit(browser(j.t), j.http)
		if err != nil {
			j.t.Fatal(err)
		}
		c, err := j.phone.invite(j.external, alice, bob, "")
		if err != nil {
			j.t.Fatal(err)
		}
		met[who]++
		met["sip "+c.node]++
	}
	return met
}

// TestJavaNodes: two JVMs with java.rmi, one old and one recent, register with the gateway; they
// share the work, one drains, switches over and leaves, the other one is killed.
func TestJavaNodes(t *testing.T) {
	t.Parallel() // it waits more than it works
	j := newJavaWorld(t, false)
	one, two := j.start(t, 1, "recent", "1001"), j.start(t, 2, "old", "1002")
	j.both()
	for name, n := range j.list() {
		if n.Announced == nil || n.Announced.By != "rmi" || n.Announced.Incarnation == "" || n.Announced.HostName != "host"+name[4:] {
			t.Errorf("%s: %+v", name, n.Announced)
		}
	}
	visitors, calls := j.met()

	one.Does("set GRACEFUL_SHUTDOWN=true")
	one.Does("ping")
	if n := j.list()["node1"]; n.Announced == nil || !n.Announced.Draining || n.Activation != "disabled" {
		t.Errorf("while it drains: %+v", n)
	}
	if met := j.newcomers(); met["node2"] != 10 || met["sip node2"] != 10 {
		t.Errorf("while node1 drains, newcomers meet %v", met)
	}
	for name, b := range visitors {
		if who, err := visit(b, j.http); who != name || err != nil {
			t.Errorf("while node1 drains, the visitor of %s meets %q: %v", name, who, err)
		}
	}
	if r, err := calls["node1"].within("INFO"); err != nil || r.get("X-Node") != "node1" {
		t.Errorf("while node1 drains, its call: %v, %v", r, err)
	}
	// It goes on to be heard: by now it would have expired otherwise.
	eventually(t, 10*time.Second, "six more heartbeats of who drains", func() error {
		if n := j.list()["node1"]; n.Announced == nil || n.Announced.Heartbeats < 12 {
			return fmt.Errorf("%+v", n.Announced)
		}
		return nil
	})

	one.Does("switchover node1 node2")
	eventually(t, 5*time.Second, "the visitor of node1 is served by node2", func() error {
		who, err := visit(visitors["node1"], j.http)
		if err == nil && who != "node2" {
			err = fmt.Errorf("served by %s", who)
		}
		return err
	})
	if r, err := calls["node1"].bye(); err != nil || r.status() != 200 {
		t.Errorf("the call that node1 had: %v, %v", r, err)
	}

	if beats := one.Does("beats"); !strings.HasSuffix(beats, " 0") {
		t.Errorf("heartbeats of node1 that arrived and failed: %s", beats)
	}
	one.Does("quit")
	if all := j.list(); len(all) != 1 {
		t.Errorf("after node1 left: %+v", all)
	}
	if met := j.newcomers(); met["node2"] != 10 || met["sip node2"] != 10 {
		t.Errorf("after node1 left, newcomers meet %v", met)
	}

	if beats := two.Does("beats"); !strings.HasSuffix(beats, " 0") {
		t.Errorf("heartbeats of node2 that arrived and failed: %s", beats)
	}
	// A pause that is too long, and the same process is heard again: it is back.
	two.Does("every 0")
	j.gone("node2")
	two.Does("ping")
	if n := j.list()["node2"]; n.Announced == nil || n.Announced.Heartbeats != 1 {
		t.Errorf("after a pause: %+v", n.Announced)
	}
	two.Kill() // its SIP and HTTP live on, for as long as a second silence
	eventually(t, 20*time.Second, "node2 expires", func() error {
		if all := j.list(); len(all) != 0 {
			return fmt.Errorf("listed: %+v", all)
		}
		return nil
	})
	if resp, err := directly.Get(j.http + "/shop"); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a node: %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
	log, err := os.ReadFile(j.proc.log)
	if err != nil || !strings.Contains(string(log), "silent") {
		t.Errorf("nothing is said in the log of a silent node: %v", err)
	}
}

// gone waits until a node is not listed any more.
func (j *javaWorld) gone(name string) {
	j.t.Helper()
	eventually(j.t, 20*time.Second, name+" departs", func() error {
		if n, there := j.list()[name]; there {
			return fmt.Errorf("listed: %+v", n.Announced)
		}
		return nil
	})
}

// TestJavaNodesRestart: the JVM of a node is killed and another one speaks for the same place within
// the timeout. The node is listed once at any time, each life of it is another incarnation, and of
// the calls and requests that come meanwhile none is lost. Connections of heartbeats are kept.
func TestJavaNodesRestart(t *testing.T) {
	t.Parallel() // it waits more than it works
	j := newJavaWorld(t, true)
	one := j.start(t, 1, "old", "1001")
	two := j.start(t, 2, "recent", "1002")
	j.both()
	l := load{rate: 50, calls: 500, hold: time.Second}
	caller := sipp(t, j.dir, "caller", callerArgs(freePort(t), j.external, l)...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	people := &customers{}
	left := people.come(ctx, t, j.http+"/shop", 100)
	watched := make(chan int)
	go func() {
		missing := 0
		for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
			all, err := j.listed()
			if _, there := all["node1"]; !there || err != nil {
				t.Errorf("listed: %v, %v", all, err)
				missing++
			}
		}
		watched <- missing
	}()
	lives := map[string]bool{j.list()["node1"].Announced.Incarnation: true}
	for life := 2; life <= 4; life++ {
		next := jvm.Start(t, "recent", j.registry)
		one.Kill()
		j.announce(next, 1, fmt.Sprintf("%d001", life))
		one = next
		lives[j.list()["node1"].Announced.Incarnation] = true
		before := j.list()["node1"].Announced.Heartbeats
		eventually(t, 10*time.Second, "heartbeats of the new life", func() error {
			if n := j.list()["node1"].Announced.Heartbeats; n < before+4 {
				return fmt.Errorf("%d, at first %d", n, before)
			}
			return nil
		})
	}
	stop()
	left()
	people.report(t)
	caller.ended(t, l)
	if n := <-watched; n != 0 {
		t.Errorf("%d times node1 was not listed", n)
	}
	if len(lives) != 4 {
		t.Errorf("4 lives were %d incarnations", len(lives))
	}
	for _, n := range []*jvm.Node{one, two} {
		if beats := n.Does("beats"); !strings.HasSuffix(beats, " 0") {
			t.Errorf("heartbeats that arrived and failed: %s", beats)
		}
	}
}

// TestJavaNodesSoak: nodes register, drain, switch over, leave, come back, are killed, expire and
// restart, over and over, while calls and requests come: nothing is lost, as one of them is there at
// any time and both know all sessions and calls.
func TestJavaNodesSoak(t *testing.T) {
	j := newJavaWorld(t, true)
	sessions := 0
	life := func(i int) *jvm.Node {
		sessions++
		return j.start(t, i, []string{"recent", "old"}[sessions%2], fmt.Sprintf("%d00%d", sessions, i))
	}
	one, two := life(1), life(2)
	j.both()
	l := load{rate: 50, calls: 600, hold: time.Second}
	if soak {
		l = load{rate: 200, calls: 36000, hold: 3 * time.Second}
	}
	caller := sipp(t, j.dir, "caller", callerArgs(freePort(t), j.external, l)...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	people := &customers{}
	left := people.come(ctx, t, j.http+"/shop", 100)
	rounds := 0
	// The last calls are placed when all is quiet again: only an INVITE without an answer tells at
	// once that a node is dead, a BYE is repeated until its silence does.
	for end := time.Now().Add(time.Duration(l.calls/l.rate)*time.Second - 5*time.Second); time.Now().Before(end) && !t.Failed(); rounds++ {
		two.Does("set GRACEFUL_SHUTDOWN=true")
		two.Does("ping")
		two.Does("switchover node2 node1")
		two.Does("quit")
		j.gone("node2")
		two = life(2)
		j.both()
		one.Kill()
		j.web.dark.Store(true) // its SIP and HTTP die with the JVM
		j.gone("node1")
		j.web.dark.Store(false)
		one = life(1)
		j.both()
		next := jvm.Start(t, "recent", j.registry)
		two.Kill()
		sessions++
		j.announce(next, 2, fmt.Sprintf("%d002", sessions))
		two = next
		if all := j.list(); len(all) != 2 {
			t.Errorf("after a restart: %+v", all)
		}
		time.Sleep(2 * time.Second)
	}
	stop()
	left()
	people.report(t)
	caller.ended(t, l)
	t.Logf("%d rounds, %d lives, %d requests", rounds, sessions, people.requests.Load())
}
