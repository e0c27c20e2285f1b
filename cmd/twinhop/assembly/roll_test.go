package assembly

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"twinhop/admin"
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
		`{"name": "n4"}`: "",
		`{"name": "n4", "http": "http://10.0.0.9"}, {"name": "n5"}`:       "",
		`{"name": "n4", "http": "http://10.0.0.9", "weight": 0}`:          "",
		`{"name": "n4", "http": "http://nowhere.invalid"}`:                "no address",
		`{"name": "n4", "http": "http://10.0.0.9"}], "mounts": [{"x": 1}`: "",
		`7`: "", ``: "", `]`: "",
	} {
		err := g.AddNode(t.Context(), json.RawMessage(text), nil)
		said := ""
		if wrong := (*admin.Rejected)(nil); errors.As(err, &wrong) {
			for _, f := range wrong.Faults {
				said += f.Key + ": " + f.Message
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
	expectOne := g.Registry.View().Pool("default").Member("node1")
	if expectOne == nil {
		t.Error("node1 is not back")
	}
}
