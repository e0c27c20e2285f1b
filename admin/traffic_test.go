package admin

import (
	"fmt"
	"testing"
	"time"

	"twinhop/admin/history"
	"twinhop/gateway/cluster"
)

// TestTraffic counts HTTP and SIP by node, and apart what no node was chosen for; the API has it as rates.
func TestTraffic(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := s.login(RoleViewer)
	for n := range 6 {
		s.http(fmt.Sprintf("%032X", n), "", "")
	}
	for n := range 4 {
		s.sip(fmt.Sprintf("call-%d@stage", n), "")
	}
	if l := s.look(); l.Served["node1"] != (history.Served{HTTP: 3, SIP: 2}) || l.Served["node2"] != (history.Served{HTTP: 3, SIP: 2}) || l.Nobody != (history.Served{}) {
		t.Errorf("%+v, nobody %+v", l.Served, l.Nobody)
	}
	for _, name := range []string{"node1", "node2"} {
		if err := s.registry.SetActivation("", name, cluster.Stopped); err != nil {
			t.Fatal(err)
		}
	}
	s.sip("call-5@stage", "")
	if l := s.look(); l.Nobody != (history.Served{SIP: 1}) || l.Served["node1"].SIP != 2 {
		t.Errorf("%+v, nobody %+v", l.Served, l.Nobody)
	}
	s.later(10 * time.Second)
	s.hub.Past.Add(s.look())
	a := b.must(200, "GET", "/api/v1/overview/traffic", nil)
	if a.at("stepMs") != 5000.0 || a.at("nodes", 0) != "node1" || a.at("nodes", 2) != "" || a.at("begin") == nil || a.at("http", "node2", 0) == nil || a.at("sip", "", 0) == nil {
		t.Error(a.text)
	}
}
