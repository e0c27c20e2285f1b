package sip

import (
	"bytes"

	"twinhop/sip/answers"
	"twinhop/sip/compose"
	"twinhop/sip/legs"
	"twinhop/sip/meter"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
	"twinhop/sip/witness"
)

// reply answers the request that was received, once and without keeping anything: repetitions are answered alike (RFC 3261 section 16.11).
// The lines a response repeats are echoed byte for byte. An ACK is never answered.
func (w *worker) reply(s answers.Status) {
	m, e := &w.msg, &w.edits
	if m.Method == peek.Ack || !w.answerable() || !w.mayRefuse(s) {
		return
	}
	if m.Method == peek.Bye && w.inside && answers.Final(s.Code) { // with any answer the call has ended for its node (RFC 3261 section 15.1.1)
		w.over(w.node)
	}
	a := compose.Answer{Code: s.Code, Phrase: s.Phrase, Allow: s.Allow, Unsupported: s.Extension}
	if s.RetryAfter {
		a.RetryAfter = 1 + int(w.id%10) // not all at once
	}
	var tag [seal.MaxTag]byte
	if answers.Final(s.Code) {
		a.Tag = w.ownTag(tag[:0])
	}
	e.Reset()
	e.Answerable(m, w.src)
	if !a.Write(e, m) {
		return // not a single header
	}
	if err := w.sendBack(w.leg, w.flow, w.answer); err != nil {
		w.f.log.Debug("answer not sent", "peer", w.answer, "status", s.Code, "err", err)
		return
	}
	w.passed(meter.Own, w.leg, w.answer, witness.Own{Method: m.Method, Code: s.Code})
}

// answerable guards against datagrams whose sender cannot be one, ourselves included: two gateways must not talk to each other for ever.
func (w *worker) answerable() bool {
	return legs.Sendable(w.answer) && !w.f.legs.Is(w.leg.Transport, w.answer.Addr(), w.answer.Port())
}

// ownTag is the To tag of our answers: the same for every repetition of a request, whichever gateway answers.
func (w *worker) ownTag(out []byte) []byte { return w.f.keys.AppendTag(out, w.id) }

// isOwnTag tells whether an ACK ends one of our own answers.
func (w *worker) isOwnTag() bool {
	var tag [seal.MaxTag]byte
	return bytes.Equal(w.msg.Text(w.msg.To.Tag), w.ownTag(tag[:0]))
}
