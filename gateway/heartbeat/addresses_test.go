package heartbeat

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
)

// A process that listens on all addresses announces each of them. Restarted, it is a new
// incarnation on all of them at once: what its old process said does not stand in its way.
func TestProcessWithSeveralAddressesIsRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		process := func(session string, places ...byte) {
			t.Helper()
			for _, n := range places {
				s.pingFrom(ip("10.0.0.1"), routed(n, session, "node1"), nil)
			}
		}
		process("100", 1, 2, 3)
		s.want("node1")
		was := s.node("node1").Gen
		time.Sleep(time.Second)
		process("200", 1, 2, 3)
		s.want("node1")
		if n := s.node("node1"); n.Gen == was || len(n.Addrs(cluster.SIP)) != 6 || len(s.Nodes()) != 3 {
			t.Errorf("incarnation %d, was %d, at %v", n.Gen, was, n.Addrs(cluster.SIP))
		}
		process("300", 2) // the others went with their interfaces
		if n := s.node("node1"); len(n.Addrs(cluster.SIP)) != 2 || len(s.Nodes()) != 1 {
			t.Errorf("at %v", n.Addrs(cluster.SIP))
		}
		if s.said.count("refused") != 0 {
			t.Error("something was refused")
		}
		s.pingFrom(ip("10.0.0.1"), routed(4, "400", "node1"), ErrTaken) // not where it was: another node
		s.pingFrom(ip("10.0.0.9"), routed(2, "400", "node1"), ErrTaken)
		s.want("node1")
	})
}

// Nodes of the 1.6 line have no session: a process is known by where it speaks from.
func TestProcessWithSeveralAddressesAndNoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.stop()
		for range 3 {
			s.pingFrom(ip("10.0.0.1"), routed(1, "", "node1"), nil)
			s.pingFrom(ip("10.0.0.1"), routed(2, "", "node1"), nil)
			time.Sleep(time.Second)
		}
		s.want("node1")
		if n := s.node("node1"); len(n.Addrs(cluster.SIP)) != 4 {
			t.Errorf("at %v", n.Addrs(cluster.SIP))
		}
		s.pingFrom(ip("10.0.0.3"), routed(3, "", "node1"), ErrTaken)
		other := routed(1, "", "node1") // a second process of that machine
		other.Ports = Ports{UDP: 5090}
		s.pingFrom(ip("10.0.0.1"), other, ErrTaken)
		s.pingFrom(ip("10.0.0.1"), routed(1, "100", "node1"), nil) // upgraded to one that has
		if n := s.node("node1"); len(n.Addrs(cluster.SIP)) != 2 || n.Gen == 0 {
			t.Errorf("at %v", n.Addrs(cluster.SIP))
		}
	})
}

// The address that a node speaks from can be reached from here. That of a bridge on its machine,
// which others have as well, cannot, though it may be the lower one.
func TestAProcessIsSentToWhereItSpeaksFrom(t *testing.T) {
	s := begin(t)
	set := usual
	set.Domains = map[netip.Addr]string{ip("10.0.0.9"): "east"}
	s.Apply(set)
	for _, n := range []byte{5, 2, 9} {
		s.pingFrom(ip("10.0.0.5"), routed(n, "100", "node1"), nil)
	}
	if at := s.node("node1").Addr(cluster.SIP).Addr.Addr(); at != ip("10.0.0.5") {
		t.Errorf("it is sent to at %s", at)
	}
	if d := s.Registry.View().Pool("p").Member("node1").Domain; d != "east" {
		t.Errorf("domain %q: one of its addresses has one", d)
	}
}

// Who has an address that counts is not told of each minute for another that does not.
func TestOneMoreAddressThatIsNotAllowed(t *testing.T) {
	s := begin(t)
	bridge := func(session, route string) Announcement {
		a := routed(0, session, route)
		a.IP = ip("172.17.0.1")
		return a
	}
	s.pingFrom(ip("10.0.0.1"), routed(1, "100", "node1"), nil)
	s.pingFrom(ip("10.0.0.2"), announced(2, "200"), nil)
	s.pingFrom(ip("10.0.0.1"), bridge("100", "node1"), ErrRefused)
	s.pingFrom(ip("10.0.0.2"), bridge("200", ""), ErrRefused)
	if s.said.count("refused") != 0 {
		t.Error("it was told")
	}
	s.pingFrom(ip("10.0.0.3"), bridge("300", "node1"), ErrRefused) // all that this one has
	if s.said.count("the address is not allowed") != 1 {
		t.Error("it was not told")
	}
}

// A process may announce itself by two protocols of which one knows no sessions: it is no other
// process each time.
func TestTwoProtocolsOfWhichOneHasNoSession(t *testing.T) {
	s := begin(t)
	byRMI, bySIP := routed(1, "100", "node1"), routed(1, "", "node1")
	byRMI.By, bySIP.By = "rmi", "sip"
	other := byRMI
	other.IP = ip("10.0.0.2")
	s.ping(byRMI, nil)
	s.pingFrom(byRMI.IP, other, nil)
	gen := s.node("node1").Gen
	for range 3 {
		s.ping(bySIP, nil)
		s.ping(byRMI, nil)
	}
	if n := s.node("node1"); n.Gen != gen || len(n.Addrs(cluster.SIP)) != 4 || s.said.count("node registered") != 2 {
		t.Errorf("incarnation %d, was %d, at %v", n.Gen, gen, n.Addrs(cluster.SIP))
	}
	byRMI.Session = "200"
	s.ping(byRMI, nil)
	if s.node("node1").Gen == gen {
		t.Error("it was restarted")
	}
}
