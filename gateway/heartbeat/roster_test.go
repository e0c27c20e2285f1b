package heartbeat

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
)

func TestUpsert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		a := routed(1, "100", "node1")
		a.Weight, a.Version, a.Instance, a.Capacity = 3, 2, "IDx", map[string]int{"vm": 5}
		a.Load = &cluster.Reported{Weight: 3, Load: 40, Free: -1}
		for range 3 {
			s.ping(a, nil)
			time.Sleep(time.Second)
		}
		s.want("node1")
		n, m := s.node("node1"), s.Registry.View().Pool("p").Member("node1")
		if n.Addr(cluster.HTTP).Addr.String() != "10.0.0.1:8080" || len(n.Addrs(cluster.SIP)) != 2 || n.Addr(cluster.SIP).Scheme != "udp" ||
			n.Route != "node1" || n.Version != 2 || n.Gen == 0 || m.Weight != 3 || s.Registry.View().Instance("IDx") != n {
			t.Errorf("%+v", n)
		}
		if most, _ := m.Capacity.Max("vm"); most != 5 {
			t.Errorf("capacity %d", most)
		}
		if x, ok := n.Reported(time.Now(), time.Minute); !ok || x.Load != 40 {
			t.Errorf("reported %+v", x)
		}
		e := s.Nodes()
		if len(e) != 1 || e[0].Name != "node1" || e[0].Session != "" || e[0].Gen != n.Gen || e[0].Beats != 3 || e[0].By != "json" || e[0].Last.Sub(e[0].First) != 2*time.Second {
			t.Errorf("%+v", e)
		}
		a.Weight = 4
		s.ping(a, nil)
		if s.Registry.View().Pool("p").Member("node1").Weight != 4 || s.node("node1").Load() != n.Load() {
			t.Error("a new weight is not taken, or makes another node")
		}
		a.Health = "down"
		s.ping(a, nil)
		if s.Registry.View().Pool("p").Member("node1").Usable(cluster.SIP) {
			t.Error("it says that it is down, and is used")
		}
	})
}

func TestRestartWithinTheTimeoutKeepsItListedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		s.ping(routed(2, "1", "node2"), nil)
		s.ping(routed(1, "100", "node1"), nil)
		was := s.node("node1")
		time.Sleep(time.Second)
		s.kill("node1", true)
		s.Registry.Report(was, cluster.SIP, cluster.Refused)
		time.Sleep(2 * time.Second)
		if was.Health(cluster.SIP) != cluster.Down {
			t.Fatalf("it is %s", was.Health(cluster.SIP))
		}
		s.kill("node1", false)
		again := routed(1, "200", "node1")
		s.ping(again, nil)
		s.want("node1 node2")
		now := s.node("node1")
		if now.Gen == was.Gen || now.Health(cluster.SIP) == cluster.Down || len(s.Nodes()) != 2 {
			t.Error("it is not a new incarnation")
		}
		s.ping(routed(2, "1", "node2"), nil)
		for range 10 { // nothing of the old record takes the new one away
			s.beats(again, 3*time.Second)
			s.ping(routed(2, "1", "node2"), nil)
			s.want("node1 node2")
		}
		if err := s.Beat(ip("10.0.0.1"), "100"); err != ErrUnknown {
			t.Errorf("the old session lives: %v", err)
		}
		if s.moved() != "" {
			t.Errorf("moved %s", s.moved())
		}
	})
}

// A process that comes back with other ports is where it was if one of them is
// the same: no two processes can have it.
func TestRestartWithOtherPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		a := routed(1, "100", "node1")
		s.ping(a, nil)
		a.Session, a.Ports.HTTP = "200", 9090
		s.ping(a, nil)
		s.want("node1")
		if p := s.node("node1").Addr(cluster.HTTP).Addr.Port(); p != 9090 || len(s.Nodes()) != 1 {
			t.Errorf("port %d", p)
		}
		b := announced(1, "300") // another process of that machine
		b.Ports = Ports{UDP: 5090, HTTP: 9191}
		s.ping(b, nil)
		s.want("10.0.0.1-5090 node1")
	})
}

