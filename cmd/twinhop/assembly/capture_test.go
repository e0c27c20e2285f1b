package assembly

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/config"
)

// A capture server is told of a call: each message as it came and as it left, with the addresses that both ends have for each other.
func TestACaptureServerSeesACall(t *testing.T) {
	server, phone, node := newOperatorNode(t), newOperatorNode(t), newOperatorNode(t)
	c := settings(t, "")
	c.Listen.HTTP, c.Listen.SIP.Internal = nil, nil
	c.Listen.SIP.External = []string{"udp://0.0.0.0:0"}
	c.Nodes = []config.Node{{Name: "node1", Route: "node1", SIP: []string{"udp://" + node.conn.LocalAddr().String()}, Weight: 1, Activation: "active"}}
	c.Health.SIP.Interval = 0
	c.SIP.SendTrying = "never"
	c.Telemetry.HEP.Addr = "udp://" + server.conn.LocalAddr().String()
	c.Telemetry.Trace.MaxBytes = 0 // nothing need be remembered
	g, err := Build(Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run(t, g))
	<-g.Serving()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(g.Addrs().External[0], "udp://"))
	if phone.from, err = net.ResolveUDPAddr("udp4", "127.0.0.1:"+port); err != nil {
		t.Fatal(err)
	}
	phone.say("INVITE sip:service@127.0.0.1:" + port + " SIP/2.0\r\nVia: SIP/2.0/UDP " + phone.conn.LocalAddr().String() + ";branch=z9hG4bKone;rport\r\nMax-Forwards: 70\r\n" +
		"From: <sip:a@example.com>;tag=1\r\nTo: <sip:service@example.com>\r\nCall-ID: captured\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1>\r\n" +
		"Authorization: Digest response=SECRET\r\nContent-Length: 0\r\n\r\n")
	node.say(string(okFrom("answered", []byte(node.next()))))
	phone.next()

	// chunks of source, target and their ports, as bytes
	between := func(from, to net.Addr) string {
		a, b := from.(*net.UDPAddr), to.(*net.UDPAddr)
		return "\x00\x03\x00\x0a" + string(a.IP.To4()) + "\x00\x00\x00\x04\x00\x0a" + string(b.IP.To4()) +
			"\x00\x00\x00\x07\x00\x08" + string([]byte{byte(a.Port >> 8), byte(a.Port)}) + "\x00\x00\x00\x08\x00\x08" + string([]byte{byte(b.Port >> 8), byte(b.Port)})
	}
	us := phone.from
	for i, want := range []struct{ line, way string }{
		{"INVITE ", between(phone.conn.LocalAddr(), us)},
		{"INVITE ", between(us, node.conn.LocalAddr())},
		{"SIP/2.0 200", between(node.conn.LocalAddr(), us)},
		{"SIP/2.0 200", between(us, phone.conn.LocalAddr())},
	} {
		b := make([]byte, 65536)
		server.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, _, err := server.conn.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		if b = b[:n]; !bytes.HasPrefix(b, []byte("HEP3")) || !bytes.Contains(b, []byte(want.line)) || !bytes.Contains(b, []byte(want.way)) || bytes.Contains(b, []byte("SECRET")) {
			t.Errorf("%d: %q", i, b)
		}
	}
	if _, page := get(t, "http://"+g.Addrs().Admin+"/metrics"); !strings.Contains(page, "twinhop_hep_sent_total 4\n") {
		t.Error("not counted")
	}
}
