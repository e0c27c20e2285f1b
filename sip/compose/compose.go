package compose

import (
	"strconv"

	"twinhop/sip/peek"
)

// HopByHop appends the CANCEL or ACK that goes the way of an INVITE as it left (RFC 3261 sections 9.1 and 17.1.1.3): one Via, the same
// Request-URI and Route; the To of an ACK is that of the answer it is for.
func HopByHop(b []byte, invite *peek.Message, method peek.Method, answer *peek.Message) []byte {
	b = append(append(b, method.String()...), ' ')
	b = append(append(b, invite.Text(invite.URI.Span)...), " SIP/2.0\r\n"...)
	b = append(b, invite.Text(peek.Span{From: invite.Vias.At(0).Line, To: invite.Vias.At(0).LineEnd})...)
	for name, line := range invite.Lines() {
		switch name {
		case peek.NameTo:
			if method == peek.Ack {
				b = append(append(append(b, "To: "...), answer.Text(answer.To.Span)...), "\r\n"...)
				continue
			}
			fallthrough
		case peek.NameRoute, peek.NameFrom, peek.NameCallID:
			b = append(b, invite.Text(line)...)
		}
	}
	b = append(strconv.AppendUint(append(b, "CSeq: "...), uint64(invite.CSeq), 10), ' ')
	return append(append(b, method.String()...), "\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"...)
}

// Refusal appends what the next hop of a request would have answered: a code with its phrase. tag is that of its To if the request has none;
// nil: none.
func Refusal(b []byte, m *peek.Message, tag []byte, status string) []byte {
	b = append(append(append(b, "SIP/2.0 "...), status...), "\r\n"...)
	for name, line := range m.Lines() {
		switch name {
		case peek.NameVia, peek.NameFrom, peek.NameCallID, peek.NameCSeq:
			b = append(b, m.Text(line)...)
		case peek.NameTo:
			b = append(b, m.Text(peek.Span{From: line.From, To: m.To.To})...)
			if m.To.Tag.Empty() && len(tag) > 0 {
				b = append(append(b, ";tag="...), tag...)
			}
			b = append(b, m.Text(peek.Span{From: m.To.To, To: line.To})...)
		}
	}
	return append(b, "Content-Length: 0\r\n\r\n"...)
}
