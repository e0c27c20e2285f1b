package lean

import (
	"bytes"
	"context"
	"net"
	"sync"
	"time"

	"twinhop/http/head"
)

// firstRead is the first size of a connection's buffer.
const firstRead = 4 << 10

var longAgo = time.Unix(1, 0)

// A Conn is a client's connection, and the request on it that is being served.
type Conn struct {
	// Body is the body of the request; nobody changes it before the answer is
	// complete.
	Body []byte

	s      *Server
	home   *listener
	nc     net.Conn
	ctx    context.Context
	cancel context.CancelFunc
	peer   head.Peer

	buf    []byte // buf[r:w] is received and not yet used
	r, w   int
	next   int          // where the next request begins
	fields []head.Field // scratch
	spare  int          // line ends that may precede the next request
	limit  time.Time    // the read deadline that is set; zero: none
	last   bool         // no request follows
	reply

	mu      sync.Mutex    // guards what follows
	since   time.Time     // when the request began; zero: none is served
	watched chan struct{} // not nil: somebody looks after its client, until this is closed
	gone    bool          // no further request is served
}

// Context ends when the client leaves.
func (c *Conn) Context() context.Context { return c.ctx }

// serve serves the connection until it ends or is not ours any more.
func (c *Conn) serve() {
	defer c.s.remove(c)
	defer c.cancel()
	for first := true; c.await(first); first = false {
		switch c.one() {
		case Elsewhere:
			c.home.handOver(c)
			return
		case Cut:
			c.nc.Close()
			return
		}
		if c.last || c.retired() {
			c.leave()
			return
		}
	}
	c.nc.Close()
}

// one serves the request that stands first in buf.
func (c *Conn) one() (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			c.s.failed(p)
			v = Cut
		}
		c.release()
		c.end(v)
	}()
	if v = c.s.Handle(c); v == Served && !c.finish() {
		v = Cut
	}
	return v
}

// await reads until a whole head is there, or so much that it is none of ours;
// one that lags is waited for as long as net/http would.
func (c *Conn) await(first bool) bool {
	wait := c.s.IdleTimeout
	if first {
		wait = c.s.HeaderTimeout
	}
	c.r, c.w = 0, copy(c.buf, c.buf[c.r:c.w])
	for c.skip(); c.w == 0; c.skip() {
		c.within(wait)
		if !c.read() {
			return false
		}
	}
	for late := first; !complete(c.buf[:c.w], c.s.HeaderBytes); late = true {
		if !late { // all of it has to come in time, from here on
			c.bound(c.s.HeaderTimeout)
		}
		if !c.read() {
			return false
		}
	}
	return true
}

// skip drops line ends that old clients send after the body of a POST, as
// net/http does.
func (c *Conn) skip() {
	for ; c.spare > 0 && c.w > 0 && (c.buf[0] == '\r' || c.buf[0] == '\n'); c.spare-- {
		c.w = copy(c.buf, c.buf[1:c.w])
	}
}

// wait tells whether n bytes are there, or come in a moment: some clients send
// head and body one after the other.
func (c *Conn) wait(n int) bool {
	if c.w-c.r >= n {
		return true
	}
	for c.bound(bodyWait); c.w-c.r < n; {
		if !c.read() {
			return false
		}
	}
	return true
}

// complete tells whether there is no need to wait for more of a head: it is
// there, or it is for net/http.
func complete(b []byte, limit int) bool {
	if bytes.Contains(b, headEnd) || len(b) > limit {
		return true
	}
	for i := 0; ; {
		k := bytes.IndexByte(b[i:], '\n')
		if k < 0 {
			return false
		}
		if i += k; i == 0 || b[i-1] != '\r' {
			return true
		}
		i++
	}
}

// within bounds the reads that follow; d below 0: not at all. A deadline is not
// set anew for a difference that does not matter.
func (c *Conn) within(d time.Duration) {
	switch left := time.Until(c.limit); {
	case d < 0 && c.limit.IsZero():
	case d < 0 || left > d || left < d-d/16:
		c.bound(d)
	}
}

func (c *Conn) bound(d time.Duration) {
	c.limit = time.Time{}
	if d >= 0 {
		c.limit = time.Now().Add(d)
	}
	c.nc.SetReadDeadline(c.limit)
}

func (c *Conn) read() bool {
	if c.w == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.nc.Read(c.buf[c.w:])
	c.w += n
	return n > 0 || err == nil
}

// begin marks the request in buf as being served. From here on to its end buf
// is the watch's. It tells whether the connection is still open.
func (c *Conn) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return false
	}
	c.since = time.Now()
	return true
}

// end is called when the request is done with.
func (c *Conn) end(v Verdict) {
	c.mu.Lock()
	watched := c.watched
	c.since, c.watched = time.Time{}, nil
	c.mu.Unlock()
	if watched != nil {
		c.nc.SetReadDeadline(longAgo)
		<-watched
		c.limit = longAgo
	}
	if v == Served {
		c.r = c.next
	}
	c.Body = nil
	if c.r == c.w && len(c.buf) > firstRead {
		c.buf, c.r, c.w = make([]byte, firstRead), 0, 0
	}
}

// retire closes the connection now, or after the request that is being served.
func (c *Conn) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	if c.since.IsZero() {
		c.nc.Close()
	}
}

func (c *Conn) retired() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

// watch looks after the client of a request that has been served for a while:
// when it leaves, the context ends.
func (c *Conn) watch(before time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() || c.since.After(before) || c.watched != nil {
		return
	}
	done := make(chan struct{})
	c.watched = done
	c.nc.SetReadDeadline(time.Time{})
	go func() {
		defer close(done)
		if !c.read() && !c.unwatched() {
			c.cancel()
		}
	}()
}

// unwatched tells whether the request is done with, by which a wait for its
// client was ended.
func (c *Conn) unwatched() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watched == nil
}

// leave closes the connection after its last answer. A client that is still
// sending would lose the answer if it were closed at once.
func (c *Conn) leave() {
	defer c.nc.Close()
	if c.r == c.w {
		return
	}
	if h, ok := c.nc.(interface{ CloseWrite() error }); !ok || h.CloseWrite() != nil {
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for c.r, c.w = 0, 0; c.read(); c.w = 0 {
	}
}
