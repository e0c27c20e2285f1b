package candidates

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/cluster"
)

// nodes: name, version, distance, domain and redirect, services; what is
// absent is 0 or both.
func view(t *testing.T, edit func(r *cluster.Registry), nodes ...cluster.NodeSpec) *cluster.Pool {
	t.Helper()
	for i := range nodes {
		n := &nodes[i]
		ip := netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)})
		web, sip := cluster.Address{Scheme: "http", Addr: netip.AddrPortFrom(ip, 80)}, cluster.Address{Scheme: "udp", Addr: netip.AddrPortFrom(ip, 5060)}
		if strings.HasSuffix(n.Name, "ajp") {
			web.Scheme = "ajp"
		}
		if n.HTTP = []cluster.Address{web}; strings.HasSuffix(n.Name, "sip") {
			n.HTTP = nil
		}
		if n.SIP = []cluster.Address{sip}; strings.HasSuffix(n.Name, "web") {
			n.SIP = nil
		}
	}
	var r cluster.Registry
	if err := r.Apply(cluster.Spec{Nodes: nodes, Pools: []cluster.PoolSpec{{Name: "p", Recovery: &cluster.Recovery{}, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}); err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(&r)
	}
	return r.View().Pool("p")
}

func node(name string) cluster.NodeSpec { return cluster.NodeSpec{Name: name} }

func names(list []*cluster.Member) string {
	var out []string
	for _, m := range list {
		out = append(out, m.Name)
	}
	return strings.Join(out, " ")
}

