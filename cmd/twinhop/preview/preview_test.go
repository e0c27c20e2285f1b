package preview

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/admin/affinity"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/trace/specimens"
	"twinhop/jvmroute"
)

var began = time.Unix(1_700_000_000, 0)

// traffic reads lines "node rule session source[:name]=value ..."; a session id has no blank, as have the words "at=5m", "ip=192.0.2.1",
// "pattern=P:matched", "pool's cookie" is "own=NAME". SIP is what has a Call-ID.
func traffic(t *testing.T, text string) *Traffic {
	t.Helper()
	x := &Traffic{View: view(t)}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		words := strings.Fields(line)
		s := specimens.Specimen{At: began.Add(time.Duration(i) * time.Second), Pool: "default", Node: words[0]}
		for _, r := range gateway.Rules() {
			if r.String() == words[1] {
				s.Rule = r
			}
		}
		copy(s.Session[:], words[2])
		for _, w := range words[3:] {
			where, v, _ := strings.Cut(w, "=")
			source, name, _ := strings.Cut(where, ":")
			switch source {
			case "at":
				d, err := time.ParseDuration(v)
				if err != nil {
					t.Fatal(err)
				}
				s.At = began.Add(d)
			case "ip":
				s.From = netip.MustParseAddr(v)
			case "own":
				s.Cookie = v
			case "target":
				s.Hint, s.HintBy = v, gateway.SourceTarget
			case "tried":
				s.Tried = append(s.Tried, specimens.Tried{Source: gateway.SourceFromUser, Pattern: "^(?:" + name + ")$", Matched: v == "yes"})
			default:
				s.Add(value(t, source, name, v))
			}
		}
		s.SIP = s.Find(gateway.SourceCallID, "") != nil
		x.List = append(x.List, s)
	}
	return x
}

func value(t *testing.T, source, name, v string) specimens.Value {
	for from := gateway.SourceCookie; from <= gateway.SourceFlow; from++ {
		if from.String() != source {
			continue
		}
		x := specimens.Value{Source: from, Name: name, Text: v}
		if slices.Contains([]gateway.Source{gateway.SourceCookie, gateway.SourcePath, gateway.SourceQuery}, from) {
			for i, d := range []jvmroute.Dialect{{}, {LastDot: true}} {
				base, route := d.Split(v)
				if base != "" {
					x.IDs[i].Base = specimens.Hash(base)
				}
				if x.IDs[i].Route = route; route != "" && !strings.HasPrefix(route, "node") {
					x.IDs[i].Route = specimens.Foreign
				}
			}
		}
		return x
	}
	t.Fatalf("no source %q", source)
	return specimens.Value{}
}

func view(t *testing.T) *cluster.View {
	t.Helper()
	r := &cluster.Registry{}
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: "*"}}}}}
	for i := range 3 {
		at := []cluster.Address{{Scheme: "udp", Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 5060), Host: "x"}}
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("node%d", i+1), HTTP: at, SIP: at})
	}
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	return r.View()
}

// draft is a configuration with this affinity.
func draft(t *testing.T, text string) *config.Config {
	t.Helper()
	words := config.Words{HTTPSources: []string{"cookie", "query", "header"}, SIPSources: []string{"call-id", "from.user", "to.user", "from.aor", "to.aor", "header:"}}
	c, problems := config.Parse("x", []byte(`{"nodes": [{"name": "node1", "http": "http://192.0.2.1"}], "affinity": `+text+`}`), words)
	for _, p := range problems {
		if strings.HasPrefix(p.Path, "affinity") && p.Severity == "error" {
			t.Fatal(p)
		}
	}
	return &c
}

