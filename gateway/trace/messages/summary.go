package messages

import (
	"net/netip"
	"time"

	"twinhop/appsession"
)

// Exchange is an HTTP request and what became of it, as a front saw it.
type Exchange struct {
	Session     appsession.ID // zero: it belongs to none
	Method      string
	Target      string // path and query; what is kept of it is the path
	Status      int    // of the answer; below 100: there was none
	Node        string // that answered, by its name, which outlives the call; empty: the gateway itself did
	Peer, Local netip.AddrPort
	Began       time.Time
	Took        time.Duration // until the answer's last byte
	Heads       Heads         // nil: not known
}

// Head is one of the heads of an exchange.
type Head uint8

// The heads, in the order of time.
const (
	Came       Head = iota // the request, as the client sent it
	Left                   // as it went to the node
	Answer                 // as the node sent it
	AnswerLeft             // as it went to the client
	heads
)

var headNames = [heads]string{"came", "left", "answer", "answerLeft"}

// String returns the word used in the API.
func (h Head) String() string { return headNames[min(h, heads-1)] }

// Heads writes the heads of an exchange, for sessions that are followed:
// nothing where there was none, or it is not known. What came may have the
// begin of its body behind it, of which MaxBody are kept, where Log.Bodies says
// so.
type Heads interface {
	AppendHead(b []byte, h Head) []byte
}

// Message is a SIP message as a front saw it. Nothing of it is used after the
// call it is given to.
type Message struct {
	At          time.Time // zero: now
	Call        string    // the Call-ID, as keys of sessions have it
	Method      string    // of the request; of a response: of what it answers
	Status      int       // of a response; 0: a request
	CSeq        uint32
	Out         bool   // it left
	Inside      bool   // the peer stands on the side of the nodes
	Node        string // the peer, if it is a node, by its name, which outlives the call
	Peer, Local netip.AddrPort
	Transport   string // a constant: "udp"
	Data        []byte // it, whole
	Came        []byte // what came, of which Data is what left; nil: nothing
}

// Summary is what is remembered of a message or an exchange.
type Summary struct {
	N           uint64 // its number, which no other has; later ones of a call, and later exchanges of a session, have higher ones
	At          time.Time
	Took        time.Duration // of an exchange
	Proto       string        // "http" or "sip"
	Method      string
	Path        string // of an exchange, shortened
	Status      int    // 0: a request, or an exchange without an answer
	CSeq        uint32
	Out, Inside bool // as Message has them
	Node        string
	Peer, Local netip.AddrPort
	Transport   string
	Size        int
	Mark        uint64 // of its call, or of an exchange that of its session: for comparing within this process
	Forwarded   bool   // of a message that left: it is what became of one that came
}
