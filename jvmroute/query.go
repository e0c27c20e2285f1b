package jvmroute

import "strings"

// MaxValue is the longest query value, in bytes after decoding, that QueryValue returns.
const MaxValue = 255

// Presence is what QueryValue found under a name.
type Presence uint8

const (
	Absent    Presence = iota // no value, or only empty ones
	Single                    // one value, perhaps several times
	Conflict                  // two different values: no key, since gateway and application might choose differently
	Malformed                 // bad escape, control byte, or longer than MaxValue: no key
)

// QueryValue looks up a query parameter by its exact name in a raw query (without '?'). Pairs are separated by '&' alone,
// names and values decoded once as form data ('+' is a space, %XX a byte), as a servlet container does. The value is a
// view of rawQuery unless it was encoded; it is "" unless the presence is Single.
func QueryValue(rawQuery, name string) (string, Presence) {
	value, presence := "", Absent
	for pair, rest, more := "", rawQuery, rawQuery != ""; more; {
		pair, rest, more = strings.Cut(rest, "&")
		key, raw, _ := strings.Cut(pair, "=")
		if !formEqual(key, name) {
			continue
		}
		decoded, ok := formDecode(raw)
		switch {
		case !ok:
			return "", Malformed
		case presence == Single && decoded != value:
			return "", Conflict
		}
		value, presence = decoded, Single
	}
	if value == "" {
		return "", Absent
	}
	return value, presence
}

// replaceQuery returns the URL with the value old of the query parameter of this name replaced by new, a path-safe id,
// wherever it is exactly that. It returns url itself if it stands nowhere.
func replaceQuery(url, name, old, new string) string {
	first, last := strings.IndexByte(url, '?')+1, len(url)
	if n := strings.IndexByte(url, '#'); n >= 0 {
		last = n
	}
	if first == 0 || first > last {
		return url
	}
	var out strings.Builder
	kept := 0 // end of what is already in out, counted in url
	for at := first; at < last; {
		end := last
		if n := strings.IndexByte(url[at:last], '&'); n >= 0 {
			end = at + n
		}
		key, raw, _ := strings.Cut(url[at:end], "=")
		if value, ok := formDecode(raw); ok && value == old && formEqual(key, name) {
			out.WriteString(url[kept : at+len(key)+1])
			out.WriteString(strings.ReplaceAll(new, "+", "%2B")) // in a query a plus is a blank
			kept = end
		}
		at = end + 1
	}
	if kept == 0 {
		return url
	}
	out.WriteString(url[kept:])
	return out.String()
}

// formByte is unescapeAt for form data; ok is false at a '%' that starts no escape.
func formByte(s string, i int) (c byte, width int, ok bool) {
	if s[i] == '+' {
		return ' ', 1, true
	}
	c, width = unescapeAt(s, i)
	return c, width, s[i] != '%' || width == 3
}

// formEqual reports whether raw decodes to want.
func formEqual(raw, want string) bool {
	if strings.IndexByte(raw, '%') < 0 && strings.IndexByte(raw, '+') < 0 {
		return raw == want
	}
	at := 0
	for i := range len(want) {
		if at >= len(raw) {
			return false
		}
		c, width, ok := formByte(raw, at)
		if !ok || c != want[i] {
			return false
		}
		at += width
	}
	return at == len(raw)
}

// formDecode decodes a form value once; false if it is malformed in the sense of Malformed.
func formDecode(raw string) (string, bool) {
	var buf [MaxValue]byte
	out, plain := buf[:0], true
	for i := 0; i < len(raw); {
		c, width, ok := formByte(raw, i)
		if !ok || c < ' ' || c == 0x7f || len(out) == MaxValue {
			return "", false
		}
		plain = plain && width == 1 && c == raw[i] // %25 is no "%" as it stands
		out = append(out, c)
		i += width
	}
	if plain {
		return raw, true
	}
	return string(out), true
}
