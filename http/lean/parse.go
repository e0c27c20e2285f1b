package lean

import (
	"bytes"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"twinhop/http/head"
)

// maxBody is the longest body that a plain request has, maxFields how many
// fields, bodyWait how far its body may lag behind its head.
const (
	maxBody   = 16 << 10
	maxFields = 100
	bodyWait  = 100 * time.Millisecond
)

var headEnd = []byte("\r\n\r\n")

// An outline is what a head says of its connection and its body.
type outline struct {
	host    string
	length  int  // of the body, -1: not said
	last    bool // the client wants the connection closed
	named   bool // there was a Connection field
	control bool // there was a Cache-Control field
	pragma  bool // there was a Pragma field
}

// Request reads the head that is first on the connection into q. False: it is
// not plain, or its body does not come at once, and q is spoilt; the caller
// returns Elsewhere. Names get net/http's spelling and are sorted, as the fields of a
// request that comes by net/http are.
func (c *Conn) Request(q *head.Request) bool {
	end := bytes.Index(c.buf[c.r:c.w], headEnd)
	if end < 0 || end > c.s.HeaderBytes {
		return false
	}
	text := string(c.buf[c.r : c.r+end+2])
	line, rest, _ := strings.Cut(text, "\r\n")
	o := outline{length: -1}
	if !requestLine(line, q) || !c.gather(rest, &o) || o.host == "" || o.pragma && !o.control {
		return false
	}
	size := max(o.length, 0)
	if !c.wait(end + len(headEnd) + size) {
		return false
	}
	q.Host, q.Length, q.Peer = o.host, int64(size), c.peer
	for i := range c.fields {
		q.Fields.Add(c.fields[i].Name, c.fields[i].Value)
	}
	c.last, c.bare, c.spare = o.last, q.Method == http.MethodHead, 0
	if q.Method == http.MethodPost {
		c.spare = 4
	}
	c.next = c.r + end + len(headEnd) + size
	c.Body = c.buf[c.next-size : c.next : c.next]
	return c.begin()
}

// requestLine takes a request line apart.
func requestLine(line string, q *head.Request) bool {
	method, rest, _ := strings.Cut(line, " ")
	target, version, _ := strings.Cut(rest, " ")
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		return false
	}
	if version != "HTTP/1.1" || !plainTarget(target) {
		return false
	}
	q.Method, q.Target = method, target
	return true
}

// plainTarget tells whether a target is a path of the bytes that RFC 3986 lets
// stand there, with or without a query, of which browsers are less strict.
func plainTarget(s string) bool {
	path, query, _ := strings.Cut(s, "?")
	if path == "" || path[0] != '/' || strings.HasPrefix(path, "//") {
		return false
	}
	for i := 0; i < len(path); i++ {
		if !pathByte[path[i]] {
			return false
		}
		if path[i] == '%' && (i+2 >= len(path) || !hexDigit(path[i+1]) || !hexDigit(path[i+2])) {
			return false
		}
	}
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// gather reads the field lines into c.fields, sorted by name, but for those
// that it takes in itself.
func (c *Conn) gather(lines string, o *outline) bool {
	clear(c.fields)
	c.fields = c.fields[:0]
	for lines != "" {
		line, rest, _ := strings.Cut(lines, "\r\n")
		lines = rest
		name, value, ok := strings.Cut(line, ":")
		if !ok || !head.ValidName(name) || len(c.fields) == maxFields {
			return false
		}
		value = strings.Trim(value, " \t")
		if !head.ValidValue(value) {
			return false
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if passes, ok := o.take(name, value); !ok {
			return false
		} else if passes {
			c.fields = insert(c.fields, head.Field{Name: name, Value: value})
		}
	}
	return true
}

// insert keeps a list sorted by name, fields of one name in their order.
func insert(list []head.Field, f head.Field) []head.Field {
	list = append(list, f)
	i := len(list) - 1
	for ; i > 0 && list[i-1].Name > f.Name; i-- {
		list[i] = list[i-1]
	}
	list[i] = f
	return list
}

// take looks at one field: whether it is for the node, and whether the request
// is still plain.
func (o *outline) take(name, value string) (passes, ok bool) {
	switch name {
	case "Host":
		ok = o.host == "" && plainHost(value)
		o.host = value
		return false, ok
	case "Connection":
		ok = !o.named
		o.named, o.last = true, head.EqualFold(value, "close")
		return false, ok && (o.last || head.EqualFold(value, "keep-alive"))
	case "Content-Length":
		ok = o.length < 0
		o.length = length(value)
		return false, ok && o.length >= 0
	case "Transfer-Encoding", "Expect", "Upgrade", "Te", "Trailer", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization",
		"Proxy-Authenticate", "Http2-Settings":
		return false, false
	case "Cache-Control":
		o.control = true
	case "Pragma":
		o.pragma = true // net/http makes a Cache-Control of it when there is none
	}
	return true, true
}

// length is a body's length, -1 when it is none or too large.
func length(s string) int {
	if s == "" || len(s) > 5 {
		return -1
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	if n > maxBody {
		return -1
	}
	return n
}

func plainHost(s string) bool {
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && strings.IndexByte(".-_:[]", c) < 0 {
			return false
		}
	}
	return s != ""
}

func alphanumeric(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func hexDigit(c byte) bool     { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

var pathByte = func() (t [256]bool) {
	for c := range 256 {
		t[c] = c < 0x80 && (alphanumeric(byte(c)) || strings.IndexByte("-._~!$&'()*+,;=:@/%", byte(c)) >= 0)
	}
	return t
}()
