package assembly

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"twinhop/gateway/config"
	"twinhop/sip/websocket/wstest"
)

// An authority signs certificates into a directory.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newAuthority(t *testing.T, dir string) *authority {
	a := &authority{t: t, dir: dir, n: 1}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.put("root.pem", "CERTIFICATE", der)
	return a
}

// put replaces a file as those do who renew certificates.
func (a *authority) put(name, kind string, der []byte) {
	a.t.Helper()
	to := filepath.Join(a.dir, name)
	if err := errors.Join(os.WriteFile(to+".new", pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600), os.Rename(to+".new", to)); err != nil {
		a.t.Fatal(err)
	}
}

// issue writes name.pem and name.key, for a host, and returns both.
func (a *authority) issue(name, host string) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.n++
	c := &x509.Certificate{SerialNumber: big.NewInt(a.n), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if ip := net.ParseIP(host); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.put(name+".key", "PRIVATE KEY", secret)
	a.put(name+".pem", "CERTIFICATE", der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// trusting is a client's configuration.
func (a *authority) trusting(own ...tls.Certificate) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &tls.Config{RootCAs: roots, Certificates: own}
}

// edge is a gateway with all transports toward the world, before nodes that speak what they say.
func edge(t *testing.T, a *authority, change func(*config.Config)) *Gateway {
	t.Helper()
	c := settings(t, "")
	c.Nodes = nil
	c.Listen.HTTP = append(c.Listen.HTTP, config.HTTPListener{Addr: "127.0.0.1:0", TLS: config.TLS{Cert: "site.pem", Key: "site.key"}})
	c.Listen.SIP.External = []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0", "tls://127.0.0.1:0", "ws://127.0.0.1:0", "wss://127.0.0.1:0"}
	c.Listen.SIP.TLS = config.TLS{Cert: "site.pem", Key: "site.key"}
	c.Listen.SIP.WebSocket = "/sip"
	if change != nil {
		change(&c)
	}
	if len(c.Nodes) == 0 {
		c.Nodes = []config.Node{convergedNode(t, "node1")}
	}
	g, err := Build(Options{Config: c, Dir: a.dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run(t, g))
	<-g.Ready()
	return g
}

// at is the external address of a transport.
func at(g *Gateway, transport string) string {
	i := slices.IndexFunc(g.Addrs().External, func(u string) bool { return strings.HasPrefix(u, transport+"://") })
	return strings.TrimPrefix(g.Addrs().External[i], transport+"://")
}

// A line is a connection of a client: messages out, messages in.
type line interface {
	Send(message string)
	Receive() string
}

// stream is a line over TCP or TLS.
type stream struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (s *stream) Send(m string) {
	s.t.Helper()
	if _, err := io.WriteString(s.Conn, m); err != nil {
		s.t.Fatal(err)
	}
}

// next gives the next message; those of these tests have no body.
func (s *stream) next() (all string, err error) {
	for line := ""; line != "\r\n" || all == "\r\n"; all += line {
		if line, err = s.in.ReadString('\n'); err != nil {
			return "", err
		}
	}
	return all, nil
}

func (s *stream) Receive() string {
	s.t.Helper()
	s.SetReadDeadline(time.Now().Add(10 * time.Second))
	m, err := s.next()
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

func newStream(t *testing.T, c net.Conn) *stream {
	t.Cleanup(func() { c.Close() })
	return &stream{t, c, bufio.NewReader(c)}
}

// dial opens a line by a transport; http and https are the ports that are shared with pages.
func dial(t *testing.T, g *Gateway, transport string, a *authority, o wstest.Options) line {
	t.Helper()
	var c net.Conn
	var err error
	o.TLS = a.trusting()
	switch transport {
	case "tcp":
		c, err = net.Dial("tcp", at(g, "tcp"))
	case "tls":
		c, err = tls.Dial("tcp", at(g, "tls"), a.trusting())
	case "http":
		return wstest.Dial(t, "ws://"+g.Addrs().HTTP[0]+"/sip", o)
	case "https":
		return wstest.Dial(t, "wss://"+g.Addrs().HTTPS[0]+"/sip", o)
	default:
		return wstest.Dial(t, transport+"://"+at(g, transport), o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return newStream(t, c)
}

// ask sends a request and gives the headers of its answer.
func ask(t *testing.T, l line, method, via, call string) (status string, h textproto.MIMEHeader) {
	t.Helper()
	l.Send(strings.Join([]string{method + " sip:service@example.com SIP/2.0", "Via: SIP/2.0/" + via + " client.invalid;branch=z9hG4bK" + call + method, "Max-Forwards: 70",
		"From: <sip:a@example.com>;tag=1", "To: <sip:service@example.com>", "Contact: <sip:a@client.invalid;transport=ws>", "Call-ID: " + call, "CSeq: 1 " + method, "Content-Length: 0"}, "\r\n") + "\r\n\r\n")
	for {
		r := textproto.NewReader(bufio.NewReader(strings.NewReader(l.Receive())))
		status, err := r.ReadLine()
		if err != nil {
			t.Fatal(err)
		}
		if h, err = r.ReadMIMEHeader(); err != nil {
			t.Fatal(err)
		}
		if h.Get("Call-ID") == call && !strings.HasPrefix(status, "SIP/2.0 1") {
			return status, h
		}
	}
}

// vias are what transports are called in Via.
var vias = map[string]string{"tcp": "TCP", "tls": "TLS", "ws": "WS", "wss": "WSS", "http": "WS", "https": "WSS"}

// By every transport, and by the ports of HTTP, calls reach a node that speaks UDP, and its answers come back.
func TestEdgeTransports(t *testing.T) {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	g := edge(t, a, nil)
	for transport, via := range vias {
		l := dial(t, g, transport, a, wstest.Options{})
		for _, method := range []string{"MESSAGE", "INVITE"} {
			status, h := ask(t, l, method, via, "call-"+transport)
			if status != "SIP/2.0 200 OK" || h.Get("X-Node") != "node1" || len(h.Values("Via")) != 1 || !strings.HasPrefix(h.Get("Via"), "SIP/2.0/"+via+" client.invalid;") {
				t.Errorf("%s by %s: %s %v", method, transport, status, h)
			}
		}
	}
	for _, u := range g.Addrs().External {
		if transport, _, _ := strings.Cut(u, "://"); !slices.Contains([]string{"udp", "tcp", "tls", "ws", "wss"}, transport) {
			t.Errorf("an address is %s", u)
		}
	}
	if got, want := g.Addrs().WebSocket, []string{"ws://" + g.Addrs().HTTP[0] + "/sip", "wss://" + g.Addrs().HTTPS[0] + "/sip"}; !slices.Equal(got, want) {
		t.Errorf("WebSockets are taken at %q, want %q", got, want)
	}
	if n := len(g.Addrs().External); n != 5 {
		t.Errorf("%d addresses: %v", n, g.Addrs().External)
	}
}

// A certificate that is replaced counts with the next reload for those who come then; who is there stays.
func TestEdgeCertificateReplaced(t *testing.T) {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	g := edge(t, a, nil)
	for _, transport := range []string{"tls", "wss"} {
		old := dial(t, g, transport, a, wstest.Options{})
		seen := func() int64 {
			c, err := tls.Dial("tcp", at(g, transport), a.trusting())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
		}
		if got := seen(); got != a.n {
			t.Errorf("%s: certificate %d, want %d", transport, got, a.n)
		}
		a.issue("site", "127.0.0.1")
		if _, err := g.Reload(t.Context(), g.config); err != nil {
			t.Fatal(err)
		}
		if got := seen(); got != a.n {
			t.Errorf("%s after the reload: certificate %d, want %d", transport, got, a.n)
		}
		if status, _ := ask(t, old, "MESSAGE", vias[transport], "old-"+transport); status != "SIP/2.0 200 OK" {
			t.Errorf("%s: who came before: %s", transport, status)
		}
	}
}

// Who may come in is what clientAuth says.
func TestEdgeClientCertificates(t *testing.T) {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	own, stranger := a.issue("alice", "alice.example"), newAuthority(t, t.TempDir()).issue("alice", "alice.example")
	for mode, want := range map[string][3]bool{"off": {true, true, true}, "optional": {true, true, false}, "require": {false, true, false}} {
		g := edge(t, a, func(c *config.Config) {
			c.Listen.SIP.TLS.ClientAuth = mode
			if mode != "off" {
				c.Listen.SIP.TLS.ClientCA = "root.pem"
			}
		})
		for i, client := range []*tls.Config{a.trusting(), a.trusting(own), a.trusting(stranger)} {
			if got := enters(t, at(g, "tls"), client); got != want[i] {
				t.Errorf("clientAuth: %s, client %d comes in: %t", mode, i, got)
			}
		}
	}
}

// enters tells whether a client is let in by TLS, and served.
func enters(t *testing.T, addr string, client *tls.Config) bool {
	t.Helper()
	c, err := tls.Dial("tcp", addr, client)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, "\r\n\r\n")
	b := make([]byte, 2)
	_, err = io.ReadFull(c, b)
	return err == nil && string(b) == "\r\n"
}

// Pages of other hosts get no WebSocket unless they are named; that counts with a reload.
func TestEdgeOrigins(t *testing.T) {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	g := edge(t, a, nil)
	upgrade := func(transport, origin string) int {
		t.Helper()
		url := map[string]string{"http": "ws://" + g.Addrs().HTTP[0] + "/sip", "https": "wss://" + g.Addrs().HTTPS[0] + "/sip",
			"ws": "ws://" + at(g, "ws"), "wss": "wss://" + at(g, "wss")}[transport]
		o := wstest.Options{TLS: a.trusting(), Header: http.Header{"Origin": {origin}}}
		c, err := wstest.Connect(url, o)
		var no ws.StatusError
		if errors.As(err, &no) {
			return int(no)
		}
		if err != nil {
			t.Fatalf("%s: %v", transport, err)
		}
		c.Close()
		return 101
	}
	for transport := range vias {
		if transport == "tcp" || transport == "tls" {
			continue
		}
		if got := upgrade(transport, "https://evil.example"); got != 403 {
			t.Errorf("%s: a page of elsewhere: %d", transport, got)
		}
		if got := upgrade(transport, "https://127.0.0.1:444"); got != 101 {
			t.Errorf("%s: a page of the host: %d", transport, got)
		}
	}
	c := g.config
	c.Listen.SIP.Origins = []string{"https://evil.example"}
	r, err := g.Reload(t.Context(), c)
	if err != nil || !slices.Equal(r.Now, []string{"listen.sip.origins"}) || len(r.Restart) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, transport := range []string{"http", "wss"} {
		if got := upgrade(transport, "https://evil.example"); got != 101 {
			t.Errorf("%s: a page that is allowed now: %d", transport, got)
		}
	}
}

// secureNode is a node that speaks SIP by TLS only.
func secureNode(t *testing.T, name string, own tls.Certificate) config.Node {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := &stream{t, c, bufio.NewReader(c)}
				for {
					request, err := in.next()
					if err != nil {
						return
					}
					c.Write(okFrom(name, []byte(request)))
				}
			}()
		}
	}()
	n := web(name, sign(t, name))
	n.SIP = []string{"tls://" + l.Addr().String()}
	return n
}

// Nodes are spoken with by TLS, probes included; one whose certificate is for another gets nothing.
func TestEdgeTowardNodes(t *testing.T) {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	good, bad := secureNode(t, "good", a.issue("good", "127.0.0.1")), secureNode(t, "bad", a.issue("bad", "node7.example"))
	g := edge(t, a, func(c *config.Config) {
		c.Listen.SIP.Internal = append(c.Listen.SIP.Internal, "tls://127.0.0.1:0")
		c.SIP.TLS.CA = "root.pem"
		c.Nodes = []config.Node{good, bad}
		c.Health.SIP.Interval = 100 * time.Millisecond
	})
	for _, transport := range []string{"tcp", "tls", "wss"} {
		l := dial(t, g, transport, a, wstest.Options{})
		for i := range 4 {
			if status, h := ask(t, l, "MESSAGE", vias[transport], fmt.Sprintf("%s-%d", transport, i)); status != "SIP/2.0 200 OK" || h.Get("X-Node") != "good" {
				t.Errorf("by %s: %s of %s", transport, status, h.Get("X-Node"))
			}
		}
	}
}

// SIP of a page's WebSocket lands on the node that its cookie or path names, whatever port of HTTP it came by, and follows the session when that moves.
// A port of its own knows no pages.
func TestEdgeWebSocketFollowsItsPage(t *testing.T) {
	a := newAuthority(t, t.TempDir())
	a.issue("site", "127.0.0.1")
	g := edge(t, a, func(c *config.Config) {
		c.Nodes = []config.Node{convergedNode(t, "node1"), convergedNode(t, "node2")}
	})
	n := 0
	lands := func(l line, via string) string {
		t.Helper()
		n++
		status, h := ask(t, l, "MESSAGE", via, fmt.Sprintf("page-%d", n))
		if status != "SIP/2.0 200 OK" {
			t.Fatal(status)
		}
		return h.Get("X-Node")
	}
	cookie := func(id string) wstest.Options {
		return wstest.Options{TLS: a.trusting(), Header: http.Header{"Cookie": {"theme=dark; JSESSIONID=" + id}}}
	}
	plain, secret := "ws://"+g.Addrs().HTTP[0]+"/sip", "wss://"+g.Addrs().HTTPS[0]+"/sip"
	pages := map[string]*wstest.Conn{ // by the id of its session
		"A.node1": wstest.Dial(t, plain, cookie("A.node1")),
		"B.node2": wstest.Dial(t, plain, cookie("B.node2")),
		"C.node1": wstest.Dial(t, secret, cookie("C.node1")),
		"D.node2": wstest.Dial(t, secret, cookie("D.node2")),
		"E.node2": wstest.Dial(t, plain+";jsessionid=E.node2", wstest.Options{}),
	}
	for id, l := range pages {
		_, node, _ := strings.Cut(id, ".")
		for range 4 {
			if got := lands(l, "WS"); got != node {
				t.Errorf("SIP of the page with %s is on %s", id, got)
			}
		}
	}
	alice := wstest.Dial(t, plain+"?appsession=alice", wstest.Options{})
	_, home := get(t, "http://"+g.Addrs().HTTP[0]+"/?appsession=alice")
	for range 4 {
		if got := lands(alice, "WS"); got != home {
			t.Errorf("HTTP of alice is on %s, SIP of her page on %s", home, got)
		}
	}
	if moved, err := g.Router.Switchover(t.Context(), "node2", "node1"); err != nil || moved == 0 {
		t.Fatal(moved, err)
	}
	for id, l := range pages {
		if got := lands(l, "WS"); got != "node1" {
			t.Errorf("after the switchover SIP of the page with %s is on %s", id, got)
		}
	}
	own, seen := wstest.Dial(t, "ws://"+at(g, "ws"), cookie("F.node1")), map[string]bool{}
	for range 6 {
		seen[lands(own, "WS")] = true
	}
	if len(seen) != 2 {
		t.Errorf("on a port of its own a cookie leads to %v", seen)
	}
}
