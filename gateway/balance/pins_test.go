package balance

import (
	"regexp"
	"testing"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

func TestPins(t *testing.T) {
	r := &cluster.Registry{}
	p := poolOf(t, r, []cluster.NodeSpec{node("node1", 1, 1), node("node2", 2, 1), node("node3", 3, 1)})
	pin := func(pattern, node string) Pin { return Pin{regexp.MustCompile(pattern), node} }
	pins := Pins{pin(`^\+49`, "node1"), pin(`^\+4930`, "node2"), pin(`^\+`, "node3"), pin(`boss`, "nowhere"), pin(`boss`, "node2")}
	find := func(value string) string {
		if m := pins.Find(appsession.Key{Space: appsession.App, Value: value}, p, cluster.SIP); m != nil {
			return m.Name
		}
		return ""
	}
	for value, want := range map[string]string{"+4930123": "node1", "+331": "node3", "alice": "", "the boss": "node2", "": ""} {
		if got := find(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	for _, a := range []cluster.Activation{cluster.Stopped, cluster.Disabled} {
		if err := r.SetActivation("", "node1", a); err != nil {
			t.Fatal(err)
		}
		if p = r.View().Pool("p"); find("+4930123") != "node2" || find("+491") != "node3" {
			t.Errorf("%s: %q %q", a, find("+4930123"), find("+491"))
		}
	}
	if m := pins.Find(appsession.Key{Value: "boss"}, p, cluster.HTTP); m != nil {
		t.Errorf("%s does not serve HTTP", m.Name)
	}
}
