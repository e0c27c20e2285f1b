package assembly

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	httpfront "twinhop/http"
)

const jkWords = `
listen: {http: [{addr: ":8080"}]}
nodes:
  - {name: n1, http: "http://10.0.0.1:8080", retries: {attempts: 2, interval: 50ms}, failOnStatus: [503, -404], repeat: [GET]}
  - {name: n2, http: "http://10.0.0.2:8080"}
pools:
  plain: {realm: plain}
  lb:
    retries: {rounds: 3, nodes: 4, interval: 1s}
    replyTimeout: 5s
    failOnStatus: []
    serverErrors: 502
    session: {cookie: SID, path: ";sid", set: true, setPath: /app}
    nodes: [{name: n1, retries: {attempts: 1}, failOnStatus: [], repeat: []}, {name: n2, failOnStatus: [500]}]
mounts:
  - {path: "/*", pool: lb}
  - {path: "/a/*", pool: lb, stickyIgnore: true, stateless: true, disabled: [n2, n1]}
  - {path: "/b/*", pool: lb, disabled: [n1, n2], stateless: true, stickyIgnore: true}
  - {path: "/c/*", pool: lb, active: [n1], stopped: [n2], replyTimeout: 0, failOnStatus: [], serverErrors: 0, session: {cookie: X, path: ";x", set: false, setPath: /x}}
  - {path: "/d/*", pool: plain, serverErrors: 0, failOnStatus: [-404]}
  - {path: "!/d/e", pool: "*"}
  - {path: /jkstatus, status: jk}
status: {jk: {}}
`

func parsed(t *testing.T, text string) *config.Config {
	t.Helper()
	c, ps := config.Parse("test", []byte(text), Words())
	if errs, _ := ps.Count(); errs > 0 {
		t.Fatal(ps)
	}
	return &c
}

// What pools, mounts and nodes say reaches the front: what nobody says is its
// zero value, and a list that is empty is not one that is absent.
func TestWordsReachTheFront(t *testing.T) {
	c := parsed(t, jkWords)
	s, err := httpSettings(c, httpfront.Unavailable{})
	if err != nil {
		t.Fatal(err)
	}
	yes, no, app, x, five, none := true, false, "/app", "/x", 5*time.Second, time.Duration(0)
	node := httpfront.NodeWords{Attempts: 2, Interval: 50 * time.Millisecond, FailOn: []int{503, -404}, Repeat: &[]string{"GET"}}
	want := map[string]httpfront.PoolWords{
		"plain": {Nodes: map[string]httpfront.NodeWords{"n1": node}},
		"lb": {Retry: httpfront.Retry{Rounds: 3, Nodes: 4, Interval: time.Second},
			Rule:  httpfront.RuleWords{ReplyTimeout: &five, FailOn: []int{}, ServerErrors: 502, Cookie: "SID", Path: ";sid", SetCookie: &yes, SetPath: &app},
			Nodes: map[string]httpfront.NodeWords{"n1": {Repeat: &[]string{}}, "n2": {FailOn: []int{500}}}},
	}
	if d := cmp.Diff(want, s.Pools); d != "" {
		t.Errorf("pools (-want +got):\n%s", d)
	}
	rules := []httpfront.MountRule{
		{Path: "/*", Pool: "lb"},
		{Path: "/a/*", Pool: "lb", Variant: "stickyIgnore stateless disabled=n1,n2"},
		{Path: "/b/*", Pool: "lb", Variant: "stickyIgnore stateless disabled=n1,n2"},
		{Path: "/c/*", Pool: "lb", Variant: "active=n1 stopped=n2", Words: &httpfront.RuleWords{ReplyTimeout: &none, FailOn: []int{},
			ServerErrors: beyondStatuses, Cookie: "X", Path: ";x", SetCookie: &no, SetPath: &x}},
		{Path: "/d/*", Pool: "plain", Words: &httpfront.RuleWords{FailOn: []int{-404}}},
		{Path: "!/d/e", Pool: "*"},
		{Path: "/jkstatus", Local: "jk"},
	}
	if d := cmp.Diff(rules, mountRules(c)); d != "" {
		t.Errorf("mounts (-want +got):\n%s", d)
	}
}

// They reach the cluster as well, and what the front calls a variant is one there.
func TestWordsReachTheCluster(t *testing.T) {
	c := parsed(t, strings.NewReplacer("retries: {rounds", "recovery: {time: 10s}\n    maintain: 5s\n    retries: {rounds", "nodes: [{name: n1,", "nodes: [{name: n1, busyLimit: 3,",
		`:8080", retries`, `:8080", busyLimit: 7, retries`).Replace(jkWords))
	spec, err := clusterSpec(c)
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
	rules := mountRules(c)
	a, three := lb.Variant(rules[1].Variant), lb.Variant(rules[3].Variant)
	if a == lb || lb.Variant(rules[2].Variant) != a || a.Sticky || a.Member("n1").Activation != cluster.Disabled || a.Member("n2").Activation != cluster.Disabled {
		t.Errorf("%+v", a)
	}
	if three == lb || !three.Sticky || three.Member("n1").Activation != cluster.Active || three.Member("n2").Activation != cluster.Stopped || lb.Member("n2").Activation != cluster.Active {
		t.Errorf("%+v", three)
	}
	if len(spec.Pools[1].Variants) != 2 || len(spec.Pools[0].Variants) != 0 {
		t.Errorf("%+v", spec.Pools)
	}
}

// Without a word of it the front does what it did before there were such words.
func TestNothingSaidIsTheZeroValue(t *testing.T) {
	c := parsed(t, "listen: {http: [{addr: \":8080\"}]}\nnodes: [{name: n1, http: \"http://10.0.0.1:8080\"}]\n")
	s, err := httpSettings(c, httpfront.Unavailable{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]httpfront.PoolWords{"default": {}}, s.Pools); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff([]httpfront.MountRule{{Path: "/*", Pool: "default"}}, mountRules(c)); d != "" {
		t.Errorf("-want +got:\n%s", d)
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
	spec, err := clusterSpec(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := reg.Resolve(t.Context(), &spec); err != nil {
		t.Fatal(err)
	}
	preferIPv6(c, &spec)
	for i, want := range []string{"10.0.0.1:8080", "[2001:db8::1]:8081", "10.0.0.3:8080"} {
		if got := spec.Nodes[i].HTTP[0].Addr.String(); got != want {
			t.Errorf("node %d is at %s, want %s", i+1, got, want)
		}
	}
}
