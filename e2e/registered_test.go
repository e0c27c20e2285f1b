package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// registrant is a node that speaks SIP and tells of itself by JSON.
type registrant struct {
	*agent
	*herald
}

func newRegistrant(t testing.TB, gateway, route, version string) *registrant {
	t.Helper()
	a := newAgent(t, route)
	_, port, _ := net.SplitHostPort(a.addr)
	return &registrant{a, newHerald(t, gateway, "", map[string]string{"ip": "127.0.0.1", "hostName": route, "udpPort": port, "jvmRoute": route, "version": version})}
}

// begin starts a life of its process.
func (r *registrant) begin(t testing.TB) {
	r.live()
	t.Cleanup(r.die)
}

// fall is a power cut.
func (r *registrant) fall() {
	r.die()
	r.agent.close()
}

// tell has it say shutdown or stop.
func (r *registrant) tell(t testing.TB, command string) {
	t.Helper()
	session, _ := r.known()
	if answer := r.command(command, map[string]string{"sessionId": session}); !strings.HasSuffix(answer, fmt.Sprintf("{%q:\"OK\"}", command)) {
		t.Errorf("%s of %s: %s", command, r.name, answer)
	}
}

// registered sets a gateway up whose nodes tell of themselves, each by its route. Silence is
// noticed soon.
func registered(t *testing.T, s stage, routes ...string) (w *world, nodes []*registrant, at string) {
	t.Helper()
	at = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	for _, route := range routes {
		nodes = append(nodes, newRegistrant(t, at, route, "0"))
		nodes[len(nodes)-1].begin(t)
	}
	s.Announced = true
	s.Sip = [2]string{"udp://" + nodes[0].addr, "udp://" + nodes[1].addr} // it is there; that is not said of the nodes
	s.Config += fmt.Sprintf("heartbeat: {json: {listen: %q}, timeout: 600ms}\n", at)
	w = set(t, s)
	w.present(routes...)
	return w, nodes, at
}

// on places calls until one is on the node.
func (w *world) on(t *testing.T, phone *agent, name string) *call {
	t.Helper()
	for range 20 {
		if c := mustCall(t, w, phone, alice, bob); c.node == name {
			return c
		}
	}
	t.Fatalf("20 calls, and none met %s", name)
	return nil
}

// Nodes register, and one after the other leaves: one falls silent, one says stop, one dies with
// a call, and at last there is none. Those that are left serve all the time; who was taken for
// dead and is not comes back by itself.
func TestRegisteredNodesComeAndGo(t *testing.T) {
	modes(t, func(t *testing.T, single bool) {
		w, nodes, _ := registered(t, stage{Single: single}, "node1", "node2", "node3")
		phone := newAgent(t, "phone")
		met := map[string]int{}
		for range 6 {
			met[mustCall(t, w, phone, alice, bob).node]++
		}
		if fmt.Sprint(met) != "map[node1:2 node2:2 node3:2]" {
			t.Errorf("six calls: %v", met)
		}
		c := w.on(t, phone, "node3")

		nodes[2].fall()
		w.present("node1", "node2")
		if r, err := c.within("INFO"); err != nil || r.status() != 200 {
			t.Errorf("INFO of a call of the node that is gone: %v, %v", r, err)
		}
		nodes[2].open(t)
		nodes[2].begin(t)
		w.present("node1", "node2", "node3")
		if r, err := c.bye(); err != nil || r.get("X-Node") == "node3" {
			t.Errorf("BYE of a call that another node had taken over: %v, %v", r, err)
		}

		nodes[1].die()
		nodes[1].tell(t, "stop")
		if all, err := w.announced(); err != nil || len(all) != 2 {
			t.Errorf("after one said that it stops: %v, %v", all, err)
		}
		nodes[2].fall()
		nodes[0].fall()
		eventually(t, 10*time.Second, "none is left", func() error {
			if all, err := w.announced(); err != nil || len(all) > 0 {
				return fmt.Errorf("%v %v", all, err)
			}
			return nil
		})
		nobodyLeft(t, w, phone)
	})
}

// A registered node begins a call and dies, and is nobody's node any more by the time the callee
// answers: the other one has the call.
func TestRegisteredCallerDies(t *testing.T) {
	modes(t, func(t *testing.T, single bool) {
		w, nodes, _ := registered(t, stage{Single: single}, "node1", "node2")
		callerDies(t, w, [2]*agent{nodes[0].agent, nodes[1].agent}, func() {
			nodes[0].fall()
			w.present("node2")
		}, func() {
			nodes[0].open(t)
			nodes[0].begin(t)
			w.present("node1", "node2")
		})
	})
}

