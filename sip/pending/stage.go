package pending

import (
	"errors"
	"net/netip"

	"twinhop/gateway"
)

// Key names a transaction: equal for the INVITE, its repetitions, its CANCEL and the ACK of its refusal. It must be a keyed hash, so that
// nobody can choose it.
type Key uint64

// Branch names one attempt of a transaction, 0 the first.
type Branch struct {
	Key     Key
	Attempt int
}

// MaxAttempts is how many nodes an INVITE is offered to at most.
const MaxAttempts = 3

// Origin is where an INVITE came from. Only Stream means something to the table; the rest is kept for the Stage.
type Origin struct {
	Leg    int
	Flow   uint64
	Src    netip.AddrPort
	Stream bool // over a reliable transport: the caller does not repeat itself, and what it is told arrives
}

// Request is an INVITE as it came in.
type Request struct {
	Message []byte // read during the call only
	Body    int    // where its body begins
	Origin  Origin
}

// Response is what the table needs to know of an answer.
type Response struct {
	Status int  // 100..699
	Tagged bool // it has a To tag: above 100 a dialog stands on the node
	Cancel bool // it answers a CANCEL, not the INVITE
}

// Verdict is what the front does with the message at hand.
type Verdict uint8

// The verdicts.
const (
	Stateless Verdict = iota // the table does not know it: as if there was none, as attempt 0
	Handled                  // the Stage has done what was to be done; a CANCEL is answered 200 by the front
	Relay                    // up to the caller; an ACK: to the node and attempt named
	Drop                     // nothing more
	Refused                  // as Drop; the node refused with a code of failover: if it said Retry-After, that is worth to be kept
)

var verdictNames = [...]string{"stateless", "handled", "relay", "drop", "refused"}

// String returns the word used in logs.
func (v Verdict) String() string { return verdictNames[min(int(v), len(verdictNames)-1)] }

// Own is an answer that the gateway makes itself.
type Own uint16

// The answers of our own, by status code.
const (
	Trying      Own = 100
	TimedOut    Own = 408 // no final answer came in time, and that is no reason for another node (RFC 3261 section 16.8)
	Terminated  Own = 487 // the caller cancelled, and no node said so
	Unavailable Own = 503 // no node is left, or no time; it has a Retry-After
)

// ErrAnswered is returned by Stage.Place for an INVITE that no node has been given yet: the front has answered it as if there was no table
// (too long, closing), or dropped it. The table forgets it.
var ErrAnswered = errors.New("the INVITE was answered without asking a node")

// Stage does what the table decides. Its methods are called with the lock of the INVITE's stripe held: they must not wait, not keep the
// Invite and not call the Table, nor may what they or a Decision's Done set off.
type Stage interface {
	// Place chooses a node that is not in x.Tried() and sends it the INVITE as attempt x.Attempt(), with its own branch and hint. An error
	// beside a Decision says that nothing reached that node; the table tells the Decision and tries the next. An error without one says that
	// no node is left. A message that the system had no room for counts as sent.
	Place(x *Invite) (Placed, error)
	// Repeat sends the INVITE of an attempt again, the same bytes. During Table.Invite it is the caller's repetition, else ours.
	Repeat(x *Invite, attempt int)
	// Withdraw sends the CANCEL of an attempt, or sends it again: over UDP it is repeated until it was answered (RFC 3261 section 17.1.2).
	Withdraw(x *Invite, attempt int)
	// Acknowledge sends the ACK for the refusal at hand, which the table keeps from the caller. It is called during Table.Answer only.
	Acknowledge(x *Invite, attempt int)
	// Reply answers the caller, the same bytes for the same x and own. A final one ends the call: it may be told more than once.
	Reply(x *Invite, own Own)
}

// Placed says to whom an INVITE went.
type Placed struct {
	Decision gateway.Decision // its Done is called by the table, once at most
	Stream   bool             // over a reliable transport: the table does not repeat it
}