func TestLists(t *testing.T) {
	version := func(name string, v int) cluster.NodeSpec { return cluster.NodeSpec{Name: name, Version: v} }
	far := cluster.NodeSpec{Name: "far", Distance: 1}
	activation := func(node string, a cluster.Activation) func(*cluster.Registry) {
		return func(r *cluster.Registry) {
			if err := r.SetActivation("", node, a); err != nil {
				t.Fatal(err)
			}
		}
	}
	fail := func(names ...string) func(*cluster.Registry) {
		return func(r *cluster.Registry) {
			for _, n := range names {
				r.Judge(r.View().Pool("p").Member(n), cluster.Unfit)
			}
		}
	}
	rest := func(node string) func(*cluster.Registry) {
		return func(r *cluster.Registry) { r.View().Named(node).Rest(cluster.HTTP, time.Now().Add(time.Hour)) }
	}
	any := func(*cluster.Member) bool { return true }
	type list = func(*Set) []*cluster.Member
	fresh := func(s *Set) []*cluster.Member { return s.New() }
	homes := func(owner string) list {
		return func(s *Set) []*cluster.Member { return s.Homes(s.Member(owner), false) }
	}
	instead := func(leaving string) list {
		return func(s *Set) []*cluster.Member { return s.Instead(s.Member(leaving), any) }
	}
	force := func(own string, others bool) list {
		return func(s *Set) []*cluster.Member { return s.Forceable(s.Member(own), others) }
	}
	carry := func(s *Set) []*cluster.Member {
		s.Scheme = "ajp"
		return s.Carrying(s.New())
	}
	for what, tt := range map[string]struct {
		nodes []cluster.NodeSpec
		edit  func(*cluster.Registry)
		tried string
		list  list
		want  string
	}{
		"new":                               {[]cluster.NodeSpec{node("a"), node("b"), far}, nil, "a", fresh, "b"},
		"new: not in error":                 {[]cluster.NodeSpec{node("a"), node("b")}, fail("a"), "", fresh, "b"},
		"instead: of one version":           {[]cluster.NodeSpec{version("a", 1), version("b", 2), version("c", 1)}, nil, "", instead("a"), "a c"},
		"instead: nearest":                  {[]cluster.NodeSpec{far, node("b"), node("c")}, nil, "b", instead("nobody"), "c"},
		"homes: all that serve all":         {[]cluster.NodeSpec{node("a"), node("bweb"), node("csip"), node("d")}, nil, "", homes(""), "a d"},
		"homes: pool of one service":        {[]cluster.NodeSpec{node("aweb"), node("bweb")}, nil, "", homes(""), "aweb bweb"},
		"homes: none serves all":            {[]cluster.NodeSpec{node("aweb"), node("bsip")}, nil, "", homes(""), ""},
		"homes: highest version":            {[]cluster.NodeSpec{version("a", 1), version("b", 3), version("c", 3), version("d", 2)}, nil, "", homes(""), "b c"},
		"homes: version of the owner":       {[]cluster.NodeSpec{version("a", 1), version("b", 3), version("c", 1)}, nil, "", homes("c"), "a c"},
		"homes: nearest":                    {[]cluster.NodeSpec{far, node("b")}, nil, "", homes(""), "b"},
		"homes: not drained":                {[]cluster.NodeSpec{node("a"), node("b")}, activation("a", cluster.Disabled), "", homes("a"), "b"},
		"homes: not in error":               {[]cluster.NodeSpec{node("a"), node("b")}, fail("a"), "", homes("a"), "b"},
		"homes: not resting":                {[]cluster.NodeSpec{node("a"), node("b")}, rest("a"), "", homes(""), "b"},
		"homes: resting ones, if wanted":    {[]cluster.NodeSpec{node("a"), node("b")}, rest("a"), "", func(s *Set) []*cluster.Member { return s.Homes(nil, true) }, "a b"},
		"homes: tried ones as well":         {[]cluster.NodeSpec{node("a"), node("b")}, nil, "a", homes(""), "a b"},
		"forceable: own":                    {[]cluster.NodeSpec{node("a"), node("b"), node("c")}, fail("a", "b"), "", force("b", true), "b"},
		"forceable: any":                    {[]cluster.NodeSpec{node("a"), node("b"), node("c")}, fail("a", "b"), "", force("c", true), "a b"},
		"forceable: not others":             {[]cluster.NodeSpec{node("a"), node("b")}, fail("a"), "", force("b", false), ""},
		"forceable: not tried":              {[]cluster.NodeSpec{node("a"), node("b")}, fail("a", "b"), "a", force("a", true), "b"},
		"carrying":                          {[]cluster.NodeSpec{node("a"), node("bajp")}, nil, "", carry, "bajp"},
		"carrying: rather any than nobody":  {[]cluster.NodeSpec{node("a"), node("b")}, nil, "", carry, "a b"},
		"instead: an owner that has left":   {[]cluster.NodeSpec{version("a", 1), version("b", 2)}, nil, "", instead("x"), "a b"},
		"homes: an owner that has left":     {[]cluster.NodeSpec{version("a", 1), version("b", 2)}, nil, "", homes("x"), "b"},
		"homes: who is down for one is out": {[]cluster.NodeSpec{node("a"), node("b")}, activation("b", cluster.Stopped), "", homes(""), "a"},
	} {
		t.Run(what, func(t *testing.T) {
			s := Set{Pool: view(t, tt.edit, tt.nodes...), Wants: cluster.HTTP}
			if m := s.Member(tt.tried); m != nil {
				s.Tried = []*cluster.Node{m.Node}
			}
			if got := names(tt.list(&s)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSingleOnes(t *testing.T) {
	a, b, c := node("a"), node("b"), cluster.NodeSpec{Name: "c", Version: 1, Activation: cluster.Disabled}
	a.Redirect, b.Redirect = "b", "c"
	s := Set{Pool: view(t, nil, a, b, c), Wants: cluster.SIP}
	if m := s.Redirect(s.Member("a")); m == nil || m.Name != "b" {
		t.Errorf("redirect of a: %v", m)
	}
	if s.Redirect(s.Member("b")) != nil || s.Redirect(s.Member("c")) != nil || s.Redirect(nil) != nil {
		t.Error("a redirect to another version, to nobody, of nobody")
	}
	if m := s.HotStandby(); m == nil || m.Name != "b" {
		t.Errorf("hot standby: %v", m)
	}
	s.Tried = []*cluster.Node{s.Member("b").Node}
	if m := s.HotStandby(); m == nil || m.Name != "c" || s.Redirect(s.Member("a")) != nil || s.Usable(s.Member("b")) || s.Usable(nil) || !s.WasTried("b") {
		t.Errorf("tried: %v", m)
	}
	if !s.Takes(s.Member("a")) || s.Takes(s.Member("b")) || s.Takes(s.Member("c")) || s.Takes(nil) {
		t.Error("who takes something new")
	}
	if s.Scheme = "udp"; !s.Takes(s.Member("a")) {
		t.Error("by the scheme that it needs")
	}
	if s.Scheme = "tcp"; s.Takes(s.Member("a")) {
		t.Error("not by the scheme that it needs")
	}
	if s.Alone() || !(&Set{Pool: view(t, nil, a), Wants: cluster.SIP}).Alone() || (&Set{Pool: view(t, nil, c), Wants: cluster.SIP}).Alone() {
		t.Error("alone")
	}
	if !s.Heir(s.Member("a"), nil, "x") || s.Heir(s.Member("a"), nil, "a") || s.Heir(s.Member("b"), nil, "x") || s.Heir(s.Member("c"), nil, "x") ||
		s.Heir(s.Member("a"), s.Member("c"), "c") {
		t.Error("heirs")
	}
}
