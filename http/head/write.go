package head

import "strconv"

// Append writes the head of the request as HTTP/1.1 has it, for people to
// read; framing is not in it.
func (r *Request) Append(b []byte) []byte {
	b = append(append(append(append(b, r.Method...), ' '), r.Target...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, r.Host...), "\r\n"...)
	return r.Fields.Append(b)
}

// AppendStatus writes a status line of HTTP/1.1 without a phrase.
func AppendStatus(b []byte, status int) []byte {
	return append(strconv.AppendInt(append(b, "HTTP/1.1 "...), int64(status), 10), " \r\n"...)
}

// Append writes the fields and the line that ends a head.
func (f *Fields) Append(b []byte) []byte {
	for x := range f.All() {
		b = append(append(append(append(b, x.Name...), ": "...), x.Value...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}
