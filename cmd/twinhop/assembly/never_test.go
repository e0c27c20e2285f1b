package assembly

import (
	"net"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
)

// In a pool that wants no probes a node that fails a call is out until an
// operator says otherwise; in another one it comes back.
func TestOutTillAnOperatorSaysOtherwise(t *testing.T) {
	dead, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close() // it listens and says nothing
	c := settings(t, "")
	n := config.Node{Name: "node1", Route: "node1", Activation: "active", SIP: []string{"udp://" + dead.LocalAddr().String()}, Capacity: []config.Resource{{Name: "line", Size: 5}}}
	n.Retries.Attempts, n.Weight = 1, 1
	c.Nodes = []config.Node{n}
	c.Pools[0].Health.SIP.Mode = "never"
	c.SIP.Failover.Invite = 200 * time.Millisecond
	c.SIP.Resources = &config.Resources{}
	c.SIP.Resources.SetDefaults()
	c.SIP.Resources.Default = []string{"line"}
	g := atWork(t, c)
	events, unwatch := g.Registry.Watch(100)
	defer unwatch()
	member := func() *cluster.Member { return g.Registry.View().Pool("default").Member("node1") }
	if r := member().Check(cluster.SIP).Record(); !r.At.IsZero() || !member().Eligible(cluster.SIP) {
		t.Errorf("it was probed: %+v", r)
	}
	phone, err := net.Dial("udp4", strings.TrimPrefix(g.Addrs().External[0], "udp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	call := func(id string) {
		t.Helper()
		if _, err := phone.Write([]byte(strings.ReplaceAll("INVITE sip:bob@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK"+id+
			"\nMax-Forwards: 70\nFrom: <sip:a@example.com>;tag=1\nTo: <sip:bob@example.com>\nCall-ID: "+id+"\nCSeq: 1 INVITE\nContent-Length: 0\n\n", "\n", "\r\n"))); err != nil {
			t.Fatal(err)
		}
		phone.SetReadDeadline(time.Now().Add(10 * time.Second))
		for b := make([]byte, 4096); ; {
			n, err := phone.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			if answer := string(b[:n]); strings.Contains(answer, "Call-ID: "+id+"\r\n") && !strings.HasPrefix(answer, "SIP/2.0 1") {
				return
			}
		}
	}
	disabled := func() {
		t.Helper()
		late := time.After(10 * time.Second)
		for member().Activation != cluster.Disabled {
			select {
			case <-events:
			case <-late:
				t.Fatal("the node is still given calls")
			}
		}
	}
	call("one")
	disabled()
	if err := g.Registry.SetActivation("default", "node1", cluster.Active); err != nil {
		t.Fatal(err)
	}
	if !member().Eligible(cluster.SIP) {
		t.Error("an operator does not bring it back")
	}
	call("two")
	disabled()
}
