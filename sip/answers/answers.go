package answers

import (
	"twinhop/sip/peek"
	"twinhop/sip/pending"
)

// Status is an answer the gateway gives itself.
type Status struct {
	Code       int
	Phrase     string
	RetryAfter bool // the sender may try again in a while
	Allow      bool // says which methods are served
	Extension  bool // says which Proxy-Require is not understood
}

// The answers. This file is the only one that knows the codes. "No node" is 503 and not 500: the refusal is the gateway's own, and a
// caller may try elsewhere (RFC 3261 section 21.5.4).
var (
	Trying        = Status{Code: 100, Phrase: "Trying"}
	Alive         = Status{Code: 200, Phrase: "OK"}
	BadRequest    = Status{Code: 400, Phrase: "Bad Request"}
	Forbidden     = Status{Code: 403, Phrase: "Forbidden"}
	NoHop         = Status{Code: 404, Phrase: "Not Found"}
	NotAllowed    = Status{Code: 405, Phrase: "Method Not Allowed", Allow: true}
	FlowFailed    = Status{Code: 430, Phrase: "Flow Failed"}
	LongURI       = Status{Code: 414, Phrase: "Request-URI Too Long"}
	BadScheme     = Status{Code: 416, Phrase: "Unsupported URI Scheme"}
	Late          = Status{Code: 408, Phrase: "Request Timeout"}
	BadExtension  = Status{Code: 420, Phrase: "Bad Extension", Extension: true}
	NoTransaction = Status{Code: 481, Phrase: "Call/Transaction Does Not Exist"}
	Loop          = Status{Code: 482, Phrase: "Loop Detected"}
	TooManyHops   = Status{Code: 483, Phrase: "Too Many Hops"}
	Cancelled     = Status{Code: 487, Phrase: "Request Terminated"}
	NoResource    = Status{Code: 500, Phrase: "No Such Resource"}
	ServiceFull   = Status{Code: 500, Phrase: "Service full", RetryAfter: true}
	NoNode        = Status{Code: 503, Phrase: "Service Unavailable", RetryAfter: true}
	Busy          = Status{Code: 503, Phrase: "All Nodes Busy", RetryAfter: true}
	BusyNow       = Status{Code: 503, Phrase: "Too Many Requests", RetryAfter: true}
	Closing       = Status{Code: 503, Phrase: "Shutting Down", RetryAfter: true}
	BadVersion    = Status{Code: 505, Phrase: "Version Not Supported"}
	TooLong       = Status{Code: 513, Phrase: "Message Too Large"}
)

// Reason says how a request that cannot be read is answered.
func Reason(r peek.Reason) Status {
	switch r {
	case peek.BadVersion:
		return BadVersion
	case peek.UnknownScheme:
		return BadScheme
	case peek.URITooLong:
		return LongURI
	case peek.TooManyHops:
		return TooManyHops
	case peek.TooLong:
		return TooLong
	}
	return BadRequest
}

// Own is how the caller of a pending INVITE is answered.
func Own(o pending.Own) Status {
	switch o {
	case pending.Trying:
		return Trying
	case pending.TimedOut:
		return Late
	case pending.Terminated:
		return Cancelled
	}
	return NoNode
}

// What responses that pass by mean to the gateway.

// Accepts tells a 2xx.
func Accepts(code int) bool { return code/100 == 2 }

// Rests tells that a Retry-After speaks for the node and not for whom it was asked to reach.
func Rests(code int) bool { return code == 503 }

// Final tells whether an answer is the last one.
func Final(code int) bool { return code >= 200 }

// Tags tells whether an answer with a To tag makes a dialog: a provisional one above 100, or a 2xx.
func Tags(code int) bool { return code > 100 && code < 300 }

// Rings tells a provisional answer that starts Timer C anew (RFC 3261 section 16.7, step 2).
func Rings(code int) bool { return code > 100 && code < 200 }

// Challenges tells whether the request will come again with credentials.
func Challenges(code int) bool { return code == 401 || code == 407 }
