package rehearsal

import (
	"bytes"
	"strings"

	"twinhop/admin/explain"
	"twinhop/http/head"
	"twinhop/sip/peek"
)

// faultsHTTP finds where a request is not one; err is what net/http says of it.
func faultsHTTP(raw []byte, err error) []explain.Fault {
	for i, text := range strings.Split(string(raw), "\r\n") {
		if i == 0 {
			if words := strings.Fields(text); len(words) != 3 || !head.ValidName(words[0]) || !strings.HasPrefix(words[2], "HTTP/1.") {
				return []explain.Fault{{Line: 1, Column: 1, Message: "not a request line: METHOD /path HTTP/1.1"}}
			}
			continue
		}
		if text == "" {
			break
		}
		name, value, found := strings.Cut(text, ":")
		switch {
		case !found || !head.ValidName(name):
			return []explain.Fault{{Line: i + 1, Column: 1, Message: "not a field: name, colon, value"}}
		case !head.ValidValue(strings.TrimSpace(value)):
			return []explain.Fault{{Line: i + 1, Column: len(name) + 2, Message: "a control character in the value of " + name}}
		}
	}
	return []explain.Fault{{Message: err.Error()}}
}

// reasonsSIP are the reasons of peek in words for people.
var reasonsSIP = map[peek.Reason]string{
	peek.TooLong: "longer than limits.sip allows", peek.NoEnd: "no blank line after the header", peek.BareLine: "a line that does not end in CRLF",
	peek.BadStart: "not a request line: METHOD sip:… SIP/2.0", peek.BadVersion: "another version than SIP/2.0", peek.BadURI: "a Request-URI that cannot be read",
	peek.URITooLong: "a Request-URI that is too long", peek.UnknownScheme: "a Request-URI of a scheme that is not served", peek.BadHeader: "not a header: name, colon, value",
	peek.LineTooLong: "a line that is too long", peek.TooMany: "more header lines, or Route values, than limits.sip allows", peek.TooManyHops: "more Vias than limits.sip allows",
	peek.Duplicate: "this header may be there once only", peek.BadVia: "a Via that cannot be read", peek.BadAddress: "no SIP address here",
	peek.BadCallID: "a Call-ID that is empty, has blanks or is too long", peek.BadCSeq: "not a number and a method", peek.MethodClash: "another method than in the request line",
	peek.BadForwards: "no number up to 255", peek.BadLength: "no number", peek.BodyCut: "more bytes than there are",
}

// faultsSIP finds where a message cannot be read: the reader itself is asked with one line more each time, until it gives the same reason.
func faultsSIP(raw []byte, m *peek.Message, reason peek.Reason) []explain.Fault {
	switch reason {
	case peek.Missing:
		return missing(m)
	case peek.TooLong, peek.NoEnd:
		return []explain.Fault{{Message: reasonsSIP[reason]}}
	case peek.MethodClash, peek.BodyCut:
		return []explain.Fault{{Line: lineOf(raw, map[peek.Reason]string{peek.MethodClash: "cseq", peek.BodyCut: "content-length"}[reason]), Column: 1, Message: reasonsSIP[reason]}}
	}
	at := 1
	for end := 0; end < len(raw); at++ {
		n := bytes.IndexByte(raw[end:], '\n')
		if n < 0 {
			break
		}
		end += n + 1
		var some peek.Message
		if some.Scan(append(bytes.Clone(raw[:end]), "\r\n"...)) == reason {
			break
		}
	}
	return []explain.Fault{{Line: at, Column: 1, Message: reasonsSIP[reason]}}
}

func missing(m *peek.Message) (all []explain.Fault) {
	for _, h := range []struct {
		name string
		none bool
	}{
		{"Via", m.Vias.Count == 0}, {"From", m.From.Bare.Empty()}, {"To", m.To.Bare.Empty()}, {"Call-ID", m.CallID.Empty()}, {"CSeq", m.CSeqName.Empty()},
	} {
		if h.none {
			all = append(all, explain.Fault{Line: 1, Column: 1, Message: "no " + h.name})
		}
	}
	return all
}

// lineOf is the line that a header stands in, 0 when there is none.
func lineOf(raw []byte, name string) int {
	for i, text := range strings.Split(string(raw), "\n") {
		if n, _, found := strings.Cut(text, ":"); found && strings.EqualFold(strings.TrimSpace(n), name) {
			return i + 1
		}
	}
	return 0
}
