package peek

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Classes of bytes, each a bit in classes.
const (
	isTokenByte uint8 = 1 << iota // of RFC 3261 "token"
	isBlank                       // linear white space. In a header CR and LF can only be part of a fold, which counts as one blank (section 7.3.1)
	isHost                        // of a host name or IPv4 address; underscores too: they are common in names of containers
	isV6                          // within the brackets of an IPv6 address
	endsName                      // of a parameter
	endsValue                     // of a parameter that is not quoted
	isDigit
	isUnfit // for a URI as it stands in a request line: quotes, brackets, blanks, control characters
)

var classes = func() (t [256]uint8) {
	set := func(bytes string, class uint8) {
		for i := range len(bytes) {
			t[bytes[i]] |= class
		}
	}
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	set(digits+letters+"-.!%*_+`'~", isTokenByte)
	set(" \t\r\n", isBlank|endsName|endsValue)
	set(digits+letters+"-._", isHost)
	set(digits+"abcdefABCDEF:.", isV6)
	set(";=\"", endsName)
	set(";", endsValue)
	set(digits, isDigit)
	set("\"<>\x7f", isUnfit)
	for c := range ' ' + 1 {
		t[c] |= isUnfit
	}
	return t
}()

func blank(c byte) bool { return classes[c]&isBlank != 0 }

// run gives the place of the first byte from i on that is not of a class, or end.
func run(b []byte, i, end int, class uint8) int {
	for k, c := range b[i:end] {
		if classes[c]&class == 0 {
			return i + k
		}
	}
	return end
}

func skipBlanks(b []byte, i, end int) int {
	for i < end && classes[b[i]]&isBlank != 0 {
		i++
	}
	return i
}

// trim takes blanks off both ends.
func trim(b []byte, s Span) Span {
	s.From = skipBlanks(b, s.From, s.To)
	for s.To > s.From && blank(b[s.To-1]) {
		s.To--
	}
	return s
}

func isToken(b []byte) bool {
	for _, c := range b {
		if classes[c]&isTokenByte == 0 {
			return false
		}
	}
	return len(b) > 0
}

// Eight bytes are looked at together where long texts are: ones and highs are the lowest and the highest bit of each.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// eight gives the eight bytes from i on.
func eight(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8]) }

// below marks, by the highest bit, the bytes of x below n, n <= 0x80. Above the first mark there may be false ones.
func below(x uint64, n byte) uint64 { return (x - ones*uint64(n)) &^ x & highs }

// same marks the bytes of x that are c, in the same way.
func same(x uint64, c byte) uint64 { return below(x^ones*uint64(c), 1) }

// belowOrDEL marks the bytes below n and the DELs, in the same way.
func belowOrDEL(x uint64, n byte) uint64 {
	return ((x - ones*uint64(n)) | ((x &^ highs) + ones)) &^ x & highs
}

// wordEnd gives the place of the first blank or semicolon from i on, or end.
func wordEnd(b []byte, i, end int) int {
	for i < end && i+8 <= len(b) { // what stands after end is looked at too, and found to be beyond it
		x := eight(b, i)
		if m := below(x, ' '+1) | same(x, ';'); m != 0 {
			if i += bits.TrailingZeros64(m) / 8; i >= end || classes[b[i]]&endsValue != 0 {
				return min(i, end)
			}
			i++ // a control character
			continue
		}
		i += 8
	}
	for i < end && classes[b[i]]&endsValue == 0 {
		i++
	}
	return min(i, end)
}

// solid tells that there is no control character, blank or DEL in b.
func solid(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if c <= ' ' || c == 0x7f {
				return false
			}
		}
		return true
	}
	found := belowOrDEL(eight(b, len(b)-8), ' '+1)
	for i := 0; i+8 < len(b); i += 8 {
		found |= belowOrDEL(eight(b, i), ' '+1)
	}
	return found == 0
}

