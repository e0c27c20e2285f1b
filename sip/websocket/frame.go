package websocket

import "encoding/binary"

// Opcodes, RFC 6455 section 5.2. From opClose on they are control frames.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// Bits of the first two bytes of a frame.
const (
	finBit     = 0x80
	rsvBits    = 0x70
	opcodeBits = 0x0f
	maskBit    = 0x80
	lengthBits = 0x7f
)

// Lengths that say that the length follows, and in how many bytes.
const (
	length16   = 126
	length64   = 127
	maxControl = 125 // bytes in a control frame
)

// header is the beginning of a frame.
type header struct {
	fin    bool
	opcode byte
	size   int // bytes of the header, the key included; 0: it is not whole
	length int // bytes of the payload
	key    uint32
}

// header reads the beginning of a client's frame. What is wrong with it is found with the first byte that shows it; at most limit bytes of
// payload are allowed in a data frame.
func (c *Codec) header(b []byte, limit int) (h header, err *Error) {
	if len(b) == 0 {
		return h, nil
	}
	h.fin, h.opcode = b[0]&finBit != 0, b[0]&opcodeBits
	if err := c.fits(b[0]); err != nil {
		return h, err
	}
	if len(b) < 2 {
		return h, nil
	}
	if b[1]&maskBit == 0 {
		return h, errUnmasked
	}
	size, length := 2, uint64(b[1]&lengthBits)
	if h.opcode >= opClose && length > maxControl {
		return h, errControl
	}
	switch length {
	case length16:
		if len(b) < 4 {
			return h, nil
		}
		if size, length = 4, uint64(binary.BigEndian.Uint16(b[2:])); length < length16 {
			return h, errLength
		}
	case length64:
		if len(b) < 10 {
			return h, nil
		}
		if size, length = 10, binary.BigEndian.Uint64(b[2:]); length < 1<<16 || length>>63 != 0 {
			return h, errLength
		}
	}
	if h.opcode < opClose && length > uint64(max(0, limit)) {
		return h, errTooBig
	}
	if len(b) < size+4 {
		return h, nil
	}
	h.size, h.length, h.key = size+4, int(length), binary.LittleEndian.Uint32(b[size:])
	return h, nil
}

// fits tells whether a frame that begins with b0 may stand here.
func (c *Codec) fits(b0 byte) *Error {
	if b0&rsvBits != 0 {
		return errReserved
	}
	switch op := b0 & opcodeBits; op {
	case opText, opBinary:
		if c.kind != 0 {
			return errUnfinished
		}
	case opContinuation:
		if c.kind == 0 {
			return errNothing
		}
		if c.frames >= c.fragments() {
			return errFragments
		}
	case opClose, opPing, opPong:
		if b0&finBit == 0 {
			return errControl
		}
	default:
		return errOpcode
	}
	return nil
}

// unmask takes the key off a payload, in place (RFC 6455 section 5.3). The first byte of the key is the lowest of key.
func unmask(b []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(wide >> (8 * i))
	}
}

// appendHeader begins a frame of ours: whole, and without a mask.
func appendHeader(out []byte, opcode byte, length int) []byte {
	out = append(out, finBit|opcode)
	switch {
	case length < length16:
		return append(out, byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, length16), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(out, length64), uint64(length))
}
