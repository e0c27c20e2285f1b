package admin

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"twinhop/admin/problem"
	"twinhop/gateway/cluster"
)

func TestWordsOfANode(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := s.login(RoleOperator)
	a := b.must(200, "PATCH", "/api/v1/nodes/node1", map[string]any{"weight": 3, "distance": 1, "busyLimit": 9, "domain": "east", "redirect": "node2", "reason": "bigger"})
	m := s.registry.View().Pool("default").Member("node1")
	if m.Weight != 3 || m.Distance != 1 || m.BusyLimit != 9 || m.Domain != "east" || m.Redirect != "node2" || a.at("weight") != 3.0 {
		t.Errorf("%+v\n%s", m, a.text)
	}
	b.must(200, "PATCH", "/api/v1/nodes/node1", map[string]any{"pool": "default", "activation": "disabled", "weight": 1})
	if m = s.registry.View().Pool("default").Member("node1"); m.Activation != cluster.Disabled || m.Weight != 1 || m.Distance != 1 {
		t.Errorf("%+v", m)
	}
	for _, body := range []map[string]any{{}, {"reason": "none"}, {"weight": 0}, {"weight": -1}, {"weight": "2"}, {"distance": -1}, {"route": "node2"}, {"route": "a b"},
		{"activation": "off"}, {"pool": "absent", "weight": 1}, {"reason": strings.Repeat("a", 600), "weight": 2}} {
		if x := b.must(422, "PATCH", "/api/v1/nodes/node1", body); !strings.Contains(x.text, "problems/validation") {
			t.Errorf("%v: %s", body, x.text)
		}
	}
	if m = s.registry.View().Pool("default").Member("node1"); m.Weight != 1 || m.Route != "node1" {
		t.Errorf("after what was refused: %+v", m)
	}
	b.must(404, "PATCH", "/api/v1/nodes/node9", map[string]any{"weight": 2})
}

func TestDrainByTheAPI(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice")
	b := s.login(RoleOperator)
	at := "/api/v1/nodes/" + d.Member.Name + "/actions/drain"
	if a := b.must(200, "POST", at+"?dryRun=true", map[string]any{}); a.at("sessions") != 1.0 || len(s.desk.All()) != 0 {
		t.Errorf("%s", a.text)
	}
	a := b.must(202, "POST", at, map[string]any{"stop": true, "reason": "upgrade"})
	if a.at("state") != "running" || a.at("total", "sessions") != 1.0 || a.at("reason") != "upgrade" {
		t.Errorf("%s", a.text)
	}
	b.must(409, "POST", at, map[string]any{})
	op := "/api/v1/operations/" + a.at("id").(string)
	stream := b.stream(t, "/api/v1/stream?topics=nodes", "")
	if x := b.must(200, "GET", "/api/v1/operations", nil); x.at("items", 0, "id") != a.at("id") {
		t.Errorf("%s", x.text)
	}
	if err := s.store.Drop(context.Background(), d.Session); err != nil {
		t.Fatal(err)
	}
	for data := ""; !strings.Contains(data, `"state":"done"`); {
		if _, data = stream.until("operation.progress"); !strings.Contains(data, `"sessions":0`) {
			t.Errorf("progress: %s", data)
		}
	}
	if x := b.must(200, "GET", op, nil); x.at("state") != "done" || x.at("remaining", "sessions") != 0.0 || x.at("endedAt") == nil {
		t.Errorf("%s", x.text)
	}
	if m := s.registry.View().Pool("default").Member(d.Member.Name); m.Activation != cluster.Stopped {
		t.Errorf("the node is %s", m.Activation)
	}
	b.must(409, "DELETE", op, map[string]any{})
	b.must(404, "GET", "/api/v1/operations/op_none", nil)
	b.must(404, "DELETE", "/api/v1/operations/op_none", map[string]any{})
	// The other one is the last that could be given new work.
	other := map[string]string{"node1": "node2", "node2": "node1"}[d.Member.Name]
	s.http("BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "", "bob")
	b.must(409, "POST", "/api/v1/nodes/"+other+"/actions/drain", map[string]any{})
	x := b.must(202, "POST", "/api/v1/nodes/"+other+"/actions/drain", map[string]any{"force": true})
	b.must(200, "DELETE", "/api/v1/operations/"+x.at("id").(string), map[string]any{})
	if m := s.registry.View().Pool("default").Member(other); m.Activation != cluster.Active {
		t.Errorf("after cancelling the node is %s", m.Activation)
	}
}

func TestMoveOneSession(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice")
	s.sip("call-1", "alice")
	to := map[string]string{"node1": "node2", "node2": "node1"}[d.Member.Name]
	b := s.login(RoleOperator)
	at := "/api/v1/sessions/" + d.Session.String()
	b.must(422, "POST", at+"/actions/move", map[string]any{"to": "node9"})
	b.must(409, "POST", at+"/actions/move", map[string]any{"to": d.Member.Name})
	a := b.must(200, "POST", at+"/actions/move", map[string]any{"to": to, "reason": "closer"})
	if a.at("node") != to || a.at("moved") != true {
		t.Errorf("%s", a.text)
	}
	if x := s.within("call-1", d.Member.Name); x.Member.Name != to {
		t.Errorf("the call went to %s", x.Member.Name)
	}
	if x := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", d.Member.Route, "alice"); x.Member.Name != to {
		t.Errorf("the browser went to %s", x.Member.Name)
	}
	if err := s.registry.SetActivation("", d.Member.Name, cluster.Stopped); err != nil {
		t.Fatal(err)
	}
	b.must(409, "POST", at+"/actions/move", map[string]any{"to": d.Member.Name})
	b.must(204, "DELETE", at, map[string]any{})
	b.must(404, "GET", at, nil)
	b.must(404, "DELETE", at, map[string]any{})
	b.must(404, "POST", at+"/actions/move", map[string]any{"to": to})
}

