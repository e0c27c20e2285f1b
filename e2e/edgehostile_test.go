package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// raw is a frame with whatever flags and length.
func raw(first byte, masked bool, length uint64, payload []byte) []byte {
	b := []byte{first, 0}
	if masked {
		b[1] = 0x80
	}
	switch {
	case length <= 125:
		b[1] |= byte(length)
	case length < 1<<16:
		b[1] |= 126
		b = append(b, byte(length>>8), byte(length))
	default:
		b[1] |= 127
		for i := 56; i >= 0; i -= 8 {
			b = append(b, byte(length>>i))
		}
	}
	if masked {
		b = append(b, 1, 2, 3, 4)
		payload = bytes.Clone(payload)
		ws.Cipher(payload, [4]byte{1, 2, 3, 4}, 0)
	}
	return append(b, payload...)
}

func whole(first byte, text string) []byte {
	return raw(first, true, uint64(len(text)), []byte(text))
}

// spoiledSockets are what ends a WebSocket, with the status that it is closed with.
var spoiledSockets = []struct {
	name  string
	bytes []byte
	code  ws.StatusCode
}{
	{"70 KiB in one frame", whole(0x81, "OPTIONS "+strings.Repeat("x", 70<<10)), 1009},
	{"70 KiB in fragments", bytes.Join([][]byte{whole(0x01, strings.Repeat("x", 40<<10)), whole(0x80, strings.Repeat("x", 30<<10))}, nil), 1009},
	{"a length of petabytes", raw(0x81, true, 1<<52, nil), 1009},
	{"a negative length", raw(0x81, true, 1<<63, nil), 1002},
	{"no mask", raw(0x81, false, 4, []byte("\r\n\r\n")), 1002},
	{"reserved bits", whole(0xC1, "\r\n\r\n"), 1002},
	{"a reserved opcode", whole(0x83, "\r\n\r\n"), 1002},
	{"a reserved control opcode", whole(0x8B, ""), 1002},
	{"a long ping", whole(0x89, strings.Repeat("p", 126)), 1002},
	{"half a ping", whole(0x09, "p"), 1002},
	{"a continuation of nothing", whole(0x80, "x"), 1002},
	{"a message inside another", append(whole(0x01, "OPTIONS "), whole(0x81, "OPTIONS ")...), 1002},
	{"a short length written long", []byte{0x81, 0x80 | 126, 0, 4, 0, 0, 0, 0, '\r', '\n', '\r', '\n'}, 1002},
	{"bytes that are no text", whole(0x81, "OPTIONS \xff\xfe"), 1007},
	{"half a letter", append(whole(0x01, "OPTIONS \xc3"), whole(0x80, "")...), 1007},
	{"a close of one byte", whole(0x88, "\x03"), 1002},
	{"a good-bye", whole(0x88, "\x03\xe8"), 1000},
	{"a good-bye without a word", whole(0x88, ""), 0},
	{"countless fragments", bytes.Repeat(whole(0x01, ""), 1), 0}, // see below
}

