package needs

import (
	"bytes"
	"slices"
	"strings"

	"twinhop/sip/peek"
)

// after cuts the colon off what follows the name of a header, and blanks.
func after(b []byte) ([]byte, bool) {
	b = bytes.TrimLeft(b, " \t")
	if len(b) == 0 || b[0] != ':' {
		return nil, false
	}
	return bytes.TrimSpace(b[1:]), true
}

// static are the codecs that a payload type stands for without more words
// (RFC 3551 section 6).
var static = map[string]string{"0": "PCMU", "3": "GSM", "4": "G723", "5": "DVI4", "6": "DVI4", "7": "LPC", "8": "PCMA", "9": "G722",
	"10": "L16", "11": "L16", "12": "QCELP", "13": "CN", "14": "MPA", "15": "G728", "16": "DVI4", "17": "DVI4", "18": "G729",
	"25": "CelB", "26": "JPEG", "28": "nv", "31": "H261", "32": "MPV", "33": "MP2T", "34": "H263"}

// offers tells whether the request describes media with one of the codecs; no
// codecs: with any.
func offers(m *peek.Message, codecs []string) bool {
	if m.Body >= m.End || !describes(m) {
		return false
	}
	for line := range bytes.Lines(m.Buf[m.Body:m.End]) {
		if offered(bytes.TrimRight(line, "\r\n"), codecs) {
			return true
		}
	}
	return false
}

// describes tells whether the body is SDP or has parts, of which one may be.
func describes(m *peek.Message) bool {
	for _, name := range [...]string{"content-type", "c"} {
		if s, ok := m.Find(name); ok {
			kind := m.Text(s)
			for _, is := range [...]string{"application/sdp", "multipart/"} {
				if len(kind) >= len(is) && peek.FoldEqual(kind[:len(is)], is) {
					return true
				}
			}
			return false
		}
	}
	return false
}

// offered reads one line of SDP (RFC 8866 sections 5.14 and 6.6).
func offered(line []byte, codecs []string) bool {
	if rest, ok := bytes.CutPrefix(line, []byte("m=")); ok {
		for i := 0; len(rest) > 0; i++ {
			var word []byte
			word, rest, _ = bytes.Cut(rest, []byte(" "))
			if i < 3 || len(word) == 0 { // media, port, protocol
				continue
			}
			if name, ok := static[string(word)]; len(codecs) == 0 || ok && slices.ContainsFunc(codecs, func(c string) bool { return strings.EqualFold(c, name) }) {
				return true
			}
		}
		return false
	}
	if rest, ok := bytes.CutPrefix(line, []byte("a=rtpmap:")); ok {
		_, rest, _ = bytes.Cut(rest, []byte(" "))
		name, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte("/"))
		return len(name) > 0 && (len(codecs) == 0 || among(name, codecs))
	}
	return false
}

func among(name []byte, codecs []string) bool {
	for _, c := range codecs {
		if peek.FoldEqual(name, c) {
			return true
		}
	}
	return false
}
