package sip

import (
	"bytes"

	"twinhop/sip/peek"
	"twinhop/sip/seal"
)

// reply answers the request that was received, once and without keeping anything: repetitions are answered alike (RFC 3261 section 16.11).
// The lines a response repeats are echoed byte for byte. An ACK is never answered.
func (w *worker) reply(s status) {
	m, e := &w.msg, &w.edits
	if m.Method == peek.Ack || !w.answerable() || !w.mayRefuse(s) {
		return
	}
	e.Reset()
	e.Answerable(m, w.src)
	var seen [32]bool
	first, end := true, 0
	for name, line := range m.Lines() {
		if first {
			e.Over(peek.Span{From: m.Start, To: line.From}).Text("SIP/2.0 ").Int(s.code).Text(" ").Text(s.phrase).EndLine()
			first = false
		}
		echo := name == peek.NameVia
		switch name {
		case peek.NameFrom, peek.NameTo, peek.NameCallID, peek.NameCSeq:
			echo = !seen[name]
		case peek.OtherName:
			echo = s.code == trying.code && isTimestamp(m.Text(line)) // RFC 3261 section 8.2.6.1
		}
		seen[name] = true
		if !echo {
			e.Cut(line)
		}
		end = line.To
	}
	if first {
		return // not a single header
	}
	if m.To.Tag.Empty() && m.To.To > 0 && final(s.code) {
		var tag [seal.MaxTag]byte
		e.At(m.To.To).Text(";tag=").Bytes(w.ownTag(tag[:0]))
	}
	if e.At(end); s.retryAfter {
		e.Text("Retry-After: ").Int(1 + int(w.id%10)).EndLine() // not all at once
	}
	if s.allow { // outside dialogs, and within them (RFC 3261 section 21.4.6)
		e.Text("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY").EndLine()
	}
	if s.extension {
		w.unsupported(e)
	}
	e.Text("Content-Length: 0").EndLine().EndLine()
	m.End = end
	if err := w.sendBack(w.leg, w.flow, w.answer); err != nil {
		w.f.log.Debug("answer not sent", "peer", w.answer, "status", s.code, "err", err)
		return
	}
	w.f.Metrics.Replied(uint8(w.leg.Transport), m.Method, s.code)
}

func isTimestamp(line []byte) bool {
	name, _, _ := bytes.Cut(line, []byte(":"))
	return peek.FoldEqual(bytes.TrimRight(name, " \t"), "timestamp")
}

// unsupported names all that Proxy-Require asks for, on however many lines: nothing of it is understood.
func (w *worker) unsupported(e *peek.Edits) {
	before := "Unsupported: "
	for name, line := range w.msg.Lines() {
		if name == peek.NameProxyRequire {
			_, value, _ := bytes.Cut(w.msg.Text(line), []byte(":"))
			e.Text(before).Bytes(bytes.TrimSpace(value))
			before = ", "
		}
	}
	e.EndLine()
}

// answerable guards against datagrams whose sender cannot be one, ourselves included: two gateways must not talk to each other for ever.
func (w *worker) answerable() bool {
	ip := w.answer.Addr()
	return sendable(w.answer) && !w.f.legs.Is(w.leg.Transport, ip, w.answer.Port())
}

// ownTag is the To tag of our answers: the same for every repetition of a request, whichever gateway answers.
func (w *worker) ownTag(out []byte) []byte { return w.f.keys.AppendTag(out, w.id) }

// isOwnTag tells whether an ACK ends one of our own answers.
func (w *worker) isOwnTag() bool {
	var tag [seal.MaxTag]byte
	return bytes.Equal(w.msg.Text(w.msg.To.Tag), w.ownTag(tag[:0]))
}
