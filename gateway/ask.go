package gateway

import (
	"errors"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/balance"
	"twinhop/gateway/candidates"
	"twinhop/gateway/cluster"
)

// The errors that callers branch on.
var (
	ErrNoNode = errors.New("no node can serve this")                // none configured, all down, or stickiness forbids the others
	ErrBusy   = errors.New("every node is at its capacity")         // none has what the call takes; try again later
	ErrAsk    = errors.New("the shared affinity table must answer") // park a copy of the message and call Route elsewhere
)

// Kind tells what a message may do to a session.
type Kind uint8

// The kinds of messages.
const (
	Open   Kind = iota // may create a session and move it: HTTP requests, SIP requests outside a dialog
	Within             // inside an established dialog: leaves a dead node, never creates
	Same               // CANCEL and the ACK of a non-2xx: where its INVITE went, or nowhere
)

// Verb tells how a key stands in a message.
type Verb uint8

// The verbs.
const (
	Seen Verb = iota // the message carries the key
	Set              // a node gives this key out (Set-Cookie)
	Gone             // a node withdraws this key (Max-Age=0, or replaced by another id)
)

// Evidence is one key found in a message and where it was found.
type Evidence struct {
	appsession.Key
	Source Source
	Verb   Verb
	Sent   *appsession.Sent // with Set: the id and attributes the node gave
	Life   time.Duration    // see appsession.Alias.Life
}

// Hint is the node that a message itself names. Either Node is set, by
// whoever could verify it (a signed parameter, an address), or Route, as the
// client presented it.
type Hint struct {
	Node   string
	Route  string // a jvmRoute, resolved within Ask.Pool: exactly, else by domain
	Gen    uint32 // incarnation of Node (cluster.Node.Life); 0 matches always
	Source Source // SourceTarget: R-URI or first foreign Route is exactly this node's address
}

func (h *Hint) none() bool { return h.Node == "" && h.Route == "" }

// Ask is the question a front puts to the Router. Fronts reuse it: nothing in
// it outlives the call.
//
// Evidence stands in the configured order. At most one http key, one flow
// key and one call key are given: the id whose route was used, else the first.
type Ask struct {
	Kind     Kind
	Wants    cluster.Service
	Pool     *cluster.Pool
	View     *cluster.View // the View that Pool is of
	Evidence []Evidence
	Hint     Hint
	Scheme   string          // new work rather goes to nodes that are reached by this scheme; "": any
	Tried    []*cluster.Node // nodes that this very message was already given to
	Adopt    bool            // leader sip: corrections were tried in vain; serve at the hint and let the session live there
	Counts   bool            // opens a call that the book of calls keeps (INVITE)
	Needs    *cluster.Needs  // with Counts: what the call takes of its node; nil: nothing

	// Scratch, so that deciding does not allocate.
	run     run
	last    Decision
	q       balance.Question
	keys    [maxEvidence]appsession.Key
	aliases [4]appsession.Alias
}

// maxEvidence bounds the evidence of one message that is looked at.
const maxEvidence = 12

// Reset empties the Ask for the next message and keeps its memory.
func (a *Ask) Reset() {
	*a = Ask{Evidence: a.Evidence[:0], Tried: a.Tried[:0], run: run{Set: candidates.Set{List: a.run.List}}}
}

// Add appends evidence that the message carries.
func (a *Ask) Add(k appsession.Key, s Source) {
	a.Evidence = append(a.Evidence, Evidence{Key: k, Source: s})
}
