package compose

import (
	"bytes"

	"twinhop/sip/peek"
)

// Answer is an answer of the gateway's own to a request.
type Answer struct {
	Code        int
	Phrase      string
	Tag         []byte // of the To, if the request has none; empty: none
	RetryAfter  int    // seconds; 0: not said
	Allow       bool   // says which methods are served, outside dialogs and within them (RFC 3261 section 21.4.6)
	Unsupported bool   // says which Proxy-Require is not understood
}

// Write turns a request into the answer: the lines that a response repeats stay as they are, byte for byte. It is false for a request
// without a header.
func (a *Answer) Write(e *peek.Edits, m *peek.Message) bool {
	var seen [32]bool
	first, end := true, 0
	for name, line := range m.Lines() {
		if first {
			e.Over(peek.Span{From: m.Start, To: line.From}).Text("SIP/2.0 ").Int(a.Code).Text(" ").Text(a.Phrase).EndLine()
			first = false
		}
		echo := name == peek.NameVia
		switch name {
		case peek.NameFrom, peek.NameTo, peek.NameCallID, peek.NameCSeq:
			echo = !seen[name]
		case peek.OtherName:
			echo = a.Code == 100 && isTimestamp(m.Text(line)) // RFC 3261 section 8.2.6.1
		}
		seen[name] = true
		if !echo {
			e.Cut(line)
		}
		end = line.To
	}
	if first {
		return false
	}
	if m.To.Tag.Empty() && m.To.To > 0 && len(a.Tag) > 0 {
		e.At(m.To.To).Text(";tag=").Bytes(a.Tag)
	}
	if e.At(end); a.RetryAfter > 0 {
		e.Text("Retry-After: ").Int(a.RetryAfter).EndLine()
	}
	if a.Allow {
		e.Text("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY").EndLine()
	}
	if a.Unsupported {
		unsupported(e, m)
	}
	e.Text("Content-Length: 0").EndLine().EndLine()
	m.End = end
	return true
}

func isTimestamp(line []byte) bool {
	name, _, _ := bytes.Cut(line, []byte(":"))
	return peek.FoldEqual(bytes.TrimRight(name, " \t"), "timestamp")
}

// unsupported names all that Proxy-Require asks for, on however many lines: nothing of it is understood.
func unsupported(e *peek.Edits, m *peek.Message) {
	before := "Unsupported: "
	for name, line := range m.Lines() {
		if name == peek.NameProxyRequire {
			_, value, _ := bytes.Cut(m.Text(line), []byte(":"))
			e.Text(before).Bytes(bytes.TrimSpace(value))
			before = ", "
		}
	}
	e.EndLine()
}
