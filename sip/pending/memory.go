package pending

import "math/bits"

// Copies of messages have 512 bytes to 8 KiB, by powers of two; longer ones are left to the garbage collector.
const (
	smallest = 9
	classes  = 5
)

// spare is what ended INVITEs left for the next ones. It holds no more than the INVITEs at hand are likely to need, so that a flood does not
// keep its memory for ever.
type spare struct {
	first   *Invite
	invites int
	buffers [classes][][]byte
	bytes   int
}

// few is what may be spare however few INVITEs there are.
const few = 32

// invite gives an empty record.
func (p *spare) invite() *Invite {
	x := p.first
	if x == nil {
		return &Invite{slot: -1}
	}
	p.first, x.chain = x.chain, nil
	p.invites--
	return x
}

// leave takes a record that is in no list any more. live is how many are in use.
func (p *spare) leave(x *Invite, live int) {
	p.free(x, live)
	*x = Invite{slot: -1, chain: p.first}
	p.first = x
	for p.invites++; p.invites > live+few; p.invites-- {
		p.first = p.first.chain
	}
}

// buffer gives n bytes.
func (p *spare) buffer(n int) []byte {
	c := class(n)
	if c >= classes {
		return make([]byte, n)
	}
	if k := len(p.buffers[c]); k > 0 {
		b := p.buffers[c][k-1]
		p.buffers[c] = p.buffers[c][:k-1]
		p.bytes -= cap(b)
		return b[:n]
	}
	return make([]byte, n, 1<<(smallest+c))
}

// free takes the copy of a message back.
func (p *spare) free(x *Invite, live int) {
	b := x.copy
	x.copy = nil
	if c := class(cap(b)); b != nil && c < classes {
		p.buffers[c] = append(p.buffers[c], b[:0])
		p.bytes += cap(b)
	}
	for c := classes - 1; c >= 0 && p.bytes > (live+few)<<(smallest+2); { // the longest first
		if k := len(p.buffers[c]); k > 0 {
			p.bytes -= cap(p.buffers[c][k-1])
			p.buffers[c][k-1], p.buffers[c] = nil, p.buffers[c][:k-1]
			continue
		}
		c--
	}
}

// class is the smallest one that has room for n bytes.
func class(n int) int { return max(0, bits.Len(uint(max(n-1, 0)))-smallest) }

// keep makes a copy of a message.
func (p *spare) keep(x *Invite, r *Request) {
	x.copy = p.buffer(len(r.Message))
	copy(x.copy, r.Message)
	x.size = len(r.Message)
	x.head = max(0, min(r.Body, len(r.Message)))
}

// shrink forgets the body.
func (p *spare) shrink(x *Invite, live int) {
	if x.head == len(x.copy) || x.copy == nil {
		return
	}
	if x.copy = x.copy[:x.head]; class(x.head) < class(cap(x.copy)) {
		b := p.buffer(x.head)
		copy(b, x.copy)
		p.free(x, live)
		x.copy = b
	}
}
