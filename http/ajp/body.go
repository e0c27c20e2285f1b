package ajp

import (
	"io"
)

// A body reads one answer's body from its connection, answers meanwhile what
// the node asks of the request's body, and gives the connection back when
// closed.
type body struct {
	x    *conn // nil once closed
	left int64 // of what was announced; -1: unknown
	data int   // bytes to come of the present packet
	pad  int   // bytes behind them that mean nothing
	err  error
}

// Read implements io.Reader. It gathers what has arrived, and waits only when
// that is nothing.
func (b *body) Read(p []byte) (n int, err error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	for n < len(p) {
		if b.data == 0 {
			if n > 0 && !b.ready() {
				return n, nil
			}
			if err := b.next(); err != nil {
				return n, b.fail(err)
			}
			if b.err != nil {
				return n, b.err
			}
			continue
		}
		x := b.x
		if x.r == x.w {
			if n > 0 {
				return n, nil
			}
			x.deadline(x.pause)
			if err := x.fill(1); err != nil {
				return 0, b.fail(err)
			}
		}
		k := copy(p[n:], x.buf[x.r:min(x.w, x.r+b.data)])
		x.r += k
		b.data -= k
		n += k
	}
	if b.data == 0 && b.ready() {
		if err := b.next(); err != nil { // it may be the end: saves the caller one call
			return n, b.fail(err)
		}
	}
	return n, b.err
}

// ready tells whether next would neither wait for the node nor ask the client:
// what was read so far must not lie about meanwhile.
func (b *body) ready() bool {
	in := b.x.buf[b.x.r:b.x.w]
	if len(in) < b.pad+packetHead+2 {
		return false
	}
	switch in[b.pad+packetHead] {
	case typeChunk:
		return len(in) >= b.pad+packetHead+3
	case typeEnd:
		return true
	}
	return false
}

// next deals with the next packet: the head of a piece, a question, or the
// end, after which b.err is io.EOF.
func (b *body) next() error {
	x := b.x
	x.deadline(x.pause)
	if err := x.need(b.pad + packetHead + 1); err != nil {
		return err
	}
	x.r += b.pad
	b.pad = 0
	if x.buf[x.r+packetHead] == typeChunk {
		return b.piece()
	}
	payload, err := x.packet()
	if err != nil {
		return err
	}
	switch payload[0] {
	case typeGetChunk:
		return x.give(payload)
	case typeEnd:
		return b.end(payload)
	}
	return badResponse("packet of type %d within the body", payload[0])
}

// piece reads the head of a packet with some of the body.
func (b *body) piece() error {
	x := b.x
	if err := x.need(packetHead + 3); err != nil {
		return err
	}
	payload, err := header(x.buf[x.r:], x.set.packetSize())
	if err != nil {
		return err
	}
	n := int(x.buf[x.r+packetHead+1])<<8 | int(x.buf[x.r+packetHead+2])
	pad := payload - 3 - n
	switch {
	case pad != 0 && pad != 1: // a NUL follows the data, which is no part of it
		return badResponse("%d bytes of body in a packet of %d", n, payload)
	case b.left >= 0 && int64(n) > b.left:
		return badResponse("body is longer than announced")
	case b.left > 0:
		b.left -= int64(n)
	}
	x.r += packetHead + 3
	b.data, b.pad = n, pad
	return nil
}

func (b *body) end(payload []byte) error {
	d := decoder{b: payload[1:]}
	reuse := d.byte()
	if !d.done() || reuse > 1 {
		return badResponse("end of the answer")
	}
	if b.left > 0 {
		return io.ErrUnexpectedEOF
	}
	b.x.reusable = reuse == 1
	b.err = io.EOF
	return nil
}

func (b *body) fail(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	b.err = b.x.failed("read from", err)
	return b.err
}

// Close ends the exchange. An answer that was not read to its end costs the
// connection.
func (b *body) Close() error {
	x := b.x
	if x == nil {
		return nil
	}
	if b.err == nil && b.data == 0 && b.left == 0 && b.ready() {
		_ = b.next() // all was read but the end, which is here
	}
	b.x = nil
	complete := b.err == io.EOF
	if b.err == nil || complete {
		b.err = errClosed
	}
	x.release(complete)
	return nil
}
