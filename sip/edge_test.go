package sip

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/stream"
	"twinhop/sip/websocket"
	"twinhop/sip/websocket/wstest"
)

// certificate is one for a name, and what is needed to trust it.
func certificate(t *testing.T, trust *x509.CertPool, name string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trust.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// shaken is a listener of TLS connections that have shaken hands.
type shaken struct {
	net.Listener
	with *tls.Config
}

func (l shaken) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		s := tls.Server(c, l.with)
		if s.Handshake() == nil {
			return s, nil
		}
		c.Close()
	}
}

// edge is a Front on sockets of the loopback interface: for clients TLS and both kinds of WebSocket, toward the nodes UDP and TLS.
type edge struct {
	*stage
	trust *x509.CertPool
	at    map[string]netip.AddrPort // by "tls", "ws", "wss" and "internal tls"
}

func newEdge(t *testing.T, set Settings) *edge {
	e := &edge{stage: newStage(t, true, set), trust: x509.NewCertPool(), at: map[string]netip.AddrPort{}}
	own := &tls.Config{Certificates: []tls.Certificate{certificate(t, e.trust, "edge.example")}}
	f := e.front
	f.TLS = func() *tls.Config { return &tls.Config{RootCAs: e.trust} }
	f.Web = Web{Greet: new(websocket.Upgrader).Greet, Frames: func() stream.Codec { return new(websocket.Codec) }}
	f.External, f.Internal = nil, nil
	listen := func(transport string) Listener {
		l, at := listenLoop(t)
		e.at[transport] = at
		name := strings.TrimPrefix(transport, "internal ")
		if name == "ws" {
			return Listener{Stream: l, Transport: name}
		}
		return Listener{Stream: shaken{l, own}, Transport: name}
	}
	for _, transport := range []string{"tls", "ws", "wss"} {
		f.External = append(f.External, listen(transport))
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	e.at["internal udp"] = c.LocalAddr().(*net.UDPAddr).AddrPort()
	f.Internal = append(f.Internal, Listener{Conn: c}, listen("internal tls"))
	return e
}

func listenLoop(t *testing.T) (net.Listener, netip.AddrPort) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().(*net.TCPAddr).AddrPort()
}

// start runs the front with nodes at these addresses.
func (e *edge) start(nodes ...cluster.Address) {
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i, a := range nodes {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("node%d", i+1), SIP: []cluster.Address{a}})
	}
	if err := e.registry.Apply(spec); err != nil {
		e.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.front.Run(ctx) }()
	e.t.Cleanup(func() {
		cancel()
		for _, l := range append(e.front.External, e.front.Internal...) {
			if s, ok := l.Stream.(shaken); ok {
				s.Close() // it knows no deadline
			}
		}
		if err := <-done; err != nil {
			e.t.Errorf("Run: %v", err)
		}
	})
}

// secure is a peer that takes connections over TLS: the head of each message it gets goes to heard, requests but ACK are answered.
func (e *edge) secure(name, host string) (at cluster.Address, heard chan string) {
	l, addr := listenLoop(e.t.(*testing.T))
	heard = make(chan string, 16)
	with := &tls.Config{Certificates: []tls.Certificate{certificate(e.t.(*testing.T), e.trust, name)}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				s := tls.Server(c, with)
				if s.Handshake() != nil {
					return
				}
				for r := bufio.NewReader(s); ; {
					head, err := readMessage(r)
					if err != nil {
						return
					}
					heard <- head
					if !strings.HasPrefix(head, "ACK") {
						io.WriteString(s, answerText(head))
					}
				}
			}()
		}
	}()
	e.t.Cleanup(func() { l.Close() })
	return cluster.Address{Scheme: "tls", Addr: addr, Host: host}, heard
}

// readMessage reads a message of a stream without its body.
func readMessage(r *bufio.Reader) (head string, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == "\r\n" && head == "" {
			continue
		}
		if head += line; line == "\r\n" {
			break
		}
	}
	_, n, _ := strings.Cut(strings.ToLower(head), "content-length: ")
	n, _, _ = strings.Cut(n, "\r")
	size, _ := strconv.Atoi(n)
	_, err = io.CopyN(io.Discard, r, int64(size))
	return head, err
}

func answerText(request string) string {
	to := lines(strings.ReplaceAll(request, "\r\n", "\n"), "To:")
	if !strings.Contains(to, ";tag=") {
		to = strings.TrimSuffix(to, "\n") + ";tag=b\n"
	}
	text := strings.ReplaceAll(request, "\r\n", "\n")
	return string(crlf([]byte("SIP/2.0 200 OK\n" + lines(text, "Via:", "Record-Route:", "From:", "Call-ID:", "CSeq:") + to + "Content-Length: 0\n\n")))
}

func (e *edge) wait(c chan string) string {
	e.t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(10 * time.Second):
		e.t.Fatal("nothing came")
		return ""
	}
}

// talk is a client's connection.
type talk struct {
	send    func(string)
	receive func() string
}

