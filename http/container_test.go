package http

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"twinhop/http/ajp"
	"twinhop/http/head"
)

// A container is an AJP node that keeps what it got and answers as told; below
// /early before it has read the body. Its
// reader is written apart from the client, from the protocol's description;
// what it cannot understand ends the connection and fails the test.
type container struct {
	node
	t testing.TB
	// answer returns raw packets; what does not end an answer is followed by
	// the end of the connection.
	answer func(*asked) string

	read, sent atomic.Int64 // bytes on the wire

	mu    sync.Mutex // guards what follows
	conns int
	got   []*asked
}

// asked is one request as it reached a container.
type asked struct {
	method, uri, query string
	attrs              map[string]string // by number or name
	fields             head.Fields
	body               []byte
	whole              bool // the body came to its end
	conn               int
}

func newContainer(t testing.TB, name string, answer func(*asked) string) *container {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &container{node: node{name, "ajp://" + l.Addr().String()}, t: t, answer: answer}
	var running sync.WaitGroup
	t.Cleanup(func() { l.Close(); running.Wait() })
	running.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			c.mu.Lock()
			c.conns++
			n := c.conns
			c.mu.Unlock()
			running.Go(func() {
				defer nc.Close()
				wire := &counting{nc, c}
				for in := bufio.NewReader(wire); c.serve(in, wire, n); {
				}
			})
		}
	})
	return c
}

// counting is a container's end of a connection.
type counting struct {
	net.Conn
	c *container
}

func (w *counting) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.c.read.Add(int64(n))
	return n, err
}

func (w *counting) Write(p []byte) (int, error) {
	w.c.sent.Add(int64(len(p))) // before the gateway has them, and is asked
	return w.Conn.Write(p)
}

// take returns what the container got since the last take.
func (c *container) take() []*asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got
	c.got = nil
	return got
}

func (c *container) serve(in *bufio.Reader, out net.Conn, conn int) bool {
	p, err := ajpPacket(in)
	if err != nil || len(p) == 0 || p[0] != 2 || len(p) == 2+int(binary.BigEndian.Uint16(p)) {
		if err == nil {
			c.t.Errorf("%s: instead of a request on connection %d: %.40q", c.name, conn, p)
		}
		return false
	}
	a := readAsked(p)
	a.conn = conn
	left, err := strconv.ParseInt(a.fields.Get("content-length"), 10, 64)
	if err != nil {
		left = -1
	}
	if strings.HasPrefix(a.uri, "/early") { // answered before its body is read; what was promised of that is still to come
		c.mu.Lock()
		c.got = append(c.got, a)
		c.mu.Unlock()
		io.WriteString(out, page(a.uri))
		for left > 0 {
			b, err := ajpPacket(in)
			if err == nil && len(b) != 2+int(binary.BigEndian.Uint16(b)) {
				c.t.Errorf("%s: %d bytes of a body are outstanding on connection %d, and there comes %.40q", c.name, left, conn, b)
			}
			if err != nil {
				return false
			}
			left -= int64(len(b) - 2)
		}
		return true
	}
	for first := left > 0; left != 0; first = false {
		if !first {
			io.WriteString(out, "AB\x00\x03\x06\x1f\xfa")
		}
		b, err := ajpPacket(in)
		if err != nil || len(b) == 0 {
			a.whole = err == nil && left < 0
			left = 0
			continue
		}
		a.body = append(a.body, b[2:]...)
		left = max(left-int64(len(b)-2), -1)
	}
	a.whole = a.whole || a.fields.Get("content-length") == strconv.Itoa(len(a.body))
	c.mu.Lock()
	c.got = append(c.got, a)
	c.mu.Unlock()
	answer := page(a.uri)
	if c.answer != nil {
		answer = c.answer(a)
	}
	_, err = io.WriteString(out, answer)
	return err == nil && strings.HasSuffix(answer, ajpEnd)
}

// page is a whole answer with this body.
func page(body string) string {
	return ajpHead(200, len(body)) + ajpRaw("\x03"+ajpText(body)) + ajpEnd
}

const ajpEnd = "AB\x00\x02\x05\x01"

// ajpHead is a headers packet that announces a length, none for -1.
func ajpHead(status, length int) string {
	fields := "\x00\x00"
	if length >= 0 {
		fields = "\x00\x01\xa0\x03" + ajpText(strconv.Itoa(length))
	}
	return ajpRaw("\x04" + string([]byte{byte(status >> 8), byte(status)}) + ajpText("") + fields)
}

func ajpRaw(p string) string { return "AB" + string([]byte{byte(len(p) >> 8), byte(len(p))}) + p }

func ajpText(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s + "\x00" }

func ajpPacket(in io.Reader) ([]byte, error) {
	var h [4]byte
	if _, err := io.ReadFull(in, h[:]); err != nil {
		return nil, err
	}
	if h[0] != 0x12 || h[1] != 0x34 {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, binary.BigEndian.Uint16(h[2:]))
	_, err := io.ReadFull(in, b)
	return b, err
}

func readAsked(b []byte) *asked {
	number := func() int { n := int(binary.BigEndian.Uint16(b)); b = b[2:]; return n }
	text := func() string {
		n := number()
		if n == 0xFFFF {
			return ""
		}
		s := string(b[:n])
		b = b[n+1:]
		return s
	}
	a := &asked{attrs: map[string]string{}}
	a.method = map[byte]string{2: "GET", 3: "HEAD", 4: "POST", 5: "PUT"}[b[1]]
	b = b[2:]
	text() // protocol
	a.uri = text()
	text() // client's address
	text() // client's name
	text() // server
	b = b[3:]
	for range number() {
		name := ""
		if b[0] == 0xA0 {
			name = [...]string{"", "accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "connection", "content-type",
				"content-length", "cookie", "cookie2", "host", "pragma", "referer", "user-agent"}[b[1]]
			b = b[2:]
		} else {
			name = text()
		}
		a.fields.Add(name, text())
	}
	for b[0] != 255 {
		code := b[0]
		b = b[1:]
		switch code {
		case 10:
			name := text()
			a.attrs[name] = text()
		case 11:
			a.attrs["11"] = strconv.Itoa(number())
		default:
			a.attrs[strconv.Itoa(int(code))] = text()
		}
	}
	a.query = a.attrs["5"]
	return a
}

// byAJP is a stage before containers.
func byAJP(t testing.TB, containers []*container, change func(*stage)) *stage {
	client := &ajp.Client{Default: ajp.Settings{Secret: "s3cret"}}
	t.Cleanup(client.CloseIdle)
	var nodes []node
	for _, c := range containers {
		nodes = append(nodes, c.node)
	}
	return newStage(t, nodes, func(s *stage) {
		s.front.Backends["ajp"] = client
		if change != nil {
			change(s)
		}
	})
}
