package sip

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/guard"
	"twinhop/sip/stream"
)

// A STUN request on the port of SIP tells a client where it is seen (RFC 5626 section 4.4.2), and counts as a message of its source.
func TestSTUN(t *testing.T) {
	s := newStage(t, true, Settings{Rates: guard.SourceSettings{Rate: 2, Burst: 2, Max: 100}})
	ask := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, "transaction!"...)
	for range 2 {
		out := s.in("external", at("192.0.2.1:32853"), ask)
		want := append([]byte{1, 1, 0, 12}, ask[4:]...)
		want = append(want, 0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43)
		if len(out) != 1 || out[0].to != at("192.0.2.1:32853") || !bytes.Equal(out[0].data, want) {
			t.Fatalf("answered %v", out)
		}
	}
	for name, b := range map[string][]byte{"above its rate": ask, "an answer": append([]byte{1, 1}, ask[2:]...), "an indication": append([]byte{0, 0x11}, ask[2:]...)} {
		if out := s.in("external", at("192.0.2.1:32853"), b); len(out) > 0 {
			t.Errorf("%s is answered: %x", name, out[0].data)
		}
	}
}

// Who has registered by TCP may be silent until that ends; others may not.
func TestARegisteredPhoneMayBeSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setScene(t, "two-port tcp=udp")
		for i, from := range []netip.AddrPort{browser, another} {
			call := fmt.Sprint("r", i)
			register := request("REGISTER", "sip:example.com", call, "To: <sip:alice@example.com>", "Contact: <sip:alice@192.168.1.5;transport=tcp>", "Supported: path", "", "")
			out := s.in("external-tcp", from, []byte(strings.ReplaceAll(strings.Join(register, "\r\n"), "UDP 198.51.100.7;rport", "TCP 192.168.1.5")))
			if len(out) != 1 {
				t.Fatalf("%v", out)
			}
			if from == another {
				break // it was not let in
			}
			m := string(text(out[0].data))
			s.in("internal", out[0].to, crlf([]byte("SIP/2.0 200 OK\n"+lines(m, "Via:", "From:", "To:", "Call-ID:", "CSeq:")+"Contact: <sip:alice@192.168.1.5>;expires=1800\nContent-Length: 0\n\n")))
		}
		s.wait(25 * time.Minute)
		if l := s.tcp.line("external-tcp", browser); l != s.tcp.lines[0] {
			t.Error("the connection of who has registered was closed")
		}
		if !s.tcp.lines[1].closed {
			t.Error("the connection of who was not let in is open")
		}
		s.wait(10 * time.Minute)
		if !s.tcp.lines[0].closed {
			t.Error("the registration has ended, and the connection has not")
		}
	})
}

// A peer with a certificate for its name, which says that its connection may be used both ways, is not called: what is for it comes by that
// connection. Who has none, or says nothing, is called (RFC 5923).
func TestConnectionsOfTrunksAreReused(t *testing.T) {
	for name, c := range map[string]struct {
		cert, alias string
		reused      bool
	}{"certified": {"trunk.example", ";alias", true}, "silent": {"trunk.example", "", false}, "somebody else": {"mallory.example", ";alias", false},
		"nobody": {"", ";alias", false}} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t, Settings{})
			for _, l := range e.front.External {
				if s, ok := l.Stream.(shaken); ok {
					s.with.ClientAuth, s.with.ClientCAs = tls.VerifyClientCertIfGiven, e.trust
				}
			}
			e.front.Resolver = hosts(func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			})
			node, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer node.Close()
			node.SetDeadline(time.Now().Add(10 * time.Second))
			served, called := e.secure("trunk.example", "")
			with := &tls.Config{RootCAs: e.trust, ServerName: "edge.example"}
			if c.cert != "" {
				with.Certificates = []tls.Certificate{certificate(t, e.trust, c.cert)}
			}
			e.start(cluster.Address{Scheme: "udp", Addr: node.LocalAddr().(*net.UDPAddr).AddrPort(), Host: "127.0.0.1"})
			trunk, err := tls.Dial("tcp", e.at["tls"].String(), with)
			if err != nil {
				t.Fatal(err)
			}
			defer trunk.Close()
			trunk.SetDeadline(time.Now().Add(10 * time.Second))
			sentBy := fmt.Sprintf("Trunk.example:%d", served.Addr.Port())
			io.WriteString(trunk, call("MESSAGE", "sip:bob@example.com", "TLS "+sentBy+c.alias))
			b := make([]byte, 65536)
			if _, _, err := node.ReadFrom(b); err != nil {
				t.Fatal(err)
			}
			node.WriteTo([]byte(strings.ReplaceAll(call("MESSAGE", "sips:carol@"+sentBy, "UDP "+node.LocalAddr().String()), "c1", "n1")), net.UDPAddrFromAddrPort(e.at["internal udp"]))
			if !c.reused {
				e.wait(called)
				return
			}
			head, err := readMessage(bufio.NewReader(trunk))
			if err != nil || !strings.HasPrefix(head, "MESSAGE sips:carol@") || len(called) > 0 {
				t.Errorf("by its connection came %q, %v; by a new one %d", head, err, len(called))
			}
		})
	}
}

// What was queued for a WebSocket that then broke is answered as if the flow had been gone before; what it may have got is not.
func TestAMessageIsLostWithItsFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setScene(t, "two-port edge=ws")
		hello := strings.Join(append(request("MESSAGE", "sip:bob@example.com", "o1", "To: <sip:x@y>"), "", ""), "\r\n")
		s.in("external-ws", browser, []byte(strings.Replace(hello, "UDP 198.51.100.7", "WS x1.invalid", 1)))
		message := strings.Join(append(request("MESSAGE", "sip:alice@x1.invalid;transport=ws", "n1", "To: <sip:alice@example.com>"), "", ""), "\r\n")
		out := s.in("internal", node1, []byte(strings.Replace(message, "198.51.100.7;rport", "10.0.0.1:5080", 1)))
		if len(out) != 1 || out[0].leg != "external-ws" {
			t.Fatalf("%v", out)
		}
		left := out[0].data
		for _, why := range []error{stream.ErrUnsure, errors.New("broken")} {
			s.sent = nil
			for _, g := range s.front.legs.All {
				if g.Web() {
					(&connections{t.Context(), s.front, g}).Lost(browser, left, why)
				}
			}
			if got := s.settle(); why == stream.ErrUnsure && len(got) > 0 {
				t.Errorf("it may have been read, and is answered %s", got[0].data)
			} else if why != stream.ErrUnsure && (len(got) != 1 || got[0].to != node1 || !bytes.HasPrefix(got[0].data, []byte("SIP/2.0 430 Flow Failed\r\n"))) {
				t.Errorf("the node hears %v", got)
			}
		}
	})
}
