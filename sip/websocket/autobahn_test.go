package websocket

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"twinhop/sip/stream"
	"twinhop/sip/websocket/wstest"
)

// The cases of the Autobahn test suite (autobahn-testsuite 0.8.2), written anew under its numbers, against a whole server that echoes. What
// we do otherwise is said where it is so: a message is at most 65,535 bytes here, and one of no bytes is a keep-alive. 9 (throughput), and 12
// and 13 (compression, which is not agreed to), are left out.

// autobahn is what a client sends, and what comes back until the connection ends. After what it sends the client closes with 1000.
type autobahn struct {
	id   string
	send []byte
	want []string
}

const closes = "close 1000" // the answer to the client's own close

// wires are the sizes in which the bytes of a case are sent; 0 is one frame at a time.
func run(t *testing.T, cases []autobahn, wires ...int) {
	t.Helper()
	url, _ := echoing(t, stream.Limits{Pings: 100, PerSource: -1})
	for _, c := range cases {
		for _, wire := range wires {
			t.Run(fmt.Sprintf("%s/%d", c.id, wire), func(t *testing.T) {
				conn, err := wstest.Connect(url, wstest.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(wstest.Wait))
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					write(conn, frames(c.send, frame(closeFrame, "\x03\xe8")), wire)
				}()
				got := heard(t, conn)
				conn.Close()
				<-sent
				if !slices.Equal(got, c.want) {
					t.Errorf("got  %q\nwant %q", got, c.want)
				}
			})
		}
	}
}

