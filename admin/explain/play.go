package explain

import (
	"context"
	"encoding/json"
	"net/netip"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// Message is a message as a client would send it, for the front of its protocol to read.
type Message struct {
	Wants     cluster.Service
	Raw       []byte         // as on the wire; of the body there may be less than its length says
	From      netip.AddrPort // zero: as the message says, else this machine
	Transport string         // SIP: udp, tcp, tls, ws, wss
	Inside    bool           // SIP: it comes from the side of the nodes
	Assumed
}

// Assumed is what is to be supposed instead of what is so.
type Assumed struct {
	Activation map[string]cluster.Activation // by node
	Health     map[string]cluster.Health     // by node
	Affinity   json.RawMessage               // as PUT /affinity has it; nil: what is in force
}

// Played is what the front would do with a Message.
type Played struct {
	Title    string       // what is asked for, without anything secret
	Ask      *gateway.Ask // as the Router was asked; nil: it was not
	Steps    []gateway.Step
	Pool     string
	Node     string // where the message would go; "": nowhere
	Session  appsession.ID
	Guest    bool
	Moved    bool
	Rewrites []Rewrite
	Answer   *Answer  // the front answers itself; nil: it does not
	Serves   string   // the gateway serves the path itself: by what
	Toward   string   // SIP: the next hop, as transport://address
	Asks     string   // SIP: a host that would be looked up first
	Dropped  []string // SIP: why it would be dropped without an answer
	Faults   []Fault
}

// Rewrite is one thing that is other than what came.
type Rewrite struct {
	What   string `json:"what"`   // name of a field, "Request-URI" or "target"
	Before string `json:"before"` // "": it is added
	After  string `json:"after"`  // "": it is taken out
	Why    string `json:"why"`
}

// Answer is an answer of the gateway's own.
type Answer struct {
	Status   int    `json:"status"`
	Reason   string `json:"reason"`
	Location string `json:"location,omitempty"`
}

// Fault is what keeps a message from being read.
type Fault struct {
	Line    int    `json:"line"`   // from 1; 0: the message as a whole
	Column  int    `json:"column"` // from 1
	Message string `json:"message"`
}

// Play has the front of its protocol rehearse a Message. A *problem.Rejected says what is wrong with Message.Affinity.
type Play func(context.Context, *Message) (*Played, error)
