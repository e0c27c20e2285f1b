package websocket

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"twinhop/sip/stream"
)

// Codec is how SIP messages stand in the bytes of one WebSocket after its upgrade (RFC 6455, RFC 7118 section 5): a stream.Codec. The zero
// value is ready for use. Messages come as text or binary, whole or in fragments, and go out in the kind the peer used last.
type Codec struct {
	Message   int // bytes of a message: 0 means 65,535
	Fragments int // frames of a message: 0 means 64

	binary atomic.Bool // what the peer used last
	closed atomic.Bool // our close frame was made

	broken  *Error  // nothing is understood any more
	kind    byte    // opcode of the message whose fragments are coming; 0: none is
	frames  int     // of it
	joined  *[]byte // its fragments; nil: none
	checked int     // bytes of joined that are known to be UTF-8
}

var _ stream.Codec = (*Codec)(nil)

func (c *Codec) message() int   { return or(c.Message, 65535) }
func (c *Codec) fragments() int { return or(c.Fragments, 64) }

func or(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

// fragmented is the memory of messages in fragments; keepJoined is the most that one of it may have, in bytes.
var fragmented = sync.Pool{New: func() any { return new([]byte) }}

const keepJoined = 128 << 10

// Cut implements stream.Codec. A Partial means that nothing more can be cut from b; Used are the fragments taken over.
func (c *Codec) Cut(b []byte) stream.Piece {
	if c.kind == 0 && c.joined != nil {
		c.release() // the message has been looked at
	}
	if c.broken != nil {
		return stream.Piece{Event: stream.Broken, Err: c.broken}
	}
	for used := 0; ; {
		h, err := c.header(b[used:], c.room())
		if err != nil {
			return c.fail(err)
		}
		end := used + h.size + h.length
		switch {
		case used == len(b) && c.kind == 0:
			return stream.Piece{Event: stream.Nothing, Used: used}
		case h.size == 0, len(b) < end:
			return stream.Piece{Event: stream.Partial, Used: used}
		}
		p := c.frame(b[used:end:end], h)
		used = end
		if p.Event != stream.Partial {
			p.Used = used
			return p
		}
	}
}

// room is how long the payload of the next data frame may be.
func (c *Codec) room() int {
	if c.joined == nil {
		return c.message()
	}
	return c.message() - len(*c.joined)
}

// frame takes a whole frame. Partial is a fragment that is not the last.
func (c *Codec) frame(b []byte, h header) stream.Piece {
	payload := b[h.size:]
	unmask(payload, h.key)
	switch h.opcode {
	case opPing:
		return stream.Piece{Event: stream.Reply, Data: retitle(b, opPong, h)}
	case opPong:
		return stream.Piece{Event: stream.Alive}
	case opClose:
		return c.ended(b, h)
	}
	return c.data(payload, h)
}

// data takes the payload of a data frame.
func (c *Codec) data(payload []byte, h header) stream.Piece {
	if h.fin && c.kind == 0 {
		if h.opcode == opText && !utf8.Valid(payload) {
			return c.fail(errText)
		}
		return c.whole(payload, h.opcode)
	}
	if c.kind == 0 {
		c.kind, c.joined = h.opcode, fragmented.Get().(*[]byte)
	}
	c.frames++
	*c.joined = append(*c.joined, payload...)
	if c.kind == opText && !c.legible(h.fin) {
		return c.fail(errText)
	}
	if !h.fin {
		return stream.Piece{Event: stream.Partial}
	}
	kind := c.kind
	c.kind, c.frames, c.checked = 0, 0, 0
	return c.whole(*c.joined, kind)
}

// whole is a message, or a keep-alive of RFC 5626 section 3.5.1, which is a message of two CRLFs here and is answered with one of one.
func (c *Codec) whole(message []byte, kind byte) stream.Piece {
	c.binary.Store(kind == opBinary)
	crlfs := 0
	for len(message) >= 2 && message[0] == '\r' && message[1] == '\n' { // RFC 3261 section 7.5
		message = message[2:]
		crlfs++
	}
	switch {
	case len(message) > 0:
		return stream.Piece{Event: stream.Message, Data: message}
	case crlfs < 2:
		return stream.Piece{Event: stream.Alive}
	case kind == opBinary:
		return stream.Piece{Event: stream.Reply, Data: binaryCRLF}
	}
	return stream.Piece{Event: stream.Reply, Data: textCRLF}
}

var (
	textCRLF   = []byte{finBit | opText, 2, '\r', '\n'}
	binaryCRLF = []byte{finBit | opBinary, 2, '\r', '\n'}
)

// ended answers a close frame, with the code it has, unless it answers ours.
func (c *Codec) ended(frame []byte, h header) stream.Piece {
	payload := frame[h.size:]
	switch {
	case h.length == 0:
	case h.length == 1 || !sendable(binary.BigEndian.Uint16(payload)):
		return c.fail(errClose)
	case !utf8.Valid(payload[2:]):
		return c.fail(errText)
	}
	if c.closed.Swap(true) {
		return stream.Piece{Event: stream.End}
	}
	h.length = min(h.length, 2) // the reason is theirs
	return stream.Piece{Event: stream.End, Data: retitle(frame[:h.size+h.length], opClose, h)}
}

// retitle makes a frame of the client's, whose mask is off, into one of ours, in place. It is a control frame.
func retitle(frame []byte, opcode byte, h header) []byte {
	frame = frame[h.size-2:]
	frame[0], frame[1] = finBit|opcode, byte(h.length)
	return frame
}

// fail ends all understanding.
func (c *Codec) fail(err *Error) stream.Piece {
	c.broken = err
	c.kind = 0
	c.release()
	return stream.Piece{Event: stream.Broken, Err: err}
}

// release gives the memory of fragments back.
func (c *Codec) release() {
	if c.joined != nil && cap(*c.joined) <= keepJoined {
		*c.joined = (*c.joined)[:0]
		fragmented.Put(c.joined)
	}
	c.joined = nil
}

// legible tells whether what has come of a text is UTF-8. Unless it is all, its last character may be incomplete.
func (c *Codec) legible(all bool) bool {
	b := (*c.joined)[c.checked:]
	if !all {
		b = b[:len(b)-incomplete(b)]
	}
	c.checked += len(b)
	return utf8.Valid(b)
}

// incomplete is how many bytes at the end of b may become a character with those that follow.
func incomplete(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if last := b[len(b)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// Wrap implements stream.Codec. What is not UTF-8 goes out as binary, whatever the peer used.
func (c *Codec) Wrap(out, message []byte) []byte {
	opcode := byte(opText)
	if c.binary.Load() || !utf8.Valid(message) {
		opcode = opBinary
	}
	return append(appendHeader(out, opcode, len(message)), message...)
}

// Ping implements stream.Codec.
func (c *Codec) Ping(out []byte) []byte { return appendHeader(out, opPing, 0) }

// Close implements stream.Codec. There is one close frame: after the first, and after the answer to the peer's, nothing is appended.
func (c *Codec) Close(out []byte, why error) []byte {
	if c.closed.Swap(true) {
		return out
	}
	code, reason := codeOf(why)
	out = binary.BigEndian.AppendUint16(appendHeader(out, opClose, 2+len(reason)), code)
	return append(out, reason...)
}