func TestTry(t *testing.T) {
	const users, calls = `{"sip": ["from.user", "call-id"]}`, `{"sip": ["call-id"]}`
	for _, x := range []struct {
		name, now, next, traffic string
		want                     string // unchanged wouldMove newlySticky lost
	}{
		{"the same", users, users, "node1 balance a call-id=1 from.user=alice\nnode1 affinity_from_user a call-id=2 from.user=alice\nnode2 balance b query:appsession=bob", "3 0 0 0"},
		{"who calls becomes a key", calls, users,
			"node1 balance a call-id=1 from.user=alice\nnode2 balance b call-id=2 from.user=alice\nnode1 balance c call-id=3 from.user=alice\nnode3 balance d call-id=4 from.user=bob", "2 0 2 0"},
		{"who calls is no key any more", users, calls,
			"node1 balance a call-id=1 from.user=alice\nnode1 affinity_from_user a call-id=2 from.user=alice\nnode1 affinity_from_user a call-id=3 from.user=alice\nnode1 affinity_call_id a call-id=3 from.user=alice", "2 0 0 2"},
		{"who is called instead", users, `{"sip": ["to.user"]}`,
			"node1 balance a call-id=1 from.user=alice to.user=7\nnode2 balance b call-id=2 from.user=bob to.user=8\nnode1 affinity_from_user a call-id=3 from.user=alice to.user=8", "2 1 0 0"},
		{"known before the record began", users, calls, "node1 affinity_from_user a call-id=1 from.user=alice\nnode2 balance b call-id=2 from.user=bob", "1 0 0 1"},
		{"known before, by another key that stays", users, `{"sip": ["from.aor"]}`, "node1 affinity_from_user a call-id=1 from.user=alice from.aor=alice@x", "1 0 0 0"},
		{"known before by its Call-ID", calls, users, "node1 affinity_call_id a call-id=1", "1 0 0 0"},
		{"excluded users", users, `{"sip": [{"source": "from.user", "exclude": {"users": ["trunk"]}}]}`,
			"node1 balance a call-id=1 from.user=trunk\nnode1 affinity_from_user a call-id=2 from.user=trunk\nnode1 affinity_from_user a call-id=3 from.user=trunk", "1 0 0 2"},
		{"an excluded user is nobody with a host", `{"sip": ["from.aor"]}`, `{"sip": [{"source": "from.aor", "exclude": {"users": ["trunk"]}}]}`,
			"node1 balance a call-id=1 from.user=trunk from.aor=trunk@x\nnode1 affinity_from_user a call-id=2 from.user=trunk from.aor=trunk@x", "1 0 0 1"},
		{"excluded networks", users, `{"sip": [{"source": "from.user", "exclude": {"networks": ["192.0.2.0/24"]}}]}`,
			"node1 balance a call-id=1 from.user=alice ip=192.0.2.7\nnode1 affinity_from_user a call-id=2 from.user=alice ip=192.0.2.7\nnode1 affinity_from_user a call-id=3 from.user=alice ip=198.51.100.7\nnode1 affinity_from_user a call-id=4 from.user=alice ip=198.51.100.7", "2 0 0 2"},
		{"an expression in force is known", `{"sip": [{"source": "from.user", "exclude": {"pattern": "t.*"}}]}`, users,
			"node1 balance a call-id=1 from.user=trunk tried:t.*=yes\nnode2 balance b call-id=2 from.user=trunk tried:t.*=yes", "1 0 1 0"},
		{"addressed to a node", users, calls, "node2 explicit_target a call-id=1 from.user=alice target=node2\nnode2 explicit_target b call-id=2 from.user=alice target=node2", "2 0 0 0"},
		{"no cookie any more", `{}`, `{"http": [{"source": "query", "name": "u"}]}`, "node1 balance a\nnode1 cookie_route a cookie:JSESSIONID=X.node1\nnode2 cookie_route b cookie:JSESSIONID=Y.node2", "1 0 0 2"},
		{"another cookie", `{"http": [{"source": "cookie", "name": "SID"}]}`, `{}`, "node1 cookie_route a cookie:SID=X.node1\nnode2 balance b cookie:JSESSIONID=Y.node1", "0 0 1 1"},
		{"a pool's own cookie stays", `{"http": [{"source": "cookie", "name": "SID"}]}`, `{}`, "node1 cookie_route a cookie:OWN=X.node1 own=OWN", "1 0 0 0"},
		{"in any case", `{}`, `{"route": {"anyCase": true}}`, "node2 balance a cookie:jsessionid=X.node1", "0 0 1 0"},
		{"in the query", `{}`, `{"route": {"query": "sid"}}`, "node2 balance a query:sid=X.node1\nnode2 cookie_route b query:sid=X.node1 cookie:JSESSIONID=Y.node2", "0 1 1 0"},
		{"the last dot", `{}`, `{"route": {"delimiter": "last"}}`, "node2 balance a cookie:JSESSIONID=X.y.node1\nnode3 balance b query:appsession=u cookie:JSESSIONID=Z.y.node1", "0 0 2 0"},
		{"a path hides the cookie", `{}`, `{"http": []}`, "node1 path_route a path=X.node1 cookie:JSESSIONID=Y.node2", "0 0 0 1"},
		{"ids without a route", `{}`, `{"http": [{"source": "query", "name": "u"}]}`, "node3 session_hash a cookie:JSESSIONID=X\nnode3 affinity_http a cookie:JSESSIONID=X", "0 0 0 2"},
		{"ids without a route stay where they are", `{}`, `{"sip": ["to.user"]}`, "node3 session_hash a cookie:JSESSIONID=X\nnode3 affinity_http a cookie:JSESSIONID=X\nnode2 affinity_http b cookie:JSESSIONID=Y", "3 0 0 0"},
		{"a header", `{}`, `{"http": [{"source": "header", "name": "X-App"}]}`, "node1 balance a header:x-app=1\nnode2 balance b header:x-app=1", "1 0 1 0"},
		{"sip leads", `{"sip": ["to.user"]}`, `{"leader": "sip", "sip": ["to.user"]}`,
			"node1 balance a call-id=1 to.user=alice\nnode2 cookie_route a query:appsession=alice cookie:JSESSIONID=X.node2", "1 1 0 0"},
		{"shorter lives", users, `{"sip": ["from.user"], "ttl": {"idle": "1m"}}`, "node1 balance a call-id=1 from.user=alice\nnode1 affinity_from_user a call-id=2 from.user=alice at=5m", "1 0 0 1"},
		{"a node that is gone", users, calls, "node9 balance a call-id=1 from.user=alice\nnode9 affinity_from_user a call-id=2 from.user=alice", "0 0 0 0"},
	} {
		t.Run(x.name, func(t *testing.T) {
			p, err := Try(t.Context(), traffic(t, x.traffic), draft(t, x.now), draft(t, x.next))
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(p.Unchanged, p.WouldMove, p.NewlySticky, p.Lost); got != x.want || p.Recorded != p.Unchanged+p.WouldMove+p.NewlySticky+p.Lost {
				text, _ := json.MarshalIndent(p, "", " ")
				t.Errorf("%s, want %s: %s", got, x.want, text)
			}
		})
	}
}

