package websocket

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// The cases of section 6 of the Autobahn test suite: text is UTF-8, and what is not is refused before more of it comes.

const kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

// texts are the cases 6.5 to 6.23 by their numbers, in hexadecimal: first what is UTF-8, then what is not.
var texts = map[string]string{
	"6.5": "68656c6c6f24776f726c64 68656c6c6fc2a2776f726c64 68656c6c6fe282ac776f726c64 68656c6c6ff0a4ada2776f726c64",
	"6.6": "ceba cebae1bdb9 cebae1bdb9cf83 cebae1bdb9cf83cebc cebae1bdb9cf83cebcceb5 / " +
		"ce cebae1 cebae1bd cebae1bdb9cf cebae1bdb9cf83ce cebae1bdb9cf83cebcce",
	"6.7": "00 c280 e0a080 f0908080",
	"6.8": "/ f888808080 fc8480808080",
	"6.9": "7f dfbf efbfbf f48fbfbf", "6.10": "/ f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf",
	"6.11": "ed9fbf ee8080 efbfbd f48fbfbf / f4908080",
	"6.12": "/ 80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf " +
		"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
	"6.13": "/ c020c120c220c320c420 e020e120e220 f020f120f220f320 f820f920fa20 fc20fd20",
	"6.14": "/ c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf",
	"6.15": "/ c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf",
	"6.16": "/ fe ff fefeffff",
	"6.17": "/ c0af e080af f08080af f8808080af fc80808080af", "6.18": "/ c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf",
	"6.19": "/ c080 e08080 f0808080 f880808080 fc8080808080",
	"6.20": "/ eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf",
	"6.21": "/ eda080edb080 eda080edbfbf edadbfedb080 edadbfedbfbf edae80edb080 edae80edbfbf edafbfedb080 edafbfedbfbf",
	"6.22": "efbfbe efbfbf f09fbfbe f09fbfbf f0afbfbe f0afbfbf f48fbfbe f48fbfbf", "6.23": "efbfb9 efbfba efbfbb efbfbc efbfbd",
}

func TestAutobahnText(t *testing.T) {
	bad := kosme + "\xed\xa0\x80edited"
	cases := []autobahn{
		{"6.1.1", frame(textFrame, ""), said(closes)}, // Autobahn: echoed
		{"6.1.2", frames(frame(opText, ""), frame(opContinuation, ""), frame(lastFrame, "")), said(closes)},
		{"6.1.3", frames(frame(opText, ""), frame(opContinuation, "middle frame payload"), frame(lastFrame, "")), said(text("middle frame payload"), closes)},
		{"6.2.1", frame(textFrame, "Hello-µ@ßöäüàá-UTF-8!!"), said(text("Hello-µ@ßöäüàá-UTF-8!!"), closes)},
		{"6.2.2", frames(frame(opText, "Hello-µ@ßöä"), frame(lastFrame, "üàá-UTF-8!!")), said(text("Hello-µ@ßöäüàá-UTF-8!!"), closes)},
		{"6.2.3", parts(opText, "Hello-µ@ßöäüàá-UTF-8!!", 1), said(text("Hello-µ@ßöäüàá-UTF-8!!"), closes)},
		{"6.2.4", parts(opText, kosme, 1), said(text(kosme), closes)},
		{"6.3.1", frame(textFrame, bad), said("close 1007")},
		{"6.3.2", parts(opText, bad, 1), said("close 1007")},
	}
	for id, all := range texts {
		fits, bad := all, false
		for i, field := range strings.Fields(fits) {
			if bad = bad || field == "/"; field == "/" {
				continue
			}
			b, err := hex.DecodeString(field)
			if err != nil {
				t.Fatal(err)
			}
			want := said(text(string(b)), closes)
			if bad {
				want = said("close 1007")
			}
			cases = append(cases, autobahn{fmt.Sprintf("%s %d %s", id, i, field), frame(textFrame, string(b)), want},
				autobahn{fmt.Sprintf("%s %d %s in fragments", id, i, field), parts(opText, string(b), 1), want})
		}
	}
	run(t, cases, 1, 1<<20)
}

// TestAutobahnFailsFast are 6.4.1 to 6.4.4: what cannot become text is refused although its message has not ended. Within a frame we wait
// for all of it, which is not long.
func TestAutobahnFailsFast(t *testing.T) {
	for id, fragments := range map[string][]byte{
		"6.4.1": frames(frame(opText, kosme), frame(opContinuation, "\xf4\x90\x80\x80")),
		"6.4.2": frames(frame(opText, kosme+"\xf4"), frame(opContinuation, "\x90")),
		"6.4.3": frames(frame(opText, kosme+"\xf4\x90\x80\x80")),
		"6.4.4": frames(frame(opText, kosme+"\xed\xa0")),
	} {
		for _, piece := range []int{1, 1 << 20} {
			if got := conversation(&Codec{}, append([]byte(nil), fragments...), piece); len(got) != 1 || got[0] != wrong(errText) {
				t.Errorf("%s: %q", id, got)
			}
		}
	}
}
