package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node describes a node with both services at 10.0.0.<host>.
func node(name string, host int) NodeSpec {
	return NodeSpec{Name: name, HTTP: []Address{at("http", host, 8080)}, SIP: []Address{at("udp", host, 5080)}}
}

func at(scheme string, host, port int) Address {
	ip := netip.AddrFrom4([4]byte{10, 0, byte(host >> 8), byte(host)})
	return Address{Scheme: scheme, Host: ip.String(), Addr: netip.AddrPortFrom(ip, uint16(port))}
}

func all(name string, more ...MemberSpec) PoolSpec {
	return PoolSpec{Name: name, Members: append(more, MemberSpec{Node: AllNodes})}
}

func apply(t testing.TB, r *Registry, s Spec) *View {
	t.Helper()
	if err := r.Apply(s); err != nil {
		t.Fatal(err)
	}
	return r.View()
}

func names(members []*Member) string {
	var out []string
	for _, m := range members {
		out = append(out, m.Name)
	}
	return strings.Join(out, " ")
}

// force sets a health as if it had been observed.
func force(n *Node, s Service, h Health) {
	c := n.Check(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.become(h, "test")
}

func TestZeroRegistry(t *testing.T) {
	r := &Registry{}
	v := r.View()
	if v == nil || v.Named("x") != nil || v.Pool("p") != nil || v.At(netip.AddrPort{}, SIP) != nil || v.RouteNode("x") != "" {
		t.Error("an empty cluster knows something")
	}
	if err := r.SetActivation("", "x", Stopped); !errors.Is(err, ErrUnknownNode) {
		t.Errorf("activation of nobody: %v", err)
	}
	if !r.Probed() {
		t.Error("an empty cluster waits for probes")
	}
	apply(t, r, Spec{})
}

func TestBadSpecs(t *testing.T) {
	two := []NodeSpec{node("n1", 1), node("n2", 2)}
	with := func(f func(*NodeSpec)) []NodeSpec { n := node("n1", 1); f(&n); return []NodeSpec{n} }
	route, weight, far := "a b", 0, -1
	tests := []struct {
		name string
		spec Spec
		want string
	}{
		{"no name", Spec{Nodes: with(func(n *NodeSpec) { n.Name = "" })}, "a name is"},
		{"name with a space", Spec{Nodes: with(func(n *NodeSpec) { n.Name, n.Route = "n 1", "n1" })}, "a name is"},
		{"twice", Spec{Nodes: []NodeSpec{node("n1", 1), node("n1", 2)}}, "described twice"},
		{"route with ;", Spec{Nodes: with(func(n *NodeSpec) { n.Route = "a;b" })}, "route"},
		{"route with CR", Spec{Nodes: with(func(n *NodeSpec) { n.Route = "a\r\nX: y" })}, "route"},
		{"route begins with a dot", Spec{Nodes: with(func(n *NodeSpec) { n.Route = ".a" })}, "route"},
		{"route of 61 bytes", Spec{Nodes: with(func(n *NodeSpec) { n.Route = strings.Repeat("a", 61) })}, "route"},
		{"domain", Spec{Nodes: with(func(n *NodeSpec) { n.Domain = "a/b" })}, "domain"},
		{"redirect", Spec{Nodes: with(func(n *NodeSpec) { n.Redirect = "é" })}, "redirect"},
		{"weight", Spec{Nodes: with(func(n *NodeSpec) { n.Weight = -1 })}, "weight"},
		{"distance", Spec{Nodes: with(func(n *NodeSpec) { n.Distance = -1 })}, "distance"},
		{"activation", Spec{Nodes: with(func(n *NodeSpec) { n.Activation = 9 })}, "activation"},
		{"no service", Spec{Nodes: with(func(n *NodeSpec) { n.HTTP, n.SIP = nil, nil })}, "neither"},
		{"host not resolved", Spec{Nodes: with(func(n *NodeSpec) { n.HTTP[0].Addr = netip.AddrPortFrom(netip.Addr{}, 80) })}, "no IP address"},
		{"any address", Spec{Nodes: with(func(n *NodeSpec) { n.SIP[0].Addr = netip.MustParseAddrPort("0.0.0.0:5060") })}, "no IP address"},
		{"port 0", Spec{Nodes: with(func(n *NodeSpec) { n.SIP[0].Addr = netip.MustParseAddrPort("10.0.0.1:0") })}, "no IP address"},
		{"two nodes at one SIP address", Spec{Nodes: []NodeSpec{node("n1", 1), node("n2", 1)}}, `is that of node "n1"`},
		{"pool without a name", Spec{Pools: []PoolSpec{{}}}, "pool \"\""},
		{"pool twice", Spec{Pools: []PoolSpec{all("p"), all("p")}}, "described twice"},
		{"unknown member", Spec{Nodes: two, Pools: []PoolSpec{all("p", MemberSpec{Node: "n3"})}}, `node "n3" is not described`},
		{"member twice", Spec{Nodes: two, Pools: []PoolSpec{all("p", MemberSpec{Node: "n1"}, MemberSpec{Node: "n1"})}}, "named twice"},
		{"member route", Spec{Nodes: two, Pools: []PoolSpec{all("p", MemberSpec{Node: "n1", Route: &route})}}, "route"},
		{"member weight", Spec{Nodes: two, Pools: []PoolSpec{all("p", MemberSpec{Node: "n1", Weight: &weight})}}, "weight"},
		{"member distance", Spec{Nodes: two, Pools: []PoolSpec{all("p", MemberSpec{Node: "n1", Distance: &far})}}, "distance"},
		{"one route for two", Spec{Nodes: []NodeSpec{{Name: "n1", Route: "r", SIP: two[0].SIP}, {Name: "n2", Route: "r", SIP: two[1].SIP}}, Pools: []PoolSpec{all("p")}}, "same route"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &Registry{}
			before := apply(t, r, Spec{Nodes: two, Pools: []PoolSpec{all("p")}})
			err := r.Apply(tt.spec)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want something about %q", err, tt.want)
			}
			if r.View() != before {
				t.Error("a bad description changed the cluster")
			}
		})
	}
	err := (&Registry{}).Apply(Spec{Nodes: []NodeSpec{{Name: "a b"}, {Name: "c", Weight: -1}}})
	for _, part := range []string{`"a b"`, "neither", "weight"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
}

