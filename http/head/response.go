package head

import (
	"io"
	"sync/atomic"
)

// A Response is a node's final answer. It stays valid until its Body is
// closed; the backend may reuse it afterwards.
type Response struct {
	// Status is the code, 101 or 200..999.
	Status int
	// Reason is the phrase as the node sent it, often empty.
	Reason string
	// Fields are the node's fields in their order, connection-bound ones
	// included: the receiver drops what is not for the client.
	Fields Fields
	// ContentLength is the number of body bytes, -1 when unknown. For an
	// answer to HEAD and for 304 it is what the node announced, although no
	// body follows.
	ContentLength int64
	// Body is never nil and must be closed. It is read on the caller's own
	// goroutine. A body the node cut short ends with an error, never io.EOF.
	Body io.ReadCloser
	// Trailer is complete once Body returned io.EOF.
	Trailer Fields
	// Conn is set for 101 only: the connection after the switch, both ways.
	// It belongs to the receiver, who closes it; Body is then empty.
	Conn io.ReadWriteCloser
	// Wire counts what this exchange costs on the connection to the node. It
	// grows until Body, or Conn, is closed. nil: not known.
	Wire *Wire
}

// A Wire counts the bytes of one exchange on a connection, whatever they are
// for: heads, framing and signs of life as well as bodies. Safe for concurrent
// use; a nil one knows nothing.
type Wire struct{ read, sent atomic.Int64 }

// Read and Sent add what came from the node and what went to it.
func (w *Wire) Read(n int) { w.read.Add(int64(n)) }
func (w *Wire) Sent(n int) { w.sent.Add(int64(n)) }

// Add adds what an attempt before this one has cost.
func (w *Wire) Add(read, sent int64) { w.read.Add(read); w.sent.Add(sent) }

// Counts is the sum so far.
func (w *Wire) Counts() (read, sent int64) {
	if w == nil {
		return 0, 0
	}
	return w.read.Load(), w.sent.Load()
}

// Reset begins anew.
func (w *Wire) Reset() { w.read.Store(0); w.sent.Store(0) }

// Reset makes r empty and keeps the memory of its lists.
func (r *Response) Reset() {
	r.Fields.Reset()
	r.Trailer.Reset()
	*r = Response{Fields: r.Fields, Trailer: r.Trailer}
}

// Bodyless tells whether an answer to method with this status carries no body
// whatever its fields say (RFC 9112 section 6.3).
func Bodyless(method string, status int) bool {
	return method == "HEAD" || status < 200 || status == 204 || status == 304
}
