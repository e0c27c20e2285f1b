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
