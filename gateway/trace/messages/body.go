package messages

import (
	"fmt"
	"regexp"
	"strings"
)

// MaxBody is how much of a body of HTTP is kept, in bytes, where any is.
const MaxBody = 8 << 10

// content is what a head says of its body.
type content struct {
	media string // its type, in small letters
	coded bool   // it is compressed
}

func (c *content) hear(name, value string) {
	switch name {
	case "content-type", "c":
		c.media = value
	case "content-encoding", "e":
		c.coded = value != "" && value != "identity"
	}
}

// text tells whether the body can be read, and so be masked.
func (c *content) text() bool {
	if c.coded {
		return false
	}
	for _, word := range [...]string{"text/", "json", "xml", "javascript", "x-www-form-urlencoded"} {
		if strings.Contains(c.media, word) {
			return true
		}
	}
	return false
}

const secretWord = `(?:auth|cookie|token|secret|key|passw|pwd|credential|session|csrf|nonce)`

// RE2 takes time in proportion to a body, whatever it says.
var (
	// What has a name that speaks of a secret: "token": "x", token='x', token: x, token=x.
	namedSecret = regexp.MustCompile(`(?i)([\w$.-]*` + secretWord + `[\w$.\[\]-]*["']?\s*(?:[:=]|%3d)\s*)("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[\[{][^\]}]*[\]}]?|[^\s,;&<>}\]"']+)`)
	// <token ...>x
	taggedSecret = regexp.MustCompile(`(?i)(<[^<>/]*` + secretWord + `[^<>]*>)[^<]+`)
	// What a page has filled into its fields, under whatever name.
	filledIn = regexp.MustCompile(`(?i)(\b(?:value|content)\s*=\s*)("[^"]*"?|'[^']*'?|[^\s>"']+)`)
	// A value of a form.
	inForm = regexp.MustCompile(`=[^&]*`)
)

// maskBody is a body without secrets, as far as they can be told: what a form
// or a page has filled in goes, and what has a name that speaks of a secret.
func maskBody(body []byte, kind content) string {
	cut := len(body) > MaxBody
	s := strings.ToValidUTF8(string(body[:min(len(body), MaxBody)]), "?")
	if strings.Contains(kind.media, "x-www-form-urlencoded") {
		s = inForm.ReplaceAllString(s, "="+hidden)
	} else {
		s = namedSecret.ReplaceAllString(s, "${1}"+hidden)
		s = taggedSecret.ReplaceAllString(s, "${1}"+hidden)
		s = filledIn.ReplaceAllString(s, "${1}"+hidden)
		s = maskURLs(s, true)
	}
	if cut {
		s += fmt.Sprintf("\r\n(cut after %d bytes)", MaxBody)
	}
	return s
}
