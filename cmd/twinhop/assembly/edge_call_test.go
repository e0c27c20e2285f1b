package assembly

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/config"
	"twinhop/sip/websocket/wstest"
)

// An operatorNode answers by hand: a test reads what came and says what goes back.
type operatorNode struct {
	t    *testing.T
	conn net.PacketConn
	from net.Addr // of the last message
}

func newOperatorNode(t *testing.T) *operatorNode {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &operatorNode{t: t, conn: conn}
}

// next gives the next message but probes, which are answered.
func (o *operatorNode) next() string {
	o.t.Helper()
	b := make([]byte, 65536)
	for {
		o.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, from, err := o.conn.ReadFrom(b)
		if err != nil {
			o.t.Fatal(err)
		}
		if m := string(b[:n]); !strings.HasPrefix(m, "OPTIONS ") {
			o.from = from
			return m
		}
		o.conn.WriteTo(okFrom("probed", b[:n]), from)
	}
}

func (o *operatorNode) say(m string) {
	o.t.Helper()
	if _, err := o.conn.WriteTo([]byte(m), o.from); err != nil {
		o.t.Fatal(err)
	}
}

// lines are those of a header, in their order.
func lines(message, name string) (all []string) {
	for line := range strings.SplitSeq(message, "\r\n") {
		if key, value, ok := strings.Cut(line, ": "); ok && key == name {
			all = append(all, value)
		}
	}
	return all
}

// A client that cannot be called hears of the end of his call by what he called by, also when his session lives elsewhere meanwhile.
func TestEdgeNodeHangsUp(t *testing.T) {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	node := newOperatorNode(t)
	g := edge(t, a, func(c *config.Config) {
		n := web("node1", sign(t, "node1"))
		n.SIP = []string{"udp://" + node.conn.LocalAddr().String()}
		c.Nodes = []config.Node{n, web("node2", sign(t, "node2"))}
		c.Health.SIP.Interval = 0 // nobody answers while a test does not look
	})
	for transport, via := range vias {
		o := wstest.Options{Header: http.Header{"Cookie": {"JSESSIONID=" + transport + ".node1"}}}
		l, call := dial(t, g, transport, a, o), "call-"+transport
		l.Send("INVITE sip:service@example.com SIP/2.0\r\nVia: SIP/2.0/" + via + " client.invalid;branch=z9hG4bK" + call + "\r\nMax-Forwards: 70\r\n" +
			"From: <sip:a@example.com>;tag=1\r\nTo: <sip:service@example.com>\r\nContact: <sip:a@client.invalid;transport=ws;ob>\r\n" +
			"Call-ID: " + call + "\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
		invite := node.next()
		routes := lines(invite, "Record-Route")
		if len(routes) < 2 {
			t.Fatalf("%s: the node got\n%s", transport, invite)
		}
		ok := strings.Replace(string(okFrom("node1", []byte(invite))), "To: <sip:service@example.com>", "To: <sip:service@example.com>;tag=2", 1)
		node.say(strings.Replace(ok, "X-Node:", "Record-Route: "+strings.Join(routes, ", ")+"\r\nContact: <sip:"+node.conn.LocalAddr().String()+">\r\nX-Node:", 1))
		for {
			if m := l.Receive(); strings.HasPrefix(m, "SIP/2.0 200 ") {
				break
			}
		}
		if moved, err := g.Router.Switchover(t.Context(), "node1", "node2"); err != nil || moved == 0 {
			t.Fatal(moved, err)
		}
		node.say("BYE sip:a@client.invalid;transport=ws;ob SIP/2.0\r\nVia: SIP/2.0/UDP " + node.conn.LocalAddr().String() + ";branch=z9hG4bKbye" + call + "\r\nMax-Forwards: 70\r\n" +
			"Route: " + strings.Join(routes, ", ") + "\r\nFrom: <sip:service@example.com>;tag=2\r\nTo: <sip:a@example.com>;tag=1\r\n" +
			"Call-ID: " + call + "\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n")
		bye := l.Receive()
		if !strings.HasPrefix(bye, "BYE sip:a@client.invalid;transport=ws;ob SIP/2.0\r\n") || len(lines(bye, "Via")) != 3 {
			t.Fatalf("%s: the client got\n%s", transport, bye)
		}
		l.Send(string(okFrom("the client", []byte(bye))))
		if end := node.next(); !strings.HasPrefix(end, "SIP/2.0 200 OK\r\n") || !strings.Contains(end, "CSeq: 2 BYE\r\n") || len(lines(end, "Via")) != 1 {
			t.Errorf("%s: the node hears\n%s", transport, end)
		}
		if _, err := g.Router.Switchover(t.Context(), "node2", "node1"); err != nil {
			t.Fatal(err)
		}
	}
}

// The ports of HTTP are enough for clients: SIP needs none of its own toward the world.
func TestEdgeOnePort(t *testing.T) {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	g := edge(t, a, func(c *config.Config) {
		c.Listen.SIP.External, c.Listen.SIP.TLS = nil, config.TLS{}
		c.Listen.HTTP[0].HTTPS = 443 // it sends everybody on, and takes no WebSocket
	})
	if got := g.Addrs().WebSocket; len(got) != 1 || !strings.HasPrefix(got[0], "wss://"+g.Addrs().HTTPS[0]) {
		t.Errorf("WebSockets are taken at %q", got)
	}
	if status, h := ask(t, dial(t, g, "https", a, wstest.Options{}), "MESSAGE", "WSS", "one-port"); status != "SIP/2.0 200 OK" || h.Get("X-Node") != "node1" {
		t.Errorf("%s %v", status, h)
	}
	if c, err := wstest.Connect("ws://"+g.Addrs().HTTP[0]+"/sip", wstest.Options{}); err == nil {
		c.Close()
		t.Error("a listener that sends everybody on takes a WebSocket")
	}
	if code, body := get(t, "http://"+g.Addrs().Admin+"/readyz"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
}
