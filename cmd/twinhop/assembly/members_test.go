package assembly

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/cmd/twinhop/clusterwords"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

func parsed(t *testing.T, text string) *config.Config {
	t.Helper()
	c, ps := config.Parse("test", []byte(text), Words())
	if errs, _ := ps.Count(); errs > 0 {
		t.Fatal(ps)
	}
	return &c
}

// What pools, mounts and nodes say reaches the cluster, and what the front calls a variant is one there.
func TestWordsReachTheCluster(t *testing.T) {
	text, err := os.ReadFile("../httpwords/testdata/words.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := parsed(t, strings.NewReplacer("retries: {rounds", "recovery: {time: 10s}\n    maintain: 5s\n    retries: {rounds", "nodes: [{name: n1,", "nodes: [{name: n1, busyLimit: 3,",
		`:8080", retries`, `:8080", busyLimit: 7, retries`).Replace(string(text)))
	spec, err := clusterwords.Spec(c)
	if err != nil {
		t.Fatal(err)
	}
	var reg cluster.Registry
	if err := reg.Apply(spec); err != nil {
		t.Fatal(err)
	}
	lb, plain := reg.View().Pool("lb"), reg.View().Pool("plain")
	if d := cmp.Diff(&cluster.Recovery{Time: 10 * time.Second, Escalation: 5 * time.Second}, lb.Recovery); d != "" || lb.Maintain != 5*time.Second {
		t.Errorf("%v\n%s", lb.Maintain, d)
	}
	if plain.Recovery != nil || plain.Maintain != time.Minute {
		t.Errorf("what nobody said: %+v", plain)
	}
	if a, b := lb.Member("n1").BusyLimit, plain.Member("n1").BusyLimit; a != 3 || b != 7 {
		t.Errorf("busy limits %d, %d", a, b)
	}
	a, three := lb.Variant(c.Mounts[1].Variant()), lb.Variant(c.Mounts[3].Variant())
	if a == lb || lb.Variant(c.Mounts[2].Variant()) != a || a.Sticky || a.Member("n1").Activation != cluster.Disabled || a.Member("n2").Activation != cluster.Disabled {
		t.Errorf("%+v", a)
	}
	if three == lb || !three.Sticky || three.Member("n1").Activation != cluster.Active || three.Member("n2").Activation != cluster.Stopped || lb.Member("n2").Activation != cluster.Active {
		t.Errorf("%+v", three)
	}
	if len(spec.Pools[1].Variants) != 2 || len(spec.Pools[0].Variants) != 0 {
		t.Errorf("%+v", spec.Pools)
	}
}

// Of a name with addresses of both kinds IPv4 is taken, unless a node prefers the other.
func TestPreferIPv6(t *testing.T) {
	c := parsed(t, `
listen: {http: [{addr: ":8080"}]}
nodes:
  - {name: n1, http: "http://both.example:8080"}
  - {name: n2, http: "http://both.example:8081", preferIPv6: true}
  - {name: n3, http: "http://10.0.0.3:8080", preferIPv6: true}
`)
	reg := cluster.Registry{Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")}, nil
	}}
	spec, err := clusterwords.Spec(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := reg.Resolve(t.Context(), &spec); err != nil {
		t.Fatal(err)
	}
	clusterwords.PreferIPv6(c, &spec)
	for i, want := range []string{"10.0.0.1:8080", "[2001:db8::1]:8081", "10.0.0.3:8080"} {
		if got := spec.Nodes[i].HTTP[0].Addr.String(); got != want {
			t.Errorf("node %d is at %s, want %s", i+1, got, want)
		}
	}
}
