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
	Node        string // that answered; empty: the gateway itself did
	Peer, Local netip.AddrPort
	Began       time.Time
	Took        time.Duration // until the answer's last byte
	Heads       Heads         // nil: not known
}

// Heads writes the heads of an exchange, for sessions that are watched: of the
// request as it went to the node, and of the answer as it went to the client.
type Heads interface {
	AppendRequest([]byte) []byte
	AppendAnswer([]byte) []byte
}

// Message is a SIP message as a front saw it. Nothing of it is used after the
// call it is given to.
type Message struct {
	Call        string // the Call-ID, as keys of sessions have it
	Method      string // of the request; of a response: of what it answers
	Status      int    // of a response; 0: a request
	CSeq        uint32
	Out         bool   // it left
	Inside      bool   // the peer stands on the side of the nodes
	Node        string // the peer, if it is a node
	Peer, Local netip.AddrPort
	Transport   string // a constant: "udp"
	Data        []byte // it, whole
	Came        []byte // what came, of which Data is what left; nil: nothing
}

// Summary is what is remembered of a message or an exchange.
type Summary struct {
	N           uint64 // its number, which no other has; later ones of a session have higher ones
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
}

const (
	methodBytes = 12
	pathBytes   = 56
)

// entry is a summary in a ring. Its strings are names of nodes and constants,
// which outlive it; what may be a view of a buffer is copied into arrays.
type entry struct {
	seq         uint64 // position in the ring's history, from 1
	at          int64  // Unix time in nanoseconds
	who         uint64 // the mark of the call or of the session
	took        int64
	node        string
	transport   string
	peer, local netip.AddrPort
	size        int32
	cseq        uint32
	status      uint16
	flags       uint8
	methodLen   uint8
	pathLen     uint8
	method      [methodBytes]byte
	path        [pathBytes]byte
}

const (
	flagSIP = 1 << iota
	flagOut
	flagInside
)

func (e *entry) summary(shard int) Summary {
	s := Summary{N: (e.seq-1)*shards + uint64(shard) + 1, At: time.Unix(0, e.at), Took: time.Duration(e.took), Proto: "http", Method: string(e.method[:e.methodLen]),
		Path: string(e.path[:e.pathLen]), Status: int(e.status), CSeq: e.cseq, Out: e.flags&flagOut != 0, Inside: e.flags&flagInside != 0,
		Node: e.node, Peer: e.peer, Local: e.local, Transport: e.transport, Size: int(e.size)}
	if e.flags&flagSIP != 0 {
		s.Proto = "sip"
	}
	return s
}

// shownPath is what of a target is kept: no query, and nothing behind a ";",
// where session ids stand.
func shownPath(target string) string {
	for i := range len(target) {
		if c := target[i]; c == '?' || c == ';' || c == '%' && i+2 < len(target) && target[i+1] == '3' && target[i+2]|0x20 == 'b' {
			return target[:i]
		}
	}
	return target
}

// copyPrintable copies as much of s as fits; what is no printable ASCII
// becomes a dot.
func copyPrintable(dst []byte, s string) uint8 {
	n := copy(dst, s)
	for i := range dst[:n] {
		if dst[i] < ' ' || dst[i] > '~' {
			dst[i] = '.'
		}
	}
	return uint8(n)
}
