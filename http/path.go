package http

import (
	"bytes"
	"errors"
	"strings"
)

// errPath says that a path could be understood in two ways, and is refused.
var errPath = errors.New("ambiguous path")

// splitTarget cuts an origin-form or absolute-form request target (RFC 9112
// section 3.2) into path and raw query. An absolute form loses its scheme and
// authority, for a node expects origin form; what remains keeps its bytes.
func splitTarget(target string) (origin, path, query string) {
	if !strings.HasPrefix(target, "/") {
		_, rest, ok := strings.Cut(target, "://")
		if !ok {
			return target, target, ""
		}
		i := strings.IndexAny(rest, "/?")
		switch {
		case i < 0:
			target = "/"
		case rest[i] == '?':
			target = "/" + rest[i:]
		default:
			target = rest[i:]
		}
	}
	path, query, _ = strings.Cut(target, "?")
	return target, path, query
}

// canonical returns the path as a servlet container sees it: in each segment
// what follows ';' is cut off, escapes are decoded once, empty segments and
// dots are resolved. plain is the same with the dots left in; it differs only
// when the path climbs. Refused is what containers and proxies disagree on: a
// bad escape, an encoded slash, a backslash, NUL and other control characters
// in any spelling, '#', dots with parameters, climbing above the root.
func canonical(path string) (canon, plain string, err error) {
	if !strings.HasPrefix(path, "/") {
		return "", "", errPath
	}
	if tame(path) {
		return path, path, nil
	}
	out, flat := make([]byte, 0, len(path)), make([]byte, 0, len(path))
	for rest, more := path[1:], true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		name, params, hasParams := strings.Cut(segment, ";")
		if _, err := decode(nil, params); err != nil {
			return "", "", err
		}
		flat = append(flat, '/')
		start := len(flat)
		if flat, err = decode(flat, name); err != nil {
			return "", "", err
		}
		decoded := string(flat[start:])
		switch {
		case (decoded == "." || decoded == "..") && hasParams:
			return "", "", errPath
		case decoded == "..":
			i := bytes.LastIndexByte(out, '/')
			if i < 0 {
				return "", "", errPath
			}
			out = out[:i]
			if !more {
				out = append(out, '/')
			}
		case decoded == "" || decoded == ".":
			if flat = flat[:len(flat)-len(decoded)-1]; !more {
				out, flat = append(out, '/'), append(flat, '/')
			}
		default:
			out = append(append(out, '/'), decoded...)
		}
	}
	return string(out), string(flat), nil
}

// tame tells whether path is its own canonical form, which most are.
func tame(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case c == '%' || c == ';' || c == '\\' || c == '#' || c < ' ' || c == 0x7f:
			return false
		case c == '/' && i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.'):
			return false
		}
	}
	return true
}

// decode appends s with its escapes decoded once.
func decode(b []byte, s string) ([]byte, error) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) {
				return nil, errPath
			}
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi > 15 || lo > 15 {
				return nil, errPath
			}
			if c = hi<<4 | lo; c == '/' {
				return nil, errPath
			}
			i += 2
		} else if c == '#' {
			return nil, errPath
		}
		if c == '\\' || c < ' ' || c == 0x7f {
			return nil, errPath
		}
		b = append(b, c)
	}
	return b, nil
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}
