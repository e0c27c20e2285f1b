package cluster

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]Address{
		"http://10.0.0.1:8080":     {"http", netip.MustParseAddrPort("10.0.0.1:8080"), "10.0.0.1"},
		"http://10.0.0.1/":         {"http", netip.MustParseAddrPort("10.0.0.1:80"), "10.0.0.1"},
		"udp://[2001:db8::1]:5080": {"udp", netip.MustParseAddrPort("[2001:db8::1]:5080"), "2001:db8::1"},
		"udp://10.0.0.1":           {"udp", netip.MustParseAddrPort("10.0.0.1:5060"), "10.0.0.1"},
		"udp://node.example:5080":  {"udp", netip.AddrPortFrom(netip.Addr{}, 5080), "node.example"},
		"udp://[::ffff:10.0.0.1]":  {"udp", netip.MustParseAddrPort("10.0.0.1:5060"), "::ffff:10.0.0.1"},
	} {
		if got, err := ParseAddress(s); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "10.0.0.1:8080", "http://", "http://:80", "udp://h:0", "udp://h:65536", "udp://h:x",
		"http://u:p@h", "http://h/path", "http://h?q", "http://h#f", "udp://[fe80::1%25eth0]:5060", "http://a b", "\x00"} {
		if got, err := ParseAddress(s); err == nil {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"http://10.0.0.1:8080", "udp://[::1]", "udp://node:5080", "http://[", "x://%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err == nil && (a.Scheme == "" || a.Host == "" || a.Addr.Port() == 0 || a.Addr.Addr().Zone() != "") {
			t.Errorf("%q was read as %+v", s, a)
		}
	})
}

func TestValidRoute(t *testing.T) {
	for _, s := range []string{"n", "node1", "east.node-1_x", strings.Repeat("a", 60)} {
		if !ValidRoute(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{"", ".n", "a b", "a;b", "a/b", "a\n", "é", "a@b", "a[", strings.Repeat("a", 61)} {
		if ValidRoute(s) {
			t.Errorf("%q is let through", s)
		}
	}
}

func TestResolve(t *testing.T) {
	ips := func(list ...string) (out []netip.Addr) {
		for _, s := range list {
			out = append(out, netip.MustParseAddr(s))
		}
		return out
	}
	answers, asked := map[string][]netip.Addr{"a.example": ips("2001:db8::1", "10.0.0.7", "::ffff:10.0.0.6", "10.0.0.7")}, 0
	r := &Registry{Lookup: func(_ context.Context, network, host string) ([]netip.Addr, error) {
		asked++
		if network != "ip" {
			t.Errorf("asked for %s", network)
		}
		if a, ok := answers[host]; ok {
			return a, nil
		}
		return nil, errors.New("no such host")
	}}
	name := func(scheme string, port uint16) []Address {
		return []Address{{Scheme: scheme, Host: "a.example", Addr: netip.AddrPortFrom(netip.Addr{}, port)}}
	}
	given := Spec{Nodes: []NodeSpec{{Name: "n1", HTTP: name("http", 80), SIP: name("udp", 5060)}, node("n2", 2)}}
	check := func(when string) {
		t.Helper()
		spec := given.clone()
		if err := r.Resolve(t.Context(), &spec); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		var got []string
		for _, a := range spec.Nodes[0].SIP {
			got = append(got, a.Addr.String())
			if a.Host != "a.example" || a.Scheme != "udp" {
				t.Errorf("%s: %+v", when, a)
			}
		}
		if want := []string{"10.0.0.6:5060", "10.0.0.7:5060", "[2001:db8::1]:5060"}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
		apply(t, r, spec)
	}
	check("first")
	if asked != 1 {
		t.Errorf("asked %d times for one name", asked)
	}
	if r.View().At(netip.MustParseAddrPort("[2001:db8::1]:5060"), SIP) != r.View().Named("n1") {
		t.Error("the node is not recognised by all its addresses")
	}
	delete(answers, "a.example")
	check("the name cannot be resolved any more")
	check("and again")
	answers["d.example"] = ips("10.0.0.9")
	other := Spec{Nodes: []NodeSpec{{Name: "n5", HTTP: []Address{{Scheme: "http", Host: "d.example"}}}}}
	if err := r.Resolve(t.Context(), &other); err != nil { // and never applied, for another reason
		t.Fatal(err)
	}
	check("after a description that came to nothing")

	bad := Spec{Nodes: []NodeSpec{{Name: "n3", HTTP: []Address{{Host: "b.example"}}}, {Name: "n4", HTTP: []Address{{Host: "c.example"}}}}}
	err := r.Resolve(t.Context(), &bad)
	if err == nil || !strings.Contains(err.Error(), "b.example") || !strings.Contains(err.Error(), "c.example") || !strings.Contains(err.Error(), "no such host") {
		t.Errorf("unknown hosts: %v", err)
	}
	if given.Nodes[0].HTTP[0].Addr.IsValid() {
		t.Error("the caller's list was changed")
	}
}
