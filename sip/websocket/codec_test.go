package websocket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"twinhop/sip/stream"
)

// frame is a client's frame: b0 is FIN, reserved bits and opcode.
func frame(b0 byte, payload string) []byte {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	f := ws.NewFrame(ws.OpCode(b0&opcodeBits), b0&finBit != 0, []byte(payload))
	f.Header.Rsv = b0 & rsvBits >> 4
	b, err := ws.CompileFrame(ws.MaskFrameWith(f, key))
	if err != nil {
		panic(err)
	}
	return b
}

const (
	textFrame   = finBit | opText
	binaryFrame = finBit | opBinary
	lastFrame   = finBit | opContinuation
	pingFrame   = finBit | opPing
	pongFrame   = finBit | opPong
	closeFrame  = finBit | opClose
)

func frames(all ...[]byte) []byte { return bytes.Join(all, nil) }

// pieces are the sizes in which bytes arrive.
var pieces = []int{1, 2, 3, 7, 1000, 1 << 20}

// conversation is what a codec makes of bytes that arrive in pieces of a size, as lines. It does what the reader of a connection does.
func conversation(c *Codec, input []byte, piece int) (lines []string) {
	var b []byte
	for p := (stream.Piece{}); ; {
		rest := min(piece, len(input))
		b, input = append(b, input[:rest]...), input[rest:]
		for p = c.Cut(b); p.Event != stream.Nothing && p.Event != stream.Partial; p = c.Cut(b) {
			switch p.Event {
			case stream.Message:
				lines = append(lines, "message "+brief(p.Data))
			case stream.Reply:
				lines = append(lines, "reply "+brief(p.Data))
			case stream.Alive:
				lines = append(lines, "alive")
			case stream.End:
				return append(lines, "end "+brief(p.Data)+brief(c.Close(nil, nil)))
			case stream.Broken:
				if again := c.Cut(b); again.Event != stream.Broken {
					lines = append(lines, "understood again")
				}
				return append(lines, "broken "+brief(c.Close(nil, p.Err)))
			}
			b = b[p.Used:]
		}
		b = b[p.Used:]
		if len(input) > 0 {
			continue
		}
		if p.Event == stream.Partial {
			lines = append(lines, "partial")
		}
		return lines
	}
}

