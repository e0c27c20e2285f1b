package seal

import (
	"encoding/binary"

	"github.com/dchest/siphash"
)

// Secret is one generation of the key that signs branches and hints. Every gateway of a cluster has the same.
type Secret [16]byte

// Secrets are the generation that signs and the one before it, which is still accepted; a zero Previous is none.
type Secrets struct{ Current, Previous Secret }

// Keys are the keys derived from Secrets, one for each purpose. They are safe for concurrent use.
type Keys struct {
	branch, hint, flow [2]key // of the current and the previous generation
	call, tag          key
	generations        int
}

// key is a SipHash key for one purpose.
type key struct{ k0, k1 uint64 }

// The purposes, folded into the secret so that no signature is valid for another purpose.
const (
	forBranch = 0x6272616e63680000
	forHint   = 0x68696e7400000000
	forCall   = 0x63616c6c00000000
	forTag    = 0x7461670000000000
	forFlow   = 0x666c6f7700000000
)

// Keys derives the keys.
func (s Secrets) Keys() *Keys {
	k := &Keys{generations: 1}
	k.branch[0], k.hint[0] = s.Current.key(forBranch), s.Current.key(forHint)
	k.branch[1], k.hint[1] = s.Previous.key(forBranch), s.Previous.key(forHint)
	k.flow[0], k.flow[1] = s.Current.key(forFlow), s.Previous.key(forFlow)
	k.call, k.tag = s.Current.key(forCall), s.Current.key(forTag)
	if s.Previous != (Secret{}) {
		k.generations = 2
	}
	return k
}

func (s Secret) key(purpose uint64) key {
	return key{binary.LittleEndian.Uint64(s[:8]) ^ purpose, binary.LittleEndian.Uint64(s[8:])}
}

func (k key) hash(b []byte) uint64 { return siphash.Hash(k.k0, k.k1, b) }

// Transaction names the transaction that b, the fields that identify it, stands for.
func (k *Keys) Transaction(b []byte) uint64 { return k.call.hash(b) }

// tagLen is the length of what AppendTag appends.
const tagLen = 2 + 16

// MaxTag is room enough for a tag.
const MaxTag = tagLen

// AppendTag appends the To tag of the gateway's own answers to a transaction: the same for every repetition of a request, whichever gateway
// answers.
func (k *Keys) AppendTag(out []byte, transaction uint64) []byte {
	var id [8]byte
	binary.LittleEndian.PutUint64(id[:], transaction)
	return appendHex(append(out, "th"...), k.tag.hash(id[:]), 16)
}

const hexDigits = "0123456789abcdef"

func appendHex(b []byte, v uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		b = append(b, hexDigits[v>>(4*i)&15])
	}
	return b
}

// hexValue is the value of a lower-case hexadecimal digit, 0xff of anything else.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte(hexDigits) {
		t[c] = byte(i)
	}
	return t
}()

func parseHex(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		d := hexValue[c]
		if d == 0xff {
			return 0, false
		}
		v = v<<4 | uint64(d)
	}
	return v, true
}
