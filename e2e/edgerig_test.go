package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// bareEdge passes messages between WebSockets and offices, and no more: every telephone has the first office.
type bareEdge struct {
	t     testing.TB
	addr  string // where offices send
	udp   *net.UDPConn
	node  *net.UDPAddr
	mu    sync.Mutex
	flows []net.Conn
}

func newBareEdge(t testing.TB, node string) (e *bareEdge, url string) {
	t.Helper()
	e = &bareEdge{t: t, addr: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	at, err := net.ResolveUDPAddr("udp", e.addr)
	if err != nil {
		t.Fatal(err)
	}
	if e.node, err = net.ResolveUDPAddr("udp", node); err != nil {
		t.Fatal(err)
	}
	if e.udp, err = net.ListenUDP("udp", at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.udp.Close() })
	go e.outward()
	srv := httptest.NewServer(http.HandlerFunc(e.inward))
	t.Cleanup(srv.Close)
	return e, strings.Replace(srv.URL, "http:", "ws:", 1)
}

// inward marks what pages send with their flow: requests in a Via, Path and Record-Route.
func (e *bareEdge) inward(w http.ResponseWriter, r *http.Request) {
	c, _, _, err := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == "sip" }}.Upgrade(r, w)
	if err != nil {
		return
	}
	defer c.Close()
	e.mu.Lock()
	flow := len(e.flows)
	e.flows = append(e.flows, c)
	e.mu.Unlock()
	for {
		text, err := wsutil.ReadClientText(c)
		if err != nil {
			return
		}
		m, err := parse(text)
		switch {
		case err != nil: // a keep-alive
		case m.response():
			m.drop("Via")
			_, _ = e.udp.WriteToUDP([]byte(m.String()), e.node)
		default:
			own := [][2]string{{"Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bKbare%d;flow=%d", e.addr, serial.Add(1), flow)}}
			switch m.method() {
			case "REGISTER":
				own = append(own, [2]string{"Path", fmt.Sprintf("<sip:%d@%s;lr>", flow, e.addr)})
			case "INVITE":
				own = append(own, [2]string{"Record-Route", fmt.Sprintf("<sip:%d@%s;lr>", flow, e.addr)})
			}
			m.fields = append(own, m.fields...)
			_, _ = e.udp.WriteToUDP([]byte(m.String()), e.node)
		}
	}
}

// outward passes on what offices send by the flow that it names.
func (e *bareEdge) outward() {
	buf := make([]byte, 65536)
	for {
		n, _, err := e.udp.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m, err := parse(buf[:n])
		if err != nil {
			continue
		}
		flow := -1
		if m.response() {
			_, rest, _ := strings.Cut(m.get("Via"), "flow=")
			fmt.Sscan(rest, &flow)
			m.drop("Via")
		} else {
			fmt.Sscan(userOf(m.get("Route")), &flow)
			m.drop("Route")
			own := [][2]string{{"Via", "SIP/2.0/WS " + e.addr + ";branch=" + branch(m.get("Via")) + "x"}}
			if m.method() == "INVITE" {
				own = append(own, [2]string{"Record-Route", fmt.Sprintf("<sip:%d@%s;lr>", flow, e.addr)})
			}
			m.fields = append(own, m.fields...)
		}
		e.mu.Lock()
		if flow >= 0 && flow < len(e.flows) {
			_ = wsutil.WriteServerText(e.flows[flow], []byte(m.String()))
		}
		e.mu.Unlock()
	}
}

// TestEdgeRig proves the stage without the gateway: two telephones in a page of a real browser register with an office, which
// connects them; they hear each other's tone, and the office hangs up.
func TestEdgeRig(t *testing.T) {
	w := &world{t: t}
	w.agents[0] = newAgent(t, "node1")
	w.agents[1] = newAgent(t, "node2")
	edge, url := newBareEdge(t, w.agents[0].addr)
	w.external = edge.addr
	o := newOffices(w)
	p := openPage(t, pageNode(t, "node1")+"/app/page")
	p.registers(url, "alice", "bob")
	p.calls("alice", "bob")
	o.hangUp(w.agents[0])
	p.sees("call", "ended: remote", "alice", "bob")
	p.calls("bob", "alice")
	p.run("people.bob.session.terminate()")
	p.sees("call", "ended: remote", "alice")
	o.faultless(t)
}