func TestSilenceIsProbedOnceAndThenBorneOnceMore(t *testing.T) {
	for _, tt := range []struct {
		name  string
		dead  bool
		gone  time.Duration // removed by then
		still time.Duration // not before
	}{
		{"no answer", true, 6500 * time.Millisecond, 5 * time.Second},
		{"it answers", false, 11 * time.Second, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(t)
				defer s.stop()
				s.ping(announced(1, "100"), nil)
				time.Sleep(time.Second)
				synctest.Wait()
				alive := announced(2, "2")
				alive.Ports = Ports{UDP: 1}
				defer s.alive(alive)()
				first := s.probed("10.0.0.1-5080") // the probe at first
				s.kill("10.0.0.1-5080", tt.dead)
				time.Sleep(tt.still - time.Second)
				s.want("10.0.0.1-5080 10.0.0.2-1")
				time.Sleep(tt.gone - tt.still)
				s.want("10.0.0.2-1")
				if n := s.probed("10.0.0.1-5080") - first; n != 1 || first != 1 {
					t.Errorf("probed %d and %d times", first, n)
				}
				if err := s.Beat(ip("10.0.0.1"), "100"); err != ErrUnknown {
					t.Errorf("a departed session: %v", err)
				}
				s.ping(announced(1, "100"), nil) // it was alive, and only not heard
				s.want("10.0.0.1-5080 10.0.0.2-1")
			})
		})
	}
}

// A node that announced itself before its ports were open, or that was down, is
// used as soon as it can be: its heartbeats ask for probes.
func TestHeartbeatsOfANodeThatIsDown(t *testing.T) {
	for _, by := range []string{"ping", "beat"} {
		synctest.Test(t, func(t *testing.T) {
			s := play(t)
			defer s.stop()
			a := announced(1, "100")
			s.kill("10.0.0.1-5080", true)
			s.ping(a, nil)
			time.Sleep(4 * time.Second)
			n := s.node("10.0.0.1-5080")
			if n.Health(cluster.SIP) != cluster.Down {
				t.Fatalf("it is %s", n.Health(cluster.SIP))
			}
			s.kill("10.0.0.1-5080", false)
			if by == "ping" {
				s.ping(a, nil)
			} else if err := s.Beat(a.IP, "100"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if n.Health(cluster.SIP) == cluster.Down {
				t.Errorf("after a %s it is %s", by, n.Health(cluster.SIP))
			}
		})
	}
}

func TestTimeoutAndSweepAreSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		set := usual
		set.Sweep = time.Hour
		s.Apply(set)
		synctest.Wait()
		set.Timeout, set.Sweep = time.Minute, 5*time.Second
		s.ping(announced(1, "100"), nil)
		s.kill("10.0.0.1-5080", true)
		s.Apply(set)
		time.Sleep(59 * time.Second)
		s.want("10.0.0.1-5080")
		time.Sleep(8 * time.Second)
		s.want("")
	})
}

func TestTrafficIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		s.ping(announced(1, "100"), nil)
		n := s.node("10.0.0.1-5080")
		for range 30 {
			time.Sleep(time.Second)
			s.Registry.Saw(n)
		}
		s.want("10.0.0.1-5080")
		if n := s.probed("10.0.0.1-5080"); n != 1 {
			t.Errorf("probed %d times", n)
		}
		if e := s.Nodes()[0]; time.Since(e.Last) > time.Second || e.Beats != 1 {
			t.Errorf("last %v, %d beats", e.Last, e.Beats)
		}
		time.Sleep(12 * time.Second)
		s.want("")
	})
}

func TestDrainingDoesNotExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		a := announced(1, "100")
		s.ping(a, nil)
		s.ping(announced(2, "1"), nil)
		if err := s.Drain(a.IP, "100"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.kill("10.0.0.1-5080", true) // nothing but heartbeats
		s.beats(a, 30*time.Second)
		s.want("10.0.0.1-5080")
		m := s.Registry.View().Pool("p").Member("10.0.0.1-5080")
		if m.Activation != cluster.Disabled || !m.Usable(cluster.SIP) || !s.Nodes()[0].Draining {
			t.Errorf("it is %s", m.Activation)
		}
		s.ping(a, nil)
		if !s.Nodes()[0].Draining {
			t.Error("a repeated start takes it back")
		}
		a.Draining = true
		s.ping(a, nil)
		if m = s.Registry.View().Pool("p").Member("10.0.0.1-5080"); m.Activation != cluster.Disabled {
			t.Errorf("it is %s", m.Activation)
		}
		a.Session, a.Draining = "200", false
		s.ping(a, nil)
		if m = s.Registry.View().Pool("p").Member("10.0.0.1-5080"); m.Activation != cluster.Active {
			t.Errorf("after a restart it is %s", m.Activation)
		}
		if err := s.Leave(a.IP, "200"); err != nil {
			t.Fatal(err)
		}
		s.want("")
	})
}

