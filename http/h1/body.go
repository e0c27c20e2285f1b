package h1

import (
	"bytes"
	"io"

	"twinhop/http/head"
)

// maxChunkLine bounds a chunk's size line with its extensions, which are
// dropped (RFC 9112 section 7.1.1).
const maxChunkLine = 1 << 10

// lastChunk is what follows the data of an answer that ends without a trailer.
var lastChunk = []byte("\r\n0\r\n\r\n")

// A body reads one answer's body from its connection and gives the connection
// back when closed.
type body struct {
	x       *conn // nil once closed
	left    int64 // of the message or of the present chunk; -1: until the end of the connection
	chunked bool
	begun   bool // a chunk was read: its CR LF is due
	err     error
}

func newBody(x *conn) *body {
	if x.sender != nil {
		x.sender.arm(0)
	}
	x.deadline(x.pause)
	b := &body{x: x, left: x.framing.length, chunked: x.framing.chunked}
	switch {
	case x.framing.none:
		b.chunked, b.err = false, io.EOF
	case b.chunked:
		b.left = 0
	case b.left < 0:
		x.framing.close = true
	case b.left == 0:
		b.err = io.EOF
	}
	return b
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	b.x.deadline(b.x.pause)
	if b.chunked && b.left == 0 {
		if err := b.nextChunk(); err != nil {
			return 0, b.fail(err)
		}
	}
	if b.left >= 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.x.read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	switch {
	case n > 0 && b.left == 0 && !b.chunked:
		b.err = io.EOF // tell now: saves the caller one call
		return n, b.err
	case n > 0 && b.left == 0 && bytes.HasPrefix(b.x.buf[b.x.r:b.x.w], lastChunk):
		_ = b.nextChunk() // it is all there: io.EOF, for the same reason
		return n, b.err
	case n > 0:
		return n, nil
	case err == io.EOF && b.left < 0:
		b.err = io.EOF
		return 0, b.err
	case err == nil:
		err = io.ErrNoProgress
	}
	return 0, b.fail(err)
}

func (b *body) fail(err error) error {
	if err == io.EOF && b.err == io.EOF {
		return err // the last chunk
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	b.err = b.x.failed("read from", err)
	return b.err
}

// Close ends the exchange. A body that was not read to its end costs the
// connection.
func (b *body) Close() error {
	x := b.x
	if x == nil {
		return nil
	}
	b.x = nil
	complete := b.err == io.EOF
	if b.err == nil || complete {
		b.err = errClosed
	}
	x.release(complete)
	return nil
}

// nextChunk reads the line before a chunk (and the end of the one before). At
// the last chunk it reads the trailer and returns io.EOF with b.err set.
func (b *body) nextChunk() error {
	if b.begun {
		line, err := b.x.line(2)
		if err != nil {
			return err
		}
		if len(line) != 0 {
			return badResponse("chunk without end")
		}
	}
	line, err := b.x.line(maxChunkLine)
	if err != nil {
		return err
	}
	if b.left, err = chunkSize(line); err != nil {
		return err
	}
	b.begun = true
	if b.left > 0 {
		return nil
	}
	if err := b.trailer(); err != nil {
		return err
	}
	b.err = io.EOF
	return io.EOF
}

func (b *body) trailer() error {
	var text []byte
	for {
		line, err := b.x.line(maxTrailer)
		if err != nil {
			return err
		}
		if len(text)+len(line)+2 > maxTrailer {
			return badResponse("trailer larger than %d bytes", maxTrailer)
		}
		if len(line) == 0 && len(text) == 0 {
			return nil
		}
		text = append(append(text, line...), "\r\n"...)
		if len(line) == 0 {
			return parseFields(string(text), &b.x.resp.Trailer)
		}
	}
}

// chunkSize reads 1*HEXDIG before an optional extension (RFC 9112 section 7.1).
func chunkSize(line []byte) (int64, error) {
	size, ext, extended := bytes.Cut(line, []byte(";"))
	if extended {
		size = bytes.TrimRight(size, " \t") // blanks are allowed only there
	}
	if len(size) == 0 || len(size) > 15 {
		return 0, badResponse("chunk size %.20q", line)
	}
	if !head.ValidValue(string(ext)) {
		return 0, badResponse("chunk extension")
	}
	var n int64
	for _, c := range size {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | int64(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n<<4 | int64(c|0x20-'a'+10)
		default:
			return 0, badResponse("chunk size %.20q", line)
		}
	}
	return n, nil
}

// read gives out what is buffered, else reads into p directly.
func (x *conn) read(p []byte) (int, error) {
	if x.r < x.w {
		n := copy(p, x.buf[x.r:x.w])
		x.r += n
		return n, nil
	}
	if len(p) >= len(x.buf) {
		n, err := x.nc.Read(p)
		x.wire.Read(n)
		return n, err
	}
	if err := x.fill(len(x.buf)); err != nil {
		return 0, err
	}
	n := copy(p, x.buf[x.r:x.w])
	x.r += n
	return n, nil
}

// line reads one line of at most limit bytes, CR LF included but cut off. The
// result is valid until the next read.
func (x *conn) line(limit int) ([]byte, error) {
	for {
		b := x.buf[x.r:x.w]
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			if i == 0 || b[i-1] != '\r' || i+1 > limit {
				return nil, badResponse("end of line")
			}
			x.r += i + 1
			return b[:i-1], nil
		}
		if len(b) >= limit {
			return nil, badResponse("line longer than %d bytes", limit)
		}
		if err := x.fill(max(limit, readSize)); err != nil {
			return nil, err
		}
	}
}

// emptyBody stands beside a connection that was handed over.
type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }
