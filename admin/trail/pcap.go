package trail

import (
	"encoding/binary"
	"net/netip"
	"time"

	"twinhop/gateway/trace/messages"
)

// The format of a capture file, as of libpcap: nanoseconds, raw IP packets.
const (
	pcapMagic = 0xa1b23c4d
	pcapSnap  = 65535
	rawIP     = 101
)

// capture writes the messages whose texts are kept as packets. Their headers
// are made up: each message of SIP is a datagram, however it came, and an
// exchange is a segment of TCP for each way.
func capture(passed []messages.Kept) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, pcapMagic)
	b = le.AppendUint16(le.AppendUint16(b, 2), 4)
	b = le.AppendUint64(b, 0) // time zone, accuracy
	b = le.AppendUint32(le.AppendUint32(b, pcapSnap), rawIP)
	sent := map[[2]netip.AddrPort]uint32{}
	add := func(at time.Time, from, to netip.AddrPort, text []byte, tcp bool) {
		if len(text) == 0 {
			return
		}
		var p []byte
		if tcp {
			there, back := [2]netip.AddrPort{from, to}, [2]netip.AddrPort{to, from}
			p = packet(from, to, 6, segment(from, to, [2]uint32{sent[there] + 1, sent[back] + 1}, text))
			sent[there] += uint32(len(text))
		} else {
			p = packet(from, to, 17, datagram(from, to, text))
		}
		b = le.AppendUint32(le.AppendUint32(b, uint32(at.Unix())), uint32(at.Nanosecond()))
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(p))), uint32(len(p)))
		b = append(b, p...)
	}
	for i := range passed {
		k := &passed[i]
		from, to := like(k.Peer, k.Local)
		switch {
		case k.Proto == "http":
			add(k.At, from, to, first(k.Heads[messages.Came], k.Heads[messages.Left]), true)
			add(k.At.Add(k.Took), to, from, k.Heads[messages.AnswerLeft], true)
		case k.Out:
			add(k.At, to, from, k.Text, false)
		default:
			add(k.At, from, to, k.Text, false)
		}
	}
	return b
}

// like makes two addresses of one family, which an IP packet has.
func like(a, b netip.AddrPort) (netip.AddrPort, netip.AddrPort) {
	x, y := a.Addr().Unmap(), b.Addr().Unmap()
	switch {
	case !x.IsValid() && !y.IsValid():
		x, y = netip.IPv4Unspecified(), netip.IPv4Unspecified()
	case !x.IsValid():
		x = unspecified(y)
	case x.Is4() != y.Is4():
		y = unspecified(x)
	}
	return netip.AddrPortFrom(x.WithZone(""), a.Port()), netip.AddrPortFrom(y.WithZone(""), b.Port())
}

func unspecified(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

func datagram(from, to netip.AddrPort, text []byte) []byte {
	be := binary.BigEndian
	b := be.AppendUint16(be.AppendUint16(nil, from.Port()), to.Port())
	b = be.AppendUint16(be.AppendUint16(b, uint16(8+len(text))), 0)
	b = append(b, text...)
	be.PutUint16(b[6:], sum(pseudo(from, to, 17, len(b)), b))
	return b
}

// segment is one of TCP; seq is its number, and what it acknowledges.
func segment(from, to netip.AddrPort, seq [2]uint32, text []byte) []byte {
	be := binary.BigEndian
	b := be.AppendUint16(be.AppendUint16(nil, from.Port()), to.Port())
	b = be.AppendUint32(be.AppendUint32(b, seq[0]), seq[1])
	b = append(b, 5<<4, 0x18, 0xff, 0xff, 0, 0, 0, 0) // PSH and ACK
	b = append(b, text...)
	be.PutUint16(b[16:], sum(pseudo(from, to, 6, len(b)), b))
	return b
}

func packet(from, to netip.AddrPort, proto byte, load []byte) []byte {
	be := binary.BigEndian
	var b []byte
	if from.Addr().Is4() {
		b = be.AppendUint16([]byte{0x45, 0}, uint16(20+len(load)))
		b = append(b, 0, 0, 0x40, 0, 64, proto, 0, 0)
		b = append(append(b, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
		be.PutUint16(b[10:], sum(0, b))
	} else {
		b = be.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(load)))
		b = append(b, proto, 64)
		b = append(append(b, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
	}
	return append(b, load...)
}

// pseudo is the part of a checksum that is about the addresses.
func pseudo(from, to netip.AddrPort, proto, size int) uint32 {
	b := append(from.Addr().AsSlice(), to.Addr().AsSlice()...)
	return fold(0, b) + uint32(proto) + uint32(size)
}

func fold(s uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

// sum is the checksum of the Internet (RFC 1071).
func sum(start uint32, b []byte) uint16 {
	s := fold(start, b)
	for s>>16 > 0 {
		s = s&0xffff + s>>16
	}
	if s == 0xffff {
		return 0xffff // 0 would mean that there is none
	}
	return ^uint16(s)
}