func TestDrainingByProperty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		a := announced(1, "100")
		a.Draining = true
		for range 30 {
			s.ping(a, nil)
			time.Sleep(time.Second)
		}
		if m := s.Registry.View().Pool("p").Member("10.0.0.1-5080"); m == nil || m.Activation != cluster.Disabled {
			t.Error("it is gone, or gets new work")
		}
		a.Session = ""
		if err := s.Remove(a.IP, a); err != nil {
			t.Error(err)
		}
		s.want("")
		if err := s.Remove(a.IP, a); err != ErrUnknown {
			t.Errorf("removed twice: %v", err)
		}
	})
}

func TestSecondAddressForALiveName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		a := routed(1, "100", "node1")
		s.ping(a, nil)
		for range 20 {
			s.ping(routed(2, "200", "node1"), ErrTaken)
		}
		s.pingFrom(ip("10.0.0.2"), routed(2, "100", "node1"), ErrTaken) // who knows the session, from elsewhere
		s.want("node1")
		if s.said.count("a second node wants the name of another") != 1 {
			t.Errorf("alarmed %d times", s.said.count("a second node"))
		}
		if got := s.node("node1").Addr(cluster.SIP).Addr.Addr(); got != a.IP {
			t.Errorf("it is at %s", got)
		}
		time.Sleep(12 * time.Second) // the first died
		s.ping(routed(2, "200", "node1"), nil)
		s.want("node1")
	})
}

func TestSomebodyElseSpeaksForANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		a := announced(1, "100")
		s.ping(a, nil)
		evil := ip("10.0.0.66")
		s.pingFrom(evil, announced(1, "666"), ErrTaken)
		for what, err := range map[string]error{"beat": s.Beat(evil, "100"), "drain": s.Drain(evil, "100"), "leave": s.Leave(evil, "100"), "remove": s.Remove(evil, a)} {
			if err != ErrTaken {
				t.Errorf("%s: %v", what, err)
			}
		}
		if m := s.Registry.View().Pool("p").Member("10.0.0.1-5080"); m.Activation != cluster.Active || len(s.Nodes()) != 1 {
			t.Error("it worked")
		}
		if s.said.count("somebody else") != 2 {
			t.Errorf("alarmed %d times", s.said.count("somebody else"))
		}
		s.pingFrom(ip("10.0.0.7"), announced(3, "1"), nil) // behind an address of its own: that one speaks for it from now on
		if err := cmp.Or(s.Beat(ip("10.0.0.7"), "1"), s.Leave(ip("10.0.0.3"), "1")); err != nil {
			t.Error(err)
		}
	})
}

func TestWhoMayRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		outside := ip("192.168.7.7")
		s.pingFrom(outside, announced(1, "1"), ErrRefused)
		for what, err := range map[string]error{"beat": s.Beat(outside, "1"), "leave": s.Leave(outside, "1"), "switchover": s.Switchover(t.Context(), outside, "a", "b")} {
			if err != ErrRefused {
				t.Errorf("%s: %v", what, err)
			}
		}
		if s.Allowed(outside) || !s.Allowed(ip("::ffff:10.0.0.9")) {
			t.Error("allowed")
		}
		if s.said.count(`- 192.168.7.7/32`) != 1 {
			t.Error("the line to add is not told once")
		}
		elsewhere := announced(1, "1")
		elsewhere.IP = ip("169.254.169.254")
		s.pingFrom(ip("10.0.0.1"), elsewhere, ErrRefused)
		s.want("")
		s.ping(announced(1, "1"), nil)
		s.Apply(Settings{})
		s.want("")
		s.ping(announced(1, "1"), ErrRefused)
	})
}

func TestUsableIsAsked(t *testing.T) {
	s := begin(t)
	set := usual
	set.Usable = func(n *cluster.NodeSpec) error {
		if len(n.HTTP) == 0 {
			return fmt.Errorf("node %s serves no HTTP", n.Name)
		}
		return nil
	}
	s.Apply(set)
	a := announced(1, "1")
	a.Ports.HTTP = 0
	if err := s.Ping(a.IP, a); err == nil || !strings.Contains(err.Error(), "serves no HTTP") {
		t.Error(err)
	}
	s.ping(announced(2, "1"), nil)
}

