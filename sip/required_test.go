package sip

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
	"twinhop/sip/needs"
)

// setResources reads the words of a scene that are about resources. A rule is "PATTERN:RESOURCE+RESOURCE".
func setResources(set *Settings, name, value string) {
	if set.Resources == nil {
		set.Resources = &Resources{}
	}
	r := set.Resources
	switch name {
	case "rule":
		pattern, list, _ := strings.Cut(value, ":")
		r.Rules.List = append(r.Rules.List, needs.Rule{User: regexp.MustCompile(pattern), Resources: strings.Split(list, "+")})
	case "default":
		r.Rules.Default = strings.Split(value, "+")
	case "unmatched":
		r.Rules.Refuse = true
	case "non-invite":
		r.InvitesOnly = true
	case "full500":
		r.Full500 = true
	case "from-nodes":
		r.FromNodes = strings.Split(value, "+")
	}
}

// equip gives both nodes resources, and balances by them.
func (s *stage) equip(capacity string) {
	sizes := map[string]int{}
	for word := range strings.SplitSeq(capacity, ",") {
		name, n, _ := strings.Cut(word, ":")
		size := 0
		if _, err := fmt.Sscan(n, &size); err != nil {
			s.t.Fatal(err)
		}
		sizes[name] = size
	}
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i, a := range []netip.AddrPort{node1, node2} {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("node%d", i+1), Capacity: sizes,
			SIP: []cluster.Address{{Scheme: "udp", Addr: a, Host: a.Addr().String()}}})
	}
	if err := s.registry.Apply(spec); err != nil {
		s.t.Fatal(err)
	}
	algorithm, _ := balance.New("resources")
	s.front.Router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": {SIP: algorithm, Bench: 10 * time.Second}}})
}

// used checks what the nodes have in use.
func (s *stage) used(resource string, want []string) {
	s.t.Helper()
	var got []string
	for _, m := range s.registry.View().Pool("default").Members {
		got = append(got, fmt.Sprint(m.Load.Used(resource)))
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%s in use: %v, want %v", resource, got, want)
	}
}

// A call that takes something costs nothing but what the book of calls keeps of it.
func TestRulesDoNotAllocate(t *testing.T) {
	set := Settings{}
	setResources(&set, "rule", "^b:vm+pstn")
	s := newStage(t, true, set)
	s.equip("vm:100000,pstn:100000")
	w := s.workers["external"]
	data := []byte(strings.ReplaceAll("INVITE sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa\nMax-Forwards: 70\nFrom: <sip:a@example.com>;tag=a\n"+
		"To: <sip:b@example.com>\nCall-ID: c\nCSeq: 1 INVITE\nContent-Length: 0\n\n", "\n", "\r\n"))
	s.catcher("internal").quiet = true
	receive := func() { w.Receive(data, client); w.Flush() }
	receive()
	s.used("vm", []string{"1", "0"})
	if n := testing.AllocsPerRun(100, receive); n != 0 { // a repetition
		t.Errorf("%v allocations", n)
	}
	s.used("vm", []string{"1", "0"})
}
