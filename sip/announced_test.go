package sip

import (
	"errors"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/pending"
	"twinhop/sip/stream"
)

var node3 = at("10.0.0.3:5080")

// enrols has heartbeats enrol a node at the address they come from, its incarnation the property gen.
func (s *stage) enrols(got *map[string]string) {
	s.front.Heartbeat = func(from netip.Addr, props map[string]string) error {
		*got = props
		if props["ip"] != from.String() {
			return errors.New("speaks for another")
		}
		return s.enrol(from, uint32(len(props["sessionId"])), "udp")
	}
}

func (s *stage) enrol(ip netip.Addr, gen uint32, scheme string) error {
	return s.registry.Enrol([]cluster.NodeSpec{{Name: "node3", Gen: gen, Announced: true,
		SIP: []cluster.Address{{Scheme: scheme, Addr: netip.AddrPortFrom(ip, 5080), Host: ip.String()}}}})
}

func heartbeat(body string) []byte {
	return lined(append(request("OPTIONS", "sip:10.0.0.100:5065", "beat", "To: <sip:x@y>", "Mobicents-Heartbeat: 1"), "", body)...)
}

func TestANodeThatRegistersIsOneAtOnce(t *testing.T) {
	for name, two := range map[string]bool{"two ports": true, "one port": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, two, Settings{})
			var got map[string]string
			s.enrols(&got)
			seen := 0
			s.front.Saw = func(n *cluster.Node) {
				if seen++; n.Name != "node3" {
					t.Errorf("%s was seen", n.Name)
				}
			}
			call := func(branch string) []caught {
				return s.in("internal", node3, lined(request("MESSAGE", "sip:carol@203.0.113.9", branch, "To: <sip:x@y>")...))
			}
			if sent := call("before"); two && len(sent) != 0 || !two && len(sent) == 1 && sent[0].to == callee {
				t.Fatalf("a stranger sends: %v", sent)
			}
			if !two {
				if err := s.enrol(node3.Addr(), 1, "udp"); err != nil {
					t.Fatal(err)
				}
			} else {
				body := "ip=10.0.0.3\nudpPort=5080\nsessionId=1\n"
				sent := s.in("internal", node3, heartbeat(body))
				if len(sent) != 1 || !strings.HasPrefix(string(sent[0].data), "SIP/2.0 200") || !maps.Equal(got, map[string]string{"ip": "10.0.0.3", "udpPort": "5080", "sessionId": "1"}) {
					t.Fatalf("sent %v, heard %v", sent, got)
				}
				if sent := s.in("internal", at("10.0.0.4:5080"), heartbeat(body)); len(sent) != 1 || !strings.HasPrefix(string(sent[0].data), "SIP/2.0 403") {
					t.Fatalf("sent %v", sent)
				}
			}
			if sent := call("after"); len(sent) != 1 || sent[0].to != callee {
				t.Fatalf("the node's request went to %v", sent)
			}
			if seen == 0 {
				t.Error("nobody saw it")
			}
			reached := false
			for _, c := range []string{"c1", "c2", "c3"} {
				sent := s.in("external", client, lined(request("MESSAGE", "sip:bob@192.0.2.1", c, "To: <sip:x@y>")...))
				if len(sent) == 1 && sent[0].to == node3 {
					reached = true
					before := seen
					s.in("internal", node3, []byte(answer(scanned(t, sent[0].data), "200 OK")))
					if seen == before {
						t.Error("its answer was not seen")
					}
				}
			}
			if !reached {
				t.Error("it is given nothing")
			}
		})
	}
}

