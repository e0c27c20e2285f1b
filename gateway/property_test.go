package gateway_test

import (
	"fmt"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// TestInvariants plays random traffic against random nodes and checks after
// every message what must hold whatever happened before.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		leader := rapid.SampledFrom([]string{"http", "sip"}).Draw(rt, "leader")
		s := newStage(t, txtar.Parse(fmt.Appendf(nil, "-- nodes --\nnode1\nnode2 domain=a\nnode3 domain=a\n-- settings --\nleader=%s\n", leader)))
		m := &traffic{rt: rt, s: s, leader: leader, calls: map[string]string{}}
		rt.Repeat(map[string]func(*rapid.T){
			"http":     m.http,
			"initial":  m.initial,
			"indialog": m.inDialog,
			"activate": m.activate,
			"":         m.consistent,
		})
	})
}

// traffic is the model: which call was put where.
type traffic struct {
	rt     *rapid.T
	s      *stage
	leader string
	calls  map[string]string // Call-ID -> node of its last decision
}

var (
	users = rapid.SampledFrom([]string{"alice", "bob", ""})
	nodes = rapid.SampledFrom([]string{"node1", "node2", "node3"})
	ids   = rapid.SampledFrom([]string{"A", "B", "C", "D"})
)

func (m *traffic) usable(node string, service cluster.Service) bool {
	mm := m.s.registry.View().Pool("default").Member(node)
	return mm != nil && mm.Usable(service)
}

func (m *traffic) route(w map[string]string) (gateway.Decision, error) {
	m.s.fill(w)
	d, err := m.s.router.Route(m.rt.Context(), &m.s.ask)
	if err == nil && !d.Member.Usable(m.s.ask.Wants) {
		m.rt.Fatalf("%v: served by %s, which is not usable", w, d.Member.Name)
	}
	d.Done(gateway.OK, gateway.Usage{})
	return d, err
}

func (m *traffic) owner(k appsession.Key) (appsession.Binding, bool) {
	b, err := m.s.store.Find(m.rt.Context(), []appsession.Key{k})
	return b, err == nil
}

// A client's word never moves a session that has a usable owner and a browser.
func (m *traffic) http(rt *rapid.T) {
	w := map[string]string{"cookie": ids.Draw(rt, "id") + "." + nodes.Draw(rt, "route")}
	user := users.Draw(rt, "user")
	if user != "" {
		w["appsession"] = user
	}
	key := appsession.Key{Space: appsession.App, Value: user}
	before, known := m.owner(key)
	d, err := m.route(w)
	after, still := m.owner(key)
	if known && still && before.Web && m.usable(before.Owner, cluster.HTTP) && after.Owner != before.Owner {
		rt.Fatalf("%v moved a session of a usable owner from %s to %s", w, before.Owner, after.Owner)
	}
	if err == nil && d.Rule != gateway.Guest && d.Guest {
		rt.Fatalf("%v: a guest by rule %v", w, d.Rule)
	}
	if m.leader == "sip" && known && err == nil && m.usable(before.Owner, cluster.HTTP) && d.Member.Name != before.Owner {
		rt.Fatalf("%v: leader sip, owner %s usable, served by %s", w, before.Owner, d.Member.Name)
	}
}

// The first message of a call puts it somewhere; its retransmission goes there.
func (m *traffic) initial(rt *rapid.T) {
	call := fmt.Sprintf("c%d", rapid.IntRange(0, 30).Draw(rt, "call"))
	w := map[string]string{"call": call, "life": "12h"}
	if user := users.Draw(rt, "user"); user != "" {
		w["from.user"] = user
	}
	d, err := m.route(w)
	if err != nil {
		return
	}
	if at := m.calls[call]; at != "" && m.usable(at, cluster.SIP) && d.Member.Name != at {
		rt.Fatalf("%v: was on %s, which is usable, went to %s", w, at, d.Member.Name)
	}
	m.calls[call] = d.Member.Name
}

// A dialog stays where it is while that node is usable, and where it was moved.
func (m *traffic) inDialog(rt *rapid.T) {
	call := fmt.Sprintf("c%d", rapid.IntRange(0, 30).Draw(rt, "call"))
	at := m.calls[call]
	if at == "" {
		return
	}
	d, err := m.route(map[string]string{"call": call, "within": "", "life": "12h"})
	if err != nil {
		return
	}
	if m.usable(at, cluster.SIP) && d.Member.Name != at {
		rt.Fatalf("call %s: was on %s, which is usable, went to %s", call, at, d.Member.Name)
	}
	m.calls[call] = d.Member.Name
}

func (m *traffic) activate(rt *rapid.T) {
	a := rapid.SampledFrom([]cluster.Activation{cluster.Active, cluster.Active, cluster.Disabled, cluster.Stopped}).Draw(rt, "activation")
	if err := m.s.registry.SetActivation("", nodes.Draw(rt, "node"), a); err != nil {
		rt.Fatal(err)
	}
}

// Every key leads to one session, and the counters agree with the listing.
func (m *traffic) consistent(rt *rapid.T) {
	seen, live := map[appsession.Key]bool{}, map[string]int{}
	for session, err := range m.s.store.All(rt.Context()) {
		if err != nil {
			rt.Fatal(err)
		}
		live[session.Owner]++
		identities := 0
		for _, k := range session.Keys {
			if seen[k.Key] {
				rt.Fatalf("key %v is in two sessions", k.Key)
			}
			seen[k.Key] = true
			if k.Space == appsession.App {
				identities++
			}
		}
		if identities > 1 {
			rt.Fatalf("a session has %d identities", identities)
		}
	}
	for _, node := range []string{"node1", "node2", "node3"} {
		if n := m.s.store.Count(node); n != live[node] {
			rt.Fatalf("%s: counted %d sessions, listed %d", node, n, live[node])
		}
	}
}
