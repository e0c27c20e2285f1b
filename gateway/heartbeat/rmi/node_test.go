package rmi

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/heartbeat"
)

const (
	node1 = "node ip=127.0.0.1 hostName=one udpPort=5080 tcpPort=5080 httpPort=8080 jvmRoute=node1 version=0 sessionId=1001"
	node2 = "node ip=127.0.0.1 hostName=two udpPort=5081 tcpPort=5081 httpPort=8081 jvmRoute=node2 version=0 sessionId=1002"
)

// TestLifeOfANode: it registers, heart-beats, drains, switches over and leaves, in either layout of SIPNode.
func TestLifeOfANode(t *testing.T) {
	for _, layout := range []string{"recent", "old"} {
		t.Run(layout, func(t *testing.T) {
			r := start(t, nil)
			j := startJVM(t, layout, r.at)
			j.Does(node1)
			j.Does("ping")
			if got := r.nodes(); got != "node1" {
				t.Fatalf("registered: %q", got)
			}
			e := r.roster.Nodes()[0]
			want := heartbeat.Ports{UDP: 5080, TCP: 5080, HTTP: 8080}
			if e.Ports != want || e.HostName != "one" || e.Route != "node1" || e.By != "rmi" || e.IP.String() != "127.0.0.1" || e.Gen == 0 {
				t.Errorf("registered as %+v", e)
			}
			j.Does("ping")
			j.Does("ping")
			if e := r.roster.Nodes()[0]; e.Beats != 3 {
				t.Errorf("%d heartbeats of 3", e.Beats)
			}
			j.Does("set GRACEFUL_SHUTDOWN=true")
			j.Does("ping")
			if got := r.nodes(); got != "node1(draining)" {
				t.Errorf("while it drains: %q", got)
			}
			j.Does("switchover node2 node1")
			if got := r.moves.all(); len(got) != 1 || got[0] != "node2>node1" {
				t.Errorf("switched over: %q", got)
			}
			j.Does("quit")
			if got := r.nodes(); got != "" {
				t.Errorf("after it left: %q", got)
			}
		})
	}
}

// TestRestartedNode: another life of a process at the same place takes over at once.
func TestRestartedNode(t *testing.T) {
	r := start(t, nil)
	j := startJVM(t, "recent", r.at)
	j.Does(node1)
	j.Does("ping")
	first := r.roster.Nodes()[0].Gen
	j.Kill()
	j = startJVM(t, "recent", r.at)
	j.Does(strings.Replace(node1, "1001", "2001", 1))
	if got := r.nodes(); got != "node1" {
		t.Errorf("between its lives: %q", got)
	}
	j.Does("ping")
	if all := r.roster.Nodes(); len(all) != 1 || all[0].Name != "node1" || all[0].Gen == first || all[0].Beats != 1 {
		t.Errorf("in its second life: %+v", all)
	}
}

// TestRegistryOfAJVM: nodes may look, and nothing else.
func TestRegistryOfAJVM(t *testing.T) {
	r := start(t, nil)
	j := startJVM(t, "recent", r.at)
	if got := j.Does("list"); got != "SIPBalancer" {
		t.Errorf("list: %q", got)
	}
	if got := j.Does("lookup SIPBalancer"); got != "org.mobicents.tools.sip.balancer.NodeRegisterRMIStub" && !strings.HasPrefix(got, "java.rmi.Remote") {
		t.Errorf("lookup: %q", got)
	}
	j.Fails("lookup Other", "java.rmi.NotBoundException", `"Other" is not here`)
	for _, words := range []string{"bind x", "rebind SIPBalancer", "unbind SIPBalancer"} {
		j.Fails(words, "java.rmi.AccessException", "nothing can be bound here")
	}
	if got := j.Does("list"); got != "SIPBalancer" {
		t.Errorf("list: %q", got)
	}
}

// TestTwoNodesKeepTheirConnections: however often nodes look the balancer up and call it.
func TestTwoNodesKeepTheirConnections(t *testing.T) {
	r := start(t, nil)
	a, b := startJVM(t, "recent", r.at), startJVM(t, "old", r.at)
	a.Does(node1)
	b.Does(node2)
	count := func() int { return len(r.lookups.heard()) + len(r.objects.heard()) }
	beat := func() {
		a.Does("ping")
		b.Does("ping")
	}
	beat()
	beat()
	before := count()
	for range 20 {
		beat()
	}
	if got := r.nodes(); got != "node1 node2" {
		t.Errorf("registered: %q", got)
	}
	// A JVM may open one more when its garbage collection speaks at the same time.
	if after := count(); before > 6 || after > before+2 {
		t.Errorf("%d connections after 2 heartbeats each, %d after 22", before, after)
	}
	for _, e := range r.roster.Nodes() {
		if e.Beats != 22 {
			t.Errorf("%s: %d heartbeats", e.Name, e.Beats)
		}
	}
}

