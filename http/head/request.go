package head

import (
	"crypto/tls"
	"net/netip"
	"time"
)

// A Request is what the gateway sends to a node, before any protocol put it
// on a wire. It is reused; nothing in it outlives the exchange.
type Request struct {
	// Method is the request method, case-sensitive.
	Method string
	// Target is the request target in origin form ("/path?query" or "*"),
	// byte for byte as it is to reach the node.
	Target string
	// Host is the authority the client asked for. A backend writes it where
	// its protocol wants it; Fields must not repeat it.
	Host string
	// Fields are the end-to-end fields. Framing and connection fields
	// (see Framing) belong to the backend, which ignores them here.
	Fields Fields
	// Length is the number of body bytes: 0 none, negative unknown until the
	// body ends.
	Length int64
	// Upgrade is the protocol the client asks to change to, "" for none. Only
	// then may a node answer 101.
	Upgrade string
	// Expect: the client waits for 100 before it sends its body. The body
	// is not read before the node said 100 or kept silent for a while.
	Expect bool
	// Inform receives informational answers other than 100 and 101 as they
	// arrive; nil drops them. Fields is valid during the call.
	Inform func(status int, fields *Fields)
	// Once: what was sent must not be sent again, even if Method is idempotent.
	Once bool
	// ReplyTimeout bounds each wait for a part of the answer, head or body. 0:
	// as the backend has it, negative: no bound.
	ReplyTimeout time.Duration

	// Life is the incarnation of the node that is meant, 0 if it has none: a
	// kept connection that was opened to another one is not used.
	Life uint32
	// Peer is the connection the request came in on.
	Peer Peer
	// Route is the jvmRoute of the chosen member and Activation what the
	// operator wants of it, in mod_jk's short word (ACT, DIS, STP), for
	// protocols that carry them to the node. Empty: not told.
	Route, Activation string
}

// Peer describes the client's connection to the gateway.
type Peer struct {
	// Remote is the client, Local the gateway's end.
	Remote, Local netip.AddrPort
	// TLS is nil on a plain connection.
	TLS *tls.ConnectionState
}

// Reset makes r empty and keeps the memory of its field list.
func (r *Request) Reset() {
	r.Fields.Reset()
	*r = Request{Fields: r.Fields}
}

// Repeatable tells whether r may be sent again after some of it was sent.
func (r *Request) Repeatable() bool { return !r.Once && Idempotent(r.Method) }

// Waits says how long to wait for the head of the answer and for each part of
// its body, 0 for ever; the arguments are what holds when r says nothing.
func (r *Request) Waits(head, body time.Duration) (time.Duration, time.Duration) {
	if r.ReplyTimeout == 0 {
		return head, body
	}
	return max(r.ReplyTimeout, 0), max(r.ReplyTimeout, 0)
}

// Sendable tells whether r stays one request on a wire: no control character
// anywhere, no blank in the target, names that are names.
func (r *Request) Sendable() bool {
	if !ValidName(r.Method) || r.Target == "" || !ValidValue(r.Host) || !ValidValue(r.Upgrade) {
		return false
	}
	for i := range len(r.Target) {
		if c := r.Target[i]; c <= ' ' || c == 0x7f {
			return false
		}
	}
	for i := range r.Fields.list {
		if f := &r.Fields.list[i]; !ValidName(f.Name) || !ValidValue(f.Value) {
			return false
		}
	}
	return true
}

// Framing tells whether a field says where a message ends or what becomes of
// its connection, which is for the backend to say.
func Framing(name string) bool {
	switch len(name) {
	case 2:
		return EqualFold(name, "TE")
	case 4:
		return EqualFold(name, "Host")
	case 6:
		return EqualFold(name, "Expect")
	case 7:
		return EqualFold(name, "Upgrade") || EqualFold(name, "Trailer")
	case 10:
		return EqualFold(name, "Connection") || EqualFold(name, "Keep-Alive")
	case 14:
		return EqualFold(name, "Content-Length")
	case 17:
		return EqualFold(name, "Transfer-Encoding")
	}
	return false
}

// Idempotent tells whether sending a request with this method twice has the
// effect of sending it once (RFC 9110 section 9.2.2).
func Idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}
