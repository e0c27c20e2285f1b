package h1

import (
	"errors"
	"fmt"
	"os"

	"twinhop/http/conns"
)

// ErrResponse is wrapped by every error about an answer that is not proper
// HTTP/1.1 or exceeds a limit.
var ErrResponse = errors.New("invalid response")

// ErrRequest means that the request head holds bytes that must not go on a
// wire (control characters, blanks in the target). Nothing was sent.
var ErrRequest = errors.New("request head cannot be sent")

// An Error says what was being done to which node when an exchange failed.
type Error struct {
	// Op is one of "dial", "take connection", "send to", "read from".
	Op string
	// Addr is the node's address.
	Addr string
	// Err is the cause.
	Err error

	notSent    bool
	read, sent int64
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Addr, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NotSent tells whether it is certain that the node got no part of the request.
func (e *Error) NotSent() bool { return e.notSent }

// Wire is how many bytes came from the node and went to it.
func (e *Error) Wire() (read, sent int64) { return e.read, e.sent }

// Answered tells whether the node said something, though not a proper answer:
// asking again will not help.
func (e *Error) Answered() bool { return errors.Is(e.Err, ErrResponse) }

// Blameless tells whether the node had no part in it: our own limit, or a
// request that cannot be sent. It must not count against the node.
func (e *Error) Blameless() bool {
	return errors.Is(e.Err, conns.ErrFull) || errors.Is(e.Err, ErrRequest)
}

// Timeout tells whether a time limit was the cause.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.Is(e.Err, os.ErrDeadlineExceeded) || errors.As(e.Err, &t) && t.Timeout()
}

func badResponse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrResponse}, args...)...)
}
