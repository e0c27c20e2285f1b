package messages

import (
	"net/netip"
	"time"
)

const (
	methodBytes = 12
	pathBytes   = 54
)

// entry is a message in a ring: one cache line, in which there is nothing that the garbage collector has to follow.
type entry struct {
	at        int64  // Unix time in nanoseconds
	who       uint64 // the mark of the call or of the session
	peer      [16]byte
	size      uint32
	cseq      uint32
	port      uint16 // of the peer
	local     uint16 // number of the local address
	node      uint16 // number of its name
	status    uint16
	transport uint8 // number of its word
	flags     uint8
	methodLen uint8
	method    [methodBytes]byte
}

// exchange is one in a ring, with what a message has not: two cache lines.
type exchange struct {
	entry
	took    int64
	pathLen uint8
	path    [pathBytes]byte
}

const (
	flagOut       = 1 << iota
	flagInside    // the peer stands on the side of the nodes
	flagForwarded // it is what became of one that came
	flagPeer      // the peer is known
	flagPeer4     // by an address of IPv4
)

func (e *entry) setPeer(p netip.AddrPort) {
	a := p.Addr()
	e.peer, e.port = a.As16(), p.Port()
	if a.IsValid() {
		e.flags |= flagPeer
	}
	if a.Is4() {
		e.flags |= flagPeer4
	}
}

func (e *entry) peerAddr() netip.AddrPort {
	if e.flags&flagPeer == 0 {
		return netip.AddrPort{}
	}
	a := netip.AddrFrom16(e.peer)
	if e.flags&flagPeer4 != 0 {
		a = a.Unmap()
	}
	return netip.AddrPortFrom(a, e.port)
}

// mark is whose it is.
func (e *entry) mark() uint64 { return e.who }

func (e *entry) summary(l *Log) Summary {
	return Summary{At: time.Unix(0, e.at), Proto: "sip", Method: string(e.method[:e.methodLen]), Status: int(e.status), CSeq: e.cseq,
		Out: e.flags&flagOut != 0, Inside: e.flags&flagInside != 0, Node: l.nodes.name(e.node), Peer: e.peerAddr(), Local: l.locals.name(e.local),
		Transport: l.transports.name(uint16(e.transport)), Size: int(e.size), Mark: e.who, Forwarded: e.flags&flagForwarded != 0}
}

func (x *exchange) summary(l *Log) Summary {
	s := x.entry.summary(l)
	s.Proto, s.Took, s.Path = "http", time.Duration(x.took), string(x.path[:x.pathLen])
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
