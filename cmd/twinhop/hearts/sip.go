package hearts

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"

	"twinhop/gateway/heartbeat"
)

// maxText is how long the body of a SIP heartbeat may be, in bytes, and
// maxLines how many properties it may have.
const (
	maxText  = 8 << 10
	maxLines = 64
)

var errText = errors.New("no text of properties, or too much of it")

// SIP takes the body of a SIP heartbeat that came to an internal listener from
// an address: lines "name=value" as Java writes properties. The errors are
// those of heartbeat.Roster.Ping.
func (h *Hearts) SIP(from netip.Addr, body []byte) error {
	props, err := properties(body)
	if err != nil {
		return err
	}
	a, err := heartbeat.ReadProperties(props)
	if err != nil {
		return err
	}
	a.By = "sip"
	return h.Roster.Ping(from, a)
}

// properties reads text as java.util.Properties does: "#" and "!" begin a
// comment, "=", ":" or blanks end a name, "\" takes the meaning of the next
// character away. A value does not go on on the next line: no node writes that.
func properties(text []byte) (map[string]string, error) {
	if len(text) > maxText || bytes.IndexByte(text, 0) >= 0 {
		return nil, errText
	}
	props := map[string]string{}
	for line := range strings.FieldsFuncSeq(string(text), func(c rune) bool { return c == '\r' || c == '\n' }) {
		line = strings.TrimLeft(line, " \t\f")
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		name, rest := cut(line)
		rest = strings.TrimLeft(rest, " \t\f")
		if rest != "" && (rest[0] == '=' || rest[0] == ':') {
			rest = strings.TrimLeft(rest[1:], " \t\f")
		}
		props[name] = unescape(rest)
		if len(props) > maxLines {
			return nil, errText
		}
	}
	if len(props) == 0 {
		return nil, errText
	}
	return props, nil
}

// cut takes the name off a line.
func cut(line string) (name, rest string) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '=', ':', ' ', '\t', '\f':
			return unescape(line[:i]), line[i:]
		}
	}
	return unescape(line), ""
}

func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) {
				break
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