// brief is bytes in a line, long runs shortened.
func brief(b []byte) string {
	if len(b) > 300 {
		return fmt.Sprintf("%q... of %d", b[:10], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// said are the lines of a conversation as the tables write them.
func said(lines ...string) []string { return lines }

func wrong(e *Error) string {
	return "broken " + brief((&Codec{}).Close(nil, e))
}

type scene struct {
	what  string
	input []byte
	want  []string
}

func play(t *testing.T, scenes []scene) {
	t.Helper()
	for _, s := range scenes {
		for _, piece := range pieces {
			if got := conversation(&Codec{}, bytes.Clone(s.input), piece); !slices.Equal(got, s.want) {
				t.Errorf("%s, in pieces of %d:\n got %q\nwant %q", s.what, piece, got, s.want)
			}
		}
	}
}

func TestMessages(t *testing.T) {
	register := "REGISTER sip:example.com SIP/2.0\r\nCall-ID: \u00e9\r\n\r\n"
	long := strings.Repeat("x", 65535)
	play(t, []scene{
		{"nothing", nil, nil},
		{"a text", frame(textFrame, register), said("message " + brief([]byte(register)))},
		{"binary", frame(binaryFrame, "a\xff"), said(`message "a\xff"`)},
		{"two and a half", frames(frame(textFrame, "one"), frame(binaryFrame, "two"), frame(textFrame, "three")[:5]), said(`message "one"`, `message "two"`, "partial")},
		{"half a header", frame(textFrame, strings.Repeat("x", 200))[:3], said("partial")},
		{"one byte", frame(textFrame, "x")[:1], said("partial")},
		{"all but one byte", frame(textFrame, register)[:len(register)+5], said("partial")},
		{"126 bytes", frame(textFrame, long[:126]), said("message " + brief([]byte(long[:126])))},
		{"as long as may be", frame(textFrame, long), said("message " + brief([]byte(long)))},
		{"CRLFs before it", frame(textFrame, "\r\n\r\nOPTIONS"), said(`message "OPTIONS"`)},
		{"fragments", frames(frame(opText, "RE"), frame(opContinuation, ""), frame(opContinuation, "GIS"), frame(lastFrame, "TER"), frame(textFrame, "y")),
			said(`message "REGISTER"`, `message "y"`)},
		{"a character over fragments", frames(frame(opText, "\xf0"), frame(opContinuation, "\x9f\x98"), frame(lastFrame, "\x80!")), said(`message "😀!"`)},
		{"binary fragments", frames(frame(opBinary, "\xff"), frame(lastFrame, "\xfe")), said(`message "\xff\xfe"`)},
		{"fragments that stop", frame(opText, "RE"), said("partial")},
		{"control frames between fragments", frames(frame(opText, "RE"), frame(pingFrame, "hello"), frame(opContinuation, "GIS"), frame(pongFrame, ""), frame(lastFrame, "TER")),
			said(`reply "\x8a\x05hello"`, "alive", `message "REGISTER"`)},
		{"fragments as long as may be", frames(frame(opText, long[:65534]), frame(lastFrame, "x")), said("message " + brief([]byte(long)))},
	})
}

func TestKeepAlives(t *testing.T) {
	play(t, []scene{
		{"a ping", frame(pingFrame, ""), said(`reply "\x8a\x00"`)},
		{"a ping with the most it may carry", frame(pingFrame, strings.Repeat("p", 125)), said(`reply ` + brief([]byte("\x8a\x7d"+strings.Repeat("p", 125))))},
		{"a pong", frame(pongFrame, "abc"), said("alive")},
		{"double CRLF", frame(textFrame, "\r\n\r\n"), said(`reply "\x81\x02\r\n"`)},
		{"double CRLF as binary", frame(binaryFrame, "\r\n\r\n"), said(`reply "\x82\x02\r\n"`)},
		{"double CRLF in fragments", frames(frame(opText, "\r\n\r"), frame(lastFrame, "\n")), said(`reply "\x81\x02\r\n"`)},
		{"CRLF", frame(textFrame, "\r\n"), said("alive")},
		{"no byte", frame(textFrame, ""), said("alive")},
		{"no byte in fragments", frames(frame(opText, ""), frame(lastFrame, "")), said("alive")},
	})
}

func TestCloseIsAnswered(t *testing.T) {
	play(t, []scene{
		{"no code", frame(closeFrame, ""), said(`end "\x88\x00"""`)},
		{"in good order", frame(closeFrame, "\x03\xe8"), said(`end "\x88\x02\x03\xe8"""`)},
		{"with a reason", frame(closeFrame, "\x03\xe9reloaded"), said(`end "\x88\x02\x03\xe9"""`)},
		{"an application's", frame(closeFrame, "\x0f\xa0"), said(`end "\x88\x02\x0f\xa0"""`)},
		{"amid fragments", frames(frame(opText, "RE"), frame(closeFrame, "\x03\xe8")), said(`end "\x88\x02\x03\xe8"""`)},
		{"after a message", frames(frame(textFrame, "x"), frame(closeFrame, "\x03\xe8"), frame(textFrame, "y")), said(`message "x"`, `end "\x88\x02\x03\xe8"""`)},
		{"one byte of a code", frame(closeFrame, "\x03"), said(wrong(errClose))},
		{"a code not for sending", frame(closeFrame, "\x03\xed"), said(wrong(errClose))},
		{"a reason that is no text", frame(closeFrame, "\x03\xe8\xff"), said(wrong(errText))},
	})
	c := &Codec{}
	ours := c.Close(nil, nil)
	if string(ours) != "\x88\x02\x03\xe8" {
		t.Errorf("we leave with %q", ours)
	}
	if p := c.Cut(frame(closeFrame, "\x03\xe8")); p.Event != stream.End || p.Data != nil {
		t.Errorf("the answer to our close was answered: %+v", p)
	}
}

func TestViolations(t *testing.T) {
	text := frame(textFrame, "x")
	unmasked, _ := ws.CompileFrame(ws.NewTextFrame([]byte("x")))
	length := func(b ...byte) []byte { return append([]byte{textFrame}, b...) }
	many := []byte(nil)
	for i := range 64 {
		b0 := byte(opContinuation)
		if i == 0 {
			b0 = opText
		}
		many = append(many, frame(b0, "x")...)
	}
	play(t, []scene{
		{"RSV1", frame(textFrame|0x40, "x"), said(wrong(errReserved))},
		{"RSV2", frame(textFrame|0x20, "x"), said(wrong(errReserved))},
		{"RSV3 of a control frame", frame(pingFrame|0x10, "x"), said(wrong(errReserved))},
		{"opcode 3", frame(0x83, "x"), said(wrong(errOpcode))},
		{"opcode 7", frame(0x87, ""), said(wrong(errOpcode))},
		{"opcode 11", frame(0x8b, ""), said(wrong(errOpcode))},
		{"opcode 15", frame(0x8f, ""), said(wrong(errOpcode))},
		{"no mask", unmasked, said(wrong(errUnmasked))},
		{"no mask, in the second", frames(text, unmasked), said(`message "x"`, wrong(errUnmasked))},
		{"no mask on a close frame", []byte{0x88, 0}, said(wrong(errUnmasked))},
		{"a ping of 126 bytes", []byte{pingFrame, maskBit | 126}, said(wrong(errControl))},
		{"a close frame of 64 bits of length", []byte{closeFrame, maskBit | 127}, said(wrong(errControl))},
		{"a fragment of a ping", frame(opPing, "x"), said(wrong(errControl))},
		{"a fragment of a close frame", frame(opClose, ""), said(wrong(errControl))},
		{"a continuation of nothing", frame(opContinuation, "x"), said(wrong(errNothing))},
		{"the end of nothing", frames(text, frame(lastFrame, "x")), said(`message "x"`, wrong(errNothing))},
		{"a message within another", frames(frame(opText, "a"), text), said(wrong(errUnfinished))},
		{"fragments within fragments", frames(frame(opText, "a"), frame(opBinary, "a")), said(wrong(errUnfinished))},
		{"125 in 16 bits", length(maskBit|126, 0, 125), said(wrong(errLength))},
		{"65535 in 64 bits", length(maskBit|127, 0, 0, 0, 0, 0, 0, 0xff, 0xff), said(wrong(errLength))},
		{"the highest bit of 64", length(maskBit|127, 0x80, 0, 0, 0, 0, 0, 0, 0), said(wrong(errLength))},
		{"64 KiB", length(maskBit|127, 0, 0, 0, 0, 0, 1, 0, 0), said(wrong(errTooBig))},
		{"as much as can be said", length(maskBit|127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), said(wrong(errTooBig))},
		{"fragments that are too long together", frames(frame(opText, strings.Repeat("x", 65000)), frame(opContinuation, strings.Repeat("x", 535)), frame(lastFrame, "x")), said(wrong(errTooBig))},
		{"64 fragments", frames(many[:len(many)-7], frame(lastFrame, "x")), said("message " + brief(bytes.Repeat([]byte("x"), 64)))},
		{"65 fragments", frames(many, frame(lastFrame, "x")), said(wrong(errFragments))},
		{"empty fragments without end", frames(frame(opText, ""), bytes.Repeat(frame(opContinuation, ""), 100)), said(wrong(errFragments))},
		{"no UTF-8", frame(textFrame, "a\xffb"), said(wrong(errText))},
		{"half a character", frame(textFrame, "a\xc3"), said(wrong(errText))},
		{"half a character at the end of fragments", frames(frame(opText, "a\xc3"), frame(lastFrame, "")), said(wrong(errText))},
		{"a surrogate over fragments, before their end", frames(frame(opText, "a\xed"), frame(opContinuation, "\xa0")), said(wrong(errText))},
		{"bytes that are no frame", []byte("REGISTER sip:example.com SIP/2.0\r\n"), said(wrong(errReserved))},
	})
}

func TestLimitsOfACodec(t *testing.T) {
	c := &Codec{Message: 10, Fragments: 2}
	for _, s := range []scene{
		{"10 bytes", frame(textFrame, "0123456789"), said(`message "0123456789"`)},
		{"10 in two", frames(frame(opText, "01234"), frame(lastFrame, "56789")), said(`message "0123456789"`)},
		{"three fragments", frames(frame(opText, "0"), frame(opContinuation, "1"), frame(lastFrame, "2")), said(wrong(errFragments))},
	} {
		if got := conversation(c, s.input, 1000); !slices.Equal(got, s.want) {
			t.Errorf("%s: got %q, want %q", s.what, got, s.want)
		}
	}
	if got := conversation(&Codec{Message: 10}, frame(textFrame, "0123456789x")[:6], 1000); !slices.Equal(got, said(wrong(errTooBig))) {
		t.Errorf("11 bytes, of which none has come: %q", got)
	}
}

// TestWrap reads what we send with the other library.
func TestWrap(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, 100000} {
		for _, kind := range []ws.OpCode{ws.OpText, ws.OpBinary} {
			c, message := &Codec{}, bytes.Repeat([]byte("x"), n)
			c.Cut(frame(finBit|byte(kind), "x"))
			r := bytes.NewReader(c.Wrap(c.Ping(nil), message))
			if f, err := ws.ReadFrame(r); err != nil || f.Header.OpCode != ws.OpPing || f.Header.Length != 0 || f.Header.Masked {
				t.Fatalf("ping: %+v %v", f.Header, err)
			}
			f, err := ws.ReadFrame(r)
			if err != nil || f.Header.OpCode != kind || f.Header.Masked || !f.Header.Fin || !bytes.Equal(f.Payload, message) || r.Len() > 0 {
				t.Errorf("%d bytes as %v: %+v %v", n, kind, f.Header, err)
			}
		}
	}
}

func TestWrapAnswersInKind(t *testing.T) {
	c := &Codec{}
	kind := func(message string) byte { return c.Wrap(nil, []byte(message))[0] & opcodeBits }
	if k := kind("x"); k != opText {
		t.Errorf("before anything was heard: %d", k)
	}
	c.Cut(frame(binaryFrame, "x"))
	if k := kind("x"); k != opBinary {
		t.Errorf("after binary: %d", k)
	}
	c.Cut(frame(pingFrame, "x"))
	if k := kind("x"); k != opBinary {
		t.Errorf("after binary and a ping: %d", k)
	}
	c.Cut(frames(frame(opText, "x"), frame(lastFrame, "y")))
	if k := kind("x"); k != opText {
		t.Errorf("after fragments of text: %d", k)
	}
	if k := kind("x\xff"); k != opBinary {
		t.Errorf("what no text may hold, after text: %d", k)
	}
}

func TestTooLongIsAnErrorOfStreams(t *testing.T) {
	for _, err := range []error{errTooBig, errFragments} {
		if !errors.Is(err, stream.ErrMessage) {
			t.Errorf("%v is no ErrMessage", err)
		}
	}
	if errors.Is(errText, stream.ErrMessage) {
		t.Error("any error is one")
	}
}

func TestCloseCodes(t *testing.T) {
	for _, tt := range []struct {
		why  error
		code uint16
	}{
		{nil, 1000},
		{stream.ErrLeaving, 1001},
		{errOpcode, 1002},
		{fmt.Errorf("reading: %w", errText), 1007},
		{stream.ErrMessage, 1009},
		{stream.ErrLate, 1008},
		{errors.New("anything"), 1008},
		{io.ErrUnexpectedEOF, 1008},
	} {
		c := &Codec{}
		f, err := ws.ReadFrame(bytes.NewReader(c.Close(nil, tt.why)))
		if code, _ := ws.ParseCloseFrameData(f.Payload); err != nil || uint16(code) != tt.code || ws.CheckHeader(f.Header, ws.StateClientSide) != nil {
			t.Errorf("%v: %d %+v %v", tt.why, code, f.Header, err)
		}
		if again := c.Close([]byte("a"), tt.why); string(again) != "a" {
			t.Errorf("%v: closed twice: %q", tt.why, again)
		}
	}
}
