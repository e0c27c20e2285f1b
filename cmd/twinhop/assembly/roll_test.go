package assembly

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"twinhop/admin"
	"twinhop/admin/problem"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

func TestAddAndRemoveNodes(t *testing.T) {
	c := settings(t, sign(t, "one"))
	c.Pools = append(c.Pools, pool("few", "node1"))
	c.Mounts = append(c.Mounts, config.Mount{Path: "/few/*", Pool: "few"})
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	two, _ := json.Marshal(map[string]any{"name": "n2", "http": sign(t, "two"), "weight": 3})
	if err := g.AddNode(t.Context(), two, []string{"few"}); err != nil {
		t.Fatal(err)
	}
	if err := g.RemoveNode(t.Context(), "node1"); err != nil {
		t.Fatal(err)
	}
	expect := func() {
		t.Helper()
		for _, path := range []string{"/", "/few/"} {
			if code, body := get(t, at+path); code != 200 || body != "two" {
				t.Errorf("%s: %d %q", path, code, body)
			}
		}
	}
	expect()
	if m := g.Registry.View().Pool("few").Member("n2"); m == nil || m.Weight != 3 {
		t.Errorf("%+v", m)
	}
	if _, err := g.Reload(t.Context(), c); err != nil { // it outlives another configuration
		t.Fatal(err)
	}
	expect()
	if err := g.RemoveNode(t.Context(), "node1"); !errors.Is(err, cluster.ErrUnknownNode) {
		t.Errorf("a second time: %v", err)
	}
	one, _ := json.Marshal(map[string]any{"name": "node1", "http": c.Nodes[0].HTTP})
	if err := g.AddNode(t.Context(), one, nil); err != nil { // back as it was
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"name": "n2", "http": "http://10.0.0.9"}`:                "of this name",
		`{"name": "n4", "http": "http://10.0.0.9", "route": "n2"}`: "same route",
		`{"name": "n4", "htp": "http://10.0.0.9"}`:                 "unknown key",
		`{"name": "n4", "http": "ftp://10.0.0.9"}`:                 "",
		`{"name": "n4", "sip": ["tls://10.0.0.9:5081"]}`:           "no listener of listen.sip.internal can",
		`{"name": "n4"}`: "",
		`{"name": "n4", "http": "http://10.0.0.9"}, {"name": "n5"}`:       "",
		`{"name": "n4", "http": "http://10.0.0.9", "weight": 0}`:          "",
		`{"name": "n4", "http": "http://nowhere.invalid"}`:                "no address",
		`{"name": "n4", "http": "http://10.0.0.9"}], "mounts": [{"x": 1}`: "",
		`7`: "", ``: "", `]`: "",
	} {
		err := g.AddNode(t.Context(), json.RawMessage(text), nil)
		said := ""
		if wrong := (*problem.Rejected)(nil); errors.As(err, &wrong) {
			for _, f := range wrong.Faults {
				said += f.Pointer + ": " + f.Message
			}
		} else if err != nil {
			said = err.Error()
		}
		if err == nil || !strings.Contains(said, want) {
			t.Errorf("%s: %q, %v", text, said, err)
		}
	}
	if err := g.AddNode(t.Context(), json.RawMessage(`{"name": "n4", "http": "http://10.0.0.9"}`), []string{"absent"}); !errors.Is(err, cluster.ErrUnknownPool) {
		t.Errorf("to a pool that is not there: %v", err)
	}
	if n := len(g.Registry.View().Nodes); n != 2 {
		t.Errorf("%d nodes", n)
	}
	if m := g.Registry.View().Pool("few").Member("node1"); m != nil {
		t.Error("node1 is in a pool that nobody named")
	}
	expectOne := g.Registry.View().Pool("default").Member("node1")
	if expectOne == nil {
		t.Error("node1 is not back")
	}
}

// A node that an operator took away and added anew is what the operator says,
// not what the configuration says; what was said of the old one is forgotten.
func TestANodeThatStandsIn(t *testing.T) {
	c := settings(t, sign(t, "one"))
	c.Nodes = append(c.Nodes, web("other", sign(t, "other")))
	c.Mounts = []config.Mount{{Path: "/*", Pool: "default", Disabled: []string{"other"}}}
	g := atWork(t, c)
	at := "http://" + g.Addrs().HTTP[0]
	weight := 9
	if err := errors.Join(g.Registry.SetActivation("", "other", cluster.Stopped), g.Registry.Adjust("", "other", cluster.MemberWords{Weight: &weight}),
		g.RemoveNode(t.Context(), "other")); err != nil { // which a mount speaks of
		t.Fatal(err)
	}
	text, _ := json.Marshal(map[string]any{"name": "other", "http": sign(t, "new")})
	if err := errors.Join(g.AddNode(t.Context(), text, nil), g.Registry.SetActivation("", "node1", cluster.Disabled)); err != nil {
		t.Fatal(err)
	}
	if m := g.Registry.View().Pool("default").Member("other"); m.Activation != cluster.Active || m.Weight != 1 {
		t.Errorf("words of the old one: %+v", m)
	}
	for range 2 {
		if code, body := get(t, at+"/"); code != 200 || body != "new" {
			t.Errorf("%d %q", code, body)
		}
		if _, err := g.Reload(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	// Once the configuration has been without it, a node of that name is the configuration's.
	without := c
	without.Nodes, without.Mounts = c.Nodes[:1], nil
	without.Mounts = []config.Mount{{Path: "/*", Pool: "default"}}
	for _, next := range []config.Config{without, c} {
		if _, err := g.Reload(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	if got := "http://" + g.Registry.View().Named("other").Addr(cluster.HTTP).Addr.String(); got != c.Nodes[1].HTTP {
		t.Errorf("it is at %s, configured at %s", got, c.Nodes[1].HTTP)
	}
}

// A node that cannot be added does not get in the way of another configuration.
func TestAddNodeUndoes(t *testing.T) {
	g := atWork(t, settings(t, sign(t, "one")))
	if err := g.AddNode(t.Context(), json.RawMessage(`{"name": "n4", "http": "http://10.0.0.9", "route": "node1"}`), nil); err == nil {
		t.Fatal("a route that another has")
	}
	if _, err := g.Reload(t.Context(), *g.basis.Load()); err != nil {
		t.Error(err)
	}
	if err := g.AddNode(t.Context(), json.RawMessage(`{"name": "node1", "http": "http://10.0.0.9"}`), nil); !errors.Is(err, admin.ErrTaken) {
		t.Error(err)
	}
}
