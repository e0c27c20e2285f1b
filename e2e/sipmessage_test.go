package e2e

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// message is a SIP message as a test reads it: start line, header fields in order, body.
type message struct {
	at     time.Time
	start  string
	fields [][2]string
	body   string
}

func parse(packet []byte) (*message, error) {
	head, body, ok := strings.Cut(string(packet), "\r\n\r\n")
	if !ok {
		return nil, fmt.Errorf("no end of the header in %q", packet)
	}
	lines := strings.Split(head, "\r\n")
	m := &message{at: time.Now(), start: lines[0], body: body}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("no colon in %q", line)
		}
		m.fields = append(m.fields, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m, nil
}

func (m *message) String() string {
	var b strings.Builder
	b.WriteString(m.start + "\r\n")
	for _, f := range m.fields {
		b.WriteString(f[0] + ": " + f[1] + "\r\n")
	}
	b.WriteString("\r\n" + m.body)
	return b.String()
}

// get returns the first field of that name, "" when there is none.
func (m *message) get(name string) string {
	for _, f := range m.fields {
		if strings.EqualFold(f[0], name) {
			return f[1]
		}
	}
	return ""
}

// drop takes the first field of that name away.
func (m *message) drop(name string) {
	if i := slices.IndexFunc(m.fields, func(f [2]string) bool { return strings.EqualFold(f[0], name) }); i >= 0 {
		m.fields = slices.Delete(m.fields, i, i+1)
	}
}

// list returns every value of that name in order, several in one line taken apart.
func (m *message) list(name string) []string {
	var all []string
	for _, f := range m.fields {
		if strings.EqualFold(f[0], name) {
			for _, v := range splitOutside(f[1]) {
				all = append(all, strings.TrimSpace(v))
			}
		}
	}
	return all
}

// splitOutside splits at commas that are neither quoted nor inside angle brackets.
func splitOutside(s string) []string {
	var parts []string
	start, angle, quoted := 0, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<' || c == '>':
			angle = c == '<'
		case c == ',' && !angle:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

func (m *message) response() bool { return strings.HasPrefix(m.start, "SIP/2.0 ") }
func (m *message) method() string {
	_, v, _ := strings.Cut(m.get("CSeq"), " ")
	return strings.TrimSpace(v)
}
func (m *message) callID() string { return m.get("Call-ID") }
func (m *message) status() int {
	var code int
	if m.response() {
		fmt.Sscanf(m.start, "SIP/2.0 %d", &code)
	}
	return code
}

// uri is what stands between the angle brackets, or the whole value without parameters.
func uri(value string) string {
	if _, rest, ok := strings.Cut(value, "<"); ok {
		in, _, _ := strings.Cut(rest, ">")
		return in
	}
	u, _, _ := strings.Cut(value, ";")
	return strings.TrimSpace(u)
}

// hostport is the address part of a SIP URI.
func hostport(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	if _, after, ok := strings.Cut(rest, "@"); ok {
		rest = after
	}
	if i := strings.IndexAny(rest, ";?"); i >= 0 {
		rest = rest[:i]
	}
	if !strings.Contains(rest, ":") {
		rest += ":5060"
	}
	return rest
}