// solidURI tells that b is solid and has neither quotes nor the brackets that stand round a URI.
func solidURI(b []byte) bool {
	if len(b) >= 8 {
		found := unfit(eight(b, len(b)-8))
		for i := 0; i+8 < len(b); i += 8 {
			found |= unfit(eight(b, i))
		}
		if found == 0 {
			return true
		}
	}
	for _, c := range b { // it may have been an exclamation mark
		if classes[c]&isUnfit != 0 {
			return false
		}
	}
	return true
}

// unfit marks the bytes that are isUnfit, and exclamation marks.
func unfit(x uint64) uint64 { return belowOrDEL(x, '"'+1) | same(x|ones*('<'^'>'), '>') }

// breaks tells that there is a CR, LF or NUL in b.
func breaks(b []byte) bool {
	if len(b) >= 8 {
		found := below(eight(b, len(b)-8), '\r'+1)
		for i := 0; i+8 < len(b); i += 8 {
			found |= below(eight(b, i), '\r'+1)
		}
		if found == 0 {
			return false
		}
	}
	for _, c := range b { // it may have been a tab or the like
		if c <= '\r' && (c == '\r' || c == '\n' || c == 0) {
			return true
		}
	}
	return false
}

// quoteEnd gives the place after the closing quote of the string that opens at i, or end when it never closes.
func quoteEnd(b []byte, i, end int) (int, bool) {
	for i++; i < end; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1, true
		}
	}
	return end, false
}

// valueEnd gives the place of the comma that ends the list value beginning at i, or end. Commas in quotes and in <...> do not count;
// what never closes reaches to the end, and is refused by whoever reads the value.
func valueEnd(b []byte, i, end int) int {
	for i < end {
		switch b[i] {
		case ',':
			return i
		case '"':
			i, _ = quoteEnd(b, i, end)
			continue
		case '<':
			n := bytes.IndexByte(b[i:end], '>')
			if n < 0 {
				return end
			}
			i += n
		}
		i++
	}
	return end
}

// param is one ";name=value"; without "=" Value is empty and lies where a value would be written.
type param struct {
	Name, Value Span
	Assigned    bool
}

// nextParam reads the parameter that begins (with its semicolon) at i. more is false at the end; ok is false for what is no parameter list.
// Quoted values keep their quotes. Empty parameters (";;") are skipped: some phones send them.
func nextParam(b []byte, i, end int) (p param, next int, more, ok bool) {
	for {
		if i = skipBlanks(b, i, end); i >= end {
			return p, end, false, true
		}
		if b[i] != ';' {
			return p, i, false, false
		}
		i = skipBlanks(b, i+1, end)
		if i < end && b[i] == ';' {
			continue
		}
		break
	}
	if i >= end {
		return p, end, false, true
	}
	p.Name.From = i
	for _, c := range b[i:end] {
		if classes[c]&endsName != 0 {
			break
		}
		i++
	}
	p.Name.To = i
	p.Value = Span{i, i}
	if p.Name.Empty() {
		return p, i, false, false
	}
	if i = skipBlanks(b, i, end); i >= end || b[i] != '=' {
		return p, i, true, true
	}
	p.Assigned = true
	i = skipBlanks(b, i+1, end)
	p.Value.From = i
	if i < end && b[i] == '"' {
		i, ok = quoteEnd(b, i, end)
	} else {
		i, ok = wordEnd(b, i, end), true
	}
	p.Value.To = i
	return p, i, true, ok
}

// plainValue reads the value of a parameter, which begins at i, when it is written as nearly all are: without blanks or quotes. ok false means
// only that nextParam must look at the parameter.
func plainValue(b []byte, i, end int) (value Span, ok bool) {
	if i >= end || b[i] == '"' || classes[b[i]]&isBlank != 0 {
		return value, false
	}
	return Span{i, wordEnd(b, i, end)}, true
}

// equalFold compares ASCII without case; lower must be lower case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// number reads decimal digits, all of them, up to limit.
func number(b []byte, limit int) (int, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int(c-'0'); n > limit {
			return 0, false
		}
	}
	return n, len(b) > 0
}

// FoldEqual compares ASCII without case and without allocating.
func FoldEqual(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if Lower(c) != Lower(s[i]) {
			return false
		}
	}
	return true
}

// Lower is the lower-case letter of an ASCII one, anything else as it is.
func Lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
