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

	router *Router
	wants  cluster.Service
}

// Outcome tells how a node did with what it was given.
type Outcome uint8

// The outcomes.
const (
	OK          Outcome = iota
	NotSent             // nothing reached the node: connection refused, no route
	Refused             // the node said it cannot now (503)
	Reset               // the connection broke after something was sent
	Timeout             // no answer in time
	Overload            // the node is at its limits
	ServerError         // the node answered 5xx
	ClientGone          // the client went away: never held against the node
)

var outcomeNames = [...]string{"ok", "not_sent", "refused", "reset", "timeout", "overload", "server_error", "client_gone"}

// String returns the word used in logs and metrics.
func (o Outcome) String() string { return outcomeNames[min(int(o), len(outcomeNames)-1)] }

// Usage is what serving cost.
type Usage struct {
	Read, Sent int64 // bytes read from and sent to the node
	Status     int
}

// Observer is told what the Router did. It must not block, call back or keep
// the Ask. A nil Observer is allowed.
type Observer interface {
	Decided(a *Ask, d *Decision, err error)
	Learned(from *cluster.Node, a *Ask, id appsession.ID)
	Moved(id appsession.ID, c appsession.Change, why Rule)
}
