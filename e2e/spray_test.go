package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Two gateways stand in front of the same nodes, and no two messages of a dialog in a row take
// the same one: an IP load balancer that knows nothing of SIP does that. It is played at both
// ends, by telephone and nodes, which send in turns what is for one of a group of addresses.
func TestSprayingOverTwoGateways(t *testing.T) {
	const hash, pure = "gateways: 2\npools: {default: {balance: hash}}\nsip: {balance: hash, %s}\n", "gateways: 2\npools: {default: {balance: pure-hash}}\nsip: {balance: pure-hash, %s}\n"
	built(t, true)                                             // while it is made nobody should wait
	const quiet = "sendTrying: never, failover: {attempts: 0}" // the answer comes to the other gateway: nobody may wait for it
	for _, c := range []struct {
		name   string
		single bool
		config string
		vip    bool // the addresses in Via and Record-Route are the load balancer's own
	}{
		{"two ports", false, fmt.Sprintf(hash, "failover: {invite: 1s}"), false},
		{"two ports, pure hash", false, fmt.Sprintf(pure, "failover: {invite: 1s}"), false},
		{"single port", true, fmt.Sprintf(hash, "failover: {invite: 1s}"), false},
		{"its address in Via", false, fmt.Sprintf(hash, quiet), true},
		{"its address in Via, single port", true, fmt.Sprintf(hash, quiet), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sprayed(t, stage{Single: c.single, Config: c.config}, c.vip)
		})
	}
	for _, single := range []bool{false, true} {
		t.Run(map[bool]string{false: "nodes that register", true: "nodes that register, single port"}[single], func(t *testing.T) {
			t.Parallel()
			sprayed(t, stage{Single: single, Announced: true, Config: fmt.Sprintf(hash, "failover: {invite: 1s}")}, false)
		})
	}
}

// register has each node tell a gateway of itself. By JSON it speaks to each gateway under another
// session, for all that one of them knows.
func register(t *testing.T, s *stage, nodes [2]*agent) {
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	s.Config += fmt.Sprintf("heartbeat: {json: {listen: %q}}\n", at)
	for _, n := range nodes {
		_, port, _ := net.SplitHostPort(n.addr)
		h := newHerald(t, at, "", map[string]string{"ip": "127.0.0.1", "udpPort": port, "jvmRoute": n.name})
		h.live()
		t.Cleanup(h.die)
	}
}

func sprayed(t *testing.T, s stage, vip bool) {
	var nodes [2]*agent
	for i := range nodes {
		nodes[i] = newAgent(t, fmt.Sprintf("node%d", i+1))
		s.Sip[i] = "udp://" + nodes[i].addr
		nodes[i].play(func(a *agent, m *message) []*message { // an INVITE gets one answer only
			all := a.answer(m)
			return all[max(0, len(all)-1):]
		})
	}
	outside, inside := fmt.Sprintf("127.0.0.8:%d", freePort(t)), fmt.Sprintf("127.0.0.8:%d", freePort(t))
	if vip {
		host := func(at string) string {
			h, p, _ := strings.Cut(at, ":")
			return fmt.Sprintf("{host: %s, ports: {udp: %s}}", h, p)
		}
		words := "external: " + host(outside) + ", inVia: true"
		if !s.Single {
			words += ", internal: " + host(inside)
		}
		s.Advertise = "{" + words + "}"
	}
	config := s.Config
	if s.Announced {
		register(t, &s, nodes)
	}
	one := set(t, s)
	if s.Announced {
		s.Config = config
		register(t, &s, nodes)
	}
	s.Files = func(w *world) { // who shares the secrets understands what the other signed
		secrets, err := os.ReadFile(filepath.Join(one.dir, "secrets"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(w.dir, "secrets"), string(secrets))
	}
	two := set(t, s)
	for _, w := range []*world{one, two} {
		w.health("node1", "sip", "up")
		w.health("node2", "sip", "up")
	}
	phone := newAgent(t, "phone")
	outer, inner := []string{one.external, two.external}, []string{one.internal, two.internal}
	turns := &turns{vip: vip, groups: map[string][]string{outside: outer, one.external: outer, two.external: outer}}
	if !s.Single {
		turns.groups[inside], turns.groups[one.internal], turns.groups[two.internal] = inner, inner, inner
	}
	for _, a := range []*agent{phone, nodes[0], nodes[1]} {
		a.mu.Lock()
		a.turns = turns
		a.mu.Unlock()
	}
	for i := range 12 {
		c, err := phone.invite(outside, fmt.Sprintf("sip:caller%d@e2e.invalid", i), "sip:service@e2e.invalid", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{"INFO", "MESSAGE", "BYE"} {
			if r, err := c.within(method); err != nil || r.status() != 200 || r.get("X-Node") != c.node {
				t.Errorf("%s of a call on %s: %v, %v", method, c.node, r, err)
			}
		}
	}
	if !vip {
		time.Sleep(1200 * time.Millisecond) // whoever takes a node for silent says so by now
	}
	arrived(t, nodes, 12)
	through := one.internal
	if s.Single {
		through = one.external
	}
	for _, n := range nodes { // and the other way: a node calls, the telephone hangs up
		c, err := n.invite(through, "sip:app@e2e.invalid", "sip:phone@"+phone.addr, "")
		if err != nil {
			t.Fatalf("%s calls out: %v", n.name, err)
		}
		if r, err := c.bye(); err != nil || r.status() != 200 {
			t.Errorf("BYE of %s: %v, %v", n.name, r, err)
		}
	}
	if turns.used[0] < 20 || turns.used[1] < 20 {
		t.Errorf("messages by each gateway: %v", turns.used)
	}
}

// turns is a load balancer of IP packets: what is for an address of a group goes to its members
// in turns.
type turns struct {
	mu     sync.Mutex
	groups map[string][]string
	vip    bool // answers go to the address in the Via, too, and not where the request came from
	count  int
	used   [2]int
}

func (t *turns) next(to string) string {
	if t == nil || t.groups[to] == nil {
		return to
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	t.used[t.count%2]++
	return t.groups[to][t.count%2]
}

// back is where the answer to a request goes.
func (t *turns) back(m *message, from netip.AddrPort) netip.AddrPort {
	if t == nil || !t.vip {
		return from
	}
	by := strings.Fields(m.list("Via")[0])[1]
	by, _, _ = strings.Cut(by, ";")
	if at, err := netip.ParseAddrPort(t.next(by)); err == nil && t.groups[by] != nil {
		return at
	}
	return from
}

// arrived checks that each call had its messages at one node, each of them once, both nodes in turn.
func arrived(t *testing.T, nodes [2]*agent, calls int) {
	t.Helper()
	eventually(t, 5*time.Second, "every ACK arrives", func() error {
		if n := len(nodes[0].got("ACK")) + len(nodes[1].got("ACK")); n != calls {
			return fmt.Errorf("%d of %d", n, calls)
		}
		return nil
	})
	for _, n := range nodes {
		invites := n.calls("INVITE")
		if len(invites) == 0 || len(n.got("INVITE")) != len(invites) {
			t.Errorf("%s had %d INVITEs of %d calls", n.name, len(n.got("INVITE")), len(invites))
		}
		for _, method := range []string{"ACK", "INFO", "MESSAGE", "BYE"} {
			got := n.got(method)
			if len(got) != len(invites) {
				t.Errorf("%s had %d %s of %d calls", n.name, len(got), method, len(invites))
			}
			for _, m := range got {
				if !invites[m.callID()] {
					t.Errorf("%s had %s of a call of the other node", n.name, method)
				}
			}
		}
	}
}
