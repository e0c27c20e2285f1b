package head

import "io"

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
}

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
