package admin

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
)

// What a node told of itself is shown beside what is known of it, and what was
// refused is among the latest events: the same again in one line.
func TestAnnounced(t *testing.T) {
	s := newStage(t, "node1", "node2")
	at := time.UnixMilli(1485157008580)
	s.Panel.Announced = func() map[string]*nodes.Announced {
		return map[string]*nodes.Announced{"node1": {By: "rmi", Incarnation: "5e55104e", Since: stamp.Of(at), Last: stamp.Of(at.Add(time.Second)), Beats: 3, HostName: "app1",
			Draining: true, Ports: map[string]int{"udp": 5080, "ws": 5082}}}
	}
	s.run()
	b := s.login(RoleViewer)
	a := b.must(200, "GET", "/api/v1/nodes", nil)
	if a.at("items", 0, "announced", "by") != "rmi" || a.at("items", 0, "announced", "last") != "2017-01-23T07:36:49.580Z" ||
		a.at("items", 0, "announced", "ports", "ws") != 5082.0 || a.at("items", 0, "announced", "draining") != true {
		t.Errorf("announced node: %s", a.text)
	}
	if a.at("items", 1, "announced") != nil {
		t.Errorf("configured node: %v", a.at("items", 1))
	}
	for range 3 {
		s.Tell(Heard{What: "refused", From: "192.0.2.7", Words: "the address is not\nallowed"})
	}
	s.Tell(Heard{What: "expired", Node: "node9", Words: "10.2s"})
	a = b.must(200, "GET", "/api/v1/overview", nil)
	if a.at("recent", 0, "type") != "heartbeat.expired" || a.at("recent", 0, "node") != "node9" {
		t.Errorf("expired: %v", a.at("recent"))
	}
	if a.at("recent", 1, "type") != "heartbeat.refused" || a.at("recent", 1, "count") != 3.0 || a.at("recent", 1, "from") != "192.0.2.7" ||
		strings.Contains(a.at("recent", 1, "words").(string), "\n") {
		t.Errorf("refused: %v", a.at("recent"))
	}
}

// What instance a node is, and that it asked for nothing new, is shown of configured nodes as of others.
func TestInstanceAndDraining(t *testing.T) {
	s := newStage(t)
	own := cluster.NodeSpec{Name: "node1", Instance: "ID1", HTTP: []cluster.Address{{Scheme: "http", Addr: netip.MustParseAddrPort("10.0.0.1:8080")}}}
	if err := s.registry.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{own}, Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}); err != nil {
		t.Fatal(err)
	}
	heard, other := own, own
	heard.Draining, other.Name, other.Instance = true, "node2", "ID2"
	other.HTTP = []cluster.Address{{Scheme: "http", Addr: netip.MustParseAddrPort("10.0.0.2:8080")}}
	if err := s.registry.Enrol([]cluster.NodeSpec{heard, other}); err != nil {
		t.Fatal(err)
	}
	s.run()
	b := s.login(RoleViewer)
	for name, want := range map[string][3]any{"node1": {"ID1", true, "disabled"}, "node2": {"ID2", nil, "active"}} {
		a := b.must(200, "GET", "/api/v1/nodes/"+name, nil)
		if got := [3]any{a.at("instance"), a.at("draining"), a.at("activation")}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
