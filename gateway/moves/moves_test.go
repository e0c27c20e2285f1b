package moves

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway/cluster"
)

// bare is a store that can do no more than it must.
type bare struct{ appsession.Store }

func table(t *testing.T) (*Table, *cluster.Registry, *[]appsession.Change) {
	r := &cluster.Registry{}
	spec := cluster.Spec{}
	for i, name := range []string{"node1", "node2", "node3"} {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 5060)
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name, Route: "r" + name, SIP: []cluster.Address{{Scheme: "udp", Addr: at}}})
	}
	for _, s := range []cluster.Spec{spec, {Nodes: spec.Nodes[1:]}} { // node1 leaves
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
	}
	told := &[]appsession.Change{}
	return &Table{Store: memstore.New(memstore.Options{MaxKeys: 100, KeysPerSession: 9, Idle: time.Hour, Max: time.Hour}),
		Moved: func(_ appsession.ID, c appsession.Change) { *told = append(*told, c) }}, r, told
}

func bind(t *testing.T, tab *Table, owner string, keys ...appsession.Alias) appsession.Binding {
	t.Helper()
	b, err := tab.Bind(t.Context(), appsession.Binding{ID: appsession.ID{byte(len(keys[0].Value)), keys[0].Value[0]}, Owner: owner, Node: owner}, keys)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func call(id, node string) appsession.Alias {
	return appsession.Alias{Key: appsession.Key{Space: appsession.Call, Value: id}, Node: node}
}

func (t *Table) at(test *testing.T, id string) (string, bool) {
	b, err := t.Find(test.Context(), []appsession.Key{{Space: appsession.Call, Value: id}})
	if err != nil {
		test.Fatal(err)
	}
	return b.Node, b.Moved
}

func TestSwitchover(t *testing.T) {
	tab, r, told := table(t)
	bind(t, tab, "node1", call("a", "node1"))
	bind(t, tab, "node2", call("b", "node2"))
	for _, routes := range [][2]string{{"nobody", "rnode2"}, {"rnode2", "nobody"}, {"rnode2", "rnode1"}} {
		if n, err := tab.Switchover(t.Context(), r.View(), routes[0], routes[1]); n != 0 || !errors.Is(err, cluster.ErrUnknownNode) {
			t.Errorf("%v: %d, %v", routes, n, err)
		}
	}
	if n, err := (&Table{Store: bare{tab.Store}}).Switchover(t.Context(), r.View(), "rnode1", "rnode2"); n != 0 || err == nil {
		t.Errorf("a store that cannot: %d, %v", n, err)
	}
	if n, err := tab.Switchover(t.Context(), r.View(), "rnode1", "rnode3"); n != 1 || err != nil { // node1 is gone
		t.Fatalf("%d, %v", n, err)
	}
	if node, moved := tab.at(t, "a"); node != "node3" || !moved {
		t.Errorf("a is on %s, moved %v", node, moved)
	}
	if node, moved := tab.at(t, "b"); node != "node2" || moved {
		t.Errorf("b is on %s, moved %v", node, moved)
	}
	if len(*told) != 1 || (*told)[0].To != "node3" || !(*told)[0].Leave {
		t.Errorf("told %v", *told)
	}
}

// A call of the session that is elsewhere stays there.
func TestRelocate(t *testing.T) {
	tab, r, told := table(t)
	alice := appsession.Alias{Key: appsession.Key{Space: appsession.App, Value: "alice"}}
	b := bind(t, tab, "node2", alice, call("here", "node2"), call("away", "node3"))
	x := appsession.Session{Binding: b, Keys: []appsession.Alias{alice, call("here", "node2"), call("away", "node3")}}
	to := r.View().Named("node3")
	x.Keys[2].Node = "node1"
	if err := tab.Relocate(t.Context(), x, to); err != nil {
		t.Fatal(err)
	}
	if node, moved := tab.at(t, "here"); node != "node3" || !moved {
		t.Errorf("here: %s, moved %v", node, moved)
	}
	if _, moved := tab.at(t, "away"); moved {
		t.Error("a call that was elsewhere was moved")
	}
	if len(*told) != 1 || (*told)[0].From != "node2" {
		t.Errorf("told %v", *told)
	}
	if err := tab.Relocate(t.Context(), x, to); !errors.Is(err, appsession.ErrMoved) || len(*told) != 1 {
		t.Errorf("again: %v, told %v", err, *told)
	}
	tab.Moved = nil
	if err := tab.Relocate(t.Context(), appsession.Session{Binding: appsession.Binding{ID: b.ID, Owner: "node3"}}, r.View().Named("node2")); err != nil {
		t.Error(err)
	}
}