// write sends in pieces; the server may end the connection before all is sent.
func write(w io.Writer, b []byte, piece int) {
	for len(b) > 0 {
		n := min(piece, len(b))
		if _, err := w.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
}

// heard is all that a server sends.
func heard(t *testing.T, conn net.Conn) (lines []string) {
	t.Helper()
	for {
		f, err := ws.ReadFrame(conn)
		if err == io.EOF {
			return lines
		}
		if err == nil {
			err = ws.CheckHeader(f.Header, ws.StateClientSide)
		}
		if err != nil || !f.Header.Fin || f.Header.Masked {
			t.Errorf("%+v %v after %q", f.Header, err, lines)
			return lines
		}
		kind := map[ws.OpCode]string{ws.OpText: "text ", ws.OpBinary: "binary ", ws.OpPong: "pong ", ws.OpPing: "ping "}[f.Header.OpCode]
		if f.Header.OpCode != ws.OpClose {
			lines = append(lines, kind+brief(f.Payload))
			continue
		}
		code, _ := ws.ParseCloseFrameData(f.Payload)
		if len(f.Payload) == 0 {
			code = ws.StatusNoStatusRcvd
		}
		lines = append(lines, fmt.Sprintf("close %d", code))
	}
}

func text(s string) string { return "text " + brief([]byte(s)) }

// parts is a message in frames of n bytes.
func parts(opcode byte, message string, n int) (all []byte) {
	for first := true; first || message != ""; first = false {
		b0, k := byte(opContinuation), min(n, len(message))
		if first {
			b0 = opcode
		}
		if k == len(message) {
			b0 |= finBit
		}
		all, message = append(all, frame(b0, message[:k])...), message[k:]
	}
	return all
}

func TestAutobahnFraming(t *testing.T) {
	var cases []autobahn
	for i, n := range []int{0, 125, 126, 127, 128, 65535, 65536} {
		s := strings.Repeat("*", n)
		asText, asBinary := said(text(s), closes), said("binary "+brief([]byte(s)), closes)
		switch n {
		case 0: // Autobahn: echoed
			asText, asBinary = said(closes), said(closes)
		case 65536: // Autobahn: echoed
			asText, asBinary = said("close 1009"), said("close 1009")
		}
		cases = append(cases, autobahn{fmt.Sprintf("1.1.%d", i+1), frame(textFrame, s), asText}, autobahn{fmt.Sprintf("1.2.%d", i+1), frame(binaryFrame, s), asBinary})
	}
	run(t, cases, 997, 1<<20) // 1.1.8 and 1.2.8 are the longest in pieces of 997
}

func TestAutobahnPings(t *testing.T) {
	var ten []byte
	var pongs []string
	for i := range 10 {
		payload := fmt.Sprintf("payload-%d", i)
		ten, pongs = append(ten, frame(pingFrame, payload)...), append(pongs, "pong "+brief([]byte(payload)))
	}
	long := strings.Repeat("\xfe", 125)
	run(t, []autobahn{
		{"2.1", frame(pingFrame, ""), said(`pong ""`, closes)},
		{"2.2", frame(pingFrame, "Hello, world!"), said(`pong "Hello, world!"`, closes)},
		{"2.3", frame(pingFrame, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"), said(`pong "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"`, closes)},
		{"2.4 and 2.6", frame(pingFrame, long), said("pong "+brief([]byte(long)), closes)},
		{"2.5", frame(pingFrame, long+"\xfe"), said("close 1002")},
		{"2.7", frame(pongFrame, ""), said(closes)},
		{"2.8", frame(pongFrame, "unsolicited pong payload"), said(closes)},
		{"2.9", frames(frame(pongFrame, "unsolicited pong payload"), frame(pingFrame, "ping payload")), said(`pong "ping payload"`, closes)},
		{"2.10 and 2.11", ten, append(pongs, closes)},
	}, 1, 1<<20)
}

func TestAutobahnReservedBits(t *testing.T) {
	hello := frame(textFrame, "Hello, world!")
	after := func(b []byte) []byte { return frames(hello, b, frame(pingFrame, "")) }
	run(t, []autobahn{
		{"3.1", frame(textFrame|0x10, "Hello, world!"), said("close 1002")},
		{"3.2", after(frame(textFrame|0x20, "Hello, world!")), said(text("Hello, world!"), "close 1002")},
		{"3.3", after(frame(textFrame|0x30, "Hello, world!")), said(text("Hello, world!"), "close 1002")},
		{"3.4", after(frame(textFrame|0x40, "Hello, world!")), said(text("Hello, world!"), "close 1002")},
		{"3.5", frame(binaryFrame|0x50, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"), said("close 1002")},
		{"3.6", frame(pingFrame|0x60, "Hello, world!"), said("close 1002")},
		{"3.7", frame(closeFrame|0x70, ""), said("close 1002")},
	}, 1, 1<<20)
}

func TestAutobahnOpcodes(t *testing.T) {
	hello := frame(textFrame, "Hello, world!")
	run(t, []autobahn{
		{"4.1.1", frame(0x83, ""), said("close 1002")},
		{"4.1.2", frame(0x84, "reserved opcode payload"), said("close 1002")},
		{"4.1.3", frames(hello, frame(0x85, ""), frame(pingFrame, "")), said(text("Hello, world!"), "close 1002")},
		{"4.1.4", frames(hello, frame(0x86, "Hello, world!"), frame(pingFrame, "")), said(text("Hello, world!"), "close 1002")},
		{"4.1.5", frames(hello, frame(0x87, "Hello, world!"), frame(pingFrame, "")), said(text("Hello, world!"), "close 1002")},
		{"4.2.1", frame(0x8b, ""), said("close 1002")},
		{"4.2.2", frame(0x8c, "reserved opcode payload"), said("close 1002")},
		{"4.2.3", frames(hello, frame(0x8d, ""), frame(pingFrame, "")), said(text("Hello, world!"), "close 1002")},
		{"4.2.4", frames(hello, frame(0x8e, "Hello, world!"), frame(pingFrame, "")), said(text("Hello, world!"), "close 1002")},
		{"4.2.5", frames(hello, frame(0x8f, "Hello, world!"), frame(pingFrame, "")), said(text("Hello, world!"), "close 1002")},
	}, 1, 1<<20)
}

func TestAutobahnFragmentation(t *testing.T) {
	two := func(between ...[]byte) []byte {
		return frames(frame(opText, "fragment1"), frames(between...), frame(lastFrame, "fragment2"))
	}
	echoed, stray := text("fragment1fragment2"), frame(opContinuation, "non-continuation payload")
	strayEnd, hello := frame(lastFrame, "non-continuation payload"), frame(textFrame, "Hello, world!")
	ping1, ping2 := frame(pingFrame, "pongme 1!"), frame(pingFrame, "pongme 2!")
	five := frames(frame(opText, "fragment1"), frame(opContinuation, "fragment2"), ping1, frame(opContinuation, "fragment3"),
		frame(opContinuation, "fragment4"), ping2, frame(lastFrame, "fragment5"))
	run(t, []autobahn{
		{"5.1", frames(frame(opPing, "fragment1"), frame(lastFrame, "fragment2")), said("close 1002")},
		{"5.2", frames(frame(opPong, "fragment1"), frame(lastFrame, "fragment2")), said("close 1002")},
		{"5.3 to 5.5", two(), said(echoed, closes)},
		{"5.6 to 5.8", two(frame(pingFrame, "ping payload")), said(`pong "ping payload"`, echoed, closes)},
		{"5.9 to 5.11", frames(strayEnd, hello), said("close 1002")},
		{"5.12 to 5.14", frames(stray, hello), said("close 1002")},
		{"5.15", frames(two(), stray, hello), said(echoed, "close 1002")},
		{"5.16", frames(stray, hello, stray, hello), said("close 1002")},
		{"5.17", frames(strayEnd, hello, strayEnd, hello), said("close 1002")},
		{"5.18", frames(frame(opText, "fragment1"), frame(textFrame, "fragment2")), said("close 1002")},
		{"5.19 and 5.20", five, said(`pong "pongme 1!"`, `pong "pongme 2!"`, text("fragment1fragment2fragment3fragment4fragment5"), closes)},
	}, 1, 14, 1<<20)
}

func TestAutobahnClose(t *testing.T) {
	hello, whole := frame(textFrame, "Hello World!"), func(code int, reason string) []byte {
		return frame(closeFrame, string([]byte{byte(code >> 8), byte(code)})+reason)
	}
	long := strings.Repeat("*", 123)
	cases := []autobahn{
		{"7.1.1", hello, said(text("Hello World!"), closes)},
		{"7.1.2", frames(whole(1000, ""), whole(1000, "")), said(closes)},
		{"7.1.3", frames(whole(1000, ""), frame(pingFrame, "")), said(closes)},
		{"7.1.4", frames(whole(1000, ""), hello), said(closes)},
		{"7.1.5", frames(frame(opText, "fragment1"), whole(1000, ""), frame(lastFrame, "fragment2")), said(closes)},
		{"7.1.6", frames(frame(textFrame, strings.Repeat("BAsd7&jh23", 26214)), hello, whole(1000, ""), frame(pingFrame, "")), said("close 1009")}, // Autobahn: echoed
		{"7.3.1", frame(closeFrame, ""), said("close 1005")},
		{"7.3.2", frame(closeFrame, "a"), said("close 1002")},
		{"7.3.3", whole(1000, ""), said(closes)},
		{"7.3.4", whole(1000, "Hello World!"), said(closes)},
		{"7.3.5", whole(1000, long), said(closes)},
		{"7.3.6", whole(1000, long+"*"), said("close 1002")},
		{"7.5.1", whole(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"), said("close 1007")},
	}
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, autobahn{fmt.Sprintf("7.7.%d", i+1), whole(code, ""), said(fmt.Sprintf("close %d", code))})
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, autobahn{fmt.Sprintf("7.9.%d", i+1), whole(code, ""), said("close 1002")})
	}
	for i, code := range []int{5000, 65535} { // Autobahn asks for nothing
		cases = append(cases, autobahn{fmt.Sprintf("7.13.%d", i+1), whole(code, ""), said("close 1002")})
	}
	run(t, cases, 5, 1<<20)
}

// TestAutobahnFragments are the cases 9.3 to 9.6 in our size, and 10.1.1: many frames, and pieces of any size.
func TestAutobahnFragments(t *testing.T) {
	long := strings.Repeat("*", 65535)
	var cases []autobahn
	for _, n := range []int{1024, 1300, 4096, 32768, 65534} {
		cases = append(cases, autobahn{fmt.Sprintf("frames of %d", n), parts(opText, long, n), said(text(long), closes)},
			autobahn{fmt.Sprintf("binary frames of %d", n), parts(opBinary, long, n), said("binary "+brief([]byte(long)), closes)})
	}
	cases = append(cases, autobahn{"frames of 1000", parts(opText, long, 1000), said("close 1009")}) // 66 of them
	run(t, cases, 64, 1000, 2048, 1<<20)
}

// TestManyMessages is 9.7 and 9.8 in small: no echo is lost, however the bytes fall.
func TestManyMessages(t *testing.T) {
	var send []byte
	var want []string
	for i := range 1000 {
		s := strings.Repeat("*", i)
		send, want = append(send, frame(textFrame, s+"x")...), append(want, text(s+"x"))
	}
	run(t, []autobahn{{"9.7", send, append(want, closes)}}, 997, 1<<20)
}

func TestNoExtensionIsAgreedTo(t *testing.T) { // 12 and 13
	for _, e := range entrances(t, &Upgrader{}) {
		resp, _, _ := e.ask(t, request("+Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; client_max_window_bits"))
		if x, ok := resp.Header["Sec-Websocket-Extensions"]; ok || resp.StatusCode != 101 {
			t.Errorf("%s: %s %q", e.name, resp.Status, x)
		}
	}
	deflated := frame(textFrame|0x40, "\xf2\x48\xcd\xc9\xc9\x07\x00")
	if got := conversation(&Codec{}, bytes.Clone(deflated), 1); !slices.Equal(got, said(wrong(errReserved))) {
		t.Errorf("a compressed message: %q", got)
	}
}
