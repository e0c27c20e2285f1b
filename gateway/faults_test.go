package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// What the SIP balancers of Mobicents and Restcomm got wrong, each fault by
// its name. That a tel: URI has a user is shown where SIP is read, that an
// idle node may inherit in package balance.

var everyPlacement = []string{"http=round-robin sip=round-robin failover=group", "http=hash sip=hash", "http=pure-hash sip=pure-hash",
	"http=active-standby sip=active-standby", "http=least-load sip=least-load", "http=requests sip=random pins=^:node1", "http=sessions sip=sessions"}

// playEverywhere plays a script to every placement. Its lines may have "%" for any node.
func playEverywhere(t *testing.T, nodes, script string) {
	for _, settings := range everyPlacement {
		t.Run(settings, func(t *testing.T) {
			s := newStage(t, txtar.Parse(fmt.Appendf(nil, "-- nodes --\n%s\n-- settings --\n%s\n", nodes, settings)))
			seen := ""
			for _, line := range tableLines(script) {
				left, want, _ := strings.Cut(line, "->")
				got, _, _ := strings.Cut(s.do(strings.TrimSpace(strings.ReplaceAll(left, "%", seen))), " ")
				if seen == "" && strings.HasPrefix(got, "node") {
					seen = got
				}
				switch want = strings.TrimSpace(want); {
				case want == "%" && got != seen, want == "not %" && (got == seen || !strings.HasPrefix(got, "node")):
					t.Errorf("%s: got %s, %% is %s\n%s", line, got, seen, s.table())
				}
			}
		})
	}
}

// The hash algorithms answered 500 to keys of a node that was shut down
// gracefully.
func TestOldFaultDrainingOwner(t *testing.T) {
	playEverywhere(t, "node1\nnode2\nnode3", `
sip from.user=alice call=c1 -> %
disabled %
sip from.user=alice call=c2 -> %
http appsession=alice -> %
sip within call=c1 hint=% -> %
sip call=c3 -> not %
sip from.user=bob call=c4 -> not %
http appsession=carol -> not %`)
}

// Whatever algorithm: what belonged to a node that is not there any more is
// served. The user based one threw an exception.
func TestOldFaultVanishedNode(t *testing.T) {
	for _, settings := range everyPlacement {
		s := newStage(t, txtar.Parse(fmt.Appendf(nil, "-- nodes --\nnode1\nnode2\nnode3\n-- settings --\n%s\n", settings)))
		where, _, _ := strings.Cut(s.do("sip from.user=alice call=c1"), " ")
		var left cluster.Spec
		for i, name := range []string{"node1", "node2", "node3"} {
			if name != where {
				n, _ := node(t, i, name)
				left.Nodes = append(left.Nodes, n)
			}
		}
		left.Pools = []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}
		if err := s.registry.Apply(left); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"sip from.user=alice call=c2", "http appsession=alice", "sip within call=c1 hint=" + where, "http cookie=A." + where} {
			if got := s.do(line); !strings.HasPrefix(got, "node") || strings.HasPrefix(got, where) {
				t.Errorf("%s: %s vanished, %s -> %s", settings, where, line, got)
			}
		}
	}
}

// A node in no subcluster ended in an exception when it failed.
func TestOldFaultUngroupedNode(t *testing.T) {
	playEverywhere(t, "node1\nnode2\nnode3\nnode4 domain=a\nnode5 domain=a", `
sip from.user=alice call=c1 -> %
stopped %
sip within call=c1 hint=% -> not %
sip from.user=alice call=c2 -> not %
http appsession=alice -> not %`)
}

// javaHash is what the old hash algorithms took the absolute value of: of the
// least number there is none, and the index became negative.
func javaHash(s string) int32 {
	h := int32(0)
	for _, c := range []byte(s) {
		h = 31*h + int32(c)
	}
	return h
}

func TestOldFaultMinIntHash(t *testing.T) {
	const least = "polygenelubricants"
	if javaHash(least) != -1<<31 {
		t.Fatalf("the hash is %d", javaHash(least))
	}
	for _, algorithm := range []string{"hash", "pure-hash"} {
		a, b := newSite(t, algorithm, []string{"n1", "n2", "n3"}), newSite(t, algorithm, []string{"n3", "n2", "n1"})
		if x, y := a.sip(least), b.http(least); x != y {
			t.Errorf("%s: %s and %s", algorithm, x, y)
		}
	}
}

// A message without the header, or with an empty user, was answered 500.
func TestOldFaultMissingHeader(t *testing.T) {
	for _, settings := range everyPlacement {
		s := newStage(t, txtar.Parse(fmt.Appendf(nil, "-- nodes --\nnode1\nnode2\n-- settings --\n%s\n", settings)))
		for _, keys := range [][]appsession.Key{nil, {{Space: appsession.App}}, {{Space: appsession.Call}}} {
			for _, service := range cluster.Services() {
				v := s.registry.View()
				a := gateway.Ask{Wants: service, View: v, Pool: v.Pool("default")}
				for _, k := range keys {
					a.Add(k, gateway.SourceFromUser)
				}
				if _, err := s.router.Route(t.Context(), &a); err != nil {
					t.Errorf("%s: %v: %v", settings, keys, err)
				}
			}
		}
	}
}
