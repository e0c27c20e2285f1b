package ajp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"twinhop/http/head"
	"twinhop/http/stale"
)

const (
	readSize = 4 << 10  // first size of the read buffer
	keepSize = 16 << 10 // a buffer grown beyond this is not kept with an unused connection
	bulkSize = 32 << 10 // size of the buffer for a large answer
)

var (
	longAgo   = time.Unix(1, 0)
	errClosed = errors.New("connection closed before the answer was complete")
)

// bulks are the read buffers of large answers, borrowed for as long as one
// comes in.
var bulks = sync.Pool{New: func() any { return new([bulkSize]byte) }}

// A conn is one connection to a node together with the state of the exchange
// that runs on it.
type conn struct {
	pool  *pool
	set   *Settings // the pool's
	nc    net.Conn
	stale stale.Check

	buf   []byte // buf[r:w] is received and not yet used
	r, w  int
	small []byte          // buf as it was before bulk took its place
	bulk  *[bulkSize]byte // nil: not borrowed
	full  bool            // the last read filled buf

	ctx      context.Context // of the running exchange: tells why a wait was broken
	unwatch  func() bool
	resp     head.Response
	wire     head.Wire
	up       upload
	wait     time.Duration // for each packet until the head of the answer is there
	pause    time.Duration // for each packet after it
	reused   bool          // not the connection's first exchange
	wrote    bool          // some of the request may have been sent
	answered bool          // some of an answer arrived
	reusable bool          // the node said that the connection may be used again
	timed    bool          // a read deadline is set
}

func newConn(p *pool, nc net.Conn) *conn {
	x := &conn{pool: p, set: &p.Words, nc: nc, buf: make([]byte, readSize)}
	x.stale.Watch(nc)
	return x
}

// Quiet implements conns.Conn.
func (x *conn) Quiet() bool { return x.stale.Quiet() }

// Close implements conns.Conn, for a connection in no use.
func (x *conn) Close() error { return x.nc.Close() }

// reuse prepares a kept connection for its next exchange.
func (x *conn) reuse() {
	x.resp.Reset()
	x.wire.Reset()
	x.reused = true
	x.wrote, x.answered, x.reusable = false, false, false
}

// discard closes the connection for good. A request body is closed only if
// some of it is gone: else another connection may have it.
func (x *conn) discard() {
	intact := x.stopWatch()
	x.nc.Close()
	x.up.drop(intact && x.up.touched)
	x.narrow()
	x.pool.Release()
}

// release ends an exchange that brought an answer: the connection is kept if
// the answer is complete, nothing is outstanding and the node allows it. What
// the node did not want of the request's body stays unread, and is closed.
func (x *conn) release(complete bool) {
	finished := x.up.finished()
	intact := x.stopWatch()
	if !complete || !x.reusable || !finished || x.r != x.w || !intact {
		x.up.touched = intact && x.up.left != 0 // nobody else will have it; the watch may have closed it
		x.discard()
		return
	}
	x.up.drop(x.up.left != 0)
	x.ctx = nil
	x.deadline(0)
	x.narrow()
	if !x.pool.Put(x, time.Now(), effective(x.set.IdleTimeout, DefaultIdleTimeout)) {
		x.discard()
	}
}

// narrow gives back what only a large answer needs.
func (x *conn) narrow() {
	if x.bulk != nil {
		bulks.Put(x.bulk)
		x.buf, x.small, x.bulk = x.small, nil, nil
	}
	if len(x.buf) > keepSize {
		x.buf = make([]byte, readSize)
	}
	x.r, x.w, x.full = 0, 0, false
}

// watch makes the end of ctx break every wait on the connection, and a read of
// the request's body where that can be closed.
func (x *conn) watch(ctx context.Context, body io.Reader) {
	x.ctx = ctx
	if ctx.Done() == nil {
		return
	}
	closer, ok := body.(io.Closer)
	if !ok {
		x.unwatch = context.AfterFunc(ctx, func() { x.nc.SetDeadline(longAgo) })
		return
	}
	broken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(broken)
		x.nc.SetDeadline(longAgo)
		closer.Close()
	})
	x.unwatch = func() bool {
		if stop() {
			return true
		}
		<-broken // the body is its owner's again after the exchange
		return false
	}
}

// stopWatch tells whether connection and body were left untouched by the
// watch.
func (x *conn) stopWatch() bool {
	stop := x.unwatch
	x.unwatch = nil
	return stop == nil || stop()
}

// deadline bounds the reads that follow; d == 0 lifts the bound.
func (x *conn) deadline(d time.Duration) {
	switch {
	case d > 0:
		x.nc.SetReadDeadline(time.Now().Add(d))
		x.timed = true
	case x.timed:
		x.nc.SetReadDeadline(time.Time{})
		x.timed = false
	}
	// A deadline that was set to break the wait may just have been
	// overwritten: the reason for it was there before, so look again.
	if x.ctx != nil && x.ctx.Err() != nil {
		x.nc.SetDeadline(longAgo)
	}
}

// write sends b within BodyTimeout and returns how much went out.
func (x *conn) write(b []byte) (int, error) {
	if d := x.set.BodyTimeout; d > 0 {
		x.nc.SetWriteDeadline(time.Now().Add(d))
		if x.ctx.Err() != nil {
			x.nc.SetDeadline(longAgo)
		}
	}
	n, err := x.nc.Write(b)
	x.wire.Sent(n)
	return n, err
}

// fill reads once more into buf, where n bytes from r on must have room.
func (x *conn) fill(n int) error {
	if x.r == x.w {
		x.r, x.w = 0, 0
		if x.full && x.bulk == nil && len(x.buf) < bulkSize {
			x.bulk = bulks.Get().(*[bulkSize]byte)
			x.small, x.buf = x.buf, x.bulk[:]
		}
	}
	if len(x.buf)-x.r < n {
		to := x.buf
		if len(to) < n {
			to = make([]byte, n)
		}
		x.w = copy(to, x.buf[x.r:x.w])
		x.r, x.buf = 0, to
	}
	k, err := x.nc.Read(x.buf[x.w:])
	x.wire.Read(k)
	x.w += k
	x.full = x.w == len(x.buf)
	if k > 0 {
		x.answered = true
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// need waits until n bytes are in buf.
func (x *conn) need(n int) error {
	for x.w-x.r < n {
		if err := x.fill(n); err != nil {
			return err
		}
	}
	return nil
}

// packet waits for one whole packet and takes it off buf. The payload, never
// empty, is valid until the next read.
func (x *conn) packet() ([]byte, error) {
	if err := x.need(packetHead); err != nil {
		return nil, err
	}
	n, err := header(x.buf[x.r:], x.set.packetSize())
	if err != nil {
		return nil, err
	}
	if err := x.need(packetHead + n); err != nil {
		return nil, err
	}
	payload := x.buf[x.r+packetHead : x.r+packetHead+n]
	x.r += packetHead + n
	return payload, nil
}

// failed names what went wrong, preferring the cause over its consequence: a
// context that ended shows here only as a connection that timed out.
func (x *conn) failed(op string, err error) error {
	if cause := context.Cause(x.ctx); cause != nil {
		err = cause
	}
	var fault *head.BodyError
	if errors.As(err, &fault) {
		return err
	}
	if err == io.EOF {
		err = errClosed
	}
	read, sent := x.wire.Counts()
	return &Error{Op: op, Addr: x.pool.Addr, Err: err, notSent: !x.wrote, read: read, sent: sent}
}