func TestSwitchoverByTheAPI(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	d := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "alice")
	to := map[string]string{"node1": "node2", "node2": "node1"}[d.Member.Name]
	b := s.login(RoleOperator)
	if a := b.must(200, "POST", "/api/v1/switchover", map[string]any{"from": d.Member.Name, "to": to}); a.at("moved") != 1.0 {
		t.Errorf("%s", a.text)
	}
	if x := s.http("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", d.Member.Route, "alice"); x.Member.Name != to {
		t.Errorf("the browser went to %s", x.Member.Name)
	}
	b.must(404, "POST", "/api/v1/switchover", map[string]any{"from": "never", "to": to})
	b.must(404, "POST", "/api/v1/switchover", map[string]any{"from": to, "to": "never"})
	b.must(422, "POST", "/api/v1/switchover", map[string]any{"from": to, "to": to})
	if err := s.registry.SetActivation("", d.Member.Name, cluster.Stopped); err != nil {
		t.Fatal(err)
	}
	back := map[string]any{"from": to, "to": d.Member.Name}
	b.must(409, "POST", "/api/v1/switchover", back)
	back["force"] = true
	b.must(200, "POST", "/api/v1/switchover", back)
}

// A pool of its own counts: what a node alone serves nobody serves without it.
func TestTheLastOfAPool(t *testing.T) {
	s := newStage(t, "node1", "node2")
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: "*"}}}, {Name: "few", Members: []cluster.MemberSpec{{Node: "node1"}}}}}
	for _, n := range s.registry.View().Nodes {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: n.Name, HTTP: n.Addrs(cluster.HTTP)})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	removed := ""
	s.Panel.RemoveNode = func(_ context.Context, name string) error { removed = name; return nil }
	s.run()
	b := s.login(RoleOperator)
	stop := func(pool string) map[string]any { return map[string]any{"pool": pool, "activation": "stopped"} }
	if x := b.must(409, "PATCH", "/api/v1/nodes/node1", stop("few")); !strings.Contains(x.text, "in pool few.") {
		t.Error(x.text)
	}
	b.must(409, "POST", "/api/v1/nodes/node1/actions/drain", map[string]any{})
	b.must(200, "PATCH", "/api/v1/nodes/node1", stop("default"))
	b.must(409, "PATCH", "/api/v1/nodes/node2", stop("default"))
	b.must(200, "PATCH", "/api/v1/nodes/node2", map[string]any{"weight": 3})
	if x := b.must(200, "DELETE", "/api/v1/nodes/node1?dryRun=true", map[string]any{}); x.at("last") != true || x.at("alone", 0) != "few" {
		t.Error(x.text)
	}
	b.must(409, "DELETE", "/api/v1/nodes/node1", map[string]any{})
	if b.must(204, "DELETE", "/api/v1/nodes/node1", map[string]any{"force": true, "reason": "sold"}); removed != "node1" {
		t.Errorf("removed %q", removed)
	}
	if x := b.must(200, "GET", "/api/v1/overview", nil); !strings.Contains(x.text, `"words":"weight=3"`) || !strings.Contains(x.text, `"reason":"sold"`) {
		t.Error(x.text)
	}
}

