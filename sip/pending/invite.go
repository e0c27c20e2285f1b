package pending

import (
	"math"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// state of an INVITE, seen from the caller.
type state uint8

const (
	trying     state = iota // nothing above 100 went up: another node may be tried
	proceeding              // a node rings
	refused                 // a node's refusal went up
	accepted                // a 2xx went up
	answered                // a final answer of our own went up
)

// mark is what is known of one attempt.
type mark uint8

const (
	sent        mark = 1 << iota // the node may have it
	reliable                     // over a stream
	provisional                  // it answered with 1xx
	final                        // it answered for good
	agreed                       // with 2xx
	withdrawn                    // a CANCEL was sent
	heard                        // the CANCEL was answered
)

// never is a time that does not come.
const never = math.MaxInt64

// Invite is one unanswered INVITE. A Stage may look at it during a call.
type Invite struct {
	key   Key
	chain *Invite // the next of its bucket, or of the free list

	// Its place in the wheel.
	before, after *Invite
	slot          int16 // -1: none
	due           int64 // what it is there for: not after any of the times below

	state     state
	count     uint8 // attempts made
	current   uint8 // the live one
	step      uint8 // repetitions of the INVITE, or of our own answer
	pulls     uint8 // repetitions of CANCELs
	cancelled bool  // by the caller
	hundred   bool  // the caller has a 100
	dialog    bool  // an early dialog stands on the live attempt
	expired   bool  // timer C
	acked     bool  // our own answer was, or was overtaken by a 2xx
	early     bool  // Settings.Early
	own       Own
	status    int16 // of the refusal that went up

	marks [MaxAttempts]mark
	nodes [MaxAttempts]*cluster.Node
	size  int    // bytes of the message
	head  int    // where the body begins
	copy  []byte // the message, later its head
	live  []byte // the message at hand, during Table.Invite

	// Times since the table's epoch, in nanoseconds, or never.
	born     int64 // when it came
	placed   int64 // when the live attempt was sent
	deadline int64 // what that means depends on the state
	unheard  int64 // when our 100 is due
	again    int64 // when the live attempt, or our own answer, is repeated
	pull     int64 // when CANCELs are repeated

	origin   Origin
	decision gateway.Decision // of the live attempt, until its outcome was told
}

// Key names the transaction.
func (x *Invite) Key() Key { return x.key }

// Origin is where the INVITE came from first.
func (x *Invite) Origin() Origin { return x.origin }

// Message is the INVITE as it came in. Once an answer above 100 or a final one went up it has no body any more, whatever its Content-Length
// says, but in Repeat during Table.Invite, which has the caller's repetition.
func (x *Invite) Message() []byte {
	if x.live != nil {
		return x.live
	}
	return x.copy
}

// Size is how many bytes the INVITE has, body included.
func (x *Invite) Size() int { return x.size }

// Attempt is the number of the live attempt; in Place, of the one to be made.
func (x *Invite) Attempt() int { return int(x.current) }

// Tried lists the nodes that were given the INVITE or could not be reached, by attempt.
func (x *Invite) Tried() []*cluster.Node { return x.nodes[:x.count:x.count] }

// Node is whom an attempt went to; nil: it was not made.
func (x *Invite) Node(attempt int) *cluster.Node {
	if attempt < 0 || attempt >= int(x.count) {
		return nil
	}
	return x.nodes[attempt]
}

// Early tells that an attempt is in an early dialog that another node takes over if its own is down (Settings.Early).
func (x *Invite) Early(attempt int) bool {
	return x.early && x.dialog && attempt == int(x.current)
}

// open tells whether no final answer went up.
func (x *Invite) open() bool { return x.state <= proceeding }

// next is when the INVITE has to be looked at.
func (x *Invite) next() int64 { return min(x.deadline, x.unheard, x.again, x.pull) }

// silence ends what is repeated to the live attempt and the wait for a 100.
func (x *Invite) silence() { x.again, x.unheard = never, never }

// shared tells whether a node may have the INVITE besides the one that made attempt i.
func (x *Invite) shared(i int) bool {
	for j, m := range x.marks[:x.count] {
		if j != i && m&sent != 0 {
			return true
		}
	}
	return false
}

// tell says how the live attempt did, once.
func (x *Invite) tell(o gateway.Outcome) {
	if x.decision.Member != nil {
		d := x.decision
		x.decision = gateway.Decision{}
		d.Done(o, gateway.Usage{})
	}
}
