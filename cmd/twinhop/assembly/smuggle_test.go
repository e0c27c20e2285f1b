package assembly

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"twinhop/gateway/config"
	"twinhop/sip/websocket/wstest"
)

// A keyhole is a gateway with SIP on its HTTP ports before a node that remembers what it was asked.
type keyhole struct {
	t     *testing.T
	g     *Gateway
	a     *authority
	asked chan string
}

func newKeyhole(t *testing.T) *keyhole {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	k := &keyhole{t: t, a: a, asked: make(chan string, 1000)}
	node := convergedNode(t, "node1")
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { k.asked <- r.Method + " " + r.RequestURI }))
	t.Cleanup(s.Close)
	node.HTTP = s.URL
	k.g = edge(t, a, func(c *config.Config) { c.Nodes = []config.Node{node} })
	return k
}

// doors are the ports of HTTP.
func (k *keyhole) doors() map[string]func() (net.Conn, error) {
	return map[string]func() (net.Conn, error){
		"http":  func() (net.Conn, error) { return net.Dial("tcp", k.g.Addrs().HTTP[0]) },
		"https": func() (net.Conn, error) { return tls.Dial("tcp", k.g.Addrs().HTTPS[0], k.a.trusting()) },
	}
}

// says sends bytes to a port, ends its direction, and gives all that comes back.
func (k *keyhole) says(door func() (net.Conn, error), text string) string {
	k.t.Helper()
	c, err := door()
	if err != nil {
		k.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	go func() {
		io.WriteString(c, text)
		c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	b, err := io.ReadAll(c)
	if err != nil {
		k.t.Errorf("%v after %q", err, b)
	}
	return string(b)
}

// status is that of the answer to a request.
func (k *keyhole) status(door func() (net.Conn, error), text string) int {
	k.t.Helper()
	c, err := door()
	if err != nil {
		k.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, text)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		k.t.Fatalf("%v after %q", err, text)
	}
	return resp.StatusCode
}

// reached tells whether a node was asked for a path since the last time. A request that the test itself sends comes after all others.
func (k *keyhole) reached(path string) (found bool) {
	k.t.Helper()
	get(k.t, "http://"+k.g.Addrs().HTTP[0]+"/last")
	for {
		switch got := <-k.asked; {
		case got == "GET /last":
			return found
		case strings.Contains(got, path):
			found = true
		}
	}
}

// upgradeHead asks for a WebSocket. more are further fields, each with its end.
func upgradeHead(target, more string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Protocol: sip\r\n" + more + "\r\n"
}

const (
	thirteen = "Sec-WebSocket-Version: 13\r\n"
	hidden   = "GET /internal HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
)

// What follows a request for an upgrade is never taken for another request: a proxy before us may have taken our answer for consent, whatever
// it was, and let it pass without a look.
func TestUpgradeHidesNoRequest(t *testing.T) {
	k := newKeyhole(t)
	for name, door := range k.doors() {
		for what, text := range map[string]string{
			"another version":           upgradeHead("/sip", "Sec-WebSocket-Version: 12\r\n"),
			"no version":                upgradeHead("/sip", ""),
			"another origin":            upgradeHead("/sip", thirteen+"Origin: https://evil.example\r\n"),
			"a body":                    upgradeHead("/sip", thirteen+"Content-Length: 5\r\n") + "hello",
			"a body that is a request":  upgradeHead("/sip", thirteen+"Content-Length: 51\r\n"),
			"a body of no length":       upgradeHead("/sip", thirteen+"Transfer-Encoding: chunked\r\n") + "0\r\n\r\n",
			"a body in two ways":        upgradeHead("/sip", thirteen+"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "0\r\n\r\n",
			"POST":                      strings.Replace(upgradeHead("/sip", thirteen+"Content-Length: 0\r\n"), "GET", "POST", 1),
			"no upgrade":                strings.Replace(upgradeHead("/sip", thirteen), "Upgrade: websocket", "Upgrade: h2c", 1),
			"granted, then no frame":    upgradeHead("/sip", thirteen),
			"granted, then a bad frame": upgradeHead("/sip", thirteen) + "\x81\x05hello",
		} {
			answer := k.says(door, text+hidden+hidden)
			if n := strings.Count(answer, "HTTP/1.1 "); n != 1 {
				t.Errorf("%s, %s: %d answers: %q", name, what, n, answer)
			}
			if granted := strings.HasPrefix(answer, "HTTP/1.1 101 "); granted != strings.HasPrefix(what, "granted") || granted && !strings.Contains(answer, "\x88") {
				t.Errorf("%s, %s: %q", name, what, answer)
			}
		}
		if k.reached("internal") {
			t.Errorf("%s: a hidden request came to a node", name)
		}
	}
}

// By no spelling of its path a page of elsewhere gets a WebSocket, and none comes to the nodes by the spelling that is ours.
func TestUpgradePathHasOneMeaning(t *testing.T) {
	k := newKeyhole(t)
	evil := thirteen + "Origin: https://evil.example\r\nCookie: JSESSIONID=A.node1\r\n"
	for name, door := range k.doors() {
		for _, target := range []string{"/sip", "/%73ip", "/sip?x", "/sip;jsessionid=A.node1", "/sip;x", "//sip", "/x/../sip", "/./sip", "/sip/.", "/sip/", "/SIP", "/sip%2f", "/sip%00",
			"/x/..;/sip", "/sip/..", "http://127.0.0.1/sip", "/%2e/sip", "/sip%3bx"} {
			if status := k.status(door, upgradeHead(target, evil)); status == http.StatusSwitchingProtocols {
				t.Errorf("%s, %s is granted", name, target)
			}
		}
		if granted, refused := k.status(door, upgradeHead("/sip", thirteen)), k.status(door, upgradeHead("/sip", evil)); granted != 101 || refused != 403 {
			t.Errorf("%s: %d without a page, %d for another host's", name, granted, refused)
		}
	}
	for {
		get(t, "http://"+k.g.Addrs().HTTP[0]+"/last")
		for got := range k.asked {
			if path, _, _ := strings.Cut(strings.TrimPrefix(got, "GET "), "?"); path == "/sip" || strings.HasPrefix(path, "/sip;") {
				t.Errorf("a node was asked: %s", got)
			}
			if got == "GET /last" {
				return
			}
		}
	}
}

// A page of elsewhere leaves nothing behind, although the browser sends the cookies of its user along.
func TestRefusedUpgradeBindsNothing(t *testing.T) {
	k := newKeyhole(t)
	for name, door := range k.doors() {
		if answer := k.says(door, upgradeHead("/sip?appsession=alice", thirteen+"Origin: https://evil.example\r\nCookie: JSESSIONID=A.node1\r\n")); !strings.HasPrefix(answer, "HTTP/1.1 403 ") {
			t.Errorf("%s: %q", name, answer)
		}
	}
	for x, err := range k.g.Router.Store.All(context.Background()) {
		t.Errorf("in the table: %+v %v", x, err)
	}
}

// By HTTP/2 nobody gets a WebSocket: browsers ask for one by a connection of HTTP/1.1, which is what our ports agree to.
func TestNoHTTP2OnTheSharedPort(t *testing.T) {
	k := newKeyhole(t)
	c := k.a.trusting()
	c.NextProtos = []string{"h2", "http/1.1"}
	conn, err := tls.Dial("tcp", k.g.Addrs().HTTPS[0], c)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if p := conn.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
		t.Errorf("agreed to %q", p)
	}
	for name, door := range k.doors() {
		if answer := k.says(door, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); strings.Contains(answer, " 101 ") || strings.HasPrefix(answer, "\x00") {
			t.Errorf("%s: %q", name, answer)
		}
	}
}

// A client that does not wait for our consent loses nothing, at any port.
func TestMessageWithItsUpgrade(t *testing.T) {
	k := newKeyhole(t)
	doors := k.doors()
	doors["ws"] = func() (net.Conn, error) { return net.Dial("tcp", at(k.g, "ws")) }
	doors["wss"] = func() (net.Conn, error) { return tls.Dial("tcp", at(k.g, "wss"), k.a.trusting()) }
	for name, door := range doors {
		c, err := door()
		if err != nil {
			t.Fatal(err)
		}
		message := "MESSAGE sip:service@example.com SIP/2.0\r\nVia: SIP/2.0/WS client.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n" +
			"To: <sip:service@example.com>\r\nCall-ID: early-" + name + "\r\nCSeq: 1 MESSAGE\r\n\r\n"
		f, err := ws.CompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(message))))
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(c, upgradeHead("/sip", thirteen)+string(f))
		in := bufio.NewReader(c)
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%s: %v %v", name, resp, err)
		}
		if got := wstest.Join(t, behind{c, in}).Receive(); !strings.HasPrefix(got, "SIP/2.0 200 ") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// behind is a connection of which something was read already.
type behind struct {
	net.Conn
	r io.Reader
}

func (b behind) Read(p []byte) (int, error) { return b.r.Read(p) }

// A WebSocket of the shared port counts as a connection of HTTP for as long as it lives, and no longer.
func TestWebSocketLeavesTheCrowd(t *testing.T) {
	k := newKeyhole(t)
	for name := range k.doors() {
		c := dial(t, k.g, name, k.a, wstest.Options{}).(*wstest.Conn)
		if status, _ := ask(t, c, "MESSAGE", vias[name], "crowd-"+name); status != "SIP/2.0 200 OK" {
			t.Error(status)
		}
		if n := k.g.crowd.Stats().Open; n != 1 {
			t.Errorf("%s: %d are open", name, n)
		}
		c.Leave(1000)
		if code := c.Closed(); code != 1000 {
			t.Errorf("%s: closed with %d", name, code)
		}
		c.Close()
		for wait := time.Now().Add(10 * time.Second); k.g.crowd.Stats().Open != 0; {
			if time.Now().After(wait) {
				t.Fatalf("%s: %d are open after the end", name, k.g.crowd.Stats().Open)
			}
			<-time.After(5 * time.Millisecond)
		}
	}
}
