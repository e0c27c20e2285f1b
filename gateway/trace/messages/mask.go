package messages

import (
	"bytes"
	"fmt"
	"strings"
)

const hidden = "***"

// maxText is how much of a message is kept, in bytes.
const maxText = 16 << 10

// Mask copies a message, or the head of one, without what opens something:
// credentials, cookies, tokens, session ids in URLs and the keys of media. Of
// bodies only SDP is kept.
func Mask(raw []byte) []byte { return mask(raw, false) }

// mask is Mask; with bodies, those that are text are kept as maskBody leaves them.
func mask(raw []byte, bodies bool) []byte {
	head, body := split(raw)
	out := make([]byte, 0, min(len(raw), maxText)+64)
	var kind content
	secret := false
	for n := 0; len(head) > 0; n++ {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		text := strings.TrimRight(string(line), "\r")
		name, value, field := strings.Cut(text, ":")
		switch {
		case n == 0:
			text, secret = maskURLs(text, !strings.HasSuffix(text, " SIP/2.0")), false
		case strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\t"):
			if text = maskURLs(text, false); secret {
				text = " " + hidden
			}
		case !field: // no line of a message: nobody knows what it is
			text, secret = hidden, true
		default:
			name = strings.ToLower(strings.TrimSpace(name))
			if secret = isSecret(name); name == "cookie" || name == "set-cookie" {
				text = text[:strings.IndexByte(text, ':')] + ": " + maskCookies(value, name == "set-cookie")
				break
			} else if secret {
				text = text[:strings.IndexByte(text, ':')] + ": " + scheme(value) + hidden
				break
			}
			text = maskURLs(text, isURL[name])
			kind.hear(name, strings.ToLower(strings.TrimSpace(value)))
		}
		out = append(append(out, text...), "\r\n"...)
	}
	out = append(out, "\r\n"...)
	switch {
	case strings.HasPrefix(kind.media, "application/sdp"):
		out = appendSDP(out, body)
	case bodies && kind.text():
		out = append(out, maskBody(body, kind)...)
	case len(body) > 0:
		out = fmt.Appendf(out, "(%d bytes)", len(body))
	}
	if len(out) > maxText {
		out = append(out[:maxText], "\r\n(cut)"...)
	}
	return out
}

// split finds the blank line.
func split(raw []byte) (head, body []byte) {
	raw = bytes.TrimLeft(raw, "\r\n")
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if h, b, found := bytes.Cut(raw, []byte(end)); found {
			return h, b
		}
	}
	return raw, nil
}

// isSecret tells fields whose whole value is hidden. Names that are unknown to
// all are judged by what they call themselves.
func isSecret(name string) bool {
	if name == "www-authenticate" || name == "proxy-authenticate" {
		return false // what is asked for, not what is known
	}
	for _, word := range [...]string{"auth", "cookie", "token", "secret", "key", "passw", "credential", "session"} {
		if strings.Contains(name, word) && !strings.HasPrefix(name, "session-expires") {
			return true
		}
	}
	return false
}

// scheme is the way of proving, which is no secret.
func scheme(value string) string {
	word, _, more := strings.Cut(strings.TrimSpace(value), " ")
	switch strings.ToLower(word) {
	case "basic", "digest", "bearer", "negotiate", "ntlm":
		if more {
			return word + " "
		}
	}
	return ""
}

// isURL are the fields that hold a URL of HTTP.
var isURL = map[string]bool{"location": true, "content-location": true, "referer": true, "refresh": true, "link": true, "destination": true,
	"x-original-url": true, "x-rewrite-url": true, "x-forwarded-uri": true, "x-original-uri": true}

// names are parameters that hold session ids, wherever they stand.
var names = [...]string{"jsessionid", "appsession", "applicationsessionkey", "sessionid", "access_token", "x-twinhop-session"}

// maskURLs hides the values of known parameters, and where the text is a URL,
// or begins a request, those of all.
func maskURLs(s string, all bool) string {
	low := lower(s)
	var b strings.Builder
	for i := 0; i < len(s); {
		n := 0
		for _, name := range names {
			if strings.HasPrefix(low[i:], name) {
				n = max(n, len(name)+equals(low[i+len(name):]))
			}
		}
		if n > 0 && equals(low[i+n-1:])+equals(low[max(i+n-3, 0):]) == 0 {
			n = 0 // a name without a value
		}
		if n == 0 && all && opens(low[i:]) {
			n = parameter(low[i:])
		}
		if n == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		b.WriteString(s[i:i+n] + hidden)
		for i += n; i < len(s) && !ends(low[i:]); i++ {
		}
	}
	return b.String()
}

// lower is s with small letters where it has large ones of ASCII: of the same
// length, which strings.ToLower does not promise.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func equals(s string) int {
	switch {
	case strings.HasPrefix(s, "="):
		return 1
	case strings.HasPrefix(s, "%3d"):
		return 3
	}
	return 0
}

func opens(s string) bool {
	return s[0] == '?' || s[0] == '&' || s[0] == ';' || strings.HasPrefix(s, "%3b")
}

// parameter is the length of a name with what is before it and the "=" behind.
func parameter(s string) int {
	for i := 1; i < len(s); i++ {
		if n := equals(s[i:]); n > 0 {
			return i + n
		}
		if i > 2 && ends(s[i:]) || s[i] == ' ' {
			break
		}
	}
	return 0
}

// ends tells where a value of a parameter is over.
func ends(s string) bool {
	return strings.ContainsRune("&;?/# \t,<>\"'", rune(s[0])) || strings.HasPrefix(s, "%3b")
}

// appendSDP copies a session description without keys.
func appendSDP(out, body []byte) []byte {
	for line := range bytes.Lines(body) {
		low := strings.ToLower(string(line))
		switch {
		case strings.HasPrefix(low, "k="):
			line = []byte("k=" + hidden + "\r\n")
		default:
			for _, a := range [...]string{"a=crypto:", "a=ice-pwd:", "a=key-mgmt:"} {
				if strings.HasPrefix(low, a) {
					line = []byte(a + hidden + "\r\n")
				}
			}
		}
		out = append(out, line...)
	}
	return out
}
