package sip

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
	"twinhop/sip/needs"
	"twinhop/sip/pending"
)

// grouped is a stage with two groups: node1 and node2 are in the usual pool, node2, node3 and node4 in "lines", where calls go that have the
// header X-Group, and take a line.
type grouped struct {
	*mixed
	rule Settings
}

func newGrouped(t *testing.T) *grouped {
	set := Settings{Pending: pending.Settings{Invite: 2 * time.Second, Trying: 4 * time.Second, Total: 20 * time.Second, Attempts: 3, Codes: []int{503}}}
	set.Resources = &Resources{FromNodes: []string{"line"}, Rules: needs.Rules{Default: []string{"line"}, List: []needs.Rule{
		{Header: "x-group", Match: regexp.MustCompile("lines"), Pool: "lines", Resources: []string{"line"}},
		{Header: "x-other", Resources: []string{"line"}}}}}
	s := newStage(t, true, set)
	spec := cluster.Spec{Pools: []cluster.PoolSpec{
		{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: "node1"}, {Node: "node2"}}},
		{Name: "lines", Sticky: true, Realm: "lines", Members: []cluster.MemberSpec{{Node: "node2"}, {Node: "node3"}, {Node: "node4"}}}}}
	for i := range 4 {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 5080)
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("node%d", i+1), Capacity: map[string]int{"line": 2},
			SIP: []cluster.Address{{Scheme: "udp", Addr: a, Host: a.Addr().String()}}})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	one, _ := balance.New("resources")
	two, _ := balance.New("resources")
	s.front.Router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": {SIP: one}, "lines": {SIP: two}}})
	return &grouped{&mixed{memory: memory{s: s}, t: t, seen: map[string]int{}}, set}
}

// activate is the operator's word for one pool.
func (g *grouped) activate(pool, node string, a cluster.Activation) {
	g.t.Helper()
	if err := g.s.registry.SetActivation(pool, node, a); err != nil {
		g.t.Fatal(err)
	}
}

// went checks the only request that left just now.
func (g *grouped) went(method, node string) {
	g.t.Helper()
	got := ""
	for _, x := range g.sent {
		if line, _, _ := strings.Cut(string(x.data), " "); x.leg == "internal" && !strings.HasPrefix(line, "SIP/") {
			got += line + " " + g.s.registry.View().At(x.to, cluster.SIP).Name + "\n"
		}
	}
	if got != method+" "+node+"\n" {
		g.t.Fatalf("%q went, want %s to %s", got, method, node)
	}
}

// in checks what is in use of a node in a pool.
func (g *grouped) uses(pool, node string, want int64) {
	g.t.Helper()
	if n := g.s.registry.View().Pool(pool).Member(node).Load.Used("line"); n != want {
		g.t.Errorf("%d lines of %s in %s are in use, want %d", n, node, pool, want)
	}
}

// within says something in the dialog, whose Contact is the node that has it; plain: the Routes were lost.
func (g *grouped) within(method string, cseq int, plain bool) {
	data := string(g.fill(fmt.Appendf(nil, "within %s %d\n", method, cseq)))
	data = strings.Replace(data, "bob@10.0.0.1:5080", "bob@"+g.contact(plain), 1)
	if plain {
		data = strings.ReplaceAll(data, "Route:", "X-Lost:")
	}
	g.say("%s", data)
}

func (g *grouped) contact(plain bool) string {
	if plain {
		return "192.0.2.1" // all that is left is the Call-ID
	}
	return g.at
}

// answerLast lets the node answer the last request of all that left.
func (g *grouped) answerLast(code int, tag string) {
	g.say("answer %d %d %s", len(g.s.left), code, tag)
}

// What opens something goes where its rule says; the others to the usual pool.
func TestARuleChoosesThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrouped(t)
		g.activate("lines", "node2", cluster.Disabled)
		g.say("invite usual1")
		g.went("INVITE", "node1")
		usual := g.record
		g.say("invite usual2\nX-Other: a\n")
		g.went("INVITE", "node2")
		g.uses("default", "node2", 1)
		g.uses("lines", "node2", 0)
		for _, node := range []string{"node3", "node4", "node3", "node4"} {
			g.say("invite line%d\nX-Group: lines\n", g.s.front.Book.Total())
			g.went("INVITE", node)
		}
		g.uses("lines", "node3", 2)
		g.uses("lines", "node4", 2)
		if len(g.record) <= len(usual) || strings.Contains(g.record, "lines") {
			t.Errorf("Record-Route is %s and usually %s", g.record, usual)
		}
		if g.say("invite full\nX-Group: lines\n"); g.seen["503"] != 1 {
			t.Errorf("a full group: %v", g.seen)
		}
		g.s.front.Book.Close(g.s.workers["external"].callKey())
		g.say("MESSAGE sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKm\nMax-Forwards: 70\nFrom: <sip:a@b>;tag=a\nTo: <sip:c@d>\nCall-ID: m\n" +
			"CSeq: 1 MESSAGE\nX-Group: lines\nContent-Length: 0\n\n")
		if to := g.s.registry.View().At(g.sent[0].to, cluster.SIP).Name; to != "node3" && to != "node4" {
			t.Errorf("a MESSAGE went to %s", to)
		}
		g.uses("lines", "node3", 2) // only calls take something
	})
}

// A repetition, and a call of somebody else with the same Call-ID, do not open it anew elsewhere.
func TestACallIsInOnePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrouped(t)
		g.say("invite c\nX-Group: lines\n")
		g.went("INVITE", "node2")
		g.answer(200)
		g.say("%s", strings.NewReplacer("X-Group", "X-No", "branch=z9hG4bKc", "branch=z9hG4bKd").Replace(g.memory.invite)+"\n\n")
		g.went("INVITE", "node2")
		g.uses("lines", "node2", 1)
		g.uses("default", "node2", 0)
	})
}

