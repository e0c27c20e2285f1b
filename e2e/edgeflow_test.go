package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A phone that cannot be reached but by its own connection is, over each transport: an office calls it, another one hangs up.
// When the connection is gone the office hears so at once, and nobody else gets in by the phone's way.
func TestEdgeFlows(t *testing.T) {
	root := newAuthority(t, "root")
	w := set(t, edgeStage(t, root))
	o := newOffices(w)
	for _, transport := range []string{"tls", "ws", "wss", "http", "https"} {
		user := "phone-" + transport
		p := w.mustEdge(t, root, transport, nil)
		if r, err := p.register(user); err != nil || r.status() != 200 {
			t.Fatalf("%s: REGISTER: %v, %v", transport, r, err)
		}
		h, _ := o.at(user)
		if len(h.path) == 0 {
			t.Fatalf("%s: no Path: %+v", transport, h)
		}
		for i, a := range w.agents {
			calls := make(chan error, 1)
			var c *call
			go func() {
				var err error
				c, err = o.begin(a, user, "")
				calls <- err
			}()
			for _, method := range []string{"INVITE", "ACK"} {
				if _, err := p.answer(method, 10*time.Second); err != nil {
					t.Fatalf("%s: %s of %s: %v", transport, method, a.name, err)
				}
			}
			if err := <-calls; err != nil {
				t.Fatalf("%s: %v", transport, err)
			}
			by := w.agents[1-i]
			c.phone = by // the offices know of each other's calls
			go func() { _, err := c.bye(); calls <- err }()
			if _, err := p.answer("BYE", 10*time.Second); err != nil {
				t.Errorf("%s: BYE of %s: %v", transport, by.name, err)
			}
			if err := <-calls; err != nil {
				t.Errorf("%s: BYE of %s: %v", transport, by.name, err)
			}
		}
		w.stolen(t, p, h)
		p.conn.Close()
		began := time.Now()
		eventually(t, 10*time.Second, "the call finds the way gone", func() error {
			c, err := o.begin(w.agents[0], user, "")
			if c == nil || c.setUp == nil || c.setUp.status() != 430 {
				return fmt.Errorf("%v", err)
			}
			return nil
		})
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s: that the way is gone took %v", transport, took)
		}
	}
	o.faultless(t)
}

// A phone whose own address nobody else knows, by UDP, TCP and TLS: it registers and is called by nodes; it calls, without a word
// of outbound, and a node that the call never met hangs up.
func TestEdgePhoneBehindNAT(t *testing.T) {
	t.Parallel() // it waits more than it works
	root := newAuthority(t, "root")
	w := set(t, edgeStage(t, root))
	o := newOffices(w)
	friend := w.mustEdge(t, root, "ws", nil)
	if r, err := friend.register("friend"); err != nil || r.status() != 200 {
		t.Fatalf("%v, %v", r, err)
	}
	for i, transport := range []string{"udp", "tcp", "tls"} {
		p := &streamPhone{via: strings.ToUpper(transport)}
		var err error
		if transport == "tls" {
			p = w.mustEdge(t, root, transport, nil)
		} else if p.conn, err = net.Dial(transport, w.external); err != nil {
			t.Fatal(err)
		} else {
			defer p.conn.Close()
			p.in = bufio.NewReaderSize(p.conn, 1<<16)
		}
		p.inner = fmt.Sprintf("10.20.30.%d:5060", i+1)
		if r, err := p.register(transport); err != nil || r.status() != 200 {
			t.Fatalf("%s: REGISTER: %v, %v", transport, r, err)
		}
		ended := make(chan error, 1)
		go func() {
			c, err := o.begin(w.agents[i%2], transport, "")
			if err == nil {
				c.phone = w.agents[1-i%2]
				_, err = c.bye()
			}
			ended <- err
		}()
		for _, method := range []string{"INVITE", "ACK", "BYE"} {
			if _, err := p.answer(method, 10*time.Second); err != nil {
				t.Fatalf("%s: %s of a node: %v", transport, method, err)
			}
		}
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", transport, err)
		}
		id := fmt.Sprintf("nat-%d", serial.Add(1))
		go func() {
			for _, method := range []string{"INVITE", "ACK", "BYE"} {
				if _, err := friend.answer(method, 10*time.Second); err != nil {
					ended <- fmt.Errorf("%s: %w", method, err)
					return
				}
			}
			ended <- nil
		}()
		r, err := p.ask(p.request("INVITE", "sip:friend@e2e.invalid", id, "<sip:friend@e2e.invalid>", 1, ""))
		if err != nil || r.status() != 200 {
			t.Fatalf("%s: INVITE: %v, %v", transport, r, err)
		}
		var more strings.Builder
		routes := r.list("Record-Route")
		for i := range routes {
			fmt.Fprintf(&more, "Route: %s\r\n", routes[len(routes)-1-i])
		}
		if err := p.send(p.request("ACK", uri(r.get("Contact")), id, r.get("To"), 1, more.String())); err != nil {
			t.Fatal(err)
		}
		by := w.agents[0] // who did not connect them
		if r.get("X-Node") == by.name {
			by = w.agents[1]
		}
		go o.hangUp(by)
		if m, err := p.answer("BYE", 10*time.Second); err != nil {
			t.Errorf("%s: BYE of %s: %v, %v", transport, by.name, m, err)
		}
		if err := <-ended; err != nil {
			t.Errorf("%s: the friend: %v", transport, err)
		}
	}
	o.faultless(t)
}

