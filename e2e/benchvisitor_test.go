//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A visitor asks for its page again and again over one connection. It reads only what it must of
// an answer, so that the machine is left to what is measured.
type visitor struct {
	conn    net.Conn
	request []byte
	want    []byte // how its page begins
	buf     []byte
	took    []time.Duration
	err     error // what ended its visit
}

// newVisitor connects the visitor that has a session.
func newVisitor(t testing.TB, addr, session string) *visitor {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{
		conn: c,
		request: fmt.Appendf(nil, "GET /app/hits.jsp HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"+
			"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"+
			"Connection: keep-alive\r\nCookie: JSESSIONID=%s\r\nUpgrade-Insecure-Requests: 1\r\n\r\n", addr, session),
		want: []byte("node=" + route(session) + "\n"),
		buf:  make([]byte, 0, 4096),
	}
}

// visiting has all visitors ask for a while, rate times a second together, each as fast as it is
// answered if that is 0, and returns how long each answer took.
func visiting(crowd []*visitor, rate int, length time.Duration) []time.Duration {
	start := time.Now()
	end := start.Add(length)
	var asking sync.WaitGroup
	for i, v := range crowd {
		asking.Go(func() {
			var pause time.Duration
			if rate > 0 {
				pause = time.Second * time.Duration(len(crowd)) / time.Duration(rate)
			}
			next := start.Add(pause * time.Duration(i) / time.Duration(len(crowd)))
			for v.err == nil && next.Before(end) && time.Now().Before(end) {
				time.Sleep(time.Until(next))
				if v.visit(); rate > 0 {
					next = next.Add(pause)
				}
			}
		})
	}
	asking.Wait()
	var took []time.Duration
	for _, v := range crowd {
		took = append(took, v.took...)
	}
	return took
}

// visit asks once.
func (v *visitor) visit() {
	start := time.Now()
	v.conn.SetDeadline(start.Add(10 * time.Second))
	if _, v.err = v.conn.Write(v.request); v.err != nil {
		return
	}
	v.buf = v.buf[:0]
	head := -1
	for {
		if len(v.buf) == cap(v.buf) {
			v.buf = slices.Grow(v.buf, len(v.buf))
		}
		n, err := v.conn.Read(v.buf[len(v.buf):cap(v.buf)])
		v.buf = v.buf[:len(v.buf)+n]
		if err != nil {
			v.err = fmt.Errorf("within %d bytes of an answer: %w", len(v.buf), err)
			return
		}
		if head < 0 {
			if head = bytes.Index(v.buf, []byte("\r\n\r\n")); head < 0 {
				continue
			}
		}
		if v.whole(head) {
			break
		}
	}
	v.took = append(v.took, time.Since(start))
	if !bytes.HasPrefix(v.buf, []byte("HTTP/1.1 200")) || !bytes.Contains(v.buf[head:], v.want) {
		v.err = fmt.Errorf("answered %.300q", v.buf)
	}
}

// whole tells whether the answer in buf is complete; its head ends at head.
func (v *visitor) whole(head int) bool {
	body := v.buf[head+4:]
	const length = "\r\ncontent-length:"
	for at := 0; at < head; at++ {
		i := bytes.IndexByte(v.buf[at:head], '\r')
		if i < 0 {
			break
		}
		at += i
		if line := v.buf[at:head]; len(line) > len(length) && bytes.EqualFold(line[:len(length)], []byte(length)) {
			digits, _, _ := bytes.Cut(line[len(length):], []byte("\r"))
			n, err := strconv.Atoi(string(bytes.TrimSpace(digits)))
			return err == nil && len(body) >= n
		}
	}
	return bytes.HasSuffix(body, []byte("0\r\n\r\n")) // chunked
}
