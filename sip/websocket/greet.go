package websocket

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// maxHead is how long a request for an upgrade may be, in bytes.
const maxHead = 16 << 10

// After a refusal the rest of what the client sends is read for a little, so that the answer is not lost to a reset.
const (
	lingerBytes = 64 << 10
	lingerTime  = 500 * time.Millisecond
)

// Greet is stream.Pool.Greet for ports that speak nothing but WebSocket: it reads the request of a new connection, whatever its path, and
// answers it. early is what came after the request. The caller bounds the time by the deadline of conn, and closes it after an error.
func (u *Upgrader) Greet(conn net.Conn) (early []byte, err error) {
	head, early, no, err := readHead(conn)
	if err != nil {
		return nil, err
	}
	var r *http.Request
	if no == nil {
		r, no = parse(head)
	}
	if _, secure := conn.(*tls.Conn); no == nil {
		no = u.check(r, secure)
	}
	if no != nil {
		if u.Log != nil {
			u.tell(no, conn.RemoteAddr().String())
		}
		return nil, no.send(conn)
	}
	if _, err := conn.Write(granted(r)); err != nil {
		return nil, fmt.Errorf("upgrade: %w", err)
	}
	return early, nil
}

// readHead reads to the empty line. early is what came with it and is after it.
func readHead(conn net.Conn) (head, early []byte, no *refusal, err error) {
	b := make([]byte, 0, 1<<10)
	for searched := 0; ; {
		if len(b) > 0 && (b[0] < 'A' || b[0] > 'Z') {
			return nil, nil, refuse(http.StatusBadRequest, "no HTTP"), nil
		}
		if n := bytes.Index(b[searched:], headEnd); n >= 0 {
			n += searched + len(headEnd)
			return b[:n], bytes.Clone(b[n:]), nil, nil
		}
		if len(b) == maxHead {
			return nil, nil, refuse(http.StatusRequestHeaderFieldsTooLarge, "the request is too long"), nil
		}
		searched = max(0, len(b)-len(headEnd)+1)
		if len(b) == cap(b) {
			b = slices.Grow(b, min(len(b), maxHead-len(b)))
		}
		n, err := conn.Read(b[len(b):min(cap(b), maxHead)])
		b = b[:len(b)+n]
		if err != nil && n == 0 {
			return nil, nil, nil, fmt.Errorf("upgrade: %w", err)
		}
	}
}

var (
	colon   = []byte(":")
	headEnd = []byte("\r\n\r\n")
	lineEnd = headEnd[:2]
)

// parse reads the head of a request as net/http does, but refuses what its server refuses, and what not all take for the same fields.
func parse(head []byte) (*http.Request, *refusal) {
	for i, line := range bytes.Split(head[:len(head)-len(headEnd)], lineEnd) {
		name, _, _ := bytes.Cut(line, colon)
		if bytes.ContainsAny(line, "\r\n\x00") || i > 0 && !isName(name, line) {
			return nil, refuse(http.StatusBadRequest, "malformed line")
		}
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "malformed request")
	}
	return r, nil
}

// isName tells whether a line begins with the name of a field, and then has a colon (RFC 9112 section 5).
func isName(name, line []byte) bool {
	for _, c := range name {
		if c <= ' ' || c >= 0x7f || bytes.IndexByte([]byte(`"(),/:;<=>?@[\]{}`), c) >= 0 {
			return false
		}
	}
	return len(name) > 0 && len(name) < len(line)
}

// send tells the client, and returns why.
func (no *refusal) send(conn net.Conn) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n", no.Status, http.StatusText(no.Status), len(no.text)+1)
	no.fields().Write(&b)
	fmt.Fprintf(&b, "\r\n%s\n", no.text)
	if _, err := conn.Write(b.Bytes()); err != nil {
		return &no.Refused
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		conn.SetReadDeadline(time.Now().Add(lingerTime))
		io.CopyN(io.Discard, conn, lingerBytes)
	}
	return &no.Refused
}
