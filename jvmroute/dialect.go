package jvmroute

import (
	"errors"
	"strings"
)

const (
	// MaxID is the longest session id in bytes, its route included. Tomcat's default is 32 plus the route; the longest
	// seen in use (signed ids in base64) stay below 240.
	MaxID = 255
	// MaxRoute is the longest route in bytes; mod_jk keeps routes in 64-byte fields.
	MaxRoute = 60
)

var (
	// ErrID says that the id or attribute to be written cannot stand there (empty, too long, or with bytes that the place
	// does not allow), so nothing was rewritten.
	ErrID = errors.New("jvmroute: id cannot be written here")
	// ErrUnsafe says that the text to be rewritten holds CR, LF or NUL and must not be sent at all.
	ErrUnsafe = errors.New("jvmroute: text holds CR, LF or NUL")
)

// Dialect says how session ids are named and split. The zero value is mod_jk with its defaults. Names are ASCII.
type Dialect struct {
	Cookie      string // cookie name; "" is JSESSIONID (mod_jk session_cookie)
	Path        string // path parameter, with or without its semicolon; "" is jsessionid (mod_jk session_path)
	Query       string // query parameter that carries an id; "" = none is looked at, as in mod_jk
	LastDot     bool   // the route follows the last dot, not the first
	AnyCase     bool   // cookie name matches in any case
	PathAnyCase bool   // path parameter name matches in any case
}

// Restcomm returns the dialect of the Restcomm and Mobicents balancers: route after the last dot, cookie name in any
// case, the id also in the query as ?jsessionid=.
func Restcomm() Dialect {
	return Dialect{Query: "jsessionid", LastDot: true, AnyCase: true}
}

func (d *Dialect) cookie() string {
	if d.Cookie == "" {
		return "JSESSIONID"
	}
	return d.Cookie
}

func (d *Dialect) path() string {
	name := strings.TrimPrefix(d.Path, ";")
	if name == "" {
		return "jsessionid"
	}
	return name
}

// Split cuts id at its first dot (last with LastDot) into base and route. The base may be empty: ".node1" is a route
// without a session. Without a dot, or when what follows it breaks [ValidRoute], the whole id is the base and the route is
// "". Join(Split(id)) is id.
func (d *Dialect) Split(id string) (base, route string) {
	cut := d.cut(id)
	return id[:cut], strings.TrimPrefix(id[cut:], ".")
}

// cut returns where the base of id ends: at the dot before a valid route, else at the end of id.
func (d *Dialect) cut(id string) int {
	dot := strings.IndexByte(id, '.')
	if d.LastDot {
		dot = strings.LastIndexByte(id, '.')
	}
	if dot < 0 || !ValidRoute(id[dot+1:]) {
		return len(id)
	}
	return dot
}

// Join appends route to base with a dot; without a route it returns base. It does not validate: what is written into a
// message is validated there.
func Join(base, route string) string {
	if route == "" {
		return base
	}
	return base + "." + route
}

// Domain returns the route's domain: all before its first dot, or all of it (mod_jk: "east.node1" and "east" are of
// domain east).
func Domain(route string) string {
	domain, _, _ := strings.Cut(route, ".")
	return domain
}

// ValidRoute reports whether route is 1 to MaxRoute bytes of letters, digits, '_', '.' and '-'.
func ValidRoute(route string) bool {
	return len(route) <= MaxRoute && consists(route, inRoute)
}

// ValidID reports whether id is 1 to MaxID bytes that every container's ids are made of: letters, digits and
// "_.-+/=~!:*@$%|". All of them are cookie-octets of RFC 6265 section 4.1.1, none ends a cookie.
func ValidID(id string) bool {
	return len(id) <= MaxID && consists(id, inID)
}

// pathSafe reports whether the valid id can stand in a path segment as it is: '/' would end it, '%' would be decoded,
// and '|' is no pchar (RFC 3986 section 3.3).
func pathSafe(id string) bool {
	return len(id) <= MaxID && consists(id, inPath)
}

const (
	inRoute = 1 << iota
	inID
	inPath
	inToken // RFC 9110 section 5.6.2
)

var classes = func() (table [256]uint8) {
	mark := func(bytes string, class uint8) {
		for i := range len(bytes) {
			table[bytes[i]] |= class
		}
	}
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	mark(alnum+"_.-", inRoute)
	mark(alnum+"_.-+/=~!:*@$%|", inID)
	mark(alnum+"_.-+=~!:*@$", inPath)
	mark(alnum+"!#$%&'*+-.^_`|~", inToken)
	return table
}()

// consists reports whether s is not empty and made of bytes of the class alone.
func consists(s string, class uint8) bool {
	for i := range len(s) {
		if classes[s[i]]&class == 0 {
			return false
		}
	}
	return s != ""
}

// sendable reports whether s may stand in a header field or a request line.
func sendable(s string) bool {
	for i := range len(s) {
		if s[i] == '\r' || s[i] == '\n' || s[i] == 0 {
			return false
		}
	}
	return true
}

// same reports whether a and b are equal, or equal but for ASCII case when fold is set. Unicode folding is not wanted
// here: it makes letters of other alphabets match names.
func same(a, b string, fold bool) bool {
	if len(a) != len(b) {
		return false
	}
	if !fold {
		return a == b
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// isSpace is C's isspace, which mod_jk uses between cookies and around '='.
func isSpace(c byte) bool {
	return c == ' ' || '\t' <= c && c <= '\r'
}
