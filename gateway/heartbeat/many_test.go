package heartbeat

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
)

// many are as many nodes as may register, half of them with a route, all of
// them registered.
func many(t testing.TB) (*Roster, []Announcement) {
	t.Helper()
	r := &Roster{Registry: &cluster.Registry{}}
	if err := r.Registry.Apply(cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true,
		Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}); err != nil {
		t.Fatal(err)
	}
	r.Apply(Settings{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Timeout: time.Hour})
	all := make([]Announcement, MaxNodes)
	for i := range all {
		a := Announcement{By: "rmi", Session: fmt.Sprint(i), HostName: "node", IP: netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), Ports: Ports{UDP: 5080, TCP: 5080, HTTP: 8080}}
		if i%2 == 0 {
			a.Route = fmt.Sprintf("node%d", i)
		}
		if err := r.Ping(a.IP, a); err != nil {
			t.Fatal(err)
		}
		all[i] = a
	}
	return r, all
}

// Nodes that go on saying what is known change nothing that traffic looks at,
// whatever they report of their load.
func TestPingsWithoutNewsMakeNoView(t *testing.T) {
	r, all := many(t)
	before := r.Registry.View()
	for _, load := range []int{10, 20} {
		for i := range all {
			all[i].Load = &cluster.Reported{Weight: 1, Load: load, Free: -1}
			if err := r.Ping(all[i].IP, all[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r.Registry.View() != before {
		t.Error("there is another view")
	}
	if n := r.Nodes(); len(n) != MaxNodes || n[0].Beats != 3 {
		t.Errorf("%d nodes, %d beats", len(n), n[0].Beats)
	}
	all[0].Draining = true
	if err := r.Ping(all[0].IP, all[0]); err != nil || r.Registry.View() == before {
		t.Errorf("news make no view: %v", err)
	}
}

func BenchmarkPing(b *testing.B) {
	r, all := many(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a := all[i%len(all)]
		if err := r.Ping(a.IP, a); err != nil {
			b.Fatal(err)
		}
	}
}

// A node that restarts is news to the cluster.
func BenchmarkRestart(b *testing.B) {
	r, all := many(b)
	for i := 0; b.Loop(); i++ {
		a := all[i%len(all)]
		a.Session = fmt.Sprint(len(all) + i)
		if err := r.Ping(a.IP, a); err != nil {
			b.Fatal(err)
		}
	}
}

// A node that speaks with two gateways begins a session with each, and goes on
// with the later one at both, until it was told three times that it is not
// known: it is there all the time. For good that does not go on.
func TestSessionsOfTwoGatewaysAreMixedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		s.kill("10.0.0.1-5080", true)
		s.ping(announced(1, "100"), nil)
		for range 4 { // 20 seconds
			time.Sleep(5 * time.Second)
			if err := s.Beat(ip("10.0.0.1"), "101"); err != ErrUnknown {
				t.Errorf("a session of another gateway: %v", err)
			}
			if err := s.Beat(ip("10.0.0.2"), "101"); err != ErrUnknown {
				t.Errorf("from elsewhere: %v", err)
			}
			s.want("10.0.0.1-5080")
		}
		for range 8 {
			time.Sleep(5 * time.Second)
			_ = s.Beat(ip("10.0.0.1"), "101")
		}
		s.want("")
	})
}
