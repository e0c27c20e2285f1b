package ajp

// Types of packets: the first byte of the payload. A packet with a piece of
// the request's body has none.
const (
	typeForward  = 2  // to the container: a request's head
	typeChunk    = 3  // from it: a piece of the answer's body
	typeHeaders  = 4  // from it: the answer's head
	typeEnd      = 5  // from it: the answer is complete
	typeGetChunk = 6  // from it: send a piece of the request's body
	typePong     = 9  // from it: alive
	typePing     = 10 // to it: are you?
)

const (
	packetHead = 4                  // two magic bytes and the payload's length
	chunkHead  = 2                  // the length before a piece of the request's body
	maxName    = 0xA000 - 1         // a longer name would pass for a code
	null       = 0xFFFF             // the length of a string that is not there
	coded      = 0xA000             // added to the number of a well-known field
	toNode     = "\x12\x34\x00\x00" // the length is filled in by seal
	pingPacket = "\x12\x34\x00\x01\x0a"
)

func appendInt(b []byte, n int) []byte { return append(b, byte(n>>8), byte(n)) }

// appendString writes s with its length and the NUL that is not counted. A
// string too long for its length makes the packet too long in any case, and
// such a packet is not sent.
func appendString[T string | []byte](b []byte, s T) []byte {
	b = appendInt(b, len(s))
	b = append(b, s...)
	return append(b, 0)
}

// seal fills in the length of the packet b.
func seal(b []byte) {
	n := len(b) - packetHead
	b[2], b[3] = byte(n>>8), byte(n)
}

// header reads the head of a packet from the container and returns the length
// of its payload.
func header(b []byte, size int) (payload int, err error) {
	if b[0] != 'A' || b[1] != 'B' {
		return 0, badResponse("not AJP: begins %.4q", b[:packetHead])
	}
	payload = int(b[2])<<8 | int(b[3])
	switch {
	case payload == 0:
		return 0, badResponse("empty packet")
	case payload > size-packetHead:
		return 0, badResponse("packet of %d bytes, the limit is %d: the node's packetSize must be ours", payload+packetHead, size)
	}
	return payload, nil
}

// A decoder reads a payload from its begin. What would lie beyond the end, or
// is no string, makes it broken, and everything it returns from then on is
// zero.
type decoder struct {
	b      []byte
	broken bool
}

func (d *decoder) take(n int) []byte {
	if d.broken || n > len(d.b) {
		d.broken, d.b = true, nil
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) int() int {
	if b := d.take(2); b != nil {
		return int(b[0])<<8 | int(b[1])
	}
	return 0
}

// text reads a string; ok is false for null, which has no NUL either.
func (d *decoder) text() (s []byte, ok bool) {
	n := d.int()
	if d.broken || n == null {
		return nil, false
	}
	return d.textOf(n)
}

func (d *decoder) textOf(n int) (s []byte, ok bool) {
	s = d.take(n)
	if d.byte() != 0 {
		d.broken = true
	}
	return s, !d.broken
}

// done tells whether the payload was read properly and to its end.
func (d *decoder) done() bool { return !d.broken && len(d.b) == 0 }
