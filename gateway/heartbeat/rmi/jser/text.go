package jser

import (
	"unicode/utf16"
	"unicode/utf8"
)

// decodeText reads modified UTF-8: like UTF-8, but NUL is C0 80 and what lies
// outside the basic plane is a pair of surrogates of three bytes each. Half a
// pair becomes U+FFFD.
func decodeText(p []byte) (string, bool) {
	if ascii(p) {
		return string(p), true
	}
	units := make([]uint16, 0, len(p))
	for i := 0; i < len(p); {
		c := p[i]
		switch {
		case c != 0 && c < 0x80:
			units = append(units, uint16(c))
			i++
		case c&0xe0 == 0xc0 && i+1 < len(p) && p[i+1]&0xc0 == 0x80:
			units = append(units, uint16(c&0x1f)<<6|uint16(p[i+1]&0x3f))
			i += 2
		case c&0xf0 == 0xe0 && i+2 < len(p) && p[i+1]&0xc0 == 0x80 && p[i+2]&0xc0 == 0x80:
			units = append(units, uint16(c&0x0f)<<12|uint16(p[i+1]&0x3f)<<6|uint16(p[i+2]&0x3f))
			i += 3
		default:
			return "", false
		}
	}
	return string(utf16.Decode(units)), true
}

func ascii(p []byte) bool {
	for _, c := range p {
		if c == 0 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendText is the reverse of decodeText, without the length.
func appendText(b []byte, s string) []byte {
	for _, u := range utf16.Encode([]rune(s)) {
		switch {
		case u != 0 && u < 0x80:
			b = append(b, byte(u))
		case u < 0x800:
			b = append(b, 0xc0|byte(u>>6), 0x80|byte(u&0x3f))
		default:
			b = append(b, 0xe0|byte(u>>12), 0x80|byte(u>>6&0x3f), 0x80|byte(u&0x3f))
		}
	}
	return b
}