// stolen has a stranger use the way to a phone.
func (w *world) stolen(t testing.TB, p *streamPhone, h home) {
	t.Helper()
	thief := newAgent(t, "thief")
	defer thief.close()
	thief.patience = time.Second
	c := &call{phone: thief, gateway: w.external, id: fmt.Sprintf("theft-%d", serial.Add(1)), cseq: 1, from: "<sip:thief@e2e.invalid>;tag=t", to: "<sip:you@e2e.invalid>",
		target: h.contact, routes: append([]string{"<sip:" + w.external + ";lr>"}, h.path...)}
	_, _ = c.send("MESSAGE")
	_ = p.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	for {
		m, err := p.read()
		if isTimeout(err) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.callID() == c.id && !m.response() {
			t.Errorf("a stranger got through:\n%v", m)
		}
	}
}

// The SIP of a page goes to the node of its HTTP session, and to another one when the session does.
func TestEdgeSocketFollowsItsSession(t *testing.T) {
	t.Parallel() // it waits more than it works
	root := newAuthority(t, "root")
	w := set(t, edgeStage(t, root))
	o := newOffices(w)
	for i := range 8 {
		resp, err := browser(t).Get(w.http + "/app/page")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		node, cookie := resp.Header.Get("X-Node"), resp.Cookies()[0]
		p := w.mustEdge(t, root, []string{"http", "https"}[i%2], http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}})
		for n := range 3 {
			user := fmt.Sprintf("page%d-%d", i, n)
			if r, err := p.register(user); err != nil || r.status() != 200 {
				t.Fatalf("%v, %v", r, err)
			}
			if h, _ := o.at(user); h.node != node {
				t.Errorf("the page is on %s, its REGISTER %d is on %s", node, n, h.node)
			}
		}
		other := map[string]string{"node1": "node2", "node2": "node1"}[node]
		w.move(strings.TrimSuffix(cookie.Value, "."+node), other)
		if r, err := p.register("moved"); err != nil || r.status() != 200 {
			t.Fatalf("%v, %v", r, err)
		}
		if h, _ := o.at("moved"); h.node != other {
			t.Errorf("the session went to %s, its socket's REGISTER to %s", other, h.node)
		}
	}
}

// move has an operator move the session with this HTTP id.
func (w *world) move(id, to string) {
	w.t.Helper()
	var after session
	if err := w.ask("POST", "/api/v1/sessions/"+w.the("http:"+id).ID+"/actions/move", map[string]string{"to": to}, &after); err != nil {
		w.t.Fatal(err)
	}
}

// A phone behind an address translation learns its outer address by STUN on the SIP port (RFC 5626 section 4.4.2).
func TestEdgeSTUN(t *testing.T) {
	w := set(t, stage{Agents: true})
	c, err := net.Dial("udp", w.external)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ask := []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 'a', ' ', 't', 'r', 'a', 'n', 's', 'a', 'c', 't', 'i', 'o'}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write(ask); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	b = b[:n]
	if n < 32 || binary.BigEndian.Uint16(b) != 0x0101 || !bytes.Equal(b[4:20], ask[4:]) {
		t.Fatalf("answered % x", b)
	}
	at := bytes.Index(b[20:], []byte{0, 0x20, 0, 8, 0, 1})
	if at < 0 {
		t.Fatalf("no XOR-MAPPED-ADDRESS in % x", b)
	}
	b = b[20+at+6:]
	port := int(binary.BigEndian.Uint16(b) ^ 0x2112)
	ip := net.IPv4(b[2]^0x21, b[3]^0x12, b[4]^0xa4, b[5]^0x42)
	if got := fmt.Sprintf("%v:%d", ip, port); got != c.LocalAddr().String() {
		t.Errorf("it says %s, want %s", got, c.LocalAddr())
	}
}
