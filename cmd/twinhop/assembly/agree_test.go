package assembly

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/config"
)

// convergedNode serves HTTP and SIP, and says its name in every answer.
func convergedNode(t *testing.T, name string) config.Node {
	t.Helper()
	sip, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { sip.Close(); <-ended })
	go func() {
		defer close(ended)
		buf := make([]byte, 65536)
		for {
			n, from, err := sip.ReadFrom(buf)
			if err != nil {
				return
			}
			sip.WriteTo(okFrom(name, buf[:n]), from)
		}
	}()
	n := web(name, sign(t, name))
	n.SIP = []string{"udp://" + sip.LocalAddr().String()}
	return n
}

// okFrom is a 200 to a request.
func okFrom(name string, request []byte) []byte {
	out := []string{"SIP/2.0 200 OK"}
	for line := range strings.Lines(string(request)) {
		key, _, _ := strings.Cut(line, ":")
		if slices.Contains([]string{"Via", "From", "To", "Call-ID", "CSeq"}, key) {
			out = append(out, strings.TrimRight(line, "\r\n"))
		}
	}
	return []byte(strings.Join(append(out, "X-Node: "+name, "Content-Length: 0"), "\r\n") + "\r\n\r\n")
}

// phone sends from one socket.
type phone struct {
	t    *testing.T
	conn net.PacketConn
	n    int
}

// ask sends a MESSAGE of a user, percent-encoded as given, to a gateway and returns the node that answered.
func (p *phone) ask(gateway, user string) string {
	p.t.Helper()
	return p.message(gateway, "sip:service@example.com", "From: <sip:"+user+"@example.com>;tag=1")
}

// message is ask for a MESSAGE to a URI, with the headers given.
func (p *phone) message(gateway, uri string, headers ...string) string {
	p.t.Helper()
	p.n++
	to, err := net.ResolveUDPAddr("udp4", strings.TrimPrefix(gateway, "udp://"))
	if err != nil {
		p.t.Fatal(err)
	}
	call := fmt.Sprintf("call-%d", p.n)
	message := strings.Join([]string{"MESSAGE " + uri + " SIP/2.0", "Via: SIP/2.0/UDP " + p.conn.LocalAddr().String() + ";rport;branch=z9hG4bK" + call,
		"Max-Forwards: 70", strings.Join(headers, "\r\n"), "To: <sip:service@example.com>", "Call-ID: " + call, "CSeq: 1 MESSAGE", "Content-Length: 0"}, "\r\n") + "\r\n\r\n"
	buf := make([]byte, 65536)
	for range 5 {
		if _, err := p.conn.WriteTo([]byte(message), to); err != nil {
			p.t.Fatal(err)
		}
		p.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		n, _, err := p.conn.ReadFrom(buf)
		if err != nil || !bytes.Contains(buf[:n], []byte("Call-ID: "+call+"\r\n")) {
			continue // lost, or of an earlier one
		}
		_, after, _ := strings.Cut(string(buf[:n]), "X-Node: ")
		node, _, _ := strings.Cut(after, "\r\n")
		return node
	}
	p.t.Fatalf("%s: %s was not answered", gateway, uri)
	return ""
}

// Two gateways, real sockets: HTTP with ?appsession= and SIP from the user of
// that name go to one node, however the name is written, and after a node has
// come and gone the keys are where they were.
func TestFrontsAndGatewaysAgree(t *testing.T) {
	nodes := []config.Node{convergedNode(t, "node1"), convergedNode(t, "node2"), convergedNode(t, "node3")}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := &phone{t: t, conn: conn}
	configuration := func(order ...int) config.Config {
		c := settings(t, "")
		c.Gateways, c.Pools[0].Balance, c.SIP.Balance = 2, "pure-hash", "pure-hash"
		c.Affinity.SIP = []config.SIPSource{{Source: "from.user"}, {Source: "call-id"}}
		c.Nodes = nil
		for _, i := range order {
			c.Nodes = append(c.Nodes, nodes[i])
		}
		return c
	}
	sites := []*Gateway{atWork(t, configuration(0, 1)), atWork(t, configuration(1, 0))}
	var users []string // as SIP writes them
	for i := range 40 {
		users = append(users, fmt.Sprintf("user%d", i))
	}
	users = append(users, "%61lice", "a%20b", "j%C3%BCrgen", "+4930", "x%25y")
	where := func() map[string]string {
		t.Helper()
		at := map[string]string{}
		for _, user := range users {
			plain, err := url.PathUnescape(user)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range sites {
				_, web := get(t, "http://"+g.Addrs().HTTP[0]+"/?appsession="+url.QueryEscape(plain))
				sip := p.ask(g.Addrs().External[0], user)
				if at[user] == "" {
					at[user] = web
				}
				if web != at[user] || sip != at[user] {
					t.Fatalf("%s: HTTP on %s, SIP on %s, before on %s", user, web, sip, at[user])
				}
			}
		}
		return at
	}
	reload := func(orders ...[]int) {
		t.Helper()
		for i, g := range sites {
			if _, err := g.Reload(t.Context(), configuration(orders[i]...)); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := where()
	reload([]int{0, 1, 2}, []int{2, 1, 0})
	moved := 0
	for user, node := range where() {
		if node != before[user] {
			if moved++; node != "node3" {
				t.Errorf("%s moved from %s to %s", user, before[user], node)
			}
		}
	}
	if moved == 0 || moved > len(users)/2 {
		t.Errorf("%d of %d moved", moved, len(users))
	}
	reload([]int{1, 0}, []int{0, 1})
	for user, node := range where() {
		if node != before[user] {
			t.Errorf("%s was on %s and is on %s", user, before[user], node)
		}
	}
}

// A URL and a SIP URI that a SIP servlet has made for one application session
// lead to one node, whichever is used first and wherever it stands.
func TestApplicationSessionKeysMeet(t *testing.T) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := &phone{t: t, conn: conn}
	c := settings(t, "")
	c.Nodes = []config.Node{convergedNode(t, "node1"), convergedNode(t, "node2"), convergedNode(t, "node3")}
	g := atWork(t, c)
	const name = "org.mobicents.servlet.sip.ApplicationSessionKey"
	own := strings.TrimPrefix(g.Addrs().External[0], "udp://")
	from := "From: <sip:somebody@example.com>;tag=1"
	for i := range 12 {
		key := url.PathEscape(fmt.Sprintf("(%d:app)", i))
		ways := []func() string{
			func() string {
				_, node := get(t, "http://"+g.Addrs().HTTP[0]+"/?"+name+"="+key)
				return node
			},
			func() string {
				_, node := get(t, "http://"+g.Addrs().HTTP[0]+"/call;"+name+"="+key)
				return node
			},
			func() string { return p.message(own, "sip:app@example.com;"+name+"="+key, from) },
			func() string { return p.message(own, "sip:app@"+own+";"+strings.ToLower(name)+"="+key, from) },
			func() string {
				return p.message(own, "sip:app@example.com", from, "Route: <sip:"+own+";lr;"+name+"="+key+">")
			},
		}
		first := ways[i%len(ways)]()
		for k, way := range ways {
			if node := way(); node == "" || node != first {
				t.Errorf("session %d, begun by way %d, is on %q; way %d leads to %q", i, i%len(ways), first, k, node)
			}
		}
	}
}
