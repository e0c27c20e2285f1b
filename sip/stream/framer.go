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

// framer is the Codec of SIP over streams (RFC 3261 section 18.3), with the pings of RFC 5626 section 3.5.1.
//
// The head ends at the first CRLFCRLF. What stands in it is of no interest but for Content-Length; a bare LF or a NUL does not end a
// line here and is left to whoever reads the message. Without Content-Length there is no body.
type framer struct {
	head, message int // limits in bytes

	searched int  // bytes known not to hold the end of the head
	whole    int  // length of the message at hand; 0 while its head is incomplete
	crlfs    int  // CRLFs since the last message or ping
	asked    bool // a ping of ours was not answered yet
	answered bool // by the CRLF that is counted
}

var (
	headEnd = []byte("\r\n\r\n")
	pong    = []byte("\r\n")
)

// Cut implements Codec. The bytes of a message may be written to.
func (f *framer) Cut(b []byte) Piece {
	used := 0
	if f.whole == 0 {
		for len(b)-used >= 2 && b[used] == '\r' && b[used+1] == '\n' { // before a message they mean nothing to it (RFC 3261 section 7.5)
			used += 2
			if e := f.crlf(); e != Nothing {
				return Piece{Event: e, Used: used, Data: pong}
			}
		}
		rest := b[used:]
		if len(rest) == 0 || len(rest) == 1 && rest[0] == '\r' {
			return Piece{Used: used}
		}
		var err error
		if f.whole, err = f.measure(rest); err != nil {
			return Piece{Event: Broken, Used: used, Data: rest, Err: err}
		}
	}
	end := used + f.whole
	if f.whole == 0 || len(b) < end {
		return Piece{Event: Partial, Used: used}
	}
	f.whole, f.searched, f.crlfs, f.answered = 0, 0, 0, false
	return Piece{Event: Message, Used: end, Data: b[used:end:end]}
}

// crlf counts a CRLF between messages. Two in a row are a ping. One may answer ours, and still be the first half of a ping until we ask again.
func (f *framer) crlf() Event {
	f.crlfs++
	switch {
	case f.crlfs == 2:
		f.crlfs, f.answered = 0, false
		return Reply
	case f.asked:
		f.asked, f.answered = false, true
		return Alive
	}
	return Nothing
}

// Wrap implements Codec.
func (f *framer) Wrap(out, message []byte) []byte { return append(out, message...) }

// Ping implements Codec.
func (f *framer) Ping(out []byte) []byte {
	if f.answered {
		f.crlfs, f.answered = 0, false
	}
	f.asked = true
	return append(out, headEnd...)
}

// Close implements Codec.
func (f *framer) Close(out []byte, _ error) []byte { return out }

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
