package h1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"twinhop/http/head"
)

// exchange sends r and returns the final answer's head. On error the caller
// discards the connection.
func (x *conn) exchange(ctx context.Context, r *head.Request, body io.Reader) (*head.Response, error) {
	x.watch(ctx)
	x.wait, x.pause = r.Waits(effective(x.client.HeaderTimeout, DefaultHeaderTimeout), x.client.BodyTimeout)
	if err := x.send(r, body); err != nil {
		return nil, err
	}
	if body != nil && r.Expect {
		if err := x.awaitContinue(r, body); err != nil {
			return nil, err
		}
	}
	if x.sender != nil {
		x.sender.arm(x.wait) // counts from the moment the body is sent
	} else {
		x.deadline(x.wait)
	}
	for range maxInformational + 1 {
		if err := x.readHead(r); err != nil {
			return nil, err
		}
		if x.resp.Status == 101 {
			return x.upgrade(r)
		}
		if x.resp.Status >= 200 {
			return x.final()
		}
		if r.Inform != nil && x.resp.Status != 100 {
			r.Inform(x.resp.Status, &x.resp.Fields)
		}
	}
	return nil, x.failed("read from", badResponse("more than %d informational answers", maxInformational))
}

// send writes the head and a body that is in memory; any other body gets its
// sender, unless the client waits for 100.
func (x *conn) send(r *head.Request, body io.Reader) error {
	x.out = appendHead(x.out[:0], r, body != nil)
	stream := body
	if b, ok := body.(*bytes.Reader); ok && !r.Expect && r.Length == int64(b.Len()) && b.Len() <= writeSize {
		n := len(x.out)
		x.out = append(x.out, make([]byte, b.Len())...)
		io.ReadFull(b, x.out[n:])
		stream = nil
	}
	if d := x.client.BodyTimeout; d > 0 {
		x.nc.SetWriteDeadline(time.Now().Add(d))
		if x.ctx.Err() != nil {
			x.nc.SetDeadline(longAgo)
		}
	}
	n, err := x.nc.Write(x.out)
	x.wire.Sent(n)
	x.wrote = n > 0
	if err != nil {
		return x.failed("send to", err)
	}
	if stream != nil && !r.Expect {
		x.startSender(r, stream)
	}
	return nil
}

// awaitContinue gives the node a while to say 100 or to refuse before the body
// is asked from the client. A final answer leaves the body unsent.
func (x *conn) awaitContinue(r *head.Request, body io.Reader) error {
	if d := effective(x.client.ContinueTimeout, DefaultContinueTimeout); d > 0 {
		x.deadline(d)
	}
	if err := x.fill(maxHead); err != nil {
		if !head.Timeout(err) || x.ctx.Err() != nil {
			return x.failed("read from", err)
		}
		x.deadline(0)
		x.startSender(r, body)
		return nil
	}
	x.deadline(x.wait)
	for range maxInformational {
		if err := x.peekStatus(); err != nil {
			return err
		}
		status := x.buf[x.r+9 : x.r+12]
		if string(status) >= "200" || string(status) == "101" {
			x.unsent = true
			return nil
		}
		if err := x.readHead(r); err != nil {
			return err
		}
		if x.resp.Status == 100 {
			x.deadline(0)
			x.startSender(r, body)
			return nil
		}
		if r.Inform != nil {
			r.Inform(x.resp.Status, &x.resp.Fields)
		}
	}
	return x.failed("read from", badResponse("more than %d informational answers", maxInformational))
}

// peekStatus waits until a status line's code is in the buffer.
func (x *conn) peekStatus() error {
	for x.w-x.r < len("HTTP/1.1 200") {
		if err := x.fill(maxHead); err != nil {
			return x.failed("read from", err)
		}
	}
	return nil
}

// readHead reads the next head, informational or final, into x.resp.
func (x *conn) readHead(r *head.Request) error {
	seen := 0
	for {
		b := x.buf[x.r:x.w]
		if i := bytes.Index(b[seen:], []byte("\r\n\r\n")); i >= 0 {
			end := seen + i + 4
			text := string(b[:end])
			x.r += end
			x.resp.Reset()
			var err error
			if x.framing, err = parseHead(text, r.Method, &x.resp); err != nil {
				return x.failed("read from", err)
			}
			return nil
		}
		if len(b) > 0 && !strings.HasPrefix("HTTP/1.", string(b[:min(len(b), 7)])) {
			return x.failed("read from", badResponse("not HTTP/1"))
		}
		seen = max(len(b)-3, 0)
		if err := x.fill(maxHead); err != nil {
			return x.failed("read from", err)
		}
	}
}

// final hands out the answer with its body.
func (x *conn) final() (*head.Response, error) {
	x.learnKeepAlive()
	x.resp.Body, x.resp.Wire = newBody(x), &x.wire
	return &x.resp, nil
}

// upgrade hands over the connection after 101.
func (x *conn) upgrade(r *head.Request) (*head.Response, error) {
	if r.Upgrade == "" || x.sender != nil || x.unsent {
		return nil, &Error{Op: "read from", Addr: x.pool.Addr, Err: badResponse("101 not asked for")}
	}
	if x.client.BodyTimeout > 0 {
		x.nc.SetWriteDeadline(time.Time{})
	}
	x.deadline(0)
	x.resp.ContentLength = 0
	x.resp.Body = emptyBody{}
	x.resp.Conn, x.resp.Wire = &tunnel{Conn: x.nc, x: x}, &x.wire
	return &x.resp, nil
}

// A tunnel is a connection after 101: what was read beyond the head comes
// first. Closing it gives up the connection's place in the pool.
type tunnel struct {
	net.Conn
	x      *conn
	closed atomic.Bool
}

func (t *tunnel) Read(p []byte) (int, error) {
	if x := t.x; x.r < x.w {
		n := copy(p, x.buf[x.r:x.w])
		x.r += n
		return n, nil
	}
	n, err := t.Conn.Read(p)
	t.x.wire.Read(n)
	return n, err
}

func (t *tunnel) Write(p []byte) (int, error) {
	n, err := t.Conn.Write(p)
	t.x.wire.Sent(n)
	return n, err
}

// CloseWrite ends our direction only, where the connection can.
func (t *tunnel) CloseWrite() error {
	if c, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close may be called from any goroutine, also while others read and write.
func (t *tunnel) Close() error {
	if t.closed.CompareAndSwap(false, true) {
		t.x.discard()
	}
	return nil
}
