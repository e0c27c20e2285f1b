package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Keys decide where calls go: what is registered, called and said by one user meets on one node;
// a node that dies in the middle of a call is followed by another, and when none is left the
// caller is told.
func TestKeysDecideWhereCallsGo(t *testing.T) {
	built(t, true) // while it is made nobody should wait
	for _, balance := range []string{"hash", "pure-hash"} {
		t.Run(balance, func(t *testing.T) {
			t.Parallel()
			w := set(t, stage{Agents: true, Config: fmt.Sprintf("affinity: {sip: [{source: from.user}]}\nsip: {balance: %s}\n", balance)})
			phone := newAgent(t, "phone")
			onFirst := []*call{}
			spread := map[string]int{}
			for i := range 12 {
				user := fmt.Sprintf("sip:user%d@e2e.invalid", i)
				home := ""
				for _, method := range []string{"REGISTER", "MESSAGE"} {
					if r := phone.ask(t, w, method, user, user); r.status() != 200 || home != "" && home != r.get("X-Node") {
						t.Fatalf("%s of %s: %s by %s, what came before by %s", method, user, r.start, r.get("X-Node"), home)
					} else {
						home = r.get("X-Node")
					}
				}
				for range 2 {
					c := mustCall(t, w, phone, user, bob)
					if c.node != home {
						t.Errorf("%s calls and meets %s, registered at %s", user, c.node, home)
					}
					if c.node == "node1" {
						onFirst = append(onFirst, c)
					}
				}
				spread[home]++
			}
			if spread["node1"] < 2 || spread["node2"] < 2 {
				t.Fatalf("users per node %v", spread)
			}
			w.agents[0].close()
			w.health("node1", "sip", "down")
			for _, c := range onFirst {
				if r, err := c.bye(); err != nil || r.status() != 200 || r.get("X-Node") != "node2" {
					t.Errorf("BYE of a call of the dead node: %v, %v", r, err)
				}
			}
			w.agents[1].close()
			w.health("node2", "sip", "down")
			nobodyLeft(t, w, phone)
		})
	}
}

// nobodyLeft says that no node is there: the caller hears it at once, with its own Via and when to come again.
func nobodyLeft(t *testing.T, w *world, phone *agent) {
	t.Helper()
	begun := time.Now()
	r := phone.ask(t, w, "INVITE", alice, bob)
	if r.status() != 503 || len(r.list("Via")) != 1 || r.get("Retry-After") == "" {
		t.Errorf("without nodes:\n%v", r)
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("that took %v", took)
	}
}

// ask sends a request outside dialogs and returns its final answer.
func (a *agent) ask(t *testing.T, w *world, method, from, to string) *message {
	t.Helper()
	n := serial.Add(1)
	c := &call{phone: a, gateway: w.external, id: fmt.Sprintf("ask-%d-%s@%s", n, a.name, a.addr), cseq: 1,
		from: fmt.Sprintf("<%s>;tag=f%d", from, n), to: "<" + to + ">", target: to}
	r, err := c.send(method)
	if err != nil {
		t.Fatalf("%s of %s: %v", method, from, err)
	}
	return r
}

// Some users are tied to a node by a pattern. When the pattern is taken away, by a reload, who
// lives there stays; who is new goes where anybody goes.
func TestPinsComeAndGo(t *testing.T) {
	const common = "affinity: {sip: [{source: from.user}]}\n"
	w := set(t, stage{Agents: true, Config: common + "pools: {default: {placement: {pins: [{match: '^\\+49', node: node2}]}}}\n"})
	phone := newAgent(t, "phone")
	for i := range 6 {
		if c := mustCall(t, w, phone, fmt.Sprintf("sip:+49%d@e2e.invalid", i), bob); c.node != "node2" {
			t.Errorf("a pinned user's call went to %s", c.node)
		}
	}
	w.reload(t, "placement: {pins: [{match: '^\\+49', node: node2}]}", "")
	met := map[string]int{}
	for i := range 6 {
		if c := mustCall(t, w, phone, fmt.Sprintf("sip:+49%d@e2e.invalid", i), bob); c.node != "node2" {
			t.Errorf("a user who lives on node2 was taken to %s", c.node)
		}
		met[mustCall(t, w, phone, fmt.Sprintf("sip:+499%d@e2e.invalid", i), bob).node]++
	}
	if met["node1"] != 3 || met["node2"] != 3 {
		t.Errorf("new users, whom no pattern ties: %v", met)
	}
}

// reload puts new words in place of old ones in the configuration, and has it read.
func (w *world) reload(t *testing.T, old, new string) {
	t.Helper()
	name := filepath.Join(w.dir, "twinhop.yaml")
	text, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%v, or no %q in\n%s", err, old, text)
	}
	write(t, name, strings.Replace(string(text), old, new, 1))
	if out, said, code := w.verb(t.Context(), "config", "reload"); code != 0 {
		t.Fatalf("reload: %d %s%s", code, out, said)
	}
}

// One node does all the work, for browsers and telephones; when it dies the other one does.
func TestActiveStandby(t *testing.T) {
	web, urls := newShop(t)
	desks := newDesks(t, &web.dark)
	w := set(t, stage{Web: urls, Sip: desks, Config: "pools: {default: {balance: active-standby}}\n" +
		"sip: {balance: active-standby, failover: {invite: 500ms}}\nhealth: {http: {path: /alive, interval: 200ms}, sip: {interval: 200ms}}\n"})
	phone := newAgent(t, "phone")
	work := func(node int) {
		t.Helper()
		before := web.served[node].Load()
		for i := range 6 {
			c, err := phone.invite(w.external, fmt.Sprintf("sip:caller%d@e2e.invalid", i), bob, "")
			if err != nil {
				t.Fatal(err)
			}
			if at := "sip:desk@" + strings.TrimPrefix(desks[node], "udp://"); c.target != at {
				t.Errorf("a call went to %s, want %s", c.target, at)
			}
			if r, err := c.bye(); err != nil || r.status() != 200 {
				t.Errorf("BYE: %v, %v", r, err)
			}
			resp, err := directly.Get(w.http + "/shop")
			if err != nil || resp.StatusCode != 200 {
				t.Fatalf("%v %v", resp, err)
			}
			resp.Body.Close()
		}
		if n := web.served[node].Load() - before; n != 6 {
			t.Errorf("node%d served %d of 6 requests", node+1, n)
		}
	}
	work(0)
	web.dark.Store(true)
	w.health("node1", "sip", "down")
	work(1)
	web.dark.Store(false)
	w.health("node1", "sip", "up")
	work(1) // who comes back stands by
}