func TestExamplesAndGroups(t *testing.T) {
	lines := "node1 balance a query:appsession=alice\nnode1 param_appsession a query:appsession=alice cookie:JSESSIONID=0123456789ABCDEF.node1\n"
	for i := range 50 {
		lines += fmt.Sprintf("node%d balance c%d call-id=call-number-%d from.user=alice\n", i%3+1, i, i)
	}
	lines += "node2 balance d call-id=one-of-bob from.user=bob"
	p, err := Try(t.Context(), traffic(t, lines), draft(t, `{"sip": ["call-id"]}`), draft(t, `{"sip": ["from.user", "call-id"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if p.Recorded != 53 || p.Proto["sip"] != 51 || p.Proto["http"] != 2 || p.NewlySticky != 50 || len(p.Examples) != examples {
		t.Errorf("%+v", p)
	}
	e := p.Examples[0]
	if e.Class != "newlySticky" || e.Proto != "sip" || e.Node != "node2" || e.To != "node1" || len(e.Before) != 1 || e.Before[0].Source != "call-id" || len(e.After) != 2 || e.After[0].Source != "from.user" ||
		e.After[0].Text != "ali…e" || e.Rule != "affinity_from_user" || e.With != "from.user ali…e is known by then, and leads to node1" {
		t.Errorf("%+v", e)
	}
	g := p.Groups
	if len(g.Before) != groupsMost || g.Before[0].Name != "appsession" || g.Before[0].Count != 2 || len(g.After) != 2 || g.After[0].Count != 52 || g.After[0].Share != 0.981 || g.After[0].Text != "ali…e" || len(g.After[0].Key) != 16 {
		t.Errorf("%+v", g)
	}
	text, err := json.Marshal(p)
	if err != nil || strings.Contains(string(text), "alice") || strings.Contains(string(text), "89ABCDEF") || strings.Contains(string(text), "call-number-4") {
		t.Errorf("%s %v", text, err)
	}
}

func TestWarnings(t *testing.T) {
	many := ""
	for i := range 120 {
		user := fmt.Sprint("u", i%10)
		if i%4 == 0 {
			user = "trunk"
		}
		many += fmt.Sprintf("node%d balance c%d call-id=c%d from.user=%s to.user=%d header:x-a=1\nnode1 balance h%d\n", i%3+1, i, i, user, i, i)
	}
	for _, x := range []struct {
		next string
		want []string // "code pointer"
	}{
		{`{}`, []string{"no-match #/affinity/http/0", "no-match #/affinity/http/1"}},
		{`{"http": [], "sip": ["call-id", "from.user"]}`, []string{}}, // a quarter of the calls is an eighth of the messages
		{`{"http": [], "sip": ["header:X-A"]}`, []string{"hot-key #/affinity/sip/0"}},
		{`{"http": [{"source": "header", "name": "User-Agent"}], "sip": ["header:Via", "header:X-B"]}`, []string{"not-recorded #/affinity/http/0", "not-recorded #/affinity/sip/0", "no-match #/affinity/sip/1"}},
		{`{"http": [], "sip": [{"source": "from.user", "exclude": {"pattern": "t.*"}}]}`, []string{"not-tried #/affinity/sip/0/exclude/pattern"}},
		{`{"http": [], "leader": "sip"}`, []string{"sip-legs #/affinity/sip"}},
		{`{"http": [], "leader": "sip", "sip": ["to.user"]}`, []string{}},
	} {
		p, err := Try(t.Context(), traffic(t, many), draft(t, `{}`), draft(t, x.next))
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, w := range p.Warnings {
			got = append(got, w.Code+" "+w.Pointer)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %q, want %q: %+v", x.next, got, x.want, p.Warnings)
		}
	}
	p, err := Try(t.Context(), &Traffic{View: view(t)}, draft(t, `{}`), draft(t, `{}`))
	if err != nil || len(p.Warnings) != 1 || p.Warnings[0].Code != "few" || p.Since != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if text, _ := json.Marshal(p); regexp.MustCompile(`:null`).FindString(strings.ReplaceAll(strings.ReplaceAll(string(text), `"since":null`, ""), `"until":null`, "")) != "" {
		t.Errorf("%s", text)
	}
}

// Every source that a configuration can name is told of, and what is in traffic.
func TestSources(t *testing.T) {
	x := traffic(t, "node1 balance a query:u=1 cookie:SID=1 cookie:SID=2\nnode1 balance b query:u=2 query:once=1\nnode1 balance c call-id=1 header:x-a=1\nnode1 balance d call-id=1 header:x-a=1\nnode1 balance e")
	s := Sources(x.List)
	for _, all := range [][]affinity.Source{s.HTTP, s.SIP} {
		for _, src := range all {
			if src.Description == "" || src.Named != (slices.Contains([]string{"query", "cookie", "header", "header:"}, src.Word)) {
				t.Errorf("%+v", src)
			}
		}
	}
	if len(s.HTTP) != 3 || len(s.SIP) != 6 || len(s.HTTP[0].Seen) != 1 || s.HTTP[0].Seen[0] != (affinity.Seen{Name: "u", Share: 0.666}) || len(s.HTTP[1].Seen) != 0 ||
		s.SIP[5].Seen[0] != (affinity.Seen{Name: "x-a", Share: 1}) {
		t.Errorf("%+v", s)
	}
}

func BenchmarkTry(b *testing.B) {
	t := &testing.T{}
	var lines strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&lines, "node%d balance c%d call-id=c%d from.user=u%d to.user=%d\n", i%3+1, i, i, i%100, i%7)
	}
	x, now, next := traffic(t, lines.String()), draft(t, `{}`), draft(t, `{"sip": ["from.user"]}`)
	for b.Loop() {
		if p, err := Try(b.Context(), x, now, next); err != nil || p.NewlySticky != 9900 {
			b.Fatal(p, err)
		}
	}
}
