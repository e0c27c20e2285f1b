package ajp

import (
	"bytes"
	"io"
	"slices"

	"twinhop/http/head"
)

// endOfBody is the packet that says that there is no more of a body.
var endOfBody = []byte{0x12, 0x34, 0, 0}

// An upload is the request body on its way to the node.
type upload struct {
	body    io.Reader // nil: none
	left    int64     // bytes to come, -1 unknown, 0 no more
	out     *scratch  // room for a piece; nil without a body
	begun   bool      // the node was given, or asked for, some of it
	touched bool      // some of a streamed body was consumed
	broken  bool      // a piece could not be sent: the connection is spent
	asked   int       // how often the node asked after the end
}

// finished tells whether the body is out of the way: the node got all of it,
// or knows of none of it.
func (u *upload) finished() bool { return !u.broken && (u.left == 0 || !u.begun) }

// drop gives back the memory, and closes the body if so told.
func (u *upload) drop(closing bool) {
	if c, ok := u.body.(io.Closer); ok && closing {
		c.Close()
	}
	if u.out != nil {
		scratches.Put(u.out)
	}
	*u = upload{}
}

// give answers the node's question for more of the request's body.
func (x *conn) give(payload []byte) error {
	d := decoder{b: payload[1:]}
	wanted := d.int()
	if !d.done() || wanted == 0 {
		return badResponse("question for more of the request's body")
	}
	return x.giveUpTo(wanted)
}

// giveUpTo sends one piece of at most wanted bytes, or the end of the body.
// A piece that cannot be sent is no error yet: the node may have answered
// before it stopped reading.
func (x *conn) giveUpTo(wanted int) error {
	u := &x.up
	if u.broken || u.body == nil || u.left == 0 {
		if u.asked++; u.asked > maxAsked {
			return badResponse("asks for more of the request's body %d times after its end", u.asked)
		}
		if u.broken {
			return nil
		}
		_, err := x.write(endOfBody)
		u.broken = err != nil
		return nil
	}
	u.out.b = u.out.b[:0]
	if err := u.piece(0, min(wanted+packetHead+chunkHead, x.set.packetSize())); err != nil {
		if x.ctx.Err() != nil {
			return x.ctx.Err() // it was closed for that reason
		}
		return err
	}
	_, err := x.write(u.out.b)
	u.broken = err != nil
	return nil
}

// piece appends one packet of at most size bytes with what of the body can be
// read at once; at its end the packet that says so.
func (u *upload) piece(at, size int) error {
	u.begun = true
	room := size - packetHead - chunkHead
	if u.left > 0 {
		room = int(min(int64(room), u.left))
	}
	b := slices.Grow(u.out.b, packetHead+chunkHead+room)
	data := b[at+packetHead+chunkHead : at+packetHead+chunkHead+room]
	n, err := u.read(data)
	if err != nil {
		return err
	}
	if n == 0 {
		u.out.b = append(b, endOfBody...)
		return nil
	}
	b = append(b, toNode...)
	b = appendInt(b, n)
	u.out.b = b[:len(b)+n]
	seal(u.out.b[at:])
	return nil
}

// read reads what there is, at least one byte; 0 only at the end of a body of
// unknown length.
func (u *upload) read(p []byte) (int, error) {
	if _, buffered := u.body.(*bytes.Reader); !buffered {
		u.touched = true
	}
	for range 100 {
		n, err := u.body.Read(p)
		if n > 0 {
			if u.left > 0 {
				u.left -= int64(n)
			} else if err == io.EOF {
				u.left = 0
			}
			return n, nil
		}
		switch {
		case err == io.EOF && u.left < 0:
			u.left = 0
			return 0, nil
		case err == io.EOF:
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, &head.BodyError{Err: err}
		}
	}
	return 0, &head.BodyError{Err: io.ErrNoProgress}
}
