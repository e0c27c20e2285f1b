package mounts

import (
	"bytes"
	"errors"
	"strings"
)

// ErrPath says that a path could be understood in two ways, and is refused.
var ErrPath = errors.New("ambiguous path")

// Canonical returns the path as a servlet container sees it: in each segment
// what follows ';' is cut off, escapes are decoded once, empty segments and
// dots are resolved. plain is the same with the dots left in; it differs only
// when the path climbs. Refused is what containers and proxies disagree on: a
// bad escape, an encoded slash, a backslash, NUL and other control characters
// in any spelling, '#', dots with parameters (also behind an encoded ';'),
// climbing above the root.
func Canonical(path string) (canon, plain string, err error) {
	if !strings.HasPrefix(path, "/") {
		return "", "", ErrPath
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
		dots, _, encoded := strings.Cut(decoded, ";") // some decode before they cut, mod_jk among them
		switch {
		case (dots == "." || dots == "..") && (hasParams || encoded):
			return "", "", ErrPath
		case decoded == "..":
			i := bytes.LastIndexByte(out, '/')
			if i < 0 {
				return "", "", ErrPath
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
				return nil, ErrPath
			}
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi > 15 || lo > 15 {
				return nil, ErrPath
			}
			if c = hi<<4 | lo; c == '/' {
				return nil, ErrPath
			}
			i += 2
		} else if c == '#' {
			return nil, ErrPath
		}
		if c == '\\' || c < ' ' || c == 0x7f {
			return nil, ErrPath
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
