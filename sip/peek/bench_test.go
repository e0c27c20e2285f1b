package peek

import (
	"net/netip"
	"testing"
)

// The messages a front sees most, with the headers and lengths that phones and servers give them.
const (
	benchInvite = `INVITE sip:+4930123456789@sip.example.com;transport=udp;user=phone SIP/2.0
Via: SIP/2.0/UDP 198.51.100.23:5060;branch=z9hG4bK-524287-1---7c5d3a1b9f2e4d60;rport
Max-Forwards: 70
Contact: <sip:alice@198.51.100.23:5060;transport=udp>
To: <sip:+4930123456789@sip.example.com;user=phone>
From: "Alice Adams" <sip:alice@sip.example.com>;tag=5f2c7d19
Call-ID: 84c2e1f07b3a4d5e9f60718293a4b5c6
CSeq: 1 INVITE
Session-Expires: 1800;refresher=uac
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REGISTER, SUBSCRIBE, NOTIFY, REFER, INFO, MESSAGE, UPDATE
Supported: replaces, timer, 100rel, outbound, path
User-Agent: Linphone/3.12.0 (belle-sip/1.6.3)
Content-Type: application/sdp
Content-Length: 196

v=0
o=alice 3829182 3829183 IN IP4 198.51.100.23
s=call
c=IN IP4 198.51.100.23
t=0 0
m=audio 7078 RTP/AVP 96 0 8 101
a=rtpmap:96 opus/48000/2
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
`
	benchOK = `SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.10:5065;branch=z9hG4bKa1.0.9f86d081884c7d659a2feaa0c55ad015;rport=5065;received=192.0.2.10
Via: SIP/2.0/UDP 198.51.100.23:5060;branch=z9hG4bK-524287-1---7c5d3a1b9f2e4d60;rport=5060;received=198.51.100.23
Record-Route: <sip:192.0.2.10:5065;lr;th=7f00aa31c2d4>
Record-Route: <sip:203.0.113.1:5060;lr;th=7f00aa31c2d4>
From: "Alice Adams" <sip:alice@sip.example.com>;tag=5f2c7d19
To: <sip:+4930123456789@sip.example.com;user=phone>;tag=as6f1b2c3d
Call-ID: 84c2e1f07b3a4d5e9f60718293a4b5c6
CSeq: 1 INVITE
Contact: <sip:+4930123456789@192.0.2.20:5080;transport=udp>
Content-Type: application/sdp
Content-Length: 170

v=0
o=node 1 1 IN IP4 192.0.2.20
s=-
c=IN IP4 192.0.2.20
t=0 0
m=audio 30000 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20
a=sendrecv
`
	benchBye = `BYE sip:+4930123456789@192.0.2.20:5080;transport=udp SIP/2.0
Via: SIP/2.0/UDP 198.51.100.23:5060;branch=z9hG4bK-524287-1---1b9f2e4d607c5d3a;rport
Max-Forwards: 70
Route: <sip:203.0.113.1:5060;lr;th=7f00aa31c2d4>,<sip:192.0.2.10:5065;lr;th=7f00aa31c2d4>
To: <sip:+4930123456789@sip.example.com;user=phone>;tag=as6f1b2c3d
From: "Alice Adams" <sip:alice@sip.example.com>;tag=5f2c7d19
Call-ID: 84c2e1f07b3a4d5e9f60718293a4b5c6
CSeq: 2 BYE
User-Agent: Linphone/3.12.0 (belle-sip/1.6.3)
Content-Length: 0

`
	benchAck = `ACK sip:+4930123456789@192.0.2.20:5080;transport=udp SIP/2.0
Via: SIP/2.0/UDP 198.51.100.23:5060;branch=z9hG4bK-524287-1---607c5d3a1b9f2e4d;rport
Max-Forwards: 70
Route: <sip:203.0.113.1:5060;lr;th=7f00aa31c2d4>
To: <sip:+4930123456789@sip.example.com;user=phone>;tag=as6f1b2c3d
From: "Alice Adams" <sip:alice@sip.example.com>;tag=5f2c7d19
Call-ID: 84c2e1f07b3a4d5e9f60718293a4b5c6
CSeq: 1 ACK
Content-Length: 0

`
	benchRinging = `SIP/2.0 180 Ringing
Via: SIP/2.0/UDP 192.0.2.10:5065;branch=z9hG4bKa1.0.9f86d081884c7d659a2feaa0c55ad015;rport=5065;received=192.0.2.10
Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKa1.1.9f86d081884c7d659a2feaa0c55ad015
Via: SIP/2.0/UDP 198.51.100.23:5060;branch=z9hG4bK-524287-1---7c5d3a1b9f2e4d60;rport=5060;received=198.51.100.23
Record-Route: <sip:192.0.2.10:5065;lr;th=7f00aa31c2d4>
Record-Route: <sip:203.0.113.1:5060;lr;th=7f00aa31c2d4>
From: "Alice Adams" <sip:alice@sip.example.com>;tag=5f2c7d19
To: <sip:+4930123456789@sip.example.com;user=phone>;tag=as6f1b2c3d
Call-ID: 84c2e1f07b3a4d5e9f60718293a4b5c6
CSeq: 1 INVITE
Contact: <sip:+4930123456789@192.0.2.20:5080;transport=udp>
Content-Length: 0

`
)

func BenchmarkScan(b *testing.B) {
	for _, c := range []struct{ name, msg string }{{"INVITE", benchInvite}, {"180", benchRinging}, {"200", benchOK}, {"ACK", benchAck}, {"BYE", benchBye}} {
		b.Run(c.name, func(b *testing.B) {
			msg := wire(c.msg)
			var m Message
			if r := m.Scan(msg); r != OK {
				b.Fatal(r)
			}
			b.SetBytes(int64(len(msg)))
			b.ReportAllocs()
			for b.Loop() {
				m.Scan(msg)
			}
		})
	}
}

func BenchmarkEdits(b *testing.B) {
	msg, src := wire(benchInvite), netip.MustParseAddrPort("192.0.2.1:7000")
	branch := []byte("z9hG4bKa1.0.9f86d081884c7d659a2feaa0c55ad015")
	var m Message
	var e Edits
	m.Scan(msg)
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		e.Reset()
		e.Answerable(&m, src)
		e.Hop(&m)
		at := m.Vias.At(0).Line
		e.At(at).Text("Via: SIP/2.0/UDP ").Addr(src).Text(";branch=").Bytes(branch).Text(";rport").EndLine()
		e.At(at).Text("Record-Route: <sip:").Addr(src).Text(";lr;th=7f00aa31c2d4>").EndLine()
		out = e.Apply(out[:0], &m)
	}
}

func BenchmarkParam(b *testing.B) {
	uri := []byte("sip:192.0.2.10:5065;user=phone;transport=udp;lr")
	u := ParseURI(uri, Span{0, len(uri)})
	for b.Loop() {
		Param(uri, u.Params, "lr")
	}
}
