package gateway

import (
	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Decision says which member serves a message, and why.
type Decision struct {
	Member  *cluster.Member
	Session appsession.ID // zero: no session (overflow, or a dialog the table does not know)
	Rule    Rule
	// From is the route or node that the client presented although its
	// session lives on Member (leader sip): the client is to be corrected.
	From string
	// Sent is the http key's id as a node last set it; nil when none did.
	Sent  *appsession.Sent
	Guest bool // the session lives on another node
	Moved bool // this decision moved the session, or the call
	// Sticky: the message itself named Member by its route, or Member is the
	// only one of its pool (mod_jk's set_session_cookie does not act then).
	Sticky bool

	router *Router
	wants  cluster.Service
}

// Outcome tells how a node did with what it was given.
type Outcome uint8

// The outcomes.
const (
	OK           Outcome = iota
	NotSent              // nothing reached the node: connection refused, no route
	Refused              // the node said it cannot now (503)
	Reset                // the connection broke after something was sent
	Timeout              // no answer in time
	Overload             // the node is at its limits
	ServerError          // the node answered 5xx
	ClientGone           // the client went away: never held against the node
	Unasked              // the node was not asked after all
	Garbled              // what the node sent is not its protocol
	Declined             // a status that is not passed on, and is not the node's fault (fail_on_status, negative)
	StatusFailed         // a status that means the node is broken (fail_on_status)
	outcomes
)

var outcomeNames = [outcomes]string{"ok", "not_sent", "refused", "reset", "timeout", "overload", "server_error", "client_gone",
	"unasked", "garbled", "declined", "status_failed"}

// signs is what each outcome says of a member of a pool with Recovery.
var signs = [outcomes]cluster.Sign{NotSent: cluster.Refused, Reset: cluster.Failed, Timeout: cluster.Slow, Overload: cluster.Useless,
	ClientGone: cluster.ClientLeft, Garbled: cluster.Useless, StatusFailed: cluster.Unfit}

// String returns the word used in logs and metrics.
func (o Outcome) String() string { return outcomeNames[min(o, outcomes-1)] }

// Usage is what serving cost.
type Usage struct {
	Read, Sent int64 // bytes read from the node and sent to it, as far as they were counted
	Status     int
	Spared     bool // the status says nothing about the node: an error of a request that is not looked at
}

// Observer is told what the Router did. It must not block, call back or keep
// the Ask. A nil Observer is allowed.
type Observer interface {
	Decided(a *Ask, d *Decision, err error)
	Learned(from *cluster.Node, a *Ask, id appsession.ID)
	Moved(id appsession.ID, c appsession.Change, why Rule)
}
