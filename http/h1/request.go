package h1

import (
	"strconv"

	"twinhop/http/head"
)

// validate refuses what would not stay one request on the wire.
func validate(r *head.Request) error {
	if !head.ValidName(r.Method) || r.Target == "" || !head.ValidValue(r.Host) {
		return ErrRequest
	}
	for i := range len(r.Target) {
		if c := r.Target[i]; c <= ' ' || c == 0x7f {
			return ErrRequest
		}
	}
	if r.Upgrade != "" && !head.ValidValue(r.Upgrade) {
		return ErrRequest
	}
	for i := range r.Fields.Len() {
		if f := r.Fields.At(i); !head.ValidName(f.Name) || !head.ValidValue(f.Value) {
			return ErrRequest
		}
	}
	return nil
}

// appendHead writes the head of r. Framing and connection fields are ours.
func appendHead(b []byte, r *head.Request, body bool) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Host...)
	b = append(b, "\r\n"...)
	for i := range r.Fields.Len() {
		f := r.Fields.At(i)
		if ours(f.Name) {
			continue
		}
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = append(b, f.Value...)
		b = append(b, "\r\n"...)
	}
	switch {
	case body && r.Length < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case body:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, r.Length, 10)
		b = append(b, "\r\n"...)
	case r.Method == "POST" || r.Method == "PUT" || r.Method == "PATCH":
		b = append(b, "Content-Length: 0\r\n"...) // RFC 9110 section 8.6
	}
	if body && r.Expect {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	if r.Upgrade != "" {
		b = append(b, "Connection: Upgrade\r\nUpgrade: "...)
		b = append(b, r.Upgrade...)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// ours tells whether a field is for the backend to write.
func ours(name string) bool {
	switch len(name) {
	case 2:
		return head.EqualFold(name, "TE")
	case 4:
		return head.EqualFold(name, "Host")
	case 6:
		return head.EqualFold(name, "Expect")
	case 7:
		return head.EqualFold(name, "Upgrade") || head.EqualFold(name, "Trailer")
	case 10:
		return head.EqualFold(name, "Connection") || head.EqualFold(name, "Keep-Alive")
	case 14:
		return head.EqualFold(name, "Content-Length")
	case 17:
		return head.EqualFold(name, "Transfer-Encoding")
	}
	return false
}
