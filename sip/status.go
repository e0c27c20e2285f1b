package sip

import (
	"twinhop/sip/peek"
	"twinhop/sip/pending"
)

// status is an answer the gateway gives itself. This file is the only one that knows the codes.
type status struct {
	code       int
	phrase     string
	retryAfter bool // the sender may try again in a while
	allow      bool // says which methods are served
	extension  bool // says which Proxy-Require is not understood
}

// The answers. "No node" is 503 and not 500: the refusal is the gateway's own, and a caller may try elsewhere (RFC 3261 section 21.5.4).
var (
	trying        = status{code: 100, phrase: "Trying"}
	alive         = status{code: 200, phrase: "OK"}
	badRequest    = status{code: 400, phrase: "Bad Request"}
	forbidden     = status{code: 403, phrase: "Forbidden"}
	noHop         = status{code: 404, phrase: "Not Found"}
	notAllowed    = status{code: 405, phrase: "Method Not Allowed", allow: true}
	flowFailed    = status{code: 430, phrase: "Flow Failed"}
	longURI       = status{code: 414, phrase: "Request-URI Too Long"}
	badScheme     = status{code: 416, phrase: "Unsupported URI Scheme"}
	late          = status{code: 408, phrase: "Request Timeout"}
	badExtension  = status{code: 420, phrase: "Bad Extension", extension: true}
	noTransaction = status{code: 481, phrase: "Call/Transaction Does Not Exist"}
	loop          = status{code: 482, phrase: "Loop Detected"}
	tooManyHops   = status{code: 483, phrase: "Too Many Hops"}
	cancelled     = status{code: 487, phrase: "Request Terminated"}
	noResource    = status{code: 500, phrase: "No Such Resource"}
	serviceFull   = status{code: 500, phrase: "Service full", retryAfter: true}
	noNode        = status{code: 503, phrase: "Service Unavailable", retryAfter: true}
	busy          = status{code: 503, phrase: "All Nodes Busy", retryAfter: true}
	busyNow       = status{code: 503, phrase: "Too Many Requests", retryAfter: true}
	closing       = status{code: 503, phrase: "Shutting Down", retryAfter: true}
	badVersion    = status{code: 505, phrase: "Version Not Supported"}
	tooLong       = status{code: 513, phrase: "Message Too Large"}
)

// reasonStatus says how a request that cannot be read is answered.
func reasonStatus(r peek.Reason) status {
	switch r {
	case peek.BadVersion:
		return badVersion
	case peek.UnknownScheme:
		return badScheme
	case peek.URITooLong:
		return longURI
	case peek.TooManyHops:
		return tooManyHops
	case peek.TooLong:
		return tooLong
	}
	return badRequest
}

// ownStatus is how the caller of a pending INVITE is answered.
func ownStatus(o pending.Own) status {
	switch o {
	case pending.Trying:
		return trying
	case pending.TimedOut:
		return late
	case pending.Terminated:
		return cancelled
	}
	return noNode
}

// What responses that pass by mean to the gateway.

// accepts tells a 2xx.
func accepts(code int) bool { return code/100 == 2 }

// rests tells that a Retry-After speaks for the node and not for whom it was asked to reach.
func rests(code int) bool { return code == 503 }

// final tells whether an answer is the last one.
func final(code int) bool { return code >= 200 }

// tags tells whether an answer with a To tag makes a dialog: a provisional one above 100, or a 2xx.
func tags(code int) bool { return code > 100 && code < 300 }

// rings tells a provisional answer that starts Timer C anew (RFC 3261 section 16.7, step 2).
func rings(code int) bool { return code > 100 && code < 200 }

// challenges tells whether the request will come again with credentials.
func challenges(code int) bool { return code == 401 || code == 407 }
