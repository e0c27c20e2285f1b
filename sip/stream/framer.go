package stream

import (
	"bytes"
	"errors"
)

// Why a byte stream cannot be cut into messages any further; Handler.Garbled is told.
var (
	ErrHead    = errors.New("the head of the message is too long")
	ErrLength  = errors.New("Content-Length is no number or given twice") // RFC 3261 section 20.14, RFC 4475 section 3.3.9
	ErrMessage = errors.New("the message is too long")
	ErrLate    = errors.New("the message did not arrive whole in time")
)

// frame is what a framer found.
type frame uint8

const (
	nothing     frame = iota // more bytes are needed
	wholeFrame               // a message, from its start line to the end of its body
	pingFrame                // CRLFCRLF between messages, RFC 5626 section 3.5.1
	brokenFrame              // nothing after this can be understood
)

// framer cuts a byte stream into SIP messages (RFC 3261 section 18.3). It does no I/O: bytes are read into room, told by fed, and taken
// by next until that has nothing more. Where the stream is cut makes no difference.
//
// The head ends at the first CRLFCRLF. What stands in it is of no interest but for Content-Length; a bare LF or a NUL does not end a
// line here and is left to whoever reads the message. Without Content-Length there is no body.
type framer struct {
	head, message int // limits in bytes

	block    *block // nil: nothing was read yet
	from, to int    // block.b[from:to] was read and not yet handed out
	searched int    // bytes after from known not to hold the end of the head
	whole    int    // length of the message at from; 0 while its head is incomplete
	crlfs    int    // CRLFs since the last message or ping
	filled   bool   // the last read took all the room there was
	err      error  // of a brokenFrame
}

var headEnd = []byte("\r\n\r\n")

// room is where to read to; it is never empty.
func (f *framer) room() []byte {
	switch {
	case f.block == nil:
		f.block = newBlock(0)
	case f.from == f.to:
		f.from, f.to = 0, 0
		if f.filled && len(f.block.b) < busyBlock {
			f.grow() // more is waiting than fits: fewer system calls
		}
	case f.to < len(f.block.b):
	case f.from > 0:
		copy(f.block.b, f.block.b[f.from:f.to])
		f.from, f.to = 0, f.to-f.from
	default:
		f.grow()
	}
	return f.block.b[f.to:]
}

// grow moves to a larger block. Only what has arrived makes a block grow, never what was announced.
func (f *framer) grow() {
	larger := newBlock(len(f.block.b) + 1)
	f.to = copy(larger.b, f.block.b[f.from:f.to])
	f.from = 0
	f.block.free()
	f.block = larger
}

// fed tells that n bytes were read into room.
func (f *framer) fed(n int) {
	f.to += n
	f.filled = f.to == len(f.block.b)
}

// unread is what is there and not handed out.
func (f *framer) unread() []byte {
	if f.block == nil {
		return nil
	}
	return f.block.b[f.from:f.to:f.to]
}

// partial tells whether a message has begun and not ended.
func (f *framer) partial() bool { return f.to > f.from }

// large tells whether more memory is held than an idle connection should.
func (f *framer) large() bool { return f.block != nil && len(f.block.b) > idleBlock }

// rest gives a large block back if nothing is in it.
func (f *framer) rest() {
	if f.large() && !f.partial() {
		f.release()
	}
}

// release gives all memory back.
func (f *framer) release() {
	if f.block != nil {
		f.block.free()
	}
	f.block, f.from, f.to, f.filled = nil, 0, 0, false
}

// next takes one frame. The bytes of a message are valid until room is called, and may be written to. After a brokenFrame nothing else comes.
func (f *framer) next() (frame, []byte) {
	if f.err != nil {
		return brokenFrame, nil
	}
	if f.whole == 0 {
		if f.skip() {
			return pingFrame, nil
		}
		b := f.unread()
		if len(b) == 0 || len(b) == 1 && b[0] == '\r' {
			return nothing, nil
		}
		if f.whole, f.err = f.measure(b); f.err != nil {
			return brokenFrame, nil
		}
	}
	if f.whole == 0 || f.to-f.from < f.whole {
		return nothing, nil
	}
	end := f.from + f.whole
	data := f.block.b[f.from:end:end]
	f.from, f.whole, f.searched, f.crlfs = end, 0, 0, 0
	return wholeFrame, data
}

// skip drops CRLFs before a message (RFC 3261 section 7.5); two in a row are a ping, and true.
func (f *framer) skip() bool {
	for f.to-f.from >= 2 && f.block.b[f.from] == '\r' && f.block.b[f.from+1] == '\n' {
		f.from += 2
		if f.crlfs++; f.crlfs == 2 {
			f.crlfs = 0
			return true
		}
	}
	return false
}

// measure gives the length of the message that b begins with, or 0 while its head is incomplete.
func (f *framer) measure(b []byte) (int, error) {
	limit := min(len(b), f.head)
	from := max(0, f.searched-len(headEnd)+1)
	n := bytes.Index(b[from:limit], headEnd)
	if n < 0 {
		f.searched = limit
		if len(b) >= f.head {
			return 0, ErrHead
		}
		return 0, nil
	}
	body := from + n + len(headEnd)
	length, err := contentLength(b[:body-2], f.message-body)
	return body + length, err
}

// contentLength finds the length of the body in a head whose last line ends with CRLF: ErrMessage above limit.
func contentLength(head []byte, limit int) (int, error) {
	length, found := 0, false
	for i := lineEnd(head, 0); i < len(head); {
		end := lineEnd(head, i)
		if c := head[i] | 0x20; c != 'c' && c != 'l' { // a fold begins with a blank and is passed over here
			i = end
			continue
		}
		for end < len(head) && (head[end] == ' ' || head[end] == '\t') {
			end = lineEnd(head, end)
		}
		line := head[i:end]
		i = end
		colon := bytes.IndexByte(line, ':')
		if colon < 0 || !isLength(bytes.TrimRight(line[:colon], blanks)) {
			continue
		}
		if found {
			return 0, ErrLength
		}
		found = true
		var ok bool
		if length, ok = decimal(bytes.Trim(line[colon+1:], blanks), limit); !ok {
			return 0, ErrLength
		}
	}
	if length > limit || limit < 0 {
		return 0, ErrMessage
	}
	return length, nil
}

const blanks = " \t\r\n"

// lineEnd gives the place after the CRLF that ends the line at i.
func lineEnd(b []byte, i int) int {
	for j := i; ; {
		n := bytes.IndexByte(b[j:], '\n')
		if n < 0 {
			return len(b)
		}
		if j += n + 1; j-2 >= i && b[j-2] == '\r' {
			return j
		}
	}
}

// isLength recognises the name of Content-Length, long or compact, in any case.
func isLength(name []byte) bool {
	if len(name) == 1 {
		return name[0]|0x20 == 'l'
	}
	return len(name) == len("content-length") && bytes.EqualFold(name, []byte("content-length"))
}

// decimal reads digits; any number above limit comes as limit+1.
func decimal(b []byte, limit int) (int, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n <= limit {
			n = min(n*10+int(c-'0'), max(limit, 0)+1)
		}
	}
	return n, len(b) > 0
}