func TestProbeByTheAPI(t *testing.T) {
	s := newStage(t, "node1")
	asked := ""
	s.Panel.Probe = func(_ context.Context, node string) error { asked = node; return nil }
	s.run()
	b := s.login(RoleOperator)
	if x := b.must(200, "POST", "/api/v1/nodes/node1/actions/probe", map[string]any{}); asked != "node1" || x.at("name") != "node1" {
		t.Errorf("asked %q: %s", asked, x.text)
	}
	b.must(404, "POST", "/api/v1/nodes/node9/actions/probe", map[string]any{})
	s.Panel.Probe = func(context.Context, string) error { return context.DeadlineExceeded }
	b.must(503, "POST", "/api/v1/nodes/node1/actions/probe", map[string]any{})
}

func TestRecoverAndReset(t *testing.T) {
	s := newStage(t, "node1", "node2").run()
	b := s.login(RoleOperator)
	b.must(409, "POST", "/api/v1/nodes/node1/actions/recover", map[string]any{})
	if err := s.registry.AdjustPool("default", cluster.PoolWords{Recovery: &cluster.Recovery{Time: time.Hour}}); err != nil {
		t.Fatal(err)
	}
	m := s.registry.View().Pool("default").Member("node1")
	m.Load.Errors.Add(5)
	s.registry.Judge(m, cluster.Unfit)
	if a := b.must(200, "GET", "/api/v1/nodes/node1", nil); a.at("pools", 0, "state") != "ERR" {
		t.Errorf("%s", a.text)
	}
	if a := b.must(200, "POST", "/api/v1/nodes/node1/actions/recover", map[string]any{}); a.at("pools", 0, "state") != "ERR/REC" {
		t.Errorf("%s", a.text)
	}
	if a := b.must(200, "POST", "/api/v1/nodes/node1/actions/reset", map[string]any{}); a.at("pools", 0, "state") != "OK/IDLE" || a.at("pools", 0, "errors") != 0.0 {
		t.Errorf("%s", a.text)
	}
}

func TestReloadByTheAPI(t *testing.T) {
	s := newStage(t, "node1")
	var err error
	s.Panel.Reload = func(context.Context) (Reloaded, error) {
		return Reloaded{Now: []string{"nodes"}, Restart: []string{"listen"}}, err
	}
	s.run()
	b := s.login(RoleAdmin)
	if a := b.must(200, "POST", "/api/v1/config/reload", map[string]any{"reason": "node2"}); a.at("changed", 0) != "nodes" || a.at("restart", 0) != "listen" {
		t.Errorf("%s", a.text)
	}
	err = &problem.Rejected{Faults: []problem.Fault{{Place: "a.yaml:3:5", Pointer: "nodes[0].http", Severity: "error", Message: "no", Hint: "yes"}}}
	if a := b.must(422, "POST", "/api/v1/config/reload", map[string]any{}); a.at("errors", 0, "place") != "a.yaml:3:5" || a.at("type") != "/problems/validation" || a.at("requestId") == nil {
		t.Errorf("%s", a.text)
	}
	err = errors.New("nodes: host \"x\" has no address")
	if a := b.must(422, "POST", "/api/v1/config/reload", map[string]any{}); !strings.Contains(a.text, "has no address") {
		t.Errorf("%s", a.text)
	}
	s.login(RoleOperator).must(403, "POST", "/api/v1/config/reload", map[string]any{})
}