// A node is about to go: what it has stays, what is new goes elsewhere, REGISTER included, and it
// goes on heart-beating for as long as it likes.
func TestRegisteredNodeDrains(t *testing.T) {
	modes(t, func(t *testing.T, single bool) {
		w, nodes, _ := registered(t, stage{Single: single, Config: "affinity: {sip: [{source: from.user}]}\n"}, "node1", "node2")
		phone := newAgent(t, "phone")
		var c *call
		for i := 0; c == nil; i++ {
			if got := mustCall(t, w, phone, fmt.Sprintf("sip:user%d@e2e.invalid", i), bob); got.node == "node1" {
				c = got
			}
		}
		nodes[0].tell(t, "shutdown")
		for i := range 6 {
			from := fmt.Sprintf("sip:new%d@e2e.invalid", i)
			if got := mustCall(t, w, phone, from, bob); got.node != "node2" {
				t.Errorf("a new call went to the node that is going")
			}
			from = fmt.Sprintf("sip:phone%d@e2e.invalid", i)
			if r := phone.ask(t, w, "REGISTER", from, from); r.get("X-Node") != "node2" {
				t.Errorf("a REGISTER went to %s", r.get("X-Node"))
			}
		}
		time.Sleep(1500 * time.Millisecond) // twice the time after which a silent node departs
		w.present("node1", "node2")
		if r, err := c.bye(); err != nil || r.get("X-Node") != "node1" {
			t.Errorf("BYE: %v, %v", r, err)
		}
		nodes[0].die()
		nodes[0].tell(t, "stop")
		w.present("node2")
	})
}

// A release after the other: new calls go to the newest; what is under way stays within its own,
// also when its node dies, and is refused rather than given to another.
func TestRollingUpgrade(t *testing.T) {
	modes(t, func(t *testing.T, single bool) {
		w, old, at := registered(t, stage{Single: single, Config: "affinity: {sip: [{source: from.user}]}\n"}, "node1", "node2")
		phone := newAgent(t, "phone")
		var calls []*call
		for i := range 8 {
			calls = append(calls, mustCall(t, w, phone, fmt.Sprintf("sip:user%d@e2e.invalid", i), bob))
		}
		for _, route := range []string{"node3", "node4"} {
			newRegistrant(t, at, route, "2").begin(t)
		}
		w.present("node1", "node2", "node3", "node4")
		met := map[string]int{}
		for i := range 8 {
			met[mustCall(t, w, phone, fmt.Sprintf("sip:later%d@e2e.invalid", i), bob).node]++
		}
		if met["node3"] != 4 || met["node4"] != 4 {
			t.Errorf("new calls: %v", met)
		}
		for _, c := range calls {
			if r, err := c.within("INFO"); err != nil || r.get("X-Node") != c.node {
				t.Errorf("INFO of a call on %s: %v, %v", c.node, r, err)
			}
		}
		old[0].fall()
		w.present("node2", "node3", "node4")
		for i, c := range calls {
			if i < 6 {
				if r, err := c.bye(); err != nil || r.get("X-Node") != "node2" {
					t.Errorf("BYE of a call on %s: %v, %v; want it on node2", c.node, r, err)
				}
			}
		}
		old[1].fall()
		w.present("node3", "node4")
		for _, c := range calls[6:] {
			if r, err := c.bye(); err != nil || r.status() < 400 || strings.HasPrefix(r.get("X-Node"), "node") {
				t.Errorf("BYE when the whole release is gone: %v, %v", r, err)
			}
		}
	})
}

// A node restarts as a new release, at the same place: it is not the one that the calls of its
// life before were on, which go on at the old release's other node.
func TestUpgradeInPlace(t *testing.T) {
	w, nodes, _ := registered(t, stage{}, "node1", "node2")
	phone := newAgent(t, "phone")
	c := w.on(t, phone, "node1")
	nodes[0].die()
	nodes[0].props["version"] = "2"
	nodes[0].begin(t)
	eventually(t, 10*time.Second, "new calls go to the new release only", func() error {
		for range 3 {
			if got := mustCall(t, w, phone, alice, bob); got.node != "node1" {
				return fmt.Errorf("one met %s", got.node)
			}
		}
		return nil
	})
	if r, err := c.bye(); err != nil || r.get("X-Node") != "node2" {
		t.Errorf("BYE of a call of the old release: %v, %v", r, err)
	}
}

// Calls go on when the gateway is restarted, or dies. A stock node that speaks JSON begins another
// session then, though its process is the one that has the calls.
func TestCallsOfRegisteredNodesOutliveTheGateway(t *testing.T) {
	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(end.String(), func(t *testing.T) {
			w, nodes, _ := registered(t, stage{Config: "shutdown: {announce: 0s, grace: 100ms}\n"}, "node1", "node2")
			phone := newAgent(t, "phone")
			var calls []*call
			for range 6 {
				calls = append(calls, mustCall(t, w, phone, alice, bob))
			}
			before, _ := nodes[0].known()
			_ = w.proc.cmd.Process.Signal(end)
			_ = w.proc.wait(15 * time.Second)
			if err := os.RemoveAll(filepath.Join(w.dir, "state", "nodes")); err != nil { // it knows nobody
				t.Fatal(err)
			}
			var err error
			if w.proc, err = launch(w.dir, "twinhop", built(t, true), "run", "-c", filepath.Join(w.dir, "twinhop.yaml")); err != nil {
				t.Fatal(err)
			}
			eventually(t, 20*time.Second, "the gateway is ready", w.ready)
			w.present("node1", "node2")
			if after, _ := nodes[0].known(); after == before {
				t.Error("the node did not begin another session: nothing is shown")
			}
			for _, c := range calls {
				if r, err := c.bye(); err != nil || r.status() != 200 || r.get("X-Node") != c.node {
					t.Errorf("BYE of a call on %s: %v, %v", c.node, r, err)
				}
			}
		})
	}
}
