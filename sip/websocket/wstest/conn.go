package wstest

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// Wait is how long anything may take before the test fails.
const Wait = 10 * time.Second

// Options are what a client says when it connects. The zero value is what a SIP client that is no browser says.
type Options struct {
	Header    http.Header // further fields: Origin, Cookie
	Protocols []string    // nil: sip
	TLS       *tls.Config // for wss
	From      net.Addr    // local address; nil: any
}

// Connect opens a WebSocket at a ws or wss URL. Refused with a status, the error is a ws.StatusError.
func Connect(url string, o Options) (net.Conn, error) {
	d := ws.Dialer{Timeout: Wait, Protocols: o.Protocols, TLSConfig: o.TLS}
	if o.Protocols == nil {
		d.Protocols = []string{"sip"}
	}
	if o.Header != nil {
		d.Header = ws.HandshakeHeaderHTTP(o.Header)
	}
	if o.From != nil {
		d.NetDial = (&net.Dialer{LocalAddr: o.From}).DialContext
	}
	c, early, _, err := d.Dial(context.Background(), url)
	if err != nil {
		return nil, err
	}
	if early != nil {
		return &ahead{c, early}, nil
	}
	return c, nil
}

// ahead is a connection of which something was read already.
type ahead struct {
	net.Conn
	r *bufio.Reader
}

func (c *ahead) Read(b []byte) (int, error) {
	if c.r.Buffered() == 0 {
		return c.Conn.Read(b)
	}
	return c.r.Read(b)
}

// Conn is an open WebSocket. What fails ends the test, so its methods are for the goroutine of the test. Its net.Conn is for bytes that are
// not well-formed.
type Conn struct {
	net.Conn
	t testing.TB
}

// Dial is Connect; a refusal ends the test. The connection is closed with it.
func Dial(t testing.TB, url string, o Options) *Conn {
	t.Helper()
	c, err := Connect(url, o)
	if err != nil {
		t.Fatalf("connect to %s: %v", url, err)
	}
	return Join(t, c)
}

// Join takes a connection that is upgraded already. It is closed with the test.
func Join(t testing.TB, c net.Conn) *Conn {
	t.Cleanup(func() { c.Close() })
	return &Conn{c, t}
}

// Send sends a message as text, in one frame.
func (c *Conn) Send(message string) {
	c.t.Helper()
	c.Frame(ws.NewTextFrame([]byte(message)))
}

// SendBinary sends a message as binary, in one frame.
func (c *Conn) SendBinary(message string) {
	c.t.Helper()
	c.Frame(ws.NewBinaryFrame([]byte(message)))
}

// SendParts sends a text in a frame for each part.
func (c *Conn) SendParts(parts ...string) {
	c.t.Helper()
	for i, part := range parts {
		op := ws.OpText
		if i > 0 {
			op = ws.OpContinuation
		}
		c.Frame(ws.NewFrame(op, i == len(parts)-1, []byte(part)))
	}
}

// Ping sends a ping with a payload.
func (c *Conn) Ping(payload string) {
	c.t.Helper()
	c.Frame(ws.NewPingFrame([]byte(payload)))
}

// Leave sends a close frame with a code.
func (c *Conn) Leave(code int) {
	c.t.Helper()
	c.Frame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "")))
}

// Frame masks and sends a frame.
func (c *Conn) Frame(f ws.Frame) {
	c.t.Helper()
	b, err := ws.CompileFrame(ws.MaskFrame(f))
	if err != nil {
		c.t.Fatal(err)
	}
	c.Raw(b)
}

// Raw sends bytes as they are.
func (c *Conn) Raw(b []byte) {
	c.t.Helper()
	c.SetWriteDeadline(time.Now().Add(Wait))
	if _, err := c.Write(b); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// Next gives the next frame, whatever it is. The server must not mask it, and must not fragment.
func (c *Conn) Next() ws.Frame {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(Wait))
	f, err := ws.ReadFrame(c.Conn)
	if err != nil {
		c.t.Fatalf("read a frame: %v", err)
	}
	if err := ws.CheckHeader(f.Header, ws.StateClientSide); err != nil {
		c.t.Fatalf("the server sent %+v: %v", f.Header, err)
	}
	if f.Header.Masked || !f.Header.Fin {
		c.t.Fatalf("the server sent %+v", f.Header)
	}
	return f
}

// Receive gives the next message and answers pings before it.
func (c *Conn) Receive() string {
	c.t.Helper()
	for {
		switch f := c.Next(); f.Header.OpCode {
		case ws.OpText, ws.OpBinary:
			return string(f.Payload)
		case ws.OpPing:
			c.Frame(ws.NewPongFrame(f.Payload))
		case ws.OpPong:
		default:
			code, reason := ws.ParseCloseFrameData(f.Payload)
			c.t.Fatalf("closed with %d %q", code, reason)
		}
	}
}

// Closed gives the code that the server closes with, 1005 for none, and requires the connection to end after it. Messages before it are
// dropped.
func (c *Conn) Closed() int {
	c.t.Helper()
	for {
		f := c.Next()
		if f.Header.OpCode != ws.OpClose {
			continue
		}
		code, _ := ws.ParseCloseFrameData(f.Payload)
		if len(f.Payload) == 0 {
			code = ws.StatusNoStatusRcvd
		}
		c.SetReadDeadline(time.Now().Add(Wait))
		if b, err := io.ReadAll(c.Conn); err != nil || len(b) > 0 {
			c.t.Fatalf("after its close frame came %q, %v", b, err)
		}
		return int(code)
	}
}
