package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// edgePhone dials the gateway by one of the transports of the web: "tls", "ws", "wss", or "http" and "https", which are
// WebSockets on the HTTP ports. The header goes with the upgrade.
func (w *world) edgePhone(root *authority, transport string, header http.Header) (*streamPhone, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if transport == "tls" {
		d := tls.Dialer{Config: root.trusted()}
		c, err := d.DialContext(ctx, "tcp", w.edge["tls"])
		if err != nil {
			return nil, err
		}
		return &streamPhone{conn: c, in: bufio.NewReader(c), via: "TLS"}, nil
	}
	d := ws.Dialer{Protocols: []string{"sip"}, Header: ws.HandshakeHeaderHTTP(header)}
	if root != nil {
		d.TLSConfig = root.trusted()
	}
	url, secure := w.socketURL(transport)
	c, early, hello, err := d.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	if early == nil {
		early = bufio.NewReader(c)
	}
	p := &streamPhone{conn: c, in: early, via: "WS", frames: true}
	if secure {
		p.via = "WSS"
	}
	if hello.Protocol != "sip" {
		c.Close()
		return nil, fmt.Errorf("the subprotocol is %q", hello.Protocol)
	}
	return p, nil
}

// socketURL is where a page has its WebSocket.
func (w *world) socketURL(transport string) (url string, secure bool) {
	switch transport {
	case "http":
		return strings.Replace(w.http, "http:", "ws:", 1) + "/sip", false
	case "https":
		return strings.Replace(w.https[0], "https:", "wss:", 1) + "/sip", true
	}
	return transport + "://" + w.edge[transport], transport == "wss"
}

// frame returns the next message of a WebSocket; what is no SIP is an answer to a keep-alive.
func (p *streamPhone) frame() (*message, error) {
	for {
		text, _, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{p.in, p.conn})
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(text)) > 0 {
			return parse(text)
		}
	}
}

// send writes a message as the transport wants it.
func (p *streamPhone) send(text string) error {
	if p.frames {
		return wsutil.WriteClientText(p.conn, []byte(text))
	}
	_, err := io.WriteString(p.conn, text)
	return err
}

// host is what stands in its Via and Contact: a page knows no address of its own.
func (p *streamPhone) host() string {
	if p.inner != "" {
		return p.inner
	}
	if p.frames {
		return "page" + p.conn.LocalAddr().String()[strings.LastIndexByte(p.conn.LocalAddr().String(), ':')+1:] + ".invalid"
	}
	return p.conn.LocalAddr().String()
}

// register has a registrar know the phone for ten minutes, by its flow.
func (p *streamPhone) register(user string) (*message, error) {
	const more = "Supported: path, outbound\r\nExpires: 600\r\n"
	text := p.request("REGISTER", "sip:e2e.invalid", fmt.Sprintf("reg-%d@%s", serial.Add(1), p.host()), "<sip:"+user+"@e2e.invalid>", 1, more)
	return p.ask(strings.Replace(text, "Contact: <sip:stream@", "Contact: <sip:"+user+"@", 1))
}

// answer waits for a request of this method and answers it 200; others are answered as well. It fails when the time is over.
func (p *streamPhone) answer(method string, within time.Duration) (*message, error) {
	_ = p.conn.SetDeadline(time.Now().Add(within))
	for {
		m, err := p.read()
		if err != nil {
			return nil, err
		}
		if m.response() || m.method() == "ACK" {
			if !m.response() && method == "ACK" {
				return m, nil
			}
			continue
		}
		a := agent{name: "page", addr: p.host()}
		r := a.reply(m, "200 OK")
		if m.method() == "INVITE" && m.body != "" {
			r.attach(offer)
		}
		if err := p.send(r.String()); err != nil {
			return nil, err
		}
		if m.method() == method {
			return m, nil
		}
	}
}

// closing reads what comes until the peer ends the connection, and returns the status of its Close frame: 0, it sent none.
func (p *streamPhone) closing(within time.Duration) (ws.StatusCode, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(within))
	for {
		f, err := ws.ReadFrame(p.in)
		if err != nil {
			if isTimeout(err) {
				return 0, fmt.Errorf("it is open after %v", within)
			}
			return 0, nil
		}
		if f.Header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return code, nil
		}
	}
}

// mustEdge dials and closes with the test.
func (w *world) mustEdge(t testing.TB, root *authority, transport string, header http.Header) *streamPhone {
	t.Helper()
	p, err := w.edgePhone(root, transport, header)
	if err != nil {
		t.Fatalf("%s: %v", transport, err)
	}
	t.Cleanup(func() { p.conn.Close() })
	return p
}
