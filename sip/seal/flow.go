package seal

import (
	"encoding/base64"
	"encoding/binary"
	"net/netip"
)

// Flow is the way to one client (RFC 5626): a connection of a leg, or over UDP the address that it was last heard from.
type Flow struct {
	Leg  byte           // index of our socket
	Conn uint64         // number of the connection; 0 = UDP
	Peer netip.AddrPort // the client's address; UDP only
}

// MaxFlow bounds the text of a token, in bytes.
const MaxFlow = 40

// What a token is good for, and what it holds.
const (
	forCalls  = 'c' // one Call-ID alone
	forAll    = 'a'
	flowHead  = sumBytes + 2 // the sum, the use, the leg
	connBytes = 8
	portBytes = 2
)

// AppendFlow appends a token for a flow, opaque to everybody else. With a Call-ID it is good for requests of that call alone: tokens in
// Record-Route are seen by whoever else has part in the call. call nil: good for every request, as a Path must be, which registrars see and
// the client that it leads to.
func (k *Keys) AppendFlow(out []byte, f Flow, call []byte) []byte {
	var raw [flowHead + 16 + portBytes]byte
	text := append(raw[:sumBytes], forAll, f.Leg)
	if call != nil {
		text[sumBytes] = forCalls
	}
	if ip := f.Peer.Addr().Unmap().WithZone(""); f.Conn != 0 {
		text = binary.BigEndian.AppendUint64(text, f.Conn)
	} else {
		text = binary.BigEndian.AppendUint16(append(text, ip.AsSlice()...), f.Peer.Port())
	}
	binary.BigEndian.PutUint64(text, k.flowSum(0, text[sumBytes:], call))
	return base64.RawURLEncoding.AppendEncode(out, text)
}

// ReadFlow reads a token in a request of a call; ok is false unless we made it, for this call or for all.
func (k *Keys) ReadFlow(text, call []byte) (f Flow, ok bool) {
	var room [flowHead + 16 + portBytes + 2]byte
	want := base64.RawURLEncoding.DecodedLen(len(text))
	if want < flowHead+4+portBytes || want > len(room)-2 {
		return f, false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(room[:], text)
	if err != nil || n != want { // it passes over line ends
		return f, false
	}
	raw := room[sumBytes:n]
	switch raw[0] {
	case forAll:
		call = nil
	case forCalls:
		if call == nil {
			return f, false
		}
	default:
		return f, false
	}
	for g := range k.generations {
		ok = ok || k.flowSum(g, raw, call) == binary.BigEndian.Uint64(room[:])
	}
	if !ok {
		return f, false
	}
	f.Leg = raw[1]
	switch rest := raw[2:]; len(rest) {
	case connBytes:
		f.Conn = binary.BigEndian.Uint64(rest)
	case 4 + portBytes, 16 + portBytes:
		ip, _ := netip.AddrFromSlice(rest[:len(rest)-portBytes])
		f.Peer = netip.AddrPortFrom(ip, binary.BigEndian.Uint16(rest[len(rest)-portBytes:]))
	}
	return f, f.Conn != 0 || f.Peer.Port() != 0
}

// flowSum signs what a token says, and the Call-ID that it is for.
func (k *Keys) flowSum(generation int, raw, call []byte) uint64 {
	var in [flowHead + 16 + portBytes + 8]byte
	n := copy(in[:], raw)
	if call != nil {
		binary.BigEndian.PutUint64(in[n:], k.flow[generation].hash(call))
		n += 8
	}
	return k.flow[generation].hash(in[:n])
}
