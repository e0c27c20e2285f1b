package h1

import (
	"strings"

	"twinhop/http/head"
)

// framing is what a head says about where its message ends and whether the
// connection lives on (RFC 9112 sections 6 and 9.3).
type framing struct {
	length  int64 // body bytes; -1 when not given
	chunked bool
	close   bool // the connection ends with this message
	none    bool // no body, whatever the fields say
}

// parseHead reads one answer's head (all of it, the empty line included) into
// resp, as the answer to method. Nothing ambiguous is accepted: lines end in
// CR LF, no folding, no blank before the colon, one Content-Length, and
// chunked as the only coding, never both.
func parseHead(s, method string, resp *head.Response) (framing, error) {
	line, rest, ok := strings.Cut(s, "\r\n")
	if !ok {
		return framing{}, badResponse("no end of line")
	}
	old, err := parseStatus(line, resp)
	if err != nil {
		return framing{}, err
	}
	if err := parseFields(rest, &resp.Fields); err != nil {
		return framing{}, err
	}
	fr, err := readFraming(&resp.Fields, old)
	if err != nil {
		return framing{}, err
	}
	fr.none = head.Bodyless(method, resp.Status)
	resp.ContentLength = fr.length
	if fr.none && method != "HEAD" && resp.Status != 304 {
		resp.ContentLength = 0 // RFC 9110 section 8.6: must not be there in 1xx and 204
	}
	return fr, nil
}

// parseStatus reads the status line and tells whether the sender speaks
// HTTP/1.0.
func parseStatus(line string, resp *head.Response) (old bool, err error) {
	const proto = "HTTP/1.1 "
	if len(line) < len(proto)+3 || line[:7] != proto[:7] || line[7] != '1' && line[7] != '0' || line[8] != ' ' {
		return false, badResponse("status line %.40q", line)
	}
	status := 0
	for _, c := range []byte(line[9:12]) {
		if c < '0' || c > '9' {
			return false, badResponse("status line %.40q", line)
		}
		status = status*10 + int(c-'0')
	}
	reason := line[12:]
	if reason != "" && reason[0] != ' ' || !head.ValidValue(reason) || status < 100 {
		return false, badResponse("status line %.40q", line)
	}
	resp.Status, resp.Reason = status, strings.Trim(reason, " \t")
	return line[7] == '0', nil
}

// parseFields reads field lines up to and including the empty line, which must
// be the end of s.
func parseFields(s string, f *head.Fields) error {
	for {
		line, rest, ok := strings.Cut(s, "\r\n")
		if !ok {
			return badResponse("no end of line")
		}
		s = rest
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !head.ValidName(name) {
			return badResponse("field line %.40q", line)
		}
		value = strings.Trim(value, " \t")
		if !head.ValidValue(value) {
			return badResponse("value of field %.40q", name)
		}
		if f.Len() >= maxFields {
			return badResponse("more than %d fields", maxFields)
		}
		f.Add(name, value)
	}
	if s != "" {
		return badResponse("bytes after the head")
	}
	return nil
}

func readFraming(f *head.Fields, old bool) (framing, error) {
	fr := framing{length: -1, close: old}
	codings := 0
	for i := range f.Len() {
		x := f.At(i)
		switch len(x.Name) {
		case len("Content-Length"):
			if !head.EqualFold(x.Name, "Content-Length") {
				continue
			}
			n, ok := parseLength(x.Value)
			if !ok || fr.length >= 0 && fr.length != n {
				return fr, badResponse("Content-Length %.40q", x.Value)
			}
			fr.length = n
		case len("Transfer-Encoding"):
			if !head.EqualFold(x.Name, "Transfer-Encoding") {
				continue
			}
			if codings++; codings > 1 || !head.EqualFold(x.Value, "chunked") || old {
				return fr, badResponse("Transfer-Encoding %.40q", x.Value)
			}
			fr.chunked = true
		}
	}
	if fr.chunked && fr.length >= 0 {
		return fr, badResponse("both Content-Length and Transfer-Encoding")
	}
	if f.Token("Connection", "close") {
		fr.close = true
	} else if old {
		fr.close = !f.Token("Connection", "keep-alive")
	}
	return fr, nil
}

// parseLength reads 1*DIGIT below 2^63; no sign, no blank, no list.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}
