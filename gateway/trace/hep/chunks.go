package hep

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// The chunks of HEP3, all of the vendor 0 (generic).
const (
	chunkFamily      = 1
	chunkProtocol    = 2 // of IP
	chunkSource4     = 3
	chunkTarget4     = 4
	chunkSource6     = 5
	chunkTarget6     = 6
	chunkSourcePort  = 7
	chunkTargetPort  = 8
	chunkSeconds     = 9
	chunkMicros      = 10
	chunkPayloadType = 11
	chunkAgent       = 12
	chunkPassword    = 14
	chunkPayload     = 15
	chunkCorrelation = 17
	chunkNode        = 19
)

const (
	family4, family6 = 2, 10
	protoTCP         = 6
	protoUDP         = 17
	payloadSIP       = 1
	headerBytes      = 6 // of the datagram, and of a chunk
	maxDatagram      = 65507
)

// capture is a message as a server is told of it.
type capture struct {
	at       time.Time
	from, to netip.AddrPort // of one family
	stream   bool           // it came or left by a connection
	call     string         // the Call-ID
	text     []byte
}

// agent is what a server is told of the gateway with every message.
type agent struct {
	id             uint32
	password, name string
}

// appendTo appends the datagram. A text that it cannot hold is cut.
func (c *capture) appendTo(b []byte, a *agent) []byte {
	be, begin := binary.BigEndian, len(b)
	b = append(b, "HEP3\x00\x00"...)
	number := func(kind uint16, v uint32, bytes int) {
		b = head(b, kind, bytes)
		switch bytes {
		case 1:
			b = append(b, byte(v))
		case 2:
			b = be.AppendUint16(b, uint16(v))
		default:
			b = be.AppendUint32(b, v)
		}
	}
	text := func(kind uint16, s string) {
		if s != "" {
			b = append(head(b, kind, len(s)), s...)
		}
	}
	family, source, target := uint32(family4), uint16(chunkSource4), uint16(chunkTarget4)
	if !c.from.Addr().Is4() {
		family, source, target = family6, chunkSource6, chunkTarget6
	}
	proto := uint32(protoUDP)
	if c.stream {
		proto = protoTCP
	}
	number(chunkFamily, family, 1)
	number(chunkProtocol, proto, 1)
	text(source, string(c.from.Addr().AsSlice()))
	text(target, string(c.to.Addr().AsSlice()))
	number(chunkSourcePort, uint32(c.from.Port()), 2)
	number(chunkTargetPort, uint32(c.to.Port()), 2)
	number(chunkSeconds, uint32(c.at.Unix()), 4)
	number(chunkMicros, uint32(c.at.Nanosecond()/1000), 4)
	number(chunkPayloadType, payloadSIP, 1)
	number(chunkAgent, a.id, 4)
	text(chunkPassword, a.password)
	text(chunkNode, a.name)
	text(chunkCorrelation, c.call)
	load := c.text[:min(len(c.text), maxDatagram-headerBytes-(len(b)-begin))]
	b = append(head(b, chunkPayload, len(load)), load...)
	be.PutUint16(b[begin+4:], uint16(len(b)-begin))
	return b
}

// head begins a chunk whose value has n bytes.
func head(b []byte, kind uint16, n int) []byte {
	be := binary.BigEndian
	return be.AppendUint16(be.AppendUint16(be.AppendUint16(b, 0), kind), uint16(n+headerBytes))
}
