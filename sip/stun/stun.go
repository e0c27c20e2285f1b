package stun

import (
	"encoding/binary"
	"net/netip"
)

// The words of RFC 5389 that matter here.
const (
	head    = 20
	cookie  = 0x2112A442
	request = 0x0001 // Binding
	success = 0x0101
	failure = 0x0111

	errorCode   = 0x0009
	unknown     = 0x000a
	xorMapped   = 0x0020
	optional    = 0x8000 // who does not know such an attribute passes over it
	fingerprint = 0x8028

	unknownAttribute = 420
)

// MaxAnswer is room enough for an answer.
const MaxAnswer = head + 24

// Is tells whether a datagram may be STUN: SIP never begins with these bits (RFC 5626 section 4.4.2), and of what does only whole messages
// with the magic cookie are.
func Is(b []byte) bool {
	return len(b) >= head && b[0]>>6 == 0 && len(b)%4 == 0 && int(binary.BigEndian.Uint16(b[2:])) == len(b)-head &&
		binary.BigEndian.Uint32(b[4:]) == cookie
}

// Answer appends to out what answers a Binding request from an address; ok is false for all else, which gets no answer.
func Answer(out, b []byte, from netip.AddrPort) (answer []byte, ok bool) {
	if !Is(b) || binary.BigEndian.Uint16(b) != request {
		return out, false
	}
	strange, ok := attributes(b[head:])
	if !ok {
		return out, false
	}
	if strange != 0 {
		return refuse(out, b, strange), true
	}
	ip := from.Addr().Unmap()
	size, family := 4, byte(1)
	if ip.Is6() {
		size, family = 16, 2
	}
	out = begin(out, b, success, 4+4+size)
	out = binary.BigEndian.AppendUint16(out, xorMapped)
	out = binary.BigEndian.AppendUint16(out, uint16(4+size))
	out = append(out, 0, family)
	out = binary.BigEndian.AppendUint16(out, from.Port()^cookie>>16)
	for i, c := range ip.AsSlice() {
		out = append(out, c^b[4+i]) // the cookie, then the transaction
	}
	return out, true
}

// attributes looks through them: strange is one that must be understood and is not, 0 = there is none. What needs an agreement made before,
// such as credentials, is none of a keep-alive's.
func attributes(b []byte) (strange uint16, ok bool) {
	for len(b) > 0 {
		kind, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if size = 4 + (size+3)&^3; size > len(b) {
			return 0, false
		}
		if kind < optional && strange == 0 {
			strange = kind
		}
		if kind == fingerprint && size != len(b) {
			return 0, false // it is the last one
		}
		b = b[size:]
	}
	return strange, true
}

// refuse says 420, and which attribute is not understood (RFC 5389 section 7.3.1).
func refuse(out, b []byte, strange uint16) []byte {
	out = begin(out, b, failure, 8+8)
	out = binary.BigEndian.AppendUint16(out, errorCode)
	out = append(out, 0, 4, 0, 0, unknownAttribute/100, unknownAttribute%100)
	out = binary.BigEndian.AppendUint16(out, unknown)
	out = append(out, 0, 2)
	out = binary.BigEndian.AppendUint16(out, strange)
	return append(out, 0, 0)
}

func begin(out, b []byte, kind uint16, size int) []byte {
	out = binary.BigEndian.AppendUint16(out, kind)
	out = binary.BigEndian.AppendUint16(out, uint16(size))
	return append(out, b[4:head]...)
}
