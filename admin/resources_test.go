package admin

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/cluster"
)

// equipped is a stage with two boxes.
func equipped(t *testing.T) *stage {
	s := newStage(t, "box1", "box2")
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i, c := range []map[string]int{{"pstn": 2}, {"pstn": 32, "vm": 10}} {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 5080)
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: []string{"box1", "box2"}[i], SIP: []cluster.Address{{Scheme: "udp", Addr: at}}, Capacity: c})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	s.Panel.Resize = func(_ context.Context, pool, node, resource string, size int) error {
		return s.registry.Resize(pool, node, resource, size)
	}
	return s.run()
}

func TestResourcesByTheAPI(t *testing.T) {
	s := equipped(t)
	b := s.login(RoleOperator)
	s.registry.View().Pool("default").Member("box1").Load.Hold([]string{"pstn"})
	a := b.must(200, "GET", "/api/v1/resources", nil)
	if a.at("items", 0, "node") != "box1" || a.at("items", 0, "resources", 0, "used") != 1.0 || a.at("items", 0, "resources", 0, "free") != 1.0 || a.at("items", 1, "id") != 2.0 {
		t.Errorf("%s", a.text)
	}
	a = b.must(200, "PATCH", "/api/v1/nodes/box1/resources/pstn", map[string]any{"capacity": 1, "reason": "a line is broken"})
	if a.at("items", 0, "resources", 0, "full") != true || a.at("items", 0, "resources", 0, "limit") != 1.0 {
		t.Errorf("%s", a.text)
	}
	for path, body := range map[string]map[string]any{"box1/resources/vm": {"capacity": 1}, "box9/resources/pstn": {"capacity": 1}, "box2/resources/vm": {"capacity": 1, "pool": "x"}} {
		b.must(404, "PATCH", "/api/v1/nodes/"+path, body)
	}
	for _, body := range []map[string]any{{}, {"capacity": -1}, {"capacity": "3"}, {"capacity": 1, "size": 1}, {"capacity": 1, "reason": strings.Repeat("a", 600)}} {
		if x := b.do("PATCH", "/api/v1/nodes/box2/resources/vm", body); x.status != 422 && x.status != 400 {
			t.Errorf("%v: %d %s", body, x.status, x.text)
		}
	}
	b.must(200, "PATCH", "/api/v1/nodes/box2/resources/vm", map[string]any{"capacity": 3, "pool": "default"})
	x := b.must(200, "GET", "/api/v1/overview", nil)
	for _, want := range []string{`"node.resized","node":"box1","is":"pstn=1","actor"`, "a line is broken", `"node.resized","node":"box2","is":"vm=3","words":"pool=default"`} {
		if !strings.Contains(x.text, want) {
			t.Errorf("nobody is told %s: %s", want, x.text)
		}
	}
	s.login(RoleViewer).must(403, "PATCH", "/api/v1/nodes/box1/resources/pstn", map[string]any{"capacity": 1})
}

func TestCommandsOfOpenSIPS(t *testing.T) {
	s := equipped(t)
	viewer, operator := s.login(RoleViewer), s.login(RoleOperator)
	list := map[string]any{"jsonrpc": "2.0", "method": "load_balancer:list", "id": 1}
	a := viewer.must(200, "POST", "/api/v1/rpc", list)
	if want := `{"jsonrpc":"2.0","result":{"Destinations":[{"uri":"sip:10.0.0.1:5080","id":1,"group":1,"enabled":"yes","auto-reenable":"on","Resources":[{"name":"pstn","max":2,"load":0}],"attrs":"box1"},`; !strings.HasPrefix(a.text, want) {
		t.Errorf("%s", a.text)
	}
	resize := map[string]any{"jsonrpc": "2.0", "method": "lb_resize", "params": []any{1, "pstn", 7}, "id": 1}
	if x := viewer.must(200, "POST", "/api/v1/rpc", resize); x.at("error", "code") != 403.0 {
		t.Errorf("%s", x.text)
	}
	if x := operator.must(200, "POST", "/api/v1/rpc", resize); x.at("result") != "OK" {
		t.Errorf("%s", x.text)
	}
	if x := operator.must(200, "POST", "/api/v1/rpc", map[string]any{"jsonrpc": "2.0", "method": "lb_reload", "id": 1}); x.at("error", "code") != 403.0 {
		t.Errorf("%s", x.text)
	}
	operator.must(204, "POST", "/api/v1/rpc", map[string]any{"jsonrpc": "2.0", "method": "lb_status", "params": []any{2, 0}})
	if m := s.registry.View().Pool("default").Member("box2"); m.Activation != cluster.Disabled {
		t.Errorf("a command without an answer did nothing")
	}
	viewer.must(413, "POST", "/api/v1/rpc", map[string]any{"x": strings.Repeat("x", 70_000)})
	s.browser().must(401, "POST", "/api/v1/rpc", list)
}

// That a node is full is an event of the stream, once.
func TestFullIsShown(t *testing.T) {
	s := equipped(t)
	b := s.login(RoleViewer)
	stream := b.stream(t, "/api/v1/stream?topics=nodes", "")
	m := s.registry.View().Pool("default").Member("box1")
	s.hub.Compare() // what is full before the first look is no change
	for range 5 {
		m.Reserve(&cluster.Needs{Resources: []string{"pstn"}})
	}
	s.registry.Maintain(time.Now(), func(*cluster.Pool, int, []*cluster.Member) {})
	stream.until("node.changed")
	x := b.must(200, "GET", "/api/v1/overview", nil)
	if strings.Count(x.text, `"service":"pstn in default","was":"free","is":"full"`) != 1 {
		t.Errorf("%s", x.text)
	}
}