func TestMemberWords(t *testing.T) {
	six, far, east, gone, draining := 6, 2, "east.n2", "n1", Disabled
	spec := Spec{Nodes: []NodeSpec{node("n1", 1), node("n2", 2), node("n3", 3)}, Pools: []PoolSpec{
		{Name: "p", Sticky: true, Members: []MemberSpec{
			{Node: AllNodes},
			{Node: "n2", Weight: &six, Distance: &far, Route: &east, Redirect: &gone, Activation: &draining}}},
		{Name: "q", Members: []MemberSpec{{Node: "n3"}}},
	}}
	spec.Nodes[0].Weight, spec.Nodes[0].Domain, spec.Nodes[2].Weight = 4, "west", 1
	v := apply(t, &Registry{}, spec)
	p := v.Pool("p")
	if names(p.Members) != "n1 n3 n2" {
		t.Errorf("members %s", names(p.Members))
	}
	type words struct {
		Index, Weight, Distance int
		Mult                    int64
		Route, Domain, Redirect string
		Activation              Activation
	}
	for name, want := range map[string]words{
		"n1": {0, 4, 0, 3, "n1", "west", "", Active},
		"n3": {1, 1, 0, 12, "n3", "", "", Active},
		"n2": {2, 6, 2, 2, "east.n2", "east", "n1", Disabled},
	} {
		m := p.Member(name)
		got := words{m.Index, m.Weight, m.Distance, m.Mult, m.Route, m.Domain, m.Redirect, m.Activation}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		if p.Routed(want.Route) != m {
			t.Errorf("%s is not found by its route", name)
		}
	}
	if p.Routed("n2") != nil || v.Pool("q").Member("n1") != nil || !p.Sticky || v.Pool("q").Sticky {
		t.Error("pools are mixed up")
	}
	if v.RouteNode("n2") != "n2" || v.RouteNode("east.n2") != "n2" {
		t.Error("a node is not found by each of its routes")
	}
}

