package admin

import (
	"strings"
	"testing"

	"twinhop/gateway/cluster"
)

// What lives in one pool is not moved to a node of another by mistake: its
// messages would not follow.
func TestNothingMovesToAnotherPool(t *testing.T) {
	s := newStage(t, "node1", "node2", "node3")
	spec := cluster.Spec{Pools: []cluster.PoolSpec{
		{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: "node1"}, {Node: "node2"}}},
		{Name: "few", Realm: "few", Sticky: true, Members: []cluster.MemberSpec{{Node: "node3"}}}}}
	for _, n := range s.registry.View().Nodes {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: n.Name, HTTP: n.Addrs(cluster.HTTP)})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	s.run()
	d := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice")
	b := s.login(RoleOperator)
	path := "/api/v1/sessions/" + d.Session.String() + "/actions/move"
	over := map[string]any{"from": d.Member.Name, "to": "node3"}
	for _, x := range []answer{b.must(409, "POST", "/api/v1/switchover", over), b.must(409, "POST", path, map[string]any{"to": "node3"})} {
		if !strings.Contains(x.text, "No pool has both nodes") {
			t.Error(x.text)
		}
	}
	over["force"] = true
	if x := b.must(200, "POST", "/api/v1/switchover", over); x.at("moved") != 1.0 {
		t.Error(x.text)
	}
}

// A dry run tells what would be touched, refuses what the order would, and
// touches nothing.
func TestDryRunsOfSessions(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice")
	s.sip("c-1", "alice")
	to := map[string]string{"node1": "node2", "node2": "node1"}[d.Member.Name]
	b := s.login(RoleOperator)
	path := "/api/v1/sessions/" + d.Session.String()
	body := map[string]any{"to": to}
	for range 2 {
		x := b.must(200, "POST", path+"/actions/move?dryRun=true", body)
		y := b.must(200, "DELETE", path+"?dryRun=true", map[string]any{"reason": "gone"})
		for _, a := range []answer{x, y} {
			if a.at("dryRun") != true || a.at("node") != d.Member.Name || a.at("http") != 1.0 || a.at("calls") != 1.0 {
				t.Error(a.text)
			}
		}
		if x.at("to") != to {
			t.Error(x.text)
		}
	}
	list := b.must(200, "GET", "/api/v1/sessions", nil)
	if list.at("items", 0, "node") != d.Member.Name || list.at("items", 0, "rule") != "affinity_from_user" {
		t.Error(list.text)
	}
	s.kill(to)
	b.must(409, "POST", path+"/actions/move?dryRun=true", body)
	b.must(422, "DELETE", path+"?dryRun=true", map[string]any{"reason": strings.Repeat("x", 501)})
	b.must(200, "GET", path, nil)
	b.must(204, "DELETE", path, map[string]any{"reason": "gone"})
	b.must(404, "DELETE", path+"?dryRun=true", nil)
}