// hello asks for a WebSocket at an address in words of one's own.
func hello(addr, head string) (status int, c net.Conn, err error) {
	if c, err = net.DialTimeout("tcp", addr, 5*time.Second); err != nil {
		return 0, nil, err
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err = io.WriteString(c, head); err != nil {
		c.Close()
		return 0, nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		c.Close()
		return 0, nil, err
	}
	return resp.StatusCode, c, nil
}

const upgrade = "GET /sip HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n"

// oddUpgrades are requests for a WebSocket, and how they are answered.
var oddUpgrades = []struct {
	name, old, new string
	status         int
}{
	{"as it should be", "", "", 101},
	{"the page of another port", "\r\n\r\n", "\r\nOrigin: http://127.0.0.1:8081\r\n\r\n", 101},
	{"a page that is listed", "\r\n\r\n", "\r\nOrigin: https://shop.example\r\n\r\n", 101},
	{"a page of somebody else", "\r\n\r\n", "\r\nOrigin: https://evil.example\r\n\r\n", 403},
	{"a page of nowhere", "\r\n\r\n", "\r\nOrigin: null\r\n\r\n", 403},
	{"another scheme of a page that is listed", "\r\n\r\n", "\r\nOrigin: http://shop.example\r\n\r\n", 403},
	{"two Origins", "\r\n\r\n", "\r\nOrigin: http://127.0.0.1:1\r\nOrigin: https://evil.example\r\n\r\n", 403},
	{"no subprotocol", "Sec-WebSocket-Protocol: sip\r\n", "", 400},
	{"another subprotocol", "Protocol: sip", "Protocol: xmpp", 400},
	{"one of several subprotocols", "Protocol: sip", "Protocol: xmpp, sip", 101},
	{"an old version", "Version: 13", "Version: 8", 426},
	{"half a key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBs", 400},
	{"no key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400},
}

// edgeStage has everything that an edge has.
func edgeStage(t testing.TB, root *authority) stage {
	return secured(root, stage{Agents: true, Web: [2]string{pageNode(t, "node1"), pageNode(t, "node2")}, Also: []string{"tcp"}, Edge: []string{"tls", "ws", "wss"},
		Words: "    tls: {cert: site.pem, key: site.key}\n    websocket: /sip\n    origins: [\"https://shop.example\"]\n"})
}

// Who begins with TLS, or asks for a WebSocket, in an odd way, half, or late, and who does not keep to the protocol then, is told so as the protocol
// has it; nobody else notices, and nothing is left behind.
func TestEdgeHostileSockets(t *testing.T) {
	root := newAuthority(t, "root")
	s := edgeStage(t, root)
	s.Config = "limits: {http: {headerTimeout: 2s}, sip: {partialTimeout: 1s, handshakeTimeout: 2s, pings: 100}}\n"
	w := set(t, s)
	honest := map[string]*streamPhone{}
	for _, transport := range []string{"tls", "ws", "wss", "http", "https"} {
		honest[transport] = w.mustEdge(t, root, transport, nil)
	}
	before, err := w.vitals()
	if err != nil {
		t.Fatal(err)
	}
	others := w.public(t)
	var attacks sync.WaitGroup
	for _, door := range []string{"ws", "http"} {
		attacks.Go(func() { w.halfUpgrades(t, door, 100) })
		attacks.Go(func() { w.spoilSockets(t, door) })
		attacks.Go(func() { w.slowSocket(t, door) })
	}
	for _, door := range []string{"tls", "wss"} {
		attacks.Go(func() { w.halfHandshakes(t, door, 100) })
	}
	for range 3 {
		for transport, p := range honest {
			if err := p.serve(w.external); err != nil {
				t.Errorf("%s, meanwhile: %v", transport, err)
			}
			if !p.frames {
				continue
			}
			if err := p.oddButRight(); err != nil {
				t.Errorf("%s: %v", transport, err)
			}
		}
	}
	attacks.Wait()
	for transport, p := range honest {
		if err := p.serve(w.external); err != nil {
			t.Errorf("%s, afterwards: %v", transport, err)
		}
	}
	others.end(t, 20)
	w.leakless(t, before)
}

func (w *world) door(name string) string {
	if name == "http" {
		return strings.TrimPrefix(w.http, "http://")
	}
	return w.edge[name]
}

// halfUpgrades leaves requests for a WebSocket unfinished, and asks for others in odd words.
func (w *world) halfUpgrades(t testing.TB, door string, count int) {
	var half []net.Conn
	for i := range count {
		c, err := net.DialTimeout("tcp", w.door(door), 5*time.Second)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, upgrade[:i*len(upgrade)/count/2])
		half = append(half, c)
	}
	for _, u := range oddUpgrades {
		status, c, err := hello(w.door(door), strings.Replace(upgrade, u.old, u.new, 1))
		if err != nil || status != u.status {
			t.Errorf("%s, %s: %d, %v; want %d", door, u.name, status, err, u.status)
		}
		if c != nil {
			c.Close()
		}
	}
	if i := stillOpen(half); i >= 0 {
		t.Errorf("%s: a request of which %d of %d bytes came is still waited for", door, i*len(upgrade)/count/2, len(upgrade))
	}
}

// halfHandshakes begins with TLS and says no more, or says something else.
func (w *world) halfHandshakes(t testing.TB, door string, count int) {
	client := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 100)
	var half []net.Conn
	for i := range count {
		c, err := net.DialTimeout("tcp", w.door(door), 5*time.Second)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, client[:i%len(client)])
		half = append(half, c)
	}
	for _, plain := range []string{upgrade, "OPTIONS sip:e2e.invalid SIP/2.0\r\n\r\n"} {
		c, err := net.DialTimeout("tcp", w.door(door), 5*time.Second)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, plain)
		half = append(half, c)
	}
	if i := stillOpen(half); i >= 0 {
		t.Errorf("%s: the handshake of connection %d is still waited for", door, i)
	}
}

