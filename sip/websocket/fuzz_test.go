package websocket

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// twin reads the same bytes with the other library, at leisure: what is there is read as a stream, each frame copied. What the library
// leaves to its users, and the limits, are added.
func twin(input []byte, limit, fragments int) (lines []string) {
	r, state := bytes.NewReader(input), ws.StateServerSide
	var joined []byte
	var kind ws.OpCode
	for count := 0; ; {
		left := r.Len()
		h, err := ws.ReadHeader(r)
		switch {
		case left == 0 && !state.Fragmented():
			return lines
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			return append(lines, "partial")
		case err != nil || ws.CheckHeader(h, state) != nil || ws.HeaderSize(h) != left-r.Len():
			return append(lines, "broken 1002")
		}
		control := h.OpCode.IsControl()
		if !control {
			if count++; count > fragments || int64(len(joined))+h.Length > int64(limit) || h.Length > int64(limit) {
				return append(lines, "broken 1009")
			}
		}
		payload := make([]byte, min(h.Length, int64(r.Len())))
		if io.ReadFull(r, payload); int64(len(payload)) < h.Length {
			return append(lines, "partial")
		}
		ws.Cipher(payload, h.Mask, 0)
		if control {
			line, end := twinControl(h.OpCode, payload)
			if lines = append(lines, line); end {
				return lines
			}
			continue
		}
		if h.OpCode != ws.OpContinuation {
			kind = h.OpCode
		}
		joined = append(joined, payload...)
		if state = state.Set(ws.StateFragmented); h.Fin {
			state = state.Clear(ws.StateFragmented)
		}
		if kind == ws.OpText && !mayBecomeText(joined, h.Fin) {
			return append(lines, "broken 1007")
		}
		if h.Fin {
			lines = append(lines, twinMessage(joined, kind))
			joined, count = nil, 0
		}
	}
}

// mayBecomeText tries whether b is text, or would be with any of the endings that a character can have.
func mayBecomeText(b []byte, all bool) bool {
	if utf8.Valid(b) || all {
		return utf8.Valid(b)
	}
	for _, second := range []byte{0x80, 0x90, 0xa0, 0xbf} {
		for _, end := range [][]byte{{second}, {second, 0x80}, {second, 0x80, 0x80}} {
			if utf8.Valid(append(slices.Clip(b), end...)) {
				return true
			}
		}
	}
	return false
}

func twinControl(op ws.OpCode, payload []byte) (line string, end bool) {
	switch op {
	case ws.OpPing:
		b, _ := ws.CompileFrame(ws.NewPongFrame(payload))
		return "reply " + brief(b), false
	case ws.OpPong:
		return "alive", false
	}
	if len(payload) == 0 {
		return `end "\x88\x00"""`, true
	}
	code, reason := ws.ParseCloseFrameData(payload)
	fits := ws.CheckCloseFrameData(code, reason) == nil || code >= 1012 && code <= 1014 && utf8.ValidString(reason) // registered after RFC 6455
	switch {
	case len(payload) == 1, code >= 5000, !fits && utf8.ValidString(reason):
		return "broken 1002", true
	case !fits:
		return "broken", true // two faults: either is right
	}
	b, _ := ws.CompileFrame(ws.NewCloseFrame(payload[:2]))
	return "end " + brief(b) + `""`, true
}

func twinMessage(b []byte, kind ws.OpCode) string {
	trimmed := b
	for bytes.HasPrefix(trimmed, []byte("\r\n")) {
		trimmed = trimmed[2:]
	}
	switch {
	case len(trimmed) > 0:
		return "message " + brief(trimmed)
	case len(b) < 4:
		return "alive"
	}
	reply, _ := ws.CompileFrame(ws.NewFrame(kind, true, []byte("\r\n")))
	return "reply " + brief(reply)
}

// FuzzCut holds the codec against the twin, in pieces of two sizes. The codec may find a fault before the frame that has it is whole.
func FuzzCut(f *testing.F) {
	f.Add(frames(frame(textFrame, "REGISTER"), frame(pingFrame, "abc"), frame(binaryFrame, "\r\n\r\n"), frame(closeFrame, "\x03\xe8")), uint8(3))
	f.Add(frames(frame(opText, "\xf0\x9f"), frame(pongFrame, ""), frame(opContinuation, "\x98"), frame(lastFrame, "\x80")), uint8(1))
	f.Add(frames(frame(textFrame, strings.Repeat("x", 300)), frame(lastFrame, "")), uint8(100))
	f.Add([]byte{textFrame, maskBit | 127, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5}, uint8(9))
	f.Add([]byte{closeFrame, maskBit | 4, 0, 0, 0, 0, 0x03, 0xed, 0xff, 0xff}, uint8(9))
	f.Fuzz(func(t *testing.T, input []byte, piece uint8) {
		const limit, fragments = 400, 3
		want := twin(bytes.Clone(input), limit, fragments)
		for _, size := range []int{max(1, int(piece)), len(input) + 1} {
			got := conversation(&Codec{Message: limit, Fragments: fragments}, bytes.Clone(input), size)
			if !alike(got, want) {
				t.Errorf("in pieces of %d\n got %q\nwant %q", size, got, want)
			}
		}
	})
}

// alike compares what the codec said with what the twin did.
func alike(got, want []string) bool {
	if len(got) == 0 || !strings.HasPrefix(got[len(got)-1], "broken ") {
		return slices.Equal(got, want)
	}
	last := len(got) - 1
	if len(want) != len(got) || !slices.Equal(got[:last], want[:last]) {
		return false
	}
	code := map[string]string{`\x03\xea`: "broken 1002", `\x03\xef`: "broken 1007", `\x03\xf1`: "broken 1009"}
	for escaped, line := range code {
		if strings.Contains(got[last], escaped) {
			return want[last] == line || want[last] == "broken" || want[last] == "partial"
		}
	}
	return false
}

// FuzzFrames makes frames of the input, most of which are right, so that the fuzzer gets behind the headers.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x81\x05hello\x89\x00\x01\x02ab\x80\x01c\x88\x02\x03\xe8"), uint32(0x01020304))
	f.Fuzz(func(t *testing.T, script []byte, key uint32) {
		var input []byte
		mask := binary.BigEndian.AppendUint32(nil, key)
		for len(script) >= 2 {
			n := min(int(script[1]), len(script)-2)
			frame := ws.NewFrame(ws.OpCode(script[0]&opcodeBits), script[0]&finBit != 0, script[2:2+n])
			b, err := ws.CompileFrame(ws.MaskFrameWith(frame, [4]byte(mask)))
			if err != nil {
				t.Fatal(err)
			}
			input, script = append(input, b...), script[2+n:]
		}
		const limit, fragments = 100, 5
		want := twin(bytes.Clone(input), limit, fragments)
		for _, size := range []int{1, 5, len(input) + 1} {
			if got := conversation(&Codec{Message: limit, Fragments: fragments}, bytes.Clone(input), size); !alike(got, want) {
				t.Errorf("in pieces of %d\n got %q\nwant %q", size, got, want)
			}
		}
	})
}
