package framing

import (
	"bytes"
	"strconv"
	"strings"

	"twinhop/http/head"
)

// where the next byte stands.
type place uint8

const (
	first   place = iota // in a request line
	field                // in a field line
	size                 // in a line with the size of a chunk
	trailer              // in a field line behind the last chunk
	body                 // in a body, or in a chunk
	chunkCR              // behind a chunk: its CRLF
	chunkLF
)

// maxLine is how much of a line is kept: more than any that matters has.
const maxLine = 128

// Watch reads the bytes that a client sends. The zero Watch stands at the
// beginning of a connection.
type Watch struct {
	at   place
	left uint64 // bytes of body, or of the chunk
	long bool   // the line has more than line keeps
	cr   bool   // the last byte was a CR
	line []byte
	tail [9]byte // the end of a long line

	chunked, sized bool // what the head says so far
	length         uint64
}

// Feed takes the bytes that follow. It is false, for good, when there is
// anything that another reader might take for something else.
func (w *Watch) Feed(b []byte) bool {
	for len(b) > 0 {
		switch w.at {
		case body:
			n := min(uint64(len(b)), w.left)
			b, w.left = b[n:], w.left-n
			if w.left == 0 {
				w.at = first
				if w.chunked {
					w.at = chunkCR
				}
			}
		case chunkCR, chunkLF:
			if b[0] != "\r\n"[w.at-chunkCR] {
				return false
			}
			b = b[1:]
			if w.at++; w.at > chunkLF {
				w.at = size
			}
		default:
			i := bytes.IndexByte(b, '\n')
			if i < 0 {
				return w.keep(b)
			}
			if !w.keep(b[:i]) || !w.cr || !w.whole() {
				return false
			}
			b = b[i+1:]
			w.line, w.long, w.cr = w.line[:0], false, false
		}
	}
	return true
}

// keep adds to the line. A CR stands at its end alone.
func (w *Watch) keep(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if i := bytes.IndexByte(b, '\r'); w.cr || i >= 0 && i < len(b)-1 {
		return false
	}
	if b[len(b)-1] == '\r' {
		w.cr, b = true, b[:len(b)-1]
	}
	for _, c := range b[max(len(b)-len(w.tail), 0):] {
		copy(w.tail[:], w.tail[1:])
		w.tail[len(w.tail)-1] = c
	}
	room := maxLine - len(w.line)
	if len(b) > room {
		b, w.long = b[:room], true
	}
	w.line = append(w.line, b...)
	return true
}

// whole takes in a line that is complete.
func (w *Watch) whole() bool {
	switch w.at {
	case first:
		w.chunked, w.sized, w.length, w.at = false, false, 0, field
		return string(w.tail[:]) == " HTTP/1.1" && !bytes.HasPrefix(w.line, []byte("CONNECT "))
	case field:
		if len(w.line) == 0 {
			return w.headEnds()
		}
		return w.field()
	case size:
		return w.chunk()
	default:
		if len(w.line) == 0 {
			w.at = first
		}
		return len(w.line) == 0 || w.named() != ""
	}
}

// named is the name of the field line, "" when it is none.
func (w *Watch) named() string {
	name, _, ok := bytes.Cut(w.line, []byte(":"))
	if !ok || !head.ValidName(string(name)) {
		return ""
	}
	return string(name)
}

func (w *Watch) field() bool {
	name := w.named()
	_, value, _ := strings.Cut(string(w.line), ":")
	value = strings.Trim(value, " ") // a tab may stand there, but who writes one is up to something
	switch {
	case name == "":
		return false
	case head.EqualFold(name, "Transfer-Encoding"):
		again := w.chunked
		w.chunked = true
		return !again && !w.long && head.EqualFold(value, "chunked")
	case head.EqualFold(name, "Content-Length"):
		again := w.sized
		n, err := strconv.ParseUint(value, 10, 63)
		w.sized, w.length = true, n
		return !again && !w.long && err == nil && value[0] != '+'
	}
	return true
}

// headEnds is true for a body of a known end.
func (w *Watch) headEnds() bool {
	switch {
	case w.chunked && w.sized:
		return false
	case w.chunked:
		w.at = size
	case w.length > 0:
		w.at, w.left = body, w.length
	default:
		w.at = first
	}
	return true
}

// chunk reads the size of a chunk, behind which extensions may stand.
func (w *Watch) chunk() bool {
	text, _, _ := strings.Cut(string(w.line), ";")
	n, err := strconv.ParseUint(strings.TrimRight(text, " \t"), 16, 63)
	if err != nil || w.long {
		return false
	}
	if w.left, w.at = n, body; n == 0 {
		w.at = trailer
	}
	return true
}
