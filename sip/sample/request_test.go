package sample

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace/specimens"
	"twinhop/sip/identity"
	"twinhop/sip/peek"
)

const invite = "INVITE sip:room7@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
	"From: \"A\" <sip:al%69ce@A.Example>;tag=1\r\nTo: <sip:room7@example.org>\r\nCall-ID: c1@pc\r\nCSeq: 1 INVITE\r\nUser-Agent: named\r\n" +
	"X-Tenant: t1\r\nX-Tenant: t2\r\nP-Asserted-Identity: <sip:alice@a.example>\r\nContent-Length: 0\r\n\r\n"

func fill(t *testing.T, message string, sources ...identity.Source) *specimens.Specimen {
	t.Helper()
	m := &peek.Message{}
	if r := m.Scan([]byte(message)); r != peek.OK {
		t.Fatal(r)
	}
	at := []cluster.Address{{Scheme: "udp", Addr: netip.MustParseAddrPort("192.0.2.1:5060"), Host: "192.0.2.1"}}
	reg := &cluster.Registry{}
	if err := reg.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "node1", SIP: at}}, Pools: []cluster.PoolSpec{{Name: "calls", Sticky: true, Members: []cluster.MemberSpec{{Node: "*"}}}}}); err != nil {
		t.Fatal(err)
	}
	ask := &gateway.Ask{View: reg.View(), Pool: reg.View().Pool("calls"), Hint: gateway.Hint{Node: "node1", Source: gateway.SourceRoute}}
	ask.Add(appsession.Key{Space: appsession.Flow, Value: "7"}, gateway.SourceFlow)
	ask.Add(appsession.Key{Space: appsession.App, Value: "alice"}, gateway.SourceFromUser)
	ask.Add(appsession.Key{Space: appsession.Call, Value: "c1@pc"}, gateway.SourceCallID)
	rec := &specimens.Recorder{MaxBytes: 1 << 20}
	r := Request{Message: m, Sources: sources, Ask: ask, Choice: &gateway.Decision{Member: ask.Pool.Member("node1"), Rule: gateway.RouteHeader},
		From: netip.MustParseAddr("::ffff:192.0.2.9"), At: time.Unix(1_700_000_000, 0)}
	r.Keep(rec)
	list := rec.Last(1)
	if len(list) != 1 {
		t.Fatal("not kept")
	}
	return &list[0]
}

func TestKeep(t *testing.T) {
	s := fill(t, invite, identity.Source{From: gateway.SourceHeader, Header: "user-agent"})
	if !s.SIP || s.Pool != "calls" || s.Node != "node1" || s.Hint != "node1" || s.HintBy != gateway.SourceRoute || s.Rule != gateway.RouteHeader || s.From != netip.MustParseAddr("192.0.2.9") {
		t.Errorf("%+v", s)
	}
	want := []string{"connection:=7", "call-id:=c1@pc", "from.user:=alice", "to.user:=room7", "from.aor:=alice@a.example", "to.aor:=room7@example.org",
		"header:user-agent=named", "header:x-tenant=t1", "header:p-asserted-identity=<sip:alice@a.example>"}
	for i, k := range s.Keys {
		if place, v, _ := strings.Cut(want[min(i, len(want)-1)], "="); place != fmt.Sprintf("%s:%s", k.Source, k.Name) || k.Value != specimens.Hash(v) {
			t.Errorf("%d: %+v, want %s", i, k, want)
		}
	}
	if len(s.Keys) != len(want) {
		t.Errorf("%+v", s.Keys)
	}
}

// Who does not want to be known has no identity.
func TestKeepOfNobody(t *testing.T) {
	s := fill(t, strings.NewReplacer("sip:al%69ce@A.Example", "sip:anonymous@anonymous.invalid", "sip:room7@example.org>", "sip:example.org>").Replace(invite))
	for _, k := range s.Keys {
		if slices.Contains([]gateway.Source{gateway.SourceFromUser, gateway.SourceFromAOR, gateway.SourceToUser, gateway.SourceToAOR}, k.Source) {
			t.Errorf("%+v", k)
		}
	}
}

// Whether an expression in force excludes somebody is noted while his name is there.
func TestKeepTried(t *testing.T) {
	re := regexp.MustCompile(`^(?:al.*)$`)
	s := fill(t, invite, identity.Source{From: gateway.SourceFromAOR, Pattern: re}, identity.Source{From: gateway.SourceToUser, Pattern: re, Users: []string{"room7"}},
		identity.Source{From: gateway.SourceHeader, Header: "x-tenant", Pattern: regexp.MustCompile("^(?:t1)$")}, identity.Source{From: gateway.SourceFromUser})
	want := []specimens.Tried{{Source: gateway.SourceFromAOR, Pattern: re.String(), Matched: true}, {Source: gateway.SourceToUser, Pattern: re.String()},
		{Source: gateway.SourceHeader, Name: "x-tenant", Pattern: "^(?:t1)$", Matched: true}}
	if !slices.Equal(s.Tried, want) {
		t.Errorf("%+v", s.Tried)
	}
}
