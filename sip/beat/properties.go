package beat

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Bounds of what a node may say of itself.
const (
	maxBody       = 16 << 10
	maxProperties = 32
	maxText       = 256 // bytes of a name and of a value
)

// Properties reads the notation of java.util.Properties: names and values parted by "=", ":" or a blank, comments behind "#" or "!", lines
// that go on behind a backslash, escapes. The last of several values of one name counts. ok is false for no property, for an escape that is none, for
// control characters, for more than 32 properties, and for a name or value of more than 256 bytes.
func Properties(b []byte) (props map[string]string, ok bool) {
	if len(b) > maxBody {
		return nil, false
	}
	props = map[string]string{}
	for len(b) > 0 {
		var line []byte
		line, b = logical(b)
		if len(line) == 0 || line[0] == '#' || line[0] == '!' {
			continue
		}
		end, value := part(line)
		name, ok1 := plain(line[:end])
		text, ok2 := plain(line[value:])
		if !ok1 || !ok2 || name == "" {
			return nil, false
		}
		if props[name] = text; len(props) > maxProperties {
			return nil, false
		}
	}
	return props, len(props) > 0
}

// logical cuts the first line off, with those that it goes on in, and without the blanks in front of each.
func logical(b []byte) (line, rest []byte) {
	for {
		natural := b
		if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
			natural, rest = b[:i], b[i+1:]
			if b[i] == '\r' && len(rest) > 0 && rest[0] == '\n' {
				rest = rest[1:]
			}
		} else {
			rest = nil
		}
		natural = bytes.TrimLeft(natural, " \t\f")
		if len(line) == 0 && len(natural) > 0 && (natural[0] == '#' || natural[0] == '!') {
			return natural, rest // a comment does not go on
		}
		ends := len(natural) - len(bytes.TrimRight(natural, `\`))
		if ends%2 == 0 {
			return append(line, natural...), rest
		}
		line = append(line, natural[:len(natural)-1]...)
		if b = rest; len(b) == 0 {
			return line, nil
		}
	}
}

// part finds where the name ends and where the value begins.
func part(line []byte) (end, value int) {
	for end < len(line) && bytes.IndexByte([]byte("=: \t\f"), line[end]) < 0 {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(line))
	value = end
	blanks := func() {
		for value < len(line) && (line[value] == ' ' || line[value] == '\t' || line[value] == '\f') {
			value++
		}
	}
	blanks()
	if value < len(line) && (line[value] == '=' || line[value] == ':') {
		value++
		blanks()
	}
	return end, value
}

// plain undoes the escapes of a name or value.
func plain(b []byte) (string, bool) {
	out := make([]byte, 0, min(len(b), maxText))
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '\\' && i+1 < len(b) {
			if i++; b[i] == 'u' {
				if i+4 >= len(b) {
					return "", false
				}
				n, err := strconv.ParseUint(string(b[i+1:i+5]), 16, 16)
				if err != nil {
					return "", false
				}
				out = utf8.AppendRune(out, rune(n))
				i += 4
				continue
			}
			if at := bytes.IndexByte([]byte("tnrf"), b[i]); at >= 0 {
				out = append(out, "\t\n\r\f"[at])
				continue
			}
			c = b[i]
		}
		out = append(out, c)
	}
	for _, c := range out {
		if c < ' ' || c == 0x7f {
			return "", false
		}
	}
	return string(out), len(out) <= maxText && utf8.Valid(out)
}
