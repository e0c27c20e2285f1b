package head

import (
	"crypto/tls"
	"net/netip"
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
	// (Host, Content-Length, Transfer-Encoding, Connection, Keep-Alive, TE,
	// Trailer, Upgrade, Expect) belong to the backend, which ignores them here.
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

	// Peer is the connection the request came in on.
	Peer Peer
	// Route and Activation name the chosen member's jvmRoute and mod_jk
	// activation word, for protocols that carry them to the node.
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

// Idempotent tells whether sending a request with this method twice has the
// effect of sending it once (RFC 9110 section 9.2.2).
func Idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}
