package jvmroute

import (
	"strings"
	"time"
)

// maxAttr is the longest cookie attribute that browsers heed, in bytes (RFC 6265bis section 5.6).
const maxAttr = 1024

// Attrs are the attributes of a cookie other than Path and Domain. At most one SameSite bit is set.
type Attrs uint8

const (
	Secure Attrs = 1 << iota
	HTTPOnly
	SameSiteLax
	SameSiteStrict
	SameSiteNone
	Partitioned
	// Persistent says that the node gave the cookie a life (Max-Age or Expires), which is not kept: a cookie built from
	// these attributes would end with the browser, so leave such a cookie alone rather than correct it.
	Persistent
)

const sameSite = SameSiteLax | SameSiteStrict | SameSiteNone

// Has reports whether all the given bits are set.
func (a Attrs) Has(bits Attrs) bool { return a&bits == bits }

// SetCookie is the session cookie as a node sets it.
type SetCookie struct {
	Name   string
	ID     string // the whole id, unquoted; "" only if Gone
	Path   string // as written; "" = absent or not heeded, and then the client uses DefaultPath of the request
	Domain string // as written; "" = the host alone
	Attrs  Attrs
	Gone   bool // the node deletes the cookie: Max-Age <= 0, Expires in the past, or an empty value
}

// String shows the cookie's name only: the id is a credential.
func (c SetCookie) String() string { return c.Name + "=***" }

// MarshalText is String, so that JSON and structured logs show no credential either.
func (c SetCookie) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseSetCookie reads a Set-Cookie line as browsers do (RFC 6265 section 5.2: attribute names in any case, the last one
// counts, Max-Age before Expires). It returns false for a cookie of another name, for one with control bytes, which
// browsers refuse, and for an id that breaks [ValidID]. now decides whether Expires has passed.
func (d *Dialect) ParseSetCookie(line string, now time.Time) (SetCookie, bool) {
	name, v, ok := d.setCookieValue(line)
	if !ok || hasControl(line) {
		return SetCookie{}, false
	}
	c := SetCookie{Name: name, ID: line[v.start:v.end]}
	if c.ID != "" && !ValidID(c.ID) {
		return SetCookie{}, false
	}
	var life lifetime
	for attr, rest, more := "", line[v.next:], true; more; {
		attr, rest, more = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(attr, "=")
		value = trim(value)
		if len(value) <= maxAttr {
			c.set(trim(key), value, &life)
		}
	}
	if life.set() {
		c.Attrs |= Persistent
	}
	if c.ID == "" || life.over(now) {
		c.ID, c.Gone = "", true
	}
	return c, true
}

// set takes one attribute.
func (c *SetCookie) set(key, value string, life *lifetime) {
	switch {
	case same(key, "path", true):
		c.Path = ""
		if strings.HasPrefix(value, "/") {
			c.Path = value
		}
	case same(key, "domain", true):
		c.Domain = value
	case same(key, "secure", true):
		c.Attrs |= Secure
	case same(key, "httponly", true):
		c.Attrs |= HTTPOnly
	case same(key, "partitioned", true):
		c.Attrs |= Partitioned
	case same(key, "samesite", true):
		c.Attrs &^= sameSite
		for _, s := range sameSites {
			if same(value, s.word, true) {
				c.Attrs |= s.bit
			}
		}
	case same(key, "max-age", true):
		life.maxAge(value)
	case same(key, "expires", true):
		life.expires(value)
	}
}

var sameSites = [...]struct {
	word string
	bit  Attrs
}{{"Strict", SameSiteStrict}, {"Lax", SameSiteLax}, {"None", SameSiteNone}}

// lifetime is what Max-Age and Expires say; each keeps its last valid value.
type lifetime struct {
	hasAge, hasDate bool
	ended           bool // Max-Age <= 0
	date            time.Time
}

func (l *lifetime) set() bool { return l.hasAge || l.hasDate }

func (l *lifetime) over(now time.Time) bool {
	if l.hasAge {
		return l.ended
	}
	return l.hasDate && !l.date.After(now)
}

// maxAge takes a Max-Age value: digits with an optional minus; anything else is not heeded (RFC 6265 section 5.2.2).
func (l *lifetime) maxAge(value string) {
	digits := strings.TrimPrefix(value, "-")
	positive := false
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return
		}
		positive = positive || digits[i] != '0'
	}
	if value == "" || value[0] != '-' && digits == "" {
		return
	}
	l.hasAge, l.ended = true, !positive || value[0] == '-'
}

