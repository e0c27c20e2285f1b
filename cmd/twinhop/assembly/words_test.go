package assembly

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"twinhop/cmd/twinhop/clusterwords"
	"twinhop/cmd/twinhop/httpwords"
	"twinhop/cmd/twinhop/sipwords"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/cluster/passive"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	httpfront "twinhop/http"
)

// Every word that a configuration may use means something to its room.
func TestWordsMeanSomething(t *testing.T) {
	w := Words()
	for _, name := range w.Balance {
		if _, err := newAlgorithm(name, config.Placement{}); err != nil {
			t.Errorf("balance %q: %v", name, err)
		}
	}
	if len(w.Deterministic) == 0 {
		t.Error("no balance for several gateways")
	}
	words := map[string]bool{}
	for s := gateway.Source(1); s.String() != ""; s++ {
		if words[s.String()] {
			break // beyond the last
		}
		words[s.String()] = true
	}
	for _, s := range w.HTTPSources {
		if !words[s] {
			t.Errorf("HTTP source %q is not among the router's words", s)
		}
	}
	if d := config.Default(); !contains(w.Balance, d.Pools[0].Balance) || !contains(w.Balance, d.SIP.Balance) {
		t.Error("the default balance is no algorithm")
	}
}

func contains(list []string, s string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+s+" ")
}

func TestActivationsAreTheSame(t *testing.T) {
	f, _ := reflect.TypeFor[config.Node]().FieldByName("Activation")
	for _, w := range strings.Fields(f.Tag.Get("oneof")) {
		if a, ok := cluster.ParseActivation(w); !ok || a.String() != w {
			t.Errorf("activation %q is unknown to the cluster", w)
		}
	}
}

// What the configuration accepts, every room accepts.
func TestFullConfigurationIsAccepted(t *testing.T) {
	addCustom(t)
	a, err := txtar.ParseFile("../../../gateway/config/testdata/full.txtar")
	if err != nil {
		t.Fatal(err)
	}
	c, ps := config.Parse("full", a.Files[0].Data, Words())
	if errs, _ := ps.Count(); errs > 0 {
		t.Fatal(ps)
	}
	spec, err := clusterwords.Spec(&c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range spec.Nodes { // host names are looked up elsewhere
		for j := range spec.Nodes[i].HTTP {
			if h := &spec.Nodes[i].HTTP[j]; !h.Addr.Addr().IsValid() {
				h.Addr = netip.AddrPortFrom(netip.MustParseAddr("10.9.9.9"), h.Addr.Port())
			}
		}
	}
	var reg cluster.Registry
	if err := reg.Apply(spec); err != nil {
		t.Fatal(err)
	}
	pool := reg.View().Pool("calls")
	if m := pool.Member("node2"); m.Route != "two" || m.Distance != 4 || !pool.Force {
		t.Errorf("%+v", m)
	}
	if m := reg.View().Pool("default").Member("node2"); m.Weight != 2 || m.Activation != cluster.Disabled {
		t.Errorf("%+v", m)
	}
	if reg.View().Pool("default").SessionID != cluster.BaseRoute || pool.SessionID != cluster.AsSet {
		t.Error("the form of the session id is lost")
	}
	if len(reg.View().Pool("default").Members) != 3 {
		t.Errorf("the star of pool default is not unfolded")
	}
	p, err := policy(&c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Leader != gateway.LeaderSIP || p.Pools["calls"].HTTP == nil || p.Pools["calls"].SIP == nil {
		t.Errorf("%+v", p)
	}
	h, err := httpwords.Settings(&c, httpfront.Unavailable{})
	if err != nil || h.Follow != httpfront.FollowRedirect || h.Dialect.Cookie != "SESSION" || !h.Dialect.LastDot || len(h.Trusted) != 2 {
		t.Errorf("%+v, %v", h, err)
	}
	extra, err := sipwords.Extra(t.Context(), func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("10.0.0.8")}, nil
	}, c.SIP.ExtraServerNodes)
	if err != nil {
		t.Fatal(err)
	}
	s := sipwords.Settings(&c, extra)
	if len(s.Sources) != 2 || s.Sources[0].From != gateway.SourceFromUser || !s.Sources[0].Pattern.MatchString("+493012") || s.Sources[0].Pattern.MatchString("0+493012") || s.Sources[1].Header != "X-Account" || s.Proxy.Host == "" || len(s.Extra) != 2 || !s.OldHint {
		t.Errorf("%+v", s)
	}
}

// The example of the documentation is accepted by the program itself.
func TestExampleIsAccepted(t *testing.T) {
	text, err := config.ReadFile("../../../docs/twinhop.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, ps := config.Parse("example", text, Words()); len(ps) > 0 {
		t.Error(ps)
	}
}

func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	c := config.Default()
	c.State.Dir = "state"
	p, err := findPlaces(dir, &c)
	if err != nil || p.state != filepath.Join(dir, "state") || p.secrets != filepath.Join(dir, "state", "secrets") {
		t.Errorf("%+v, %v", p, err)
	}
	if info, err := os.Stat(p.state); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	c.State.Dir = ""
	t.Setenv("STATE_DIRECTORY", filepath.Join(dir, "given"))
	if p, err = findPlaces(dir, &c); err != nil || p.state != filepath.Join(dir, "given") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestProbesAsConfigured(t *testing.T) {
	c, problems := config.Parse("test", []byte(`
listen: {http: [{addr: ":8080"}]}
nodes: [{name: n1, http: "http://10.0.0.1"}]
health:
  http: {interval: 1s, timeout: 5s, fall: 3, rise: 4, recover: 20s}
  ajp: {interval: 0, timeout: 700ms}
  sip: {interval: 4s, timeout: 3s, fall: 1, rise: 1, errors: {limit: 5, codes: [500, 602-604, 6xx], within: 3s}, silent: {requests: 7, after: 8s}}
`), Words())
	if errors, _ := problems.Count(); errors > 0 {
		t.Fatal(problems)
	}
	spec, err := clusterwords.Spec(&c)
	if err != nil {
		t.Fatal(err)
	}
	usual := passive.Rules{Codes: passive.CodesOf(500, 503), Within: time.Minute, Silence: 10 * time.Second}
	for what, got := range map[cluster.Schedule]cluster.Schedule{
		{Interval: time.Second, Timeout: time.Second, Fall: 3, Rise: 4, Recover: 20 * time.Second, Passive: usual}: spec.Checks[cluster.HTTP],
		{Timeout: 700 * time.Millisecond, Fall: 2, Rise: 2, Recover: 10 * time.Second, Passive: usual}:             spec.Schemes["ajp"],
		{Interval: 4 * time.Second, Timeout: 3 * time.Second, Fall: 1, Rise: 1, Recover: 10 * time.Second,
			Passive: passive.Rules{Codes: passive.CodesOf(append(form.Statuses([]string{"600-699"}), 500)...), Limit: 5, Within: 3 * time.Second, Requests: 7, Silence: 8 * time.Second}}: spec.Checks[cluster.SIP],
	} {
		if got != what {
			t.Errorf("%+v, want %+v", got, what)
		}
	}
}
