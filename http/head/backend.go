package head

import (
	"context"
	"errors"
	"io"
)

// A Backend speaks one protocol toward nodes.
//
// Exchange sends r with body to the node at addr ("host:port") and returns its
// final answer once the head of it arrived. A nil body means none. A body that
// is a *bytes.Reader is wholly in memory and may be sent again; any other is
// read at most once, possibly from another goroutine until the response's Body
// is closed, and if it implements io.Closer, Close ends a Read in progress.
//
// Exchange sends a request once. The only repetition it may make on its own is
// to the same node, when a kept connection proved dead and either nothing was
// sent or the request is Repeatable, the body is in memory or untouched, and
// not a byte of an answer arrived.
//
// Errors tell by a method NotSent() bool whether it is certain that the node
// did not receive any part of the request (see NotSent), and by Timeout() bool
// whether time ran out. They may tell more: Answered() bool, that the node said
// something, though nothing usable, so that asking again will not help; and
// Blameless() bool, that the node had no part in the failure; and
// Wire() (read, sent int64), what the attempt cost (see Cost). An error reading
// body is a *BodyError. Cancelling ctx ends the exchange, its body included.
type Backend interface {
	Exchange(ctx context.Context, addr string, r *Request, body io.Reader) (*Response, error)
}

// What a protocol cannot carry at all. Errors that wrap one of these tell
// NotSent too; another node of the same protocol would not help.
var (
	ErrFields  = errors.New("request fields are larger than the protocol toward the node can carry")
	ErrTarget  = errors.New("request target is larger than the protocol toward the node can carry")
	ErrUpgrade = errors.New("the protocol toward the node has no upgrade")
)

// NotSent tells whether err says that no part of the request reached the node,
// so that another node may have it whatever the method.
func NotSent(err error) bool {
	var e interface{ NotSent() bool }
	return errors.As(err, &e) && e.NotSent()
}

// Timeout tells whether err is a limit of time reached.
func Timeout(err error) bool {
	var e interface{ Timeout() bool }
	return errors.As(err, &e) && e.Timeout()
}

// Cost is how many bytes a failed exchange has read from its node and sent to
// it, as far as err tells.
func Cost(err error) (read, sent int64) {
	var e interface{ Wire() (read, sent int64) }
	if errors.As(err, &e) {
		return e.Wire()
	}
	return 0, 0
}

// A BodyError says that the request body could not be read: the client's
// fault, which must not count against the node.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "reading request body: " + e.Err.Error() }

// Unwrap returns what the body's Read returned.
func (e *BodyError) Unwrap() error { return e.Err }
