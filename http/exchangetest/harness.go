package exchangetest

import (
	"context"
	"net"
	"testing"
	"time"

	"twinhop/http/head"
)

// A Harness brings one protocol: the client under test and a scripted node.
type Harness struct {
	// Backend makes a client with these limits. MaxConns 0 means none.
	Backend func(t testing.TB, limits Limits) head.Backend
	// Node starts a node that follows script until the test ends, and returns
	// its address. Connections are numbered from 1.
	Node func(t testing.TB, script func(*Received) Answer) (addr string)
	// Meter makes a client that opens connections by dial.
	Meter func(t testing.TB, dial Dial) head.Backend
	// NoTrailers: the protocol cannot carry a trailer.
	NoTrailers bool
	// Joins: repeated request fields arrive as one (RFC 9110 section 5.3).
	Joins bool
}

// Dial opens a connection.
type Dial = func(ctx context.Context, network, addr string) (net.Conn, error)

// repeated is how a request field with two values arrives.
func (h Harness) repeated(a, b string) string {
	if h.Joins {
		return "[" + a + ", " + b + "]"
	}
	return "[" + a + " " + b + "]"
}

// EarlyField marks a request that is put to the script, and answered, before
// its body is read.
const EarlyField = "X-Early"

// Limits are the client settings the suite varies.
type Limits struct {
	Header   time.Duration // wait for the head of an answer
	MaxConns int
}

// Received is one request as it reached the node.
type Received struct {
	Method, Target, Host string
	Fields               head.Fields
	// Body is complete, but for a request with EarlyField.
	Body []byte
	// Cut tells that the body ended before its length.
	Cut bool
	// Conn numbers the node's connection, Request the request on it, from 1.
	Conn, Request int
}

// Answer is what the node does with a request.
type Answer struct {
	// Status 0 with no Fault means 200.
	Status  int
	Reason  string
	Fields  []head.Field
	Body    []byte
	Trailer []head.Field
	// Unknown: the length is not announced.
	Unknown bool
	// Fault is carried out instead of, or within, the answer.
	Fault Fault
	// Wait holds the answer back until it is closed; nil does not.
	Wait <-chan struct{}
}

// A Fault is how a node misbehaves.
type Fault int

// The faults a node can be told to make.
const (
	None        Fault = iota
	Drop              // close the connection instead of answering
	DropInBody        // close after half of the body
	DropAfter         // answer as if the connection were kept, then close it
	EarlyEchoes       // with EarlyField: repeat the body as it comes
	BadAnswer         // send bytes that are no answer of this protocol
)