// A least common multiple of many large weights must not overflow.
func TestMultStaysBounded(t *testing.T) {
	var spec Spec
	for i, w := range []int{999_983, 999_979, 999_961, 999_959, 1} {
		n := node(fmt.Sprint("n", i), i+1)
		n.Weight = w
		spec.Nodes = append(spec.Nodes, n)
	}
	spec.Pools = []PoolSpec{all("p")}
	for _, m := range apply(t, &Registry{}, spec).Pool("p").Members {
		if m.Mult < 1 || m.Mult > 1<<32 {
			t.Errorf("weight %d: lbmult %d", m.Weight, m.Mult)
		}
	}
}

func TestRealms(t *testing.T) {
	realm := func(r *Registry, names ...string) []uint16 {
		var spec Spec
		for i, n := range names {
			spec.Pools = append(spec.Pools, PoolSpec{Name: fmt.Sprint("p", i), Realm: n})
		}
		var out []uint16
		for _, p := range apply(t, r, spec).Pools {
			out = append(out, p.Realm)
		}
		return out
	}
	r := &Registry{}
	a := realm(r, "", "shop", "bank", "shop")
	if a[0] != 0 || a[1] == 0 || a[1] == a[2] || a[1] != a[3] {
		t.Errorf("realms %v", a)
	}
	if b := realm(&Registry{}, "bank", "shop", ""); b[0] != a[2] || b[1] != a[1] {
		t.Errorf("another gateway, another order: %v, not %v", b, a)
	}
	var many []string
	for i := range 2000 { // with 16 bits many of them collide
		many = append(many, fmt.Sprint("realm", i))
	}
	seen := map[uint16]bool{0: true}
	for i, n := range realm(r, many...) {
		if seen[n] {
			t.Fatalf("realm %d has a number that is taken", i)
		}
		seen[n] = true
	}
	if again := realm(r, "shop"); again[0] != a[1] {
		t.Error("a realm changed its number")
	}
}

func TestAddresses(t *testing.T) {
	n := node("n1", 1)
	n.SIP = append(n.SIP, at("udp", 9, 5080), Address{Scheme: "udp", Addr: netip.MustParseAddrPort("[2001:db8::1]:5080")})
	v := apply(t, &Registry{}, Spec{Nodes: []NodeSpec{n, {Name: "web", HTTP: []Address{at("http", 1, 8080)}}}})
	for _, s := range []string{"10.0.0.1:5080", "10.0.0.9:5080", "[2001:db8::1]:5080", "[::ffff:10.0.0.9]:5080"} {
		if got := v.At(netip.MustParseAddrPort(s), SIP); got != v.Named("n1") {
			t.Errorf("%s is not n1", s)
		}
	}
	for _, s := range []string{"10.0.0.1:5060", "10.0.0.2:5080", "10.0.0.1:8080"} {
		if v.At(netip.MustParseAddrPort(s), SIP) != nil {
			t.Errorf("somebody is at %s", s)
		}
	}
	if v.At(netip.MustParseAddrPort("10.0.0.1:8080"), HTTP) != v.Named("n1") {
		t.Error("two nodes at one HTTP address: not the first")
	}
	web := v.Named("web")
	if web.Has(SIP) || web.Addr(SIP).Addr.IsValid() || web.Check(SIP) != nil || web.Health(SIP) != Unknown {
		t.Error("a node has a service it was not given")
	}
	if a := v.Named("n1").Addr(SIP); a.Addr.String() != "10.0.0.1:5080" || len(v.Named("n1").Addrs(SIP)) != 3 {
		t.Errorf("address %v", a)
	}
}

