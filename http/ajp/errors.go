package ajp

import (
	"errors"
	"fmt"
	"os"

	"twinhop/http/conns"
	"twinhop/http/head"
)

// ErrResponse is wrapped by every error about packets that are not proper
// AJP13, out of turn, or exceed a limit.
var ErrResponse = errors.New("invalid response")

// ErrRequest means that the request head holds bytes that must not go on a
// wire (control characters, blanks in the target). Nothing was sent.
var ErrRequest = errors.New("request head cannot be sent")

// ErrForbidden means that the node answered 403 and closed the connection
// before any application saw the request: its connector has another secret
// than ours, or does not allow one of the attributes (in Tomcat
// allowedRequestAttributesPattern).
var ErrForbidden = errors.New("the node's AJP connector refuses our requests: its secret is another than ours, or it does not allow our attributes")

// An Error says what was being done to which node when an exchange failed.
type Error struct {
	// Op is one of "dial", "take connection", "ping", "send to", "read from".
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
func (e *Error) Answered() bool {
	return errors.Is(e.Err, ErrResponse) || errors.Is(e.Err, ErrForbidden)
}

// Blameless tells whether the node had no part in it: our own limit, or a
// request that cannot be sent. It must not count against the node.
func (e *Error) Blameless() bool {
	for _, ours := range [...]error{conns.ErrFull, ErrRequest, head.ErrFields, head.ErrTarget, head.ErrUpgrade} {
		if errors.Is(e.Err, ours) {
			return true
		}
	}
	return false
}

// Timeout tells whether a time limit was the cause.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.Is(e.Err, os.ErrDeadlineExceeded) || errors.As(e.Err, &t) && t.Timeout()
}

func badResponse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrResponse}, args...)...)
}
