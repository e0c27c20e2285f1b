package jvmroute

import "strings"

// nextPathID finds the value of the next path parameter of the dialect's name at or after from. The path is read as the
// container reads it, each byte unescaped once; positions are those of the raw bytes. A parameter with nothing at all
// behind its '=' is passed over, as mod_jk does.
func (d *Dialect) nextPathID(path string, from int) (span, bool) {
	name := d.path()
	for i := from; i < len(path); {
		semicolon := nextSemicolon(path, i)
		if semicolon == len(path) {
			break
		}
		_, width := unescapeAt(path, semicolon)
		i = semicolon + width
		start, ok := matchName(path[i:], name, d.PathAnyCase)
		if !ok || i+start == len(path) {
			continue
		}
		start += i
		end := start
		for end < len(path) {
			c, width := unescapeAt(path, end)
			if c == ';' || c == '/' {
				break
			}
			end += width
		}
		return span{start: start, end: end, next: end}, true
	}
	return span{}, false
}

// nextSemicolon returns the place of the next semicolon, raw or escaped, or len(path).
func nextSemicolon(path string, from int) int {
	for i := from; i < len(path); i++ {
		switch path[i] {
		case ';':
			return i
		case '%':
			if c, _ := unescapeAt(path, i); c == ';' {
				return i
			}
		}
	}
	return len(path)
}

// matchName reports whether s begins with name and '=', escaped or not, and where the value starts.
func matchName(s, name string, fold bool) (int, bool) {
	at := 0
	for i := range len(name) {
		c, width := unescapeAt(s, at)
		if c != name[i] && !(fold && lower(c) == lower(name[i])) { // c is 0 at the end of s
			return 0, false
		}
		at += width
	}
	c, width := unescapeAt(s, at)
	return at + width, c == '='
}

// unescapeAt returns the byte at s[i] and how many raw bytes write it: 3 for an escape, 1 for any other, also for a '%'
// that starts no escape, 0 at the end of s.
func unescapeAt(s string, i int) (byte, int) {
	if i >= len(s) {
		return 0, 0
	}
	if s[i] == '%' && i+2 < len(s) {
		high, low := unhex(s[i+1]), unhex(s[i+2])
		if high < 16 && low < 16 {
			return high<<4 | low, 3
		}
	}
	return s[i], 1
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// unescapePath decodes s once. It returns s itself if nothing is escaped, or if s is too long to be an id.
func unescapePath(s string) string {
	if strings.IndexByte(s, '%') < 0 || len(s) > 3*MaxID {
		return s
	}
	var buf [3 * MaxID]byte
	out := buf[:0]
	for i := 0; i < len(s); {
		c, width := unescapeAt(s, i)
		out = append(out, c)
		i += width
	}
	return string(out)
}

// cutTarget returns the path of a request target or URL reference, without scheme and authority, and its raw query.
func cutTarget(target string) (path, query string) {
	start, end := pathSpan(target)
	path, query = target[start:end], target[end:]
	query, _, _ = strings.Cut(query, "#")
	return path, strings.TrimPrefix(query, "?")
}

// pathSpan returns where the path of a URL reference starts and ends (RFC 3986 section 3). An authority is passed over: a
// user name may look like a path parameter.
func pathSpan(url string) (start, end int) {
	end = len(url)
	if n := strings.IndexAny(url, "?#"); n >= 0 {
		end = n
	}
	if n := strings.IndexAny(url[:end], ":/;"); n > 0 && url[n] == ':' {
		start = n + 1
	}
	if strings.HasPrefix(url[start:end], "//") {
		n := strings.IndexByte(url[start+2:end], '/')
		if n < 0 {
			return end, end
		}
		start += 2 + n
	}
	return start, end
}

// ReplaceURL returns a request target, Location or Content-Location with the id old replaced by new in every path parameter
// of the dialect's name that has exactly that value, escaped or not, and in the dialect's query parameter if it has one; all
// other bytes stay. The authority is not looked at. It returns url itself if there is nothing to replace. Errors: ErrID (also
// for a valid id that has to be escaped in a path), ErrUnsafe.
func (d *Dialect) ReplaceURL(url, old, new string) (string, error) {
	if !sendable(url) {
		return "", ErrUnsafe
	}
	if !pathSafe(new) {
		return url, ErrID
	}
	if old == new || old == "" {
		return url, nil
	}
	first, last := pathSpan(url)
	path := url[first:last]
	var out strings.Builder
	kept := 0 // end of what is already in out, counted in path
	for v, ok := d.nextPathID(path, 0); ok; v, ok = d.nextPathID(path, v.next) {
		if unescapePath(path[v.start:v.end]) != old {
			continue
		}
		if kept == 0 {
			out.Grow(len(url) + len(new))
			out.WriteString(url[:first])
		}
		out.WriteString(path[kept:v.start])
		out.WriteString(new)
		kept = v.end
	}
	if kept > 0 {
		out.WriteString(url[first+kept:])
		url = out.String()
	}
	if d.Query == "" {
		return url, nil
	}
	return replaceQuery(url, d.Query, old, new), nil
}

// DefaultPath returns the path that a browser gives to a cookie without a Path attribute that was set in answer to target:
// the path up to its last slash (RFC 6265 section 5.1.4).
func DefaultPath(target string) string {
	path, _ := cutTarget(target)
	slash := strings.LastIndexByte(path, '/')
	if slash <= 0 || path[0] != '/' {
		return "/"
	}
	return path[:slash]
}