func TestEligible(t *testing.T) {
	near, far := 0, 5
	build := func() (*Registry, *Pool) {
		r := &Registry{}
		spec := Spec{Pools: []PoolSpec{all("p", MemberSpec{Node: "n1", Distance: &near}, MemberSpec{Node: "n4", Distance: &far})}}
		for i := range 4 {
			spec.Nodes = append(spec.Nodes, node(fmt.Sprint("n", i+1), i+1))
		}
		spec.Nodes = append(spec.Nodes, NodeSpec{Name: "web", HTTP: []Address{at("http", 9, 8080)}})
		return r, apply(t, r, spec).Pool("p")
	}
	tests := []struct {
		name    string
		arrange func(*Registry, *Pool)
		tried   string
		want    string
	}{
		{"nearest only", func(*Registry, *Pool) {}, "", "n1 n2 n3"},
		{"not the tried", func(*Registry, *Pool) {}, "n1 n3", "n2"},
		{"farther when the near were tried", func(*Registry, *Pool) {}, "n1 n2 n3", "n4"},
		{"none left", func(*Registry, *Pool) {}, "n1 n2 n3 n4", ""},
		{"down", func(_ *Registry, p *Pool) { force(p.Member("n2").Node, SIP, Down) }, "", "n1 n3"},
		{"down for HTTP only", func(_ *Registry, p *Pool) { force(p.Member("n2").Node, HTTP, Down) }, "", "n1 n2 n3"},
		{"recovering takes traffic", func(_ *Registry, p *Pool) { force(p.Member("n2").Node, SIP, Recovering) }, "", "n1 n2 n3"},
		{"draining", func(r *Registry, _ *Pool) { r.SetActivation("p", "n1", Disabled) }, "", "n2 n3"},
		{"stopped", func(r *Registry, _ *Pool) { r.SetActivation("", "n1", Stopped) }, "", "n2 n3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, p := build()
			tt.arrange(r, p)
			p = r.View().Pool("p")
			var tried []*Node
			for _, name := range strings.Fields(tt.tried) {
				tried = append(tried, r.View().Named(name))
			}
			if got := names(p.Eligible(nil, SIP, tried)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	r, p := build()
	if got := names(p.Eligible(nil, HTTP, nil)); got != "n1 n2 n3 web" {
		t.Errorf("for HTTP: %s", got)
	}
	into := make([]*Member, 0, 8)
	if n := testing.AllocsPerRun(100, func() { into = p.Eligible(into[:0], SIP, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	_ = r
}

func TestVersions(t *testing.T) {
	spec := Spec{Nodes: []NodeSpec{node("old", 1), node("new1", 2), node("new2", 3), node("older", 4)}, Pools: []PoolSpec{all("p")}}
	spec.Nodes[1].Version, spec.Nodes[2].Version, spec.Nodes[2].Distance = 2, 2, 1
	p := apply(t, &Registry{}, spec).Pool("p")
	if got := names(p.Eligible(nil, SIP, nil)); got != "new1" {
		t.Errorf("new work goes to %s", got)
	}
	force(p.Member("new1").Node, SIP, Down)
	if got := names(p.Eligible(nil, SIP, nil)); got != "new2" {
		t.Errorf("then to %s: a version counts more than a distance", got)
	}
}

func TestUsableAndAlive(t *testing.T) {
	r := &Registry{}
	p := apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 1), {Name: "web", HTTP: []Address{at("http", 9, 8080)}}}, Pools: []PoolSpec{all("p")}}).Pool("p")
	n1, web := p.Member("n1"), p.Member("web")
	if web.Usable(SIP) || !web.Alive(SIP) {
		t.Error("a node without SIP may own sessions and not serve SIP")
	}
	force(n1.Node, SIP, Down)
	if n1.Usable(SIP) || n1.Alive(SIP) || !n1.Usable(HTTP) || n1.Down() {
		t.Error("SIP is down, HTTP is not")
	}
	force(n1.Node, HTTP, Down)
	force(web.Node, HTTP, Down)
	if !n1.Down() || web.Alive(SIP) {
		t.Error("everything is down")
	}
}