// The TLS port of a node is an address of it, behind the others, where TLS is spoken with nodes; elsewhere it is not there.
func TestTLSPort(t *testing.T) {
	s := begin(t)
	sip := func(a Announcement) (all []string) {
		for _, at := range s.Registry.View().Named(a.Route).Addrs(cluster.SIP) {
			all = append(all, at.Scheme+"://"+at.Addr.String())
		}
		return all
	}
	both, only := announced(1, "1"), announced(2, "1")
	both.Route, both.Ports = "both", Ports{UDP: 5080, TLS: 5081}
	only.Route, only.Ports = "only", Ports{TLS: 5081}
	s.ping(both, nil)
	s.ping(only, errOnlyTLS)
	if got := sip(both); !slices.Equal(got, []string{"udp://10.0.0.1:5080"}) {
		t.Errorf("without TLS: %q", got)
	}
	set := usual
	set.TLS = true
	s.Apply(set)
	s.ping(only, nil)
	if got := append(sip(both), sip(only)...); !slices.Equal(got, []string{"udp://10.0.0.1:5080", "tls://10.0.0.1:5081", "tls://10.0.0.2:5081"}) {
		t.Errorf("with TLS: %q", got)
	}
	only.Route = ""
	if got := only.name(); got != "10.0.0.2-5081" {
		t.Errorf("its name is %s", got)
	}
	s.Apply(usual)
	if s.Registry.View().Named("only") != nil {
		t.Error("a node stays that cannot be used any more")
	}
}

func TestBoundOfNodes(t *testing.T) {
	s := begin(t)
	for i := range MaxNodes {
		a := announced(1, fmt.Sprint(i))
		a.Ports = Ports{UDP: 10000 + i}
		s.ping(a, nil)
	}
	s.ping(announced(2, "x"), ErrFull)
	a := announced(1, "another")
	a.Ports = Ports{UDP: 10007}
	s.ping(a, nil) // a restart needs no room
	if n := len(s.Registry.View().Nodes); n != MaxNodes {
		t.Errorf("%d nodes", n)
	}
}

func TestAnotherRouteRenamesAndMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		s.ping(announced(1, "100"), nil)
		s.want("10.0.0.1-5080")
		s.ping(routed(1, "100", "node1"), nil)
		time.Sleep(time.Second)
		s.want("node1")
		s.ping(routed(1, "100", "nodeA"), nil)
		s.ping(routed(1, "100", "nodeB"), nil) // before the first was swept
		time.Sleep(time.Second)
		s.want("nodeB")
		s.ping(routed(1, "200", "nodeC"), nil)
		s.ping(routed(1, "200", "nodeB"), nil) // there and back
		time.Sleep(time.Second)
		s.want("nodeB")
		s.mu.Lock()
		s.fails = true
		s.mu.Unlock()
		s.ping(routed(1, "200", "no good!"), nil) // not a route: as if there were none
		time.Sleep(time.Second)
		if got, want := s.moved(), "10.0.0.1-5080>node1 node1>nodeB nodeB>10.0.0.1-5080"; got != want {
			t.Errorf("moved %s, want %s", got, want)
		}
		if s.said.count("did not follow") != 1 {
			t.Error("nobody was told that it failed")
		}
	})
}

func TestConfiguredNodeHeartBeatsToo(t *testing.T) {
	static := cluster.NodeSpec{Name: "node1", HTTP: []cluster.Address{{Scheme: "http", Addr: netip.MustParseAddrPort("10.0.0.1:8080")}},
		SIP: []cluster.Address{{Scheme: "udp", Addr: netip.MustParseAddrPort("10.0.0.1:5080")}}}
	synctest.Test(t, func(t *testing.T) {
		s := play(t, static)
		defer s.stop()
		a := routed(1, "100", "node1")
		a.Weight, a.Load = 9, &cluster.Reported{Load: 70, Free: -1}
		s.ping(a, nil)
		b := routed(1, "100", "otherName")
		b.Load = &cluster.Reported{Load: 71, Free: -1}
		s.ping(b, nil)
		s.want("node1")
		n := s.node("node1")
		if n.Announced || n.Gen != 0 || s.Registry.View().Pool("p").Member("node1").Weight != 1 {
			t.Error("the announcement won")
		}
		if x, ok := n.Reported(time.Now(), time.Minute); !ok || x.Load != 71 {
			t.Errorf("its load is not taken: %+v", x)
		}
		if e := s.Nodes(); len(e) != 1 || !e[0].Configured || e[0].Name != "node1" {
			t.Errorf("%+v", e)
		}
		s.ping(routed(2, "1", "node1"), ErrTaken)
		time.Sleep(30 * time.Second)
		s.want("node1")
		if len(s.Nodes()) != 0 {
			t.Error("the silent record stays")
		}
	})
}

