package websocket

import (
	"errors"

	"twinhop/sip/stream"
)

// Close codes, RFC 6455 section 7.4.1.
const (
	codeNormal    = 1000
	codeGoingAway = 1001
	codeProtocol  = 1002
	codeText      = 1007
	codePolicy    = 1008
	codeTooBig    = 1009
)

// Error is why a WebSocket has to be closed, and how its peer is told.
type Error struct {
	Code   uint16 // RFC 6455 section 7.4.1
	Reason string // at most 123 bytes
}

func (e *Error) Error() string { return "WebSocket: " + e.Reason }

// Unwrap gives stream.ErrMessage for what is too long.
func (e *Error) Unwrap() error {
	if e.Code == codeTooBig {
		return stream.ErrMessage
	}
	return nil
}

// What peers do wrong.
var (
	errReserved   = &Error{codeProtocol, "a reserved bit is set"}
	errOpcode     = &Error{codeProtocol, "reserved opcode"}
	errUnmasked   = &Error{codeProtocol, "a frame of the client is not masked"}
	errControl    = &Error{codeProtocol, "a control frame is fragmented or too long"}
	errLength     = &Error{codeProtocol, "the length is not in its shortest form"}
	errUnfinished = &Error{codeProtocol, "a message begins before the last one ended"}
	errNothing    = &Error{codeProtocol, "a continuation of no message"}
	errClose      = &Error{codeProtocol, "malformed close frame"}
	errText       = &Error{codeText, "a text is not UTF-8"}
	errTooBig     = &Error{codeTooBig, "the message is too long"}
	errFragments  = &Error{codeTooBig, "the message has too many fragments"}
)

// codeOf is what the peer is told when its WebSocket is closed for a reason that is not always ours to know.
func codeOf(why error) (code uint16, reason string) {
	var e *Error
	switch {
	case why == nil:
		return codeNormal, ""
	case errors.Is(why, stream.ErrLeaving):
		return codeGoingAway, ""
	case errors.As(why, &e):
		return e.Code, e.Reason
	case errors.Is(why, stream.ErrMessage), errors.Is(why, stream.ErrHead):
		return codeTooBig, ""
	}
	return codePolicy, ""
}

// sendable tells whether a peer may give a code in a close frame: those that are registered for that, and those of applications.
func sendable(code uint16) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
		return true
	}
	return code >= 3000 && code <= 4999
}