// TestLeases: the garbage collection of a JVM renews its lease as often as it was told, and
// says so when it does not need the balancer any more. It is told half a second.
func TestLeases(t *testing.T) {
	r := start(t, func(s *Server) { s.Limits.Lease = 500 * time.Millisecond })
	j := startJVM(t, "recent", r.at)
	j.Does(node1)
	j.Does("hold")
	call := func(op uint32) []byte { // behind its object, which is the second of a JVM
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(make([]byte, uidSize), op), dgcHash)
	}
	r.objects.until(t, "a lease is renewed four times", func() bool { return r.objects.times(call(opDirty)) >= 5 })
	j.Does("held")
	if got := r.nodes(); got != "node1" {
		t.Errorf("registered: %q", got)
	}
	j.Does("release")
	r.objects.until(t, "the lease is given back", func() bool { return r.objects.times(call(opClean)) >= 1 })
	j.Does("ping")
}

// TestKeptReference: what a node keeps of the balancer goes on to be good after a restart of ours.
func TestKeptReference(t *testing.T) {
	var objects string
	r := start(t, func(s *Server) { objects = s.Objects.Addr().String() })
	j := startJVM(t, "recent", r.at)
	j.Does(node1)
	j.Does("hold")
	j.Does("held")
	r.stop()
	j.Fails("held")
	r = start(t, func(s *Server) {
		s.Objects.Close()
		l, err := net.Listen("tcp", objects)
		if err != nil {
			t.Fatal(err)
		}
		s.Objects = l
	})
	j.Does("held")
	if got := r.nodes(); got != "node1" {
		t.Errorf("registered: %q", got)
	}
}

// TestOnePort: registry and balancer may share one.
func TestOnePort(t *testing.T) {
	r := start(t, func(s *Server) {
		s.Objects.Close()
		s.Objects, s.Host = nil, "localhost"
	})
	j := startJVM(t, "recent", r.at)
	j.Does(node1)
	j.Does("ping")
	j.Does("quit")
}

// TestProcessWithTwoAddresses: a node that listens on all addresses announces each of them. It is
// one node, which has both, and leaves with both.
func TestProcessWithTwoAddresses(t *testing.T) {
	r := start(t, nil)
	j := startJVM(t, "recent", r.at)
	j.Does(node1)
	j.Does(strings.Replace(node1, "127.0.0.1", "127.0.0.2", 1))
	j.Does("ping")
	j.Does("ping")
	if got := r.nodes(); got != "node1 node1" {
		t.Errorf("registered: %q", got)
	}
	v := r.roster.Registry.View()
	if len(v.Nodes) != 1 || len(v.Named("node1").Addrs(cluster.SIP)) != 4 { // UDP and TCP of both
		t.Errorf("%d nodes, SIP at %v", len(v.Nodes), v.Named("node1").Addrs(cluster.SIP))
	}
	j.Does("quit")
	if got := r.nodes(); got != "" {
		t.Errorf("after it left: %q", got)
	}
}

// TestIPv6: a node comes over IPv6 and announces an address as Java writes it.
func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("IPv6 is needed: ", err)
		}
		t.Skip("no IPv6 on this machine: ", err)
	}
	r := start(t, func(s *Server) {
		s.Registry.Close()
		s.Objects.Close()
		s.Registry, s.Objects = l, nil
	})
	r.roster.Apply(heartbeat.Settings{Allow: []netip.Prefix{netip.MustParsePrefix("::1/128")}})
	j := startJVM(t, "recent", l.Addr().String())
	j.Does("node ip=0:0:0:0:0:0:0:1%lo hostName=six udpPort=5080")
	j.Does("ping")
	if got := r.nodes(); got != "--1-5080" {
		t.Errorf("registered: %q", got)
	}
	j.Does("quit")
}

// TestRefusedNodes: why a node is not registered stands in the exception it gets.
func TestRefusedNodes(t *testing.T) {
	r := start(t, nil)
	j := startJVM(t, "recent", r.at)
	j.Does("node ip=10.1.2.3 hostName=far udpPort=5080")
	j.Fails("ping", "java.rmi.ServerException", heartbeat.ErrRefused.Error())
	j.Does("forget")
	j.Does("node ip=node1.example.com hostName=named udpPort=5080")
	j.Fails("ping", "java.rmi.ServerException", "literal address")
	j.Does(node1)
	j.Does("ping") // one address that can be used is enough
	if got := r.nodes(); got != "node1" {
		t.Errorf("registered: %q", got)
	}
	j.Does("forget")
	j.Does("ping")
	j.Fails("switchover nobody noone", "java.rmi.ServerException", heartbeat.ErrUnknown.Error())
	if got := r.nodes(); got != "node1" {
		t.Errorf("registered: %q", got)
	}
	j.Does("forget")
	j.Does(strings.Replace(node1, "5080", "5099", 2))
	j.Does("remove") // whom nobody knows: gone is gone
}

// TestOddHeartbeats: what no node sends is refused with a reason, and the next heartbeat is taken.
func TestOddHeartbeats(t *testing.T) {
	r := start(t, nil)
	j := startJVM(t, "recent", r.at)
	j.Does(node1)
	for kind, why := range map[string]string{
		"date": `class that is not accepted: "java.util.Date"`,
		"self": "a value within itself",
		"deep": "larger or deeper than is accepted",
		"text": "", // "" is that the JVM may find the connection closed while it still sends
		"many": "",
		"null": "no list of nodes",
	} {
		j.Fails("odd "+kind, why)
		if got := r.nodes(); got != "" {
			t.Errorf("%s: %q", kind, got)
		}
	}
	j.Does("ping")
	if got := r.nodes(); got != "node1" {
		t.Errorf("registered: %q", got)
	}
}