// A configured node that asks for nothing new gets nothing new, for as long as it asks.
func TestConfiguredNodeDrains(t *testing.T) {
	static := cluster.NodeSpec{Name: "node1", SIP: []cluster.Address{{Scheme: "udp", Addr: netip.MustParseAddrPort("10.0.0.1:5080")}}}
	synctest.Test(t, func(t *testing.T) {
		s := play(t, static)
		defer s.stop()
		want := func(why string, drains bool) {
			t.Helper()
			synctest.Wait()
			m := s.Registry.View().Pool("p").Member("node1")
			if m.Node.Draining != drains || (m.Activation == cluster.Disabled) != drains || m.Announced {
				t.Errorf("%s: draining %t, %s", why, m.Node.Draining, m.Activation)
			}
		}
		drain := func(session string) {
			t.Helper()
			if err := s.Drain(ip("10.0.0.1"), session); err != nil {
				t.Fatal(err)
			}
		}
		a := routed(1, "100", "node1")
		a.Draining = true
		s.ping(a, nil)
		want("GRACEFUL_SHUTDOWN", true)
		a.Draining = false
		s.ping(a, nil)
		want("it says otherwise", false)
		drain("100")
		want("shutdown", true)
		s.beats(a, 20*time.Second)
		want("it goes on to be heard", true)
		s.ping(routed(1, "200", "node1"), nil)
		want("another process", false)
		drain("200")
		want("that shuts down, too", true)
		time.Sleep(30 * time.Second)
		want("its heartbeats have ended", false)
		s.want("node1")
	})
}

func TestProcessWithSeveralAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		set := usual
		set.Domains = map[netip.Addr]string{ip("10.0.0.1"): "east"}
		s.Apply(set)
		one, two := routed(2, "100", "node1"), routed(1, "100", "node1")
		both := func() {
			s.pingFrom(one.IP, one, nil)
			s.pingFrom(one.IP, two, nil)
		}
		both()
		s.want("node1")
		n := s.node("node1")
		if len(n.Addrs(cluster.SIP)) != 4 || n.Addr(cluster.SIP).Addr.Addr() != one.IP || len(s.Nodes()) != 2 ||
			s.Registry.View().Pool("p").Member("node1").Domain != "east" {
			t.Errorf("%+v", n.Addrs(cluster.SIP))
		}
		for range 10 {
			time.Sleep(time.Second)
			both()
			s.Registry.Saw(n)
		}
		for range 10 {
			time.Sleep(time.Second)
			s.pingFrom(one.IP, one, nil)
			s.Registry.Saw(n)
		}
		if n = s.node("node1"); len(n.Addrs(cluster.SIP)) != 2 || n.Addr(cluster.SIP).Addr.Addr() != one.IP {
			t.Errorf("an address that it gave up is kept: %v", n.Addrs(cluster.SIP))
		}
		if err := s.Leave(one.IP, "100"); err != nil {
			t.Error(err)
		}
		s.want("")
	})
}

func TestSwitchover(t *testing.T) {
	s := begin(t)
	s.ping(routed(1, "100", "node1"), nil)
	s.ping(routed(2, "200", "node2"), nil)
	for from, want := range map[string]error{"10.0.0.1": nil, "10.0.0.2": nil, "10.0.0.3": ErrUnknown, "1.2.3.4": ErrRefused} {
		if err := s.Roster.Switchover(t.Context(), ip(from), "node1", "node2"); err != want {
			t.Errorf("from %s: %v", from, err)
		}
	}
	if s.moved() != "node1>node2 node1>node2" {
		t.Error(s.moved())
	}
}

// What a node is called depends on what it says alone, not on who spoke first.
func TestTwoRostersAgree(t *testing.T) {
	var all []Announcement
	for i := range byte(20) {
		a := announced(i, fmt.Sprint("s", i))
		switch i % 4 {
		case 0:
			a.Route = fmt.Sprint("node", i)
		case 1:
			a.Ports = Ports{TCP: 5070, HTTP: 8080}
		case 2:
			a.IP = netip.AddrFrom16([16]byte{0xfd, 15: i})
		}
		all = append(all, a)
	}
	one, other := begin(t), begin(t)
	for _, a := range all {
		one.ping(a, nil)
	}
	slices.Reverse(all)
	for _, a := range all {
		other.ping(a, nil)
		other.ping(a, nil)
	}
	if one.names() != other.names() || !strings.Contains(one.names(), "fd00--2-5080") || !strings.Contains(one.names(), "10.0.0.1-5070") {
		t.Errorf("%s\n%s", one.names(), other.names())
	}
	for i, n := range one.Registry.View().Nodes {
		if o := other.Registry.View().Nodes[i]; o.Name != n.Name || o.Gen != n.Gen || o.Route != n.Route {
			t.Errorf("%s and %s differ", n.Name, o.Name)
		}
	}
}
