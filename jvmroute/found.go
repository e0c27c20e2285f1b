package jvmroute

import "strings"

// MaxIDs is how many different candidates one request may bring; browsers with nested applications send two or three.
const MaxIDs = 8

// From says where in a request an id was found.
type From uint8

const (
	FromNowhere From = iota // the zero ID
	FromPath                // ;jsessionid= in the target's path
	FromQuery               // ?jsessionid=, only if the dialect has a query name
	FromCookie              // a Cookie line
)

// ID is one session id as a client presented it.
type ID struct {
	Text string // the whole id, unquoted and unescaped; a view of the input unless it was escaped
	From From
	cut  uint8 // where the base ends
}

// Base is the id without its route; "" for a bare route hint (".node1"), which names no session.
func (id ID) Base() string { return id.Text[:id.cut] }

// Route is the route after the dot; "" if there is none that is valid.
func (id ID) Route() string {
	if int(id.cut) == len(id.Text) {
		return ""
	}
	return id.Text[id.cut+1:]
}

// String shows the route only: the base is a credential.
func (id ID) String() string { return redacted(id.Base(), id.Route()) }

// MarshalText is String, so that JSON and structured logs show no credential either.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

func redacted(base, route string) string {
	if base != "" {
		base = "***"
	}
	return Join(base, route)
}

// Found collects the candidate ids of one request, in the order in which they are to be tried. The zero value is ready;
// set it to Found{} to use it again.
type Found struct {
	// Unusable counts values that were presented but are outside the grammar, or beyond MaxIDs. The client has a session
	// id all the same, which matters to methods that count new sessions.
	Unusable int

	ids    [MaxIDs]ID
	n      int
	closed bool // the target decides; cookies are not looked at
}

// All returns the candidates, best first: views of f, valid until it is changed.
func (f *Found) All() []ID { return f.ids[:f.n] }

// String shows the candidates without credentials.
func (f Found) String() string {
	var out strings.Builder
	for i, id := range f.All() {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(id.String())
	}
	return out.String()
}

// add keeps text as a candidate if it is usable and new.
func (f *Found) add(d *Dialect, text string, from From) {
	for _, id := range f.All() {
		if id.Text == text {
			return
		}
	}
	if f.n == MaxIDs || !ValidID(text) {
		f.Unusable++
		return
	}
	f.ids[f.n] = ID{Text: text, From: from, cut: uint8(d.cut(text))}
	f.n++
}

// ReadTarget looks for an id in a request target, origin-form or absolute-form, and is called before ReadCookie. As in mod_jk the
// first path parameter of the name with anything after its '=' counts, in whatever segment and however escaped, and hides
// the cookies, even when it is empty, unknown or malformed. If the dialect has a query name and the path had no id, a
// single query value does the same.
func (d *Dialect) ReadTarget(f *Found, target string) {
	path, query := cutTarget(target)
	if v, ok := d.nextPathID(path, 0); ok {
		f.closed = true
		if v.start < v.end {
			f.add(d, unescapePath(path[v.start:v.end]), FromPath)
		}
		return
	}
	if d.Query == "" {
		return
	}
	switch value, presence := QueryValue(query, d.Query); presence {
	case Single:
		f.closed = true
		f.add(d, value, FromQuery)
	case Conflict, Malformed:
		f.closed = true
		f.Unusable++
	}
}

// ReadCookie adds the ids of one Cookie line; call it for each, in order. It does nothing when ReadTarget found an id. Matching is
// mod_jk's: the name stands at the start of the line or after ';', ',' or white space; white space may follow it before
// '='; the value ends at ';', ',' or the end of the line and loses one pair of quotes around all of it. White space before
// the value is dropped; behind it, it stays and makes the value unusable.
func (d *Dialect) ReadCookie(f *Found, line string) {
	if f.closed {
		return
	}
	for v, ok := d.nextCookie(line, 0); ok; v, ok = d.nextCookie(line, v.next) {
		start := skipSpace(line, v.start, v.end)
		if start < v.end {
			f.add(d, line[start:v.end], FromCookie)
		} else if v.start < v.end {
			f.Unusable++
		}
	}
}
