package sip

import (
	"net/netip"
	"strings"
	"testing"

	"twinhop/gateway/cluster"
)

// An old hint holds the version of its node: of another one it means nobody, without one whoever is there.
func TestOldHintsAndVersions(t *testing.T) {
	s := newStage(t, true, Settings{OldHint: true})
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for name, at := range map[string]netip.AddrPort{"old": node1, "new": node2} {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name, Version: map[string]int{"old": 1, "new": 2}[name],
			SIP: []cluster.Address{{Scheme: "udp", Addr: at, Host: at.Addr().String()}}})
	}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	to := func(call, version string, more ...string) caught {
		t.Helper()
		more = append(more, "To: <sip:x@y>", "Route: <sip:192.0.2.1;lr;node_host=10.0.0.1;node_port=5080"+version+">")
		sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", call, more...)...))
		if len(sent) != 1 {
			t.Fatalf("sent %v", sent)
		}
		return sent[0]
	}
	for i, c := range []struct {
		version string
		want    netip.AddrPort
		record  string
	}{{";version=1", node1, "node_host=10.0.0.1;node_port=5080;version=1>"}, {"", node1, "node_host=10.0.0.1;node_port=5080;version=1>"},
		{";version=2", node2, "node_host=10.0.0.2;node_port=5080;version=2>"}, {";version=0", node2, "node_host=10.0.0.2;node_port=5080;version=2>"},
		{";version=x", node2, "node_host=10.0.0.2;node_port=5080;version=2>"}} {
		sent := to(strings.Repeat("c", i+1), c.version)
		if sent.to != c.want || strings.Count(string(sent.data), c.record) != 2 {
			t.Errorf("%q: to %v\n%s", c.version, sent.to, sent.data)
		}
	}
}

// A hint counts wherever the table has forgotten the call, and only for nodes: nobody has us send to an address that he names.
func TestOldHintsAloneKeepADialog(t *testing.T) {
	for _, two := range []bool{true, false} {
		s := newStage(t, two, Settings{OldHint: true})
		sent := s.in("external", client, lined(request("INVITE", "sip:bob@192.0.2.1", "c1", "To: <sip:x@y>")...))
		m := scanned(t, sent[0].data)
		var routes []string
		for i := range m.RecordRoutes.Stored() {
			routes = append([]string{"Route: " + string(m.Text(m.RecordRoutes.At(i).Span))}, routes...)
		}
		for i := range 20 { // a gateway that has never heard of the call
			fresh := newStage(t, two, Settings{})
			call := strings.Repeat("c", i+1)
			got := fresh.in("external", client, lined(request("BYE", "sip:bob@far.example.com", call, append(routes, "To: <sip:x@y>;tag=b")...)...))
			if len(got) != 1 || got[0].to != sent[0].to {
				t.Fatalf("%s: sent %v, the call is at %v", call, got, sent[0].to)
			}
		}
		for _, hint := range []string{"node_host=203.0.113.9;node_port=5060", "node_host=10.0.0.1;node_port=22", "node_host=127.0.0.1;node_port=5060"} {
			got := s.in("external", client, lined(request("MESSAGE", "sip:bob@203.0.113.9:5060;"+hint, hint, "To: <sip:x@y>", "Route: <sip:192.0.2.1;lr;"+hint+">")...))
			if len(got) != 1 || got[0].to != node1 && got[0].to != node2 {
				t.Errorf("%s: sent %v", hint, got)
			}
		}
	}
}
