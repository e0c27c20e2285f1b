package seal

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// Cookie begins the branches of everybody who follows RFC 3261 (section 8.1.1.7).
const Cookie = "z9hG4bK"

// MaxLegs is how many sockets a branch can name.
const MaxLegs = 26

// MaxAttempts is how many attempts at one request a branch can tell apart.
const MaxAttempts = 3

// Branch is what our Via branches say. Of the pair that every forwarded request gets, the upper one is what transactions are matched by
// (RFC 3261 section 17.2.3); the lower one says how the answer goes back.
type Branch struct {
	Transaction uint64 // equal for an INVITE, its CANCEL and the ACK of its refusal
	Leg         byte   // index of the socket the Via stands for
	Mark        Mark
	Loop        uint16 // lower Via: a check sum of where the request was to go; equal when it comes by again unchanged
	Flow        uint64 // lower Via: the connection the request came by; 0 = none
}

// Mark tells the kinds of branches apart.
type Mark byte

// The marks.
const (
	Top    Mark = 't' // the upper Via of the first attempt; of the next ones 'u', 'v'
	New    Mark = 'n' // the lower Via of a request outside a dialog
	Dialog Mark = 'd' // the lower Via of a request within one
)

// Attempt is the mark of the upper Via of an attempt, 0 <= n < MaxAttempts.
func Attempt(n int) Mark { return Top + Mark(n) }

// Attempt is the number of the attempt that an upper Via belongs to; ok is false for a lower one.
func (m Mark) Attempt() (n int, ok bool) { return int(m) - int(Top), m >= Top && m < Top+MaxAttempts }

// lower tells the marks of lower Vias.
func (m Mark) lower() bool { return m == New || m == Dialog }

const (
	headLen  = len(Cookie) + 16 + 1 + 1
	loopLen  = 4
	flowLen  = 16
	sumLen   = 8
	upperLen = headLen + sumLen
	lowerLen = headLen + loopLen + sumLen
	longLen  = lowerLen + flowLen
)

// MaxBranch is room enough for a branch.
const MaxBranch = longLen

// Bond ties branches to where the answer is to go and to the Call-ID, so that nobody who has seen a branch can have answers sent elsewhere,
// or counted for another call.
type Bond struct {
	keys   *Keys
	answer netip.AddrPort
	call   []byte
	tie    [2]uint64
	have   int // how many generations of tie are computed
}

// Bind starts a Bond. call is used until the Bond is.
func (k *Keys) Bind(answer netip.AddrPort, call []byte) Bond {
	return Bond{keys: k, answer: answer, call: call}
}

func (b *Bond) generation(g int) uint64 {
	for ; b.have <= g; b.have++ {
		k := b.keys.branch[b.have]
		var in [256]byte
		ip := b.answer.Addr().As16()
		binary.BigEndian.PutUint16(in[copy(in[:], ip[:]):], b.answer.Port())
		n := 18 + copy(in[18:], b.call)
		if len(b.call) > len(in)-18 { // its beginning does not stand for it
			binary.BigEndian.PutUint64(in[18:], k.hash(b.call))
		}
		b.tie[b.have] = k.hash(in[:n])
	}
	return b.tie[g]
}

func (b *Bond) sum(g int, br *Branch) uint64 {
	tie := b.generation(g) // before k is taken: both are of one generation
	var in [8 + 2 + 2 + 8 + 8]byte
	binary.BigEndian.PutUint64(in[:], br.Transaction)
	in[8], in[9] = br.Leg, byte(br.Mark)
	binary.BigEndian.PutUint16(in[10:], br.Loop)
	binary.BigEndian.PutUint64(in[12:], br.Flow)
	binary.BigEndian.PutUint64(in[20:], tie)
	return b.keys.branch[g].hash(in[:]) >> 32
}

// Append signs a branch and appends its text.
func (b *Bond) Append(out []byte, br Branch) []byte {
	out = append(out, Cookie...)
	out = appendHex(out, br.Transaction, 16)
	out = append(out, 'a'+br.Leg, byte(br.Mark))
	if br.Mark.lower() {
		out = appendHex(out, uint64(br.Loop), loopLen)
		if br.Flow != 0 {
			out = appendHex(out, br.Flow, flowLen)
		}
	}
	return appendHex(out, b.sum(0, &br), sumLen)
}

// Read tells what a branch says; ok is false unless we signed it for this very Bond.
func (b *Bond) Read(text []byte) (br Branch, ok bool) {
	br, sum, ok := parse(text)
	if !ok {
		return br, false
	}
	for g := range b.keys.generations {
		if b.sum(g, &br) == sum {
			return br, true
		}
	}
	return br, false
}

// Loop is the check sum of where a request is to go: its Request-URI, its next Route and the side it comes from.
func (k *Keys) Loop(uri, next []byte, inside bool) uint16 {
	sum := crc32.Update(uint32(k.call.k0), castagnoli, uri)
	sum = crc32.Update(sum, castagnoli, next)
	if inside {
		sum = ^sum
	}
	return uint16(sum ^ sum>>16)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Loop reads the check sum out of a lower Via's branch, signed or not: who forges it hurts only his own request.
func Loop(text []byte) (sum uint16, leg byte, ok bool) {
	br, _, ok := parse(text)
	return br.Loop, br.Leg, ok && br.Mark.lower()
}

func parse(text []byte) (br Branch, sum uint64, ok bool) {
	if len(text) < upperLen || string(text[:len(Cookie)]) != Cookie {
		return br, 0, false
	}
	rest := text[len(Cookie):]
	if br.Transaction, ok = parseHex(rest[:16]); !ok || rest[16] < 'a' || rest[16] >= 'a'+MaxLegs {
		return br, 0, false
	}
	br.Leg, br.Mark = rest[16]-'a', Mark(rest[17])
	rest = rest[18:]
	_, upper := br.Mark.Attempt()
	switch {
	case upper && len(text) == upperLen:
	case br.Mark.lower() && (len(text) == lowerLen || len(text) == longLen):
		v, fine := parseHex(rest[:loopLen])
		if !fine {
			return br, 0, false
		}
		br.Loop, rest = uint16(v), rest[loopLen:]
		if len(text) == longLen {
			if br.Flow, fine = parseHex(rest[:flowLen]); !fine || br.Flow == 0 {
				return br, 0, false
			}
			rest = rest[flowLen:]
		}
	default:
		return br, 0, false
	}
	sum, ok = parseHex(rest)
	return br, sum, ok
}

// Attempted reads which attempt at which transaction an upper Via's branch stands for, signed or not: who knows the transaction's name has
// seen the request.
func Attempted(text []byte) (transaction uint64, attempt int, ok bool) {
	br, _, ok := parse(text)
	attempt, upper := br.Mark.Attempt()
	return br.Transaction, attempt, ok && upper
}
