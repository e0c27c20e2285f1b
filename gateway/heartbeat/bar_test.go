package heartbeat_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/heartbeat"
)

var here = netip.MustParseAddr("10.0.0.1")

func roster(t *testing.T) (*heartbeat.Roster, *[]heartbeat.Event) {
	t.Helper()
	var told []heartbeat.Event
	r := &heartbeat.Roster{Registry: &cluster.Registry{}, Tell: func(e heartbeat.Event) { told = append(told, e) }}
	err := r.Registry.Apply(cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}})
	if err != nil {
		t.Fatal(err)
	}
	r.Apply(heartbeat.Settings{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, Timeout: 5 * time.Second})
	return r, &told
}

func node(session string) heartbeat.Announcement {
	return heartbeat.Announcement{By: "rmi", Session: session, IP: here, Ports: heartbeat.Ports{UDP: 5080, HTTP: 8080}, Route: "node1"}
}

// names lists the nodes of the cluster.
func names(r *heartbeat.Roster) (all []string) {
	for _, n := range r.Registry.View().Nodes {
		all = append(all, n.Name)
	}
	return all
}

// A node that an operator removed stays away while its process goes on to
// announce itself, and hears nothing of it; another process is taken at once.
func TestBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := roster(t)
		must(t, r.Ping(here, node("1")))
		must(t, r.Bar("node1"))
		for range 4 {
			time.Sleep(4 * time.Second)
			must(t, r.Ping(here, node("1")))
			must(t, r.Beat(here, "1"))
			if got := names(r); len(got) > 0 {
				t.Fatalf("the removed node is back: %v", got)
			}
		}
		must(t, r.Ping(here, node("2")))
		if got := names(r); !slices.Equal(got, []string{"node1"}) {
			t.Fatalf("after a restart of the node: %v", got)
		}
		if err := r.Bar("node2"); !errors.Is(err, heartbeat.ErrUnknown) {
			t.Errorf("an unknown node: %v", err)
		}
	})
}

// Without a session a process is known by its place alone, and by its silence.
func TestBarEndsWithSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := roster(t)
		must(t, r.Ping(here, node("")))
		must(t, r.Bar("node1"))
		time.Sleep(5 * time.Second)
		must(t, r.Ping(here, node("")))
		if got := names(r); len(got) > 0 {
			t.Fatalf("the removed node is back: %v", got)
		}
		time.Sleep(5*time.Second + time.Millisecond)
		must(t, r.Ping(here, node("")))
		if got := names(r); len(got) != 1 {
			t.Fatalf("after it was silent: %v", got)
		}
		must(t, r.Ping(here, node("3")))
		must(t, r.Bar("node1"))
		must(t, r.Leave(here, "3"))
		if err := r.Beat(here, "3"); !errors.Is(err, heartbeat.ErrUnknown) {
			t.Errorf("who left is known still: %v", err)
		}
	})
}

// A domain is what stands before the dot of a jvmRoute; an address that has to do for a name has dots and no domain.
func TestDomainOfAnnouncedNodes(t *testing.T) {
	r, _ := roster(t)
	dotted, nameless := node("1"), node("2")
	dotted.Route, nameless.Route, nameless.IP = "west.node1", "", netip.MustParseAddr("10.0.0.2")
	must(t, r.Ping(here, dotted))
	must(t, r.Ping(nameless.IP, nameless))
	p := r.Registry.View().Pool("default")
	for name, want := range map[string]string{"west.node1": "west", "10.0.0.2-5080": ""} {
		if m := p.Member(name); m == nil || m.Domain != want || m.Route != name {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, told := roster(t)
		stranger := netip.MustParseAddr("192.0.2.1")
		must(t, r.Ping(here, node("1")))
		for range 3 {
			if r.Allowed(stranger) {
				t.Fatal("a stranger is allowed")
			}
		}
		second := node("9")
		second.IP = netip.MustParseAddr("10.0.0.9")
		if err := r.Ping(second.IP, second); !errors.Is(err, heartbeat.ErrTaken) {
			t.Fatalf("the name of a live node: %v", err)
		}
		renamed := node("1")
		renamed.Route = "node7"
		must(t, r.Ping(here, renamed))
		want := []heartbeat.Event{{What: heartbeat.Registered, Node: "node1", From: here}, {What: heartbeat.Refused, From: stranger, Text: "the address is not allowed"},
			{What: heartbeat.Refused, Node: "node1", From: second.IP, Text: "a second node wants the name of another"}, {What: heartbeat.Renamed, Node: "node7", From: here, Text: "node1"}}
		if !slices.Equal(*told, want) {
			t.Errorf("told\n%+v, want\n%+v", *told, want)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
