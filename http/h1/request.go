package h1

import (
	"strconv"

	"twinhop/http/head"
)

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
		if head.Framing(f.Name) {
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
