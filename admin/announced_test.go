package admin

import (
	"strings"
	"testing"
	"time"

	"twinhop/admin/nodes"
	"twinhop/admin/stamp"
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