// A process that begins anew at the same address knows nothing of the INVITEs that its former self had.
func TestUnansweredInvitesLeaveAFormerIncarnation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, true, Settings{Pending: pending.Settings{Invite: 2 * time.Second, Trying: 4 * time.Second, Total: 20 * time.Second, Attempts: 3, Codes: []int{503}}})
		if err := s.enrol(node3.Addr(), 1, "udp"); err != nil {
			t.Fatal(err)
		}
		s.wait(200 * time.Millisecond)
		sent := s.in("external", client, lined(request("INVITE", "sip:bob@10.0.0.3:5080", "c1", "To: <sip:x@y>")...))
		if len(sent) != 1 || sent[0].to != node3 {
			t.Fatalf("the INVITE went to %v", sent)
		}
		s.in("internal", node3, []byte(answer(scanned(t, sent[0].data), "100 Trying")))
		if err := s.enrol(node3.Addr(), 1, "udp"); err != nil {
			t.Fatal(err)
		}
		if sent := s.wait(200 * time.Millisecond); len(sent) != 0 {
			t.Fatalf("the same process has the INVITE, and it went to %v", sent[0].to)
		}
		if err := s.enrol(node3.Addr(), 2, "udp"); err != nil {
			t.Fatal(err)
		}
		sent = s.wait(200 * time.Millisecond)
		invite := ""
		for _, c := range sent {
			if strings.HasPrefix(string(c.data), "INVITE ") {
				invite += c.to.String()
			}
		}
		if invite == "" {
			t.Errorf("the INVITE stays where nobody knows it: %v", sent)
		}
	})
}

func TestConnectionsToWhoHasLeftAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, true, Settings{Transport: "tcp"})
		s.addTCP(false, nil, false)
		s.serve([]string{"udp", "tcp"}, false)
		s.prepare()
		if sent := s.in("external", client, lined(request("MESSAGE", "sip:bob@10.0.0.1:5080", "c1", "To: <sip:x@y>")...)); len(sent) != 1 || sent[0].leg != "internal-tcp" {
			t.Fatalf("sent %v", sent)
		}
		pool := s.front.legs.All[len(s.front.legs.All)-1].Streams
		connected := func() bool { return pool.Connected(stream.Peer{Addr: node1}) }
		s.wait(time.Second)
		if !connected() {
			t.Fatal("there is no connection")
		}
		if err := s.registry.Apply(cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}},
			Nodes: []cluster.NodeSpec{{Name: "node2", SIP: []cluster.Address{{Scheme: "tcp", Addr: node2, Host: "10.0.0.2"}}}}}); err != nil {
			t.Fatal(err)
		}
		s.wait(60 * time.Second)
		if !connected() {
			t.Error("what it was given cannot be answered any more")
		}
		s.wait(10 * time.Second)
		if connected() {
			t.Error("the connection is still there")
		}
	})
}

// A request within a dialog that comes again, while nothing comes from its node, raises a doubt; not so when the node speaks, or is configured.
func TestRepeatedRequestsRaiseADoubt(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		to           netip.AddrPort
		speaks       bool
		want         int
	}{
		{"a BYE", "BYE", node3, false, 2},
		{"a re-INVITE", "INVITE", node3, false, 2},
		{"the node is busy", "BYE", node3, true, 0},
		{"a configured node", "BYE", node1, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, doubts := newStage(t, true, Settings{}), 0
				if err := s.enrol(node3.Addr(), 1, "udp"); err != nil {
					t.Fatal(err)
				}
				s.front.Saw = s.registry.Saw
				s.front.Router.Report = func(n *cluster.Node, _ cluster.Service, sign cluster.Sign) {
					if sign == cluster.Repeated && n.Name == "node3" {
						doubts++
					}
				}
				says := func(branch string) {
					t.Helper()
					for _, c := range s.in("external", client, lined(request(tt.method, "sip:bob@"+tt.to.String(), branch, "To: <sip:x@y>;tag=t")...)) {
						if c.to != tt.to {
							t.Fatalf("sent to %v", c.to)
						}
					}
				}
				for _, gap := range []time.Duration{0, 500 * time.Millisecond, time.Second} {
					s.wait(gap)
					if tt.speaks {
						s.in("internal", node3, lined(request("MESSAGE", "sip:carol@203.0.113.9", "n"+gap.String(), "To: <sip:x@y>")...))
					}
					says("b1")
				}
				says("b2") // is no repetition
				if doubts != tt.want {
					t.Errorf("%d doubts, want %d", doubts, tt.want)
				}
			})
		})
	}
}
