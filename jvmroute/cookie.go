package jvmroute

import "strings"

// span is where a value stands in a text, where the search for the next one goes on and, of a cookie, where its name begins.
type span struct{ start, end, next, name int }

// nextCookie finds the next value of the session cookie in a Cookie line at or after from, without its pair of quotes.
// It follows mod_jk's get_cookie: a text search for the name, then checks of its surroundings. So it also sees a name
// after white space inside another cookie's value, and does not see a nameless "=" at the very end of the line.
func (d *Dialect) nextCookie(line string, from int) (span, bool) {
	name := d.cookie()
	for {
		at := indexName(line, from, name, d.AnyCase)
		if at < 0 {
			return span{}, false
		}
		from = at + 1
		if at > 0 && line[at-1] != ';' && line[at-1] != ',' && !isSpace(line[at-1]) {
			continue
		}
		equals := skipSpace(line, at+len(name), len(line))
		if equals+1 >= len(line) || line[equals] != '=' {
			from = equals + 1
			continue
		}
		start := equals + 1
		end := len(line)
		if n := strings.IndexAny(line[start:], ";,"); n >= 0 {
			end = start + n
		}
		v := span{start, end, end + 1, at}
		v.start, v.end = unquote(line, start, end)
		return v, true
	}
}

// indexName returns the first place of name in line at or after from, or -1.
func indexName(line string, from int, name string, fold bool) int {
	if from > len(line) {
		return -1
	}
	if !fold {
		if n := strings.Index(line[from:], name); n >= 0 {
			return from + n
		}
		return -1
	}
	for i := from; i+len(name) <= len(line); i++ {
		if same(line[i:i+len(name)], name, true) {
			return i
		}
	}
	return -1
}

// CookieName returns the name under which the id stands in a Cookie line, as the client writes it, which is as the node
// wrote it; "" if it stands nowhere. Two names that differ in case are two cookies to a browser.
func (d *Dialect) CookieName(line, id string) string {
	for v, ok := d.nextCookie(line, 0); ok; v, ok = d.nextCookie(line, v.next) {
		if line[skipSpace(line, v.start, v.end):v.end] == id {
			return line[v.name : v.name+len(d.cookie())]
		}
	}
	return ""
}

func skipSpace(s string, i, end int) int {
	for i < end && isSpace(s[i]) {
		i++
	}
	return i
}

// unquote narrows start and end by one pair of double quotes around all of s[start:end].
func unquote(s string, start, end int) (int, int) {
	if end-start > 1 && s[start] == '"' && s[end-1] == '"' {
		return start + 1, end - 1
	}
	return start, end
}

// ReplaceCookie returns the Cookie line with the id old replaced by new wherever the session cookie has exactly that
// value; all other bytes, quotes included, stay. It returns line itself if there is nothing to replace. Errors: ErrID,
// ErrUnsafe.
func (d *Dialect) ReplaceCookie(line, old, new string) (string, error) {
	if !sendable(line) {
		return "", ErrUnsafe
	}
	if !ValidID(new) {
		return line, ErrID
	}
	var out strings.Builder
	kept := 0 // end of what is already in out
	for v, ok := d.nextCookie(line, 0); ok; v, ok = d.nextCookie(line, v.next) {
		start := skipSpace(line, v.start, v.end)
		if line[start:v.end] != old || old == new || old == "" {
			continue
		}
		if kept == 0 {
			out.Grow(len(line) + len(new))
		}
		out.WriteString(line[kept:start])
		out.WriteString(new)
		kept = v.end
	}
	if kept == 0 {
		return line, nil
	}
	out.WriteString(line[kept:])
	return out.String(), nil
}
