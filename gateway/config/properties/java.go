package properties

import (
	"fmt"
	"strconv"
	"strings"

	"twinhop/gateway/config/verdict"
)

// maxLogical bounds a line of Java's with those that continue it.
const maxLogical = 64 << 10

// Pair is a key with its value, without escapes, in a file of Java's.
type Pair struct {
	Key, Value string
	At         verdict.Place // of the key
	Col        int           // of the value, in the line where the key stands; 0: it stands in a later one, or there is none
}

// Java reads a file as java.util.Properties does: lines are comments when they begin with '#' or '!', a '\' at the end
// continues one, the key ends at '=', ':' or a blank, and ISO 8859-1 is what bytes mean. Pairs are in the order of the
// file, the same key as often as it is said. Blanks at the end of a value, which Java keeps, are taken off.
func Java(name string, file []byte, l *verdict.Ledger) []Pair {
	if len(file) > MaxBytes {
		l.Mark(verdict.Top(name), verdict.Finding{Verdict: verdict.Error, Note: fmt.Sprintf("the file has more than %d bytes", MaxBytes)})
		return nil
	}
	var all []Pair
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(string(file), "\uFEFF"), "\r\n", "\n"), "\r", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		at := verdict.Place{File: name, Line: i + 1, Col: 1 + leading(lines[i])}
		text := lines[i][at.Col-1:]
		if text == "" || text[0] == '#' || text[0] == '!' {
			continue
		}
		whole, more := logical(lines[i:])
		i += more
		mark := func(note, hint string) {
			l.Mark(at, verdict.Finding{Verdict: verdict.Error, Note: note, Hint: hint})
		}
		switch {
		case len(whole) > maxLogical:
			mark(fmt.Sprintf("the line has more than %d bytes", maxLogical), "")
			return all
		case len(all) == MaxLines:
			mark(fmt.Sprintf("more than %d lines", MaxLines), "")
			return all
		case strings.ContainsFunc(whole, func(r rune) bool { return r < ' ' && r != '\t' && r != '\f' || r == 0x7f }):
			mark("a control character", "is this a text file?")
			continue
		}
		key, value := cutJava(whole)
		p := Pair{At: at, Col: at.Col + len(whole) - len(value)}
		if value == "" || more > 0 && p.Col >= at.Col+len(text)-1 { // behind a '\' at the end nothing else stands
			p.Col = 0
		}
		var bad string
		if p.Key, bad = unescape(key); bad == "" {
			p.Value, bad = unescape(value)
		}
		if bad != "" {
			mark("\""+verdict.Clean(bad)+`" is no character: \u wants four hexadecimal digits`, `write "\\" for a backslash`)
			continue
		}
		p.Value = strings.Trim(p.Value, Blanks)
		all = append(all, p)
	}
	return all
}

// logical is the first line with those that continue it, and how many these are.
func logical(lines []string) (text string, more int) {
	var b strings.Builder
	for i, line := range lines {
		line = line[leading(line):]
		if more = i; !continued(line) {
			b.WriteString(line)
			break
		}
		b.WriteString(line[:len(line)-1])
		if b.Len() > maxLogical {
			break
		}
	}
	return b.String(), more
}

// leading counts the blanks in front.
func leading(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\f")) }

// continued tells whether the line goes on in the next: it ends with a '\' that no other one escapes.
func continued(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

// cutJava takes a line apart, escapes and all.
func cutJava(s string) (key, value string) {
	i := 0
	for ; i < len(s) && !strings.ContainsRune("=: \t\f", rune(s[i])); i++ {
		if s[i] == '\\' {
			i++
		}
	}
	i = min(i, len(s))
	key, value = s[:i], s[i:][leading(s[i:]):]
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = value[1:][leading(value[1:]):]
	}
	return key, value
}

// unescape takes escapes out; bad is one that cannot be.
func unescape(s string) (text, bad string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			b.WriteRune(rune(c)) // ISO 8859-1
			continue
		}
		i++
		switch s[i] {
		case 't', 'n', 'r', 'f':
			b.WriteByte(map[byte]byte{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f'}[s[i]])
		case 'u':
			hex := s[i+1 : min(i+5, len(s))]
			n, err := strconv.ParseUint(hex, 16, 16)
			if err != nil || len(hex) < 4 || hex[0] == '+' {
				return "", `\u` + hex
			}
			b.WriteRune(rune(n)) // halves of pairs become U+FFFD: no key and no value of ours has any
			i += 4
		default:
			b.WriteRune(rune(s[i]))
		}
	}
	return b.String(), ""
}