// Everything that belongs to a call finds the pool that it was placed in: by the signature, by the book, by the table.
func TestACallStaysInItsPool(t *testing.T) {
	for name, lost := range map[string]func(*grouped) (plain bool){
		"by our signature":                         func(g *grouped) bool { return false },
		"by the book, with a hint of the old kind": func(g *grouped) bool { return false },
		"by the book": func(g *grouped) bool {
			for x := range g.s.store.All(t.Context()) {
				_ = g.s.store.Drop(t.Context(), x.ID)
			}
			return true
		},
		"by the table": func(g *grouped) bool {
			g.restart(&calls.Book{})
			return true
		},
		"no rule names it any more": func(g *grouped) bool {
			g.s.front.Apply(Settings{Pending: g.rule.Pending})
			return true
		},
		"after a restart without any rule": func(g *grouped) bool {
			g.s.front.Apply(Settings{Pending: g.rule.Pending})
			g.s.front.settings.Load().groups = nil
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGrouped(t)
				if strings.Contains(name, "old kind") {
					g.rule.OldHint = true
					g.s.front.Apply(g.rule)
				}
				g.say("invite c\nX-Group: lines\n")
				g.went("INVITE", "node2")
				g.answer(200)
				g.within("ACK", 1, false)
				g.went("ACK", "node2")
				plain := lost(g)
				g.activate("default", "node2", cluster.Stopped) // which is none of its business
				g.within("INFO", 2, plain)
				g.went("INFO", "node2")
				g.activate("lines", "node2", cluster.Stopped)
				g.within("INFO", 3, plain)
				if g.at == "10.0.0.1:5080" {
					t.Error("the call left its group")
				}
				g.within("BYE", 4, plain)
				n := len(g.s.left)
				to := g.s.registry.View().At(g.sent[0].to, cluster.SIP).Name
				if to != "node3" && to != "node4" {
					t.Errorf("the BYE went to %s", to)
				}
				g.at = g.sent[0].to.String()
				g.say("answer %d 200", n)
				for _, m := range g.s.registry.View().Pool("lines").Members {
					g.uses("lines", m.Name, 0)
				}
			})
		})
	}
}

// restart forgets all calls.
func (g *grouped) restart(b *calls.Book) {
	for _, m := range g.s.registry.View().Pool("lines").Members {
		if m.Load.Used("line") > 0 {
			m.Load.Release([]string{"line"})
		}
	}
	g.s.front.Book, g.s.front.Router.Book = b, b
	for _, w := range g.s.workers {
		w.finder.Book = b
	}
}

// A call that a node refuses, or that is cancelled, is dealt with within its group.
func TestFailoverWithinTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrouped(t)
		g.say("invite c\nX-Group: lines\n")
		g.went("INVITE", "node2")
		g.answer(503)
		g.uses("lines", "node2", 0)
		g.uses("lines", "node3", 1)
		g.answer(503)
		g.uses("lines", "node4", 1)
		g.answer(180)
		n := len(g.s.left)
		g.say("cancel")
		g.went("CANCEL", "node4")
		g.say("answer %d 200", n+1)
		g.answer(487)
		g.say("ack")
		g.uses("lines", "node4", 0)
		if g.s.front.Book.Total() != 0 || g.seen["487"] != 1 {
			t.Errorf("%d calls, answers %v", g.s.front.Book.Total(), g.seen)
		}
	})
}

// A call that a node of a group begins is one of that group, wherever the group stands.
func TestNodesOfGroupsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrouped(t)
		g.sent = g.s.in("internal", at("10.0.0.3:5080"), crlf([]byte("INVITE sip:bob@203.0.113.9 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.3:5080;branch=z9hG4bKn\nMax-Forwards: 70\n"+
			"From: <sip:app@example.com>;tag=n\nTo: <sip:bob@example.com>\nCall-ID: n\nCSeq: 1 INVITE\nContent-Length: 0\n\n")))
		g.uses("lines", "node3", 1)
		g.keep(g.sent)
		g.say("BYE sip:192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKo\nMax-Forwards: 70\nFrom: <sip:bob@example.com>;tag=o\nTo: <sip:app@example.com>;tag=n\n" +
			"Call-ID: n\nCSeq: 1 BYE\nContent-Length: 0\n\n")
		g.went("BYE", "node3")
		g.at = "10.0.0.3:5080"
		g.answerLast(200, "")
		g.uses("lines", "node3", 0)
	})
}

// A node that passes a call on to another group is heard: the Contact names where it is now.
func TestACallThatIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrouped(t)
		g.say("invite c\nX-Group: lines\n")
		g.went("INVITE", "node2")
		g.answer(200)
		g.at = "10.0.0.1:5080"
		g.within("BYE", 2, false)
		g.went("BYE", "node1")
		g.answerLast(200, "")
		g.uses("lines", "node2", 0)
	})
}

// Calls stay in the pool that was the usual one before the configuration was read again.
func TestAnotherUsualPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrouped(t)
		g.s.front.Apply(Settings{Pending: g.rule.Pending})
		g.s.front.settings.Load().groups = nil // no rule has ever named one
		g.say("invite c")
		g.went("INVITE", "node1")
		g.answer(200)
		g.s.front.Apply(Settings{Pool: "lines", Pending: g.rule.Pending})
		g.within("INFO", 2, true)
		g.went("INFO", "node1")
		g.within("BYE", 3, false)
		g.went("BYE", "node1")
		g.answerLast(200, "")
		if n := g.s.front.Book.Total(); n != 0 {
			t.Errorf("%d calls", n)
		}
		g.say("invite d")
		g.went("INVITE", "node2")
	})
}