// dateLayouts are the spellings in which servers write Expires (RFC 6265 section 5.1.1 allows any; Tomcat writes the
// second).
var dateLayouts = [...]string{
	"Mon, 02 Jan 2006 15:04:05 GMT",
	"Mon, 02-Jan-2006 15:04:05 GMT",
	"Mon, 02-Jan-06 15:04:05 GMT",
	"Monday, 02-Jan-06 15:04:05 GMT",
	"Mon, 02 Jan 2006 15:04:05 -0700",
	"Mon Jan _2 15:04:05 2006",
}

func (l *lifetime) expires(value string) {
	for _, layout := range dateLayouts {
		if date, err := time.Parse(layout, value); err == nil {
			l.hasDate, l.date = true, date
			return
		}
	}
}

// Line builds the Set-Cookie line that gives a client this cookie: name, id, Path, Domain and attributes; Gone and
// Persistent are not written. It returns ErrID if a part cannot be written exactly, and then no cookie must be set: one
// with other attributes would stand beside the node's instead of replacing it.
func (c SetCookie) Line() (string, error) {
	if !consists(c.Name, inToken) || !ValidID(c.ID) || !attrSafe(c.Path) || !attrSafe(c.Domain) ||
		c.Path != "" && c.Path[0] != '/' {
		return "", ErrID
	}
	out := make([]byte, 0, 128)
	out = append(append(append(out, c.Name...), '='), c.ID...)
	if c.Path != "" {
		out = append(append(out, "; Path="...), c.Path...)
	}
	if c.Domain != "" {
		out = append(append(out, "; Domain="...), c.Domain...)
	}
	if c.Attrs.Has(Secure) {
		out = append(out, "; Secure"...)
	}
	if c.Attrs.Has(HTTPOnly) {
		out = append(out, "; HttpOnly"...)
	}
	for _, s := range sameSites {
		if c.Attrs.Has(s.bit) {
			out = append(append(out, "; SameSite="...), s.word...)
			break
		}
	}
	if c.Attrs.Has(Partitioned) {
		out = append(out, "; Partitioned"...)
	}
	return string(out), nil
}

// ReplaceSetCookie returns the Set-Cookie line with the session cookie's id old replaced by new if that is exactly its
// value; all other bytes, quotes included, stay. It returns line itself if there is nothing to replace. Errors: ErrID,
// ErrUnsafe.
func (d *Dialect) ReplaceSetCookie(line, old, new string) (string, error) {
	if !sendable(line) {
		return "", ErrUnsafe
	}
	if !ValidID(new) {
		return line, ErrID
	}
	_, v, ok := d.setCookieValue(line)
	if !ok || old == "" || old == new || line[v.start:v.end] != old {
		return line, nil
	}
	return line[:v.start] + new + line[v.end:], nil
}

// setCookieValue finds the name and the unquoted value of a Set-Cookie line, and in next where its attributes start; false
// if the cookie is another one.
func (d *Dialect) setCookieValue(line string) (string, span, bool) {
	end := strings.IndexByte(line, ';')
	next := end + 1
	if end < 0 {
		end, next = len(line), len(line)
	}
	equals := strings.IndexByte(line[:end], '=')
	if equals < 0 {
		return "", span{}, false
	}
	name := trim(line[:equals])
	if !same(name, d.cookie(), d.AnyCase) {
		return "", span{}, false
	}
	start := equals + 1
	for start < end && isBlank(line[start]) {
		start++
	}
	for end > start && isBlank(line[end-1]) {
		end--
	}
	start, end = unquote(line, start, end)
	return name, span{start: start, end: end, next: next}, true
}

// attrSafe reports whether s may be written as a cookie attribute: printable ASCII without ';' (RFC 6265 section 4.1.1),
// with no blank at either end, which a client would cut off.
func attrSafe(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == ';' {
			return false
		}
	}
	return len(s) <= maxAttr && trim(s) == s
}

// hasControl reports whether s holds a control byte other than a tab.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// isBlank is the white space that RFC 6265 section 5.2 trims.
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func trim(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}
