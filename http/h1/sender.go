package h1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/http/head"
)

const sendSize = 32 << 10

// room before the data for the chunk's size line, after it for its end
const chunkHead, chunkTail = 10, 2

var sendBuffers = sync.Pool{New: func() any { return new([chunkHead + sendSize + chunkTail]byte) }}

// A sender streams one request body to the node from a goroutine of its own,
// because the client's bytes and the node's answer come when they like. It is
// started by the exchange and waited for at its end.
type sender struct {
	ctx     context.Context // of the exchange, whose end must not be overwritten by a deadline
	nc      net.Conn
	wire    *head.Wire
	body    io.Reader
	length  int64 // -1: chunked
	timeout time.Duration
	done    chan struct{}

	mu     sync.Mutex // guards what follows
	ok     bool       // all was sent
	broken error      // *head.BodyError: the client's fault
	ended  bool
	wait   time.Duration

	halt atomic.Bool
}

func (x *conn) startSender(r *head.Request, body io.Reader) {
	_, buffered := body.(*bytes.Reader)
	x.wrote, x.touched = true, !buffered
	x.sender = &sender{
		ctx: x.ctx, nc: x.nc, wire: &x.wire, body: body, length: r.Length,
		timeout: x.client.BodyTimeout, done: make(chan struct{}),
	}
	x.timed = true // the sender sets the deadline of the answer
	go x.sender.run()
}

func (s *sender) run() {
	defer close(s.done)
	buf := sendBuffers.Get().(*[chunkHead + sendSize + chunkTail]byte)
	defer sendBuffers.Put(buf)
	err := s.copy(buf)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	var fault *head.BodyError
	switch {
	case err == nil:
		s.ok = true
		if s.wait > 0 {
			s.limit(s.wait)
		}
	case errors.As(err, &fault):
		s.broken = err
		s.nc.SetDeadline(longAgo) // wakes the reader, which asks for the fault
	case s.wait > 0:
		// The node stopped reading. It may have answered already: the reader
		// goes on, but not for ever.
		s.limit(s.wait)
	}
}

func (s *sender) copy(buf *[chunkHead + sendSize + chunkTail]byte) error {
	left := s.length
	for left != 0 {
		data := buf[chunkHead : chunkHead+sendSize]
		if left > 0 {
			data = data[:min(left, sendSize)]
		}
		n, err := s.body.Read(data)
		if s.halt.Load() {
			return errClosed
		}
		if n > 0 {
			if werr := s.write(buf, n); werr != nil {
				return werr
			}
			if left > 0 {
				left -= int64(n)
			}
		}
		if err == io.EOF && left <= 0 {
			break
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && left != 0 {
			return &head.BodyError{Err: err}
		}
	}
	if s.length < 0 {
		return s.flush([]byte("0\r\n\r\n"))
	}
	return nil
}

// write sends the n bytes at buf[chunkHead], as one chunk where needed.
func (s *sender) write(buf *[chunkHead + sendSize + chunkTail]byte, n int) error {
	if s.length >= 0 {
		return s.flush(buf[chunkHead : chunkHead+n])
	}
	var size [chunkHead]byte
	line := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
	start := chunkHead - len(line)
	copy(buf[start:], line)
	copy(buf[chunkHead+n:], "\r\n")
	return s.flush(buf[start : chunkHead+n+chunkTail])
}

func (s *sender) flush(p []byte) error {
	if s.timeout > 0 {
		s.nc.SetWriteDeadline(time.Now().Add(s.timeout))
		s.heed()
	}
	s.wire.Sent(len(p)) // before: the answer may be there sooner than we are told
	if n, err := s.nc.Write(p); err != nil {
		s.wire.Sent(n - len(p))
		return fmt.Errorf("sending request body: %w", err)
	}
	return nil
}

// limit bounds the wait for the answer.
func (s *sender) limit(wait time.Duration) {
	s.nc.SetReadDeadline(time.Now().Add(wait))
	s.heed()
}

// heed repeats what the end of the context did, in case a deadline set since
// has overwritten it.
func (s *sender) heed() {
	if s.ctx.Err() != nil {
		s.nc.SetDeadline(longAgo)
	}
}

// arm says how long the answer may take once the body is sent.
func (s *sender) arm(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait = wait
	if s.ended && wait > 0 && s.broken == nil {
		s.limit(wait)
	}
}

// finished tells whether the body went out completely. It does not wait.
func (s *sender) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ok
}

func (s *sender) fault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// stop ends the sender and waits for it. The connection is closed already, so
// a write cannot hold it; a read is ended by closing the body.
func (s *sender) stop() {
	s.halt.Store(true)
	select {
	case <-s.done:
		return
	default:
	}
	if c, ok := s.body.(io.Closer); ok {
		c.Close()
	}
	<-s.done
}
