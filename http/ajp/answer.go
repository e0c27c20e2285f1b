package ajp

import (
	"strconv"
	"strings"

	"twinhop/http/head"
)

// answerNames are the fields that containers send as numbers, 0xA001 first.
var answerNames = [...]string{
	"Content-Type", "Content-Language", "Content-Length", "Date", "Last-Modified", "Location",
	"Set-Cookie", "Set-Cookie2", "Servlet-Engine", "Status", "WWW-Authenticate",
}

// parseHeaders reads the payload of a headers packet, its type included, into
// resp, as the answer to method. It makes one string of the packet, of which
// all fields are parts.
func parseHeaders(payload []byte, method string, resp *head.Response) error {
	d := decoder{b: payload[1:]}
	status := d.int()
	all := string(payload)
	// part is the same bytes as b, which was cut from payload, in all.
	part := func(b []byte) string {
		end := len(payload) - len(d.b) - 1 // before the NUL just read
		return all[end-len(b) : end]
	}
	reason, ok := d.text()
	if ok && len(reason) > 0 {
		resp.Reason = part(reason)
	}
	count := d.int()
	switch {
	case d.broken:
		return badResponse("headers packet is cut short")
	case status < 200 || status > 999:
		return badResponse("status %d", status)
	case !head.ValidValue(resp.Reason):
		return badResponse("reason phrase")
	case count > maxFields:
		return badResponse("more than %d fields", maxFields)
	}
	resp.Status = status
	if n, err := strconv.Atoi(resp.Reason); err == nil && n == status {
		resp.Reason = "" // Tomcat has none and sends the number
	}
	for range count {
		name, err := fieldName(&d, part)
		if err != nil {
			return err
		}
		text, ok := d.text()
		value := ""
		if ok && len(text) > 0 {
			value = strings.Trim(part(text), " \t")
		}
		if d.broken {
			return badResponse("headers packet is cut short")
		}
		if !head.ValidValue(value) {
			return badResponse("value of field %.40q", name)
		}
		resp.Fields.Add(name, value)
	}
	if !d.done() {
		return badResponse("bytes after the fields")
	}
	return readLength(method, resp)
}

func fieldName(d *decoder, part func([]byte) string) (string, error) {
	n := d.int()
	if n&0xFF00 == coded {
		if n -= coded; n < 1 || n > len(answerNames) {
			return "", badResponse("field number %d", n)
		}
		return answerNames[n-1], nil
	}
	if n == null {
		return "", badResponse("field without a name")
	}
	text, ok := d.textOf(n)
	if !ok {
		return "", badResponse("headers packet is cut short")
	}
	name := part(text)
	if !head.ValidName(name) {
		return "", badResponse("field name %.40q", name)
	}
	return name, nil
}

// readLength finds what the fields announce as the body's length. AJP marks
// the end of a body by itself; the announcement must only not contradict it.
func readLength(method string, resp *head.Response) error {
	resp.ContentLength = -1
	for v := range resp.Fields.Values("Content-Length") {
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil || v[0] == '+' || resp.ContentLength >= 0 && resp.ContentLength != int64(n) {
			return badResponse("Content-Length %.40q", v)
		}
		resp.ContentLength = int64(n)
	}
	if head.Bodyless(method, resp.Status) && method != "HEAD" && resp.Status != 304 {
		resp.ContentLength = 0
	}
	return nil
}
