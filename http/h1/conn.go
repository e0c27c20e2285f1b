package h1

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"twinhop/http/head"
	"twinhop/http/stale"
)

const (
	readSize  = 4 << 10  // first size of the read buffer
	keepSize  = 16 << 10 // a buffer grown beyond this is not kept with an unused connection
	writeSize = 16 << 10 // a body in memory up to this goes out in one write with the head
)

var (
	longAgo   = time.Unix(1, 0)
	errClosed = errors.New("connection closed before the answer was complete")
)

// A conn is one connection to a node together with the state of the exchange
// that runs on it.
type conn struct {
	client *Client
	pool   *pool
	nc     net.Conn
	stale  stale.Check
	life   uint32 // see head.Request.Life

	buf  []byte // buf[r:w] is received and not yet used
	r, w int
	out  []byte // request head and small body

	ctx      context.Context // of the running exchange: tells why a wait was broken
	resp     head.Response
	wire     head.Wire
	framing  framing
	wait     time.Duration // for the head of the answer
	pause    time.Duration // for each part of its body
	sender   *sender       // the goroutine that sends the body, nil without
	unwatch  func() bool
	reused   bool // not the connection's first exchange
	wrote    bool // some of the request may have been sent
	touched  bool // some of a streamed body was consumed
	answered bool // some of an answer arrived
	unsent   bool // the promised body was not sent: the connection is spent
	keep     time.Duration
	timed    bool // a read deadline is set
}

func newConn(c *Client, p *pool, nc net.Conn) *conn {
	x := &conn{client: c, pool: p, nc: nc, buf: make([]byte, readSize)}
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
	x.framing = framing{}
	x.sender, x.unwatch = nil, nil
	x.reused = true
	x.wrote, x.touched, x.answered, x.unsent = false, false, false, false
	if x.buf == nil {
		x.buf = make([]byte, readSize)
	}
}

// discard closes the connection for good and waits for its sender.
func (x *conn) discard() {
	x.stopWatch()
	x.nc.Close()
	x.stopSender()
	x.pool.Release()
}

// release ends a finished exchange: the connection is kept if the node and the
// protocol allow it.
func (x *conn) release(complete bool) {
	sent := !x.unsent
	if x.sender != nil {
		sent = sent && x.sender.finished()
	}
	if !complete || !sent || x.framing.close || x.r != x.w || !x.stopWatch() {
		x.discard()
		return
	}
	x.ctx, x.sender = nil, nil
	x.deadline(0)
	idle := effective(x.client.IdleTimeout, DefaultIdleTimeout)
	if x.keep > 0 && (idle == 0 || x.keep < idle) {
		idle = x.keep
	}
	x.r, x.w = 0, 0
	if len(x.buf) > keepSize {
		x.buf = nil
	}
	if cap(x.out) > 2*keepSize {
		x.out = nil
	}
	if !x.pool.Put(x, time.Now(), idle) {
		x.discard()
	}
}

// watch makes the end of ctx break every wait on the connection.
func (x *conn) watch(ctx context.Context) {
	x.ctx = ctx
	if ctx.Done() != nil {
		x.unwatch = context.AfterFunc(ctx, func() { x.nc.SetDeadline(longAgo) })
	}
}

// stopWatch tells whether the connection was left untouched by the watch.
func (x *conn) stopWatch() bool {
	stop := x.unwatch
	x.unwatch = nil
	return stop == nil || stop()
}

func (x *conn) stopSender() {
	if x.sender != nil {
		x.sender.stop()
		x.sender = nil
	}
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
	if x.ctx != nil && x.ctx.Err() != nil || x.sender != nil && x.sender.fault() != nil {
		x.nc.SetDeadline(longAgo)
	}
}

// fill reads once more into buf, which it enlarges up to limit bytes.
func (x *conn) fill(limit int) error {
	if x.r == x.w {
		x.r, x.w = 0, 0
	}
	if x.w == len(x.buf) {
		if x.r > 0 {
			x.w = copy(x.buf, x.buf[x.r:x.w])
			x.r = 0
		} else if len(x.buf) >= limit {
			return badResponse("larger than %d bytes", limit)
		} else {
			grown := make([]byte, min(2*len(x.buf), limit))
			x.w = copy(grown, x.buf[:x.w])
			x.buf = grown
		}
	}
	n, err := x.nc.Read(x.buf[x.w:])
	x.wire.Read(n)
	x.w += n
	if n > 0 {
		x.answered = true
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// failed names what went wrong, preferring the cause over its consequence: a
// client whose body broke, or a context that ended, shows here only as a
// connection that timed out.
func (x *conn) failed(op string, err error) error {
	if x.sender != nil {
		if fault := x.sender.fault(); fault != nil {
			return fault
		}
	}
	if cause := context.Cause(x.ctx); cause != nil {
		err = cause
	}
	if err == io.EOF {
		err = errClosed
	}
	read, sent := x.wire.Counts()
	return &Error{Op: op, Addr: x.pool.Addr, Err: err, notSent: !x.wrote, read: read, sent: sent}
}

// learnKeepAlive reads "Keep-Alive: timeout=N" (seconds) and stays a second
// below it, so that the node does not close under a request on its way.
func (x *conn) learnKeepAlive() {
	x.keep = 0
	for item := range strings.SplitSeq(x.resp.Fields.Get("Keep-Alive"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		if !head.EqualFold(name, "timeout") {
			continue
		}
		if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < 1<<20 {
			x.keep = max(time.Duration(n)*time.Second-time.Second, time.Millisecond)
		}
	}
}