// stillOpen is the first of some connections that the gateway does not end in time; -1: it ends all.
func stillOpen(all []net.Conn) int {
	return slices.IndexFunc(all, func(c net.Conn) bool {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err := io.Copy(io.Discard, c)
		return isTimeout(err)
	})
}

// spoilSockets breaks the rules, each on a socket of its own.
func (w *world) spoilSockets(t testing.TB, door string) {
	for _, s := range spoiledSockets {
		p, err := w.edgePhone(nil, door, nil)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		bytes, code := s.bytes, s.code
		if s.name == "countless fragments" {
			for range 100 {
				bytes = append(bytes, whole(0x00, "")...)
			}
			code = 1009
		}
		go func() { _, _ = p.conn.Write(bytes) }()
		got, err := p.closing(10 * time.Second)
		if err != nil || got != code && !(code == 0 && got == ws.StatusNoStatusRcvd) {
			t.Errorf("%s, %s: closed with %d, %v; want %d", door, s.name, got, err, code)
		}
		p.conn.Close()
	}
}

// slowSocket sends a fragment of a message now and then, and has no whole one in time.
func (w *world) slowSocket(t testing.TB, door string) {
	p, err := w.edgePhone(nil, door, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer p.conn.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := p.closing(10 * time.Second); err != nil {
			t.Errorf("%s, slow fragments: %v", door, err)
		}
	}()
	_, _ = p.conn.Write(whole(0x01, "OPTIONS "))
	for tick := time.NewTicker(200 * time.Millisecond); ; {
		select {
		case <-done:
			tick.Stop()
			return
		case <-tick.C:
			_, _ = p.conn.Write(whole(0x00, "s"))
		}
	}
}

// oddButRight is what few clients do: a ping with a payload, keep-alives, a message in fragments with a ping between, and in
// binary frames.
func (p *streamPhone) oddButRight() error {
	_ = p.conn.SetDeadline(time.Now().Add(10 * time.Second))
	pong := func(text string) error {
		for {
			f, err := ws.ReadFrame(p.in)
			switch {
			case err != nil:
				return fmt.Errorf("a ping: %w", err)
			case f.Header.OpCode == ws.OpPong && string(f.Payload) == text:
				return nil
			case f.Header.OpCode == ws.OpPong || f.Header.OpCode == ws.OpClose:
				return fmt.Errorf("a ping is answered %v %q", f.Header, f.Payload)
			}
		}
	}
	if _, err := p.conn.Write(whole(0x89, "a payload")); err != nil {
		return err
	}
	if err := pong("a payload"); err != nil {
		return err
	}
	if _, err := p.conn.Write(append(whole(0x81, "\r\n\r\n"), whole(0x8A, "nobody asked")...)); err != nil {
		return err
	}
	for _, kind := range []byte{1, 2} {
		text := p.request("OPTIONS", "sip:e2e.invalid", fmt.Sprintf("odd-%d@%s", serial.Add(1), p.host()), "<sip:e2e.invalid>", 1, "")
		parts := append(whole(kind, text[:9]), whole(0x89, "between")...)
		parts = append(parts, whole(0x00, text[9:10])...)
		parts = append(parts, whole(0x00, "")...)
		parts = append(parts, whole(0x80, text[10:])...)
		if _, err := p.conn.Write(parts); err != nil {
			return err
		}
		if err := pong("between"); err != nil {
			return err
		}
		for {
			m, err := p.frame()
			if err != nil {
				return fmt.Errorf("a message in fragments: %w", err)
			}
			if m.status() >= 200 {
				break
			}
		}
	}
	return nil
}
