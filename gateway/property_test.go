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
			"open":     m.open,
			"socket":   m.socket,
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
	fresh  int               // Call-IDs of WebSockets so far
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

// A page opens a WebSocket, and it belongs to the session of that page.
func (m *traffic) open(rt *rapid.T) {
	id, flow := ids.Draw(rt, "id"), ids.Draw(rt, "socket")
	page, key := appsession.Key{Space: appsession.HTTP, Value: id}, appsession.Key{Space: appsession.Flow, Value: flow}
	if _, there := m.owner(key); there {
		return // it is open
	}
	m.s.fill(map[string]string{"flow": flow, "cookie": id + "." + nodes.Draw(rt, "route")})
	if _, err := m.s.router.Join(rt.Context(), &m.s.ask); err != nil {
		return
	}
	before, ok1 := m.owner(page)
	after, ok2 := m.owner(key)
	if !ok1 || !ok2 || before.ID != after.ID {
		rt.Fatalf("the page %s is of session %v, its socket %s of %v", id, before.ID, flow, after.ID)
	}
}

// What comes by a WebSocket goes to the node of its session, and takes nothing from whoever has an identity.
func (m *traffic) socket(rt *rapid.T) {
	m.fresh++
	w := map[string]string{"flow": ids.Draw(rt, "socket"), "call": fmt.Sprintf("s%d", m.fresh), "life": "1s"}
	user := users.Draw(rt, "user")
	if user != "" {
		w["from.user"] = user
	}
	flow, who := appsession.Key{Space: appsession.Flow, Value: w["flow"]}, appsession.Key{Space: appsession.App, Value: user}
	before, known := m.owner(flow)
	person, named := m.owner(who)
	held := m.identified()
	d, err := m.route(w)
	if err != nil {
		return
	}
	after, _ := m.owner(flow)
	switch follows := m.leader == "sip" && before.Anonymous && named && user != ""; {
	case !known || !m.usable(before.Owner, cluster.SIP):
	case follows && m.usable(person.Owner, cluster.SIP) && (d.Member.Name != person.Owner || after.ID != person.ID):
		rt.Fatalf("%v: leader sip, and he is on %s: went to %s", w, person.Owner, d.Member.Name)
	case !follows && (d.Member.Name != before.Owner || after.Owner != before.Owner):
		rt.Fatalf("%v: the page is on %s, which is usable: went to %s, the page is on %s now", w, before.Owner, d.Member.Name, after.Owner)
	}
	if now, ok := m.owner(who); named && person.Web && m.leader == "http" && m.usable(person.Owner, cluster.SIP) && (!ok || now.Owner != person.Owner) {
		rt.Fatalf("%v: he has a browser on %s, and was moved to %s", w, person.Owner, now.Owner)
	}
	for k, id := range held {
		if now, ok := m.owner(k); !ok || now.ID != id {
			rt.Fatalf("%v: %v was of an identity's session %v and is of %v", w, k, id, now.ID)
		}
	}
}

// identified are the keys of all sessions that have an identity.
func (m *traffic) identified() map[appsession.Key]appsession.ID {
	held := map[appsession.Key]appsession.ID{}
	for x, err := range m.s.store.All(m.rt.Context()) {
		if err != nil {
			m.rt.Fatal(err)
		}
		for _, k := range x.Keys {
			if !x.Anonymous && k.Space != appsession.Call {
				held[k.Key] = x.ID
			}
		}
	}
	return held
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
