package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
)

// Hint is what our parameter in Record-Route URIs says of the dialog: the node it lives on, with its incarnation, or a peer on the node side
// that is no node.
type Hint struct {
	Node []byte // name; empty = Peer
	Pool []byte // that the dialog was placed in; empty = the usual one
	Gen  uint32
	Peer netip.AddrPort
}

// MaxHint bounds the text of a hint, in bytes; names are up to 64.
const MaxHint = 192

const (
	peerSign = '=' // no node name begins with it
	poolSign = 0   // it ends the name of a node that a pool follows
	sumBytes = 8
	hintHead = sumBytes + 4
)

// AppendHint appends the parameter's value for a node, opaque to everybody else: signature, incarnation, name, and the pool if it is not the
// usual one.
func (k *Keys) AppendHint(out []byte, node, pool string, gen uint32) []byte {
	var raw [hintHead + 132]byte
	binary.BigEndian.PutUint32(raw[sumBytes:], gen)
	text := append(raw[:hintHead], node...)
	if pool != "" {
		text = append(append(text, poolSign), pool...)
	}
	return k.sealHint(out, text)
}

// AppendPeer is AppendHint for a peer on the node side that is no node.
func (k *Keys) AppendPeer(out []byte, peer netip.AddrPort) []byte {
	var raw [hintHead + 96]byte
	return k.sealHint(out, peer.AppendTo(append(raw[:hintHead], peerSign)))
}

func (k *Keys) sealHint(out, raw []byte) []byte {
	binary.BigEndian.PutUint64(raw, k.hint[0].hash(raw[sumBytes:]))
	return base64.RawURLEncoding.AppendEncode(out, raw)
}

// ReadHint reads a hint; ok is false unless we signed it. It appends to scratch what the result points into.
func (k *Keys) ReadHint(scratch, text []byte) (h Hint, grown []byte, ok bool) {
	if len(text) > MaxHint || base64.RawURLEncoding.DecodedLen(len(text)) <= hintHead {
		return h, scratch, false
	}
	grown, err := base64.RawURLEncoding.AppendDecode(scratch, text)
	raw := grown[len(scratch):]
	if err != nil || len(raw) <= hintHead { // line ends were passed over
		return h, scratch, false
	}
	signed := false
	for g := range k.generations {
		signed = signed || k.hint[g].hash(raw[sumBytes:]) == binary.BigEndian.Uint64(raw)
	}
	if !signed {
		return h, scratch, false
	}
	name := raw[hintHead:]
	if name[0] != peerSign {
		h.Node, h.Pool, _ = bytes.Cut(name, []byte{poolSign})
		h.Gen = binary.BigEndian.Uint32(raw[sumBytes:])
		return h, grown, len(h.Node) > 0
	}
	h.Peer, err = netip.ParseAddrPort(string(name[1:]))
	return h, grown, err == nil
}

// Hints remembers the hints that were found to be ours, for all dialogs on a node have the same. The zero Hints is ready; it is for one goroutine.
type Hints [8]struct {
	text []byte
	Hint
}

// Read gives what a hint says, nil for one that we did not sign.
func (c *Hints) Read(k *Keys, text []byte) *Hint {
	if len(text) < 4 {
		return nil
	}
	e := &c[(text[0]^text[1]<<1^text[2]<<2)%uint8(len(c))]
	if bytes.Equal(e.text, text) {
		return &e.Hint
	}
	h, _, ok := k.ReadHint(nil, text)
	if !ok {
		return nil
	}
	e.text, e.Hint = append(e.text[:0], text...), h
	return &e.Hint
}