func (e *edge) dial(transport string) talk {
	t := e.t.(*testing.T)
	with := &tls.Config{RootCAs: e.trust, ServerName: "edge.example"}
	if transport == "tls" {
		c, err := tls.Dial("tcp", e.at["tls"].String(), with)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(10 * time.Second))
		r := bufio.NewReader(c)
		return talk{func(s string) { io.WriteString(c, s) }, func() string {
			head, err := readMessage(r)
			if err != nil {
				t.Fatal(err)
			}
			return head
		}}
	}
	c := wstest.Dial(t, transport+"://"+e.at[transport].String(), wstest.Options{TLS: with})
	return talk{c.Send, c.Receive}
}

func call(method, uri, via string) string {
	return string(crlf([]byte(method + " " + uri + " SIP/2.0\nVia: SIP/2.0/" + via + ";branch=z9hG4bK" + method + "\nMax-Forwards: 70\n" +
		"From: <sip:alice@example.com>;tag=a\nTo: <sip:bob@example.com>\nCall-ID: c1\nCSeq: 1 " + method + "\nContent-Length: 0\n\n")))
}

// Clients by TLS and by WebSockets reach a node by TLS, whose certificate is for the name it is configured with, and are answered on their
// connections.
func TestEdgeOverSockets(t *testing.T) {
	for _, transport := range []string{"tls", "ws", "wss"} {
		t.Run(transport, func(t *testing.T) {
			e := newEdge(t, Settings{})
			at, heard := e.secure("node1.example", "node1.example")
			e.start(at)
			c := e.dial(transport)
			via := strings.ToUpper(transport)
			invite := call("INVITE", "sip:bob@example.com", via+" x1.invalid")
			body := "v=0\r\n"
			if transport == "tls" {
				c.send(strings.Replace(invite, "Content-Length: 0", fmt.Sprint("Content-Length: ", len(body)), 1) + body)
			} else {
				c.send(strings.Replace(invite, "Content-Length: 0\r\n", "", 1) + body) // a WebSocket tells where a message ends
			}
			got := e.wait(heard)
			for _, want := range []string{"INVITE sip:bob@example.com SIP/2.0", "\nVia: SIP/2.0/TLS " + e.at["internal tls"].String(),
				"\nVia: SIP/2.0/" + via + " " + e.at[transport].String(), "\nRecord-Route: <sip:" + e.at["internal tls"].String() + ";transport=tls;lr",
				"\nContent-Length: 5\r\n"} {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if ok := c.receive(); !strings.HasPrefix(ok, "SIP/2.0 200 ") || strings.Count(ok, "Via:") != 1 {
				t.Errorf("answered\n%s", ok)
			}
		})
	}
}

// A node with a certificate for somebody else is not the node: the request goes to another one.
func TestNodeWithAnothersCertificate(t *testing.T) {
	e := newEdge(t, Settings{})
	wrong, deaf := e.secure("other.example", "node1.example")
	right, heard := e.secure("node2.example", "node2.example")
	e.start(wrong, right)
	c := e.dial("tls")
	for i := range 2 { // whichever comes first in turn
		c.send(strings.ReplaceAll(call("MESSAGE", "sip:bob@example.com", "TLS 127.0.0.1"), "c1", strconv.Itoa(i)))
		e.wait(heard)
		if ok := c.receive(); !strings.HasPrefix(ok, "SIP/2.0 200 ") {
			t.Fatalf("answered\n%s", ok)
		}
	}
	if len(deaf) != 0 {
		t.Errorf("the wrong one got\n%s", <-deaf)
	}
	if failed := e.registry.View().Named("node1").Load().Failed.Load(); failed == 0 {
		t.Error("nobody was told that node1 was not reached")
	}
}

// A server of a domain must have a certificate for the domain; a node is told when it has not.
func TestNextHopCertificate(t *testing.T) {
	e := newEdge(t, Settings{})
	e.front.Resolver = hosts(func(_ context.Context, host string) ([]netip.Addr, error) {
		if host != "carol.example" {
			return nil, errors.New("nobody asked for that")
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	})
	node, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	node.SetDeadline(time.Now().Add(10 * time.Second))
	certs := []string{"carol.example", "mallory.example"}
	var servers [2]cluster.Address
	var heards [2]chan string
	for i, cert := range certs {
		servers[i], heards[i] = e.secure(cert, "")
	}
	e.start(cluster.Address{Scheme: "udp", Addr: node.LocalAddr().(*net.UDPAddr).AddrPort(), Host: "127.0.0.1"}) // whoever is trusted is known now
	to := net.UDPAddrFromAddrPort(e.at["internal udp"])
	for i, cert := range certs {
		at, heard := servers[i], heards[i]
		uri := fmt.Sprintf("sips:carol@Carol.example:%d", at.Addr.Port())
		node.WriteTo([]byte(strings.ReplaceAll(call("MESSAGE", uri, "UDP "+node.LocalAddr().String()), "c1", cert)), to)
		b := make([]byte, 65536)
		n, _, err := node.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"SIP/2.0 200 ", "SIP/2.0 503 "}[i]
		if got := string(b[:n]); !strings.HasPrefix(got, want) || len(heard) != 1-i {
			t.Errorf("with a certificate for %s, which got %d messages, the node is answered\n%s", cert, len(heard), got)
		}
	}
}
