package sip

import (
	"encoding/binary"
	"net/netip"

	"github.com/dchest/siphash"
)

// Secret is one generation of the key that signs branches and hints. Every gateway of a cluster has the same.
type Secret [16]byte

// Secrets are the generation that signs and the one before it, which is still accepted; a zero Previous is none.
type Secrets struct{ Current, Previous Secret }

// key is a SipHash key for one purpose.
type key struct{ k0, k1 uint64 }

// keys are the derived keys: [0] of the current generation, [1] of the previous one.
type keys struct {
	branch, hint [2]key
	call, tag    key
	generations  int
}

// The purposes, folded into the secret so that no signature is valid for another purpose.
const (
	forBranch = 0x6272616e63680000
	forHint   = 0x68696e7400000000
	forCall   = 0x63616c6c00000000
	forTag    = 0x7461670000000000
)

func (s Secrets) keys() (k keys) {
	k.branch[0], k.hint[0] = s.Current.key(forBranch), s.Current.key(forHint)
	k.branch[1], k.hint[1] = s.Previous.key(forBranch), s.Previous.key(forHint)
	k.call, k.tag = s.Current.key(forCall), s.Current.key(forTag)
	if k.generations = 1; s.Previous != (Secret{}) {
		k.generations = 2
	}
	return k
}

func (s Secret) key(purpose uint64) key {
	return key{binary.LittleEndian.Uint64(s[:8]) ^ purpose, binary.LittleEndian.Uint64(s[8:])}
}

func (k key) hash(b []byte) uint64 { return siphash.Hash(k.k0, k.k1, b) }

const hexDigits = "0123456789abcdef"

func appendHex(b []byte, v uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		b = append(b, hexDigits[v>>(4*i)&15])
	}
	return b
}

func parseHex(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// branch is what our Via branches say: cookie, transaction, leg, mark, and a signature that also covers where the answer is to go and the
// Call-ID, so that nobody who has seen a branch can have answers sent elsewhere, or counted for another call.
type branch struct {
	transaction uint64 // equal for an INVITE, its CANCEL and the ACK of its refusal
	leg         byte   // index of the socket the Via stands for
	mark        byte
}

// The marks. The topmost Via always has the same one: transactions are matched by its branch (RFC 3261 section 17.2.3).
const (
	markTop    = 't'
	markNew    = 'n' // the lower Via of a request outside a dialog
	markDialog = 'd'
)

const (
	cookie    = "z9hG4bK"
	branchLen = len(cookie) + 16 + 1 + 1 + 8
)

func (b branch) sum(k key, answer netip.AddrPort, call []byte) uint64 {
	var in [8 + 2 + 16 + 2 + 8]byte
	binary.BigEndian.PutUint64(in[:], b.transaction)
	in[8], in[9] = b.leg, b.mark
	ip := answer.Addr().As16()
	copy(in[10:], ip[:])
	binary.BigEndian.PutUint16(in[26:], answer.Port())
	binary.BigEndian.PutUint64(in[28:], k.hash(call))
	return k.hash(in[:]) >> 32
}

// appendBranch signs b for an answer that will go to the given address, within the call.
func (k *keys) appendBranch(out []byte, b branch, answer netip.AddrPort, call []byte) []byte {
	out = append(out, cookie...)
	out = appendHex(out, b.transaction, 16)
	out = append(out, 'a'+b.leg, b.mark)
	return appendHex(out, b.sum(k.branch[0], answer, call), 8)
}

// readBranch tells whether we signed this branch, for an answer to that address within the call.
func (k *keys) readBranch(text []byte, answer netip.AddrPort, call []byte) (b branch, ok bool) {
	if len(text) != branchLen || string(text[:len(cookie)]) != cookie {
		return b, false
	}
	text = text[len(cookie):]
	if b.transaction, ok = parseHex(text[:16]); !ok || text[16] < 'a' || text[16] >= 'a'+maxLegs {
		return b, false
	}
	b.leg, b.mark = text[16]-'a', text[17]
	sum, ok := parseHex(text[18:])
	if !ok {
		return b, false
	}
	for g := range k.generations {
		if b.sum(k.branch[g], answer, call) == sum {
			return b, true
		}
	}
	return b, false
}
