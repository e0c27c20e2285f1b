package ua

import "github.com/emiago/sipgo/sip"

// Ignore is the handler of an ACK: there is nothing to do but to take it.
func Ignore(*Endpoint, *sip.Request, sip.ServerTransaction) {}

// Answer responds and says who answers. A peer that is gone meanwhile asks again or gives up: its side of the matter.
func (e *Endpoint) Answer(req *sip.Request, tx sip.ServerTransaction, code int, reason string) {
	_ = tx.Respond(e.Response(req, code, reason))
}

// Response is an answer that says who gives it.
func (e *Endpoint) Response(req *sip.Request, code int, reason string) *sip.Response {
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	res.AppendHeader(sip.NewHeader("Server", e.Name))
	return res
}

// Open makes an answer to an INVITE one that opens a dialog: with our tag and Contact, and a session description unless it is nil.
func (e *Endpoint) Open(res *sip.Response, d *Dialog, body []byte) *sip.Response {
	res.To().Params.Add("tag", d.Local.Tag) // instead of the one that the library made up
	res.AppendHeader(e.Contact(d.Local.URI.User))
	if body != nil {
		describe(res, body)
	}
	return res
}

// Accept answers an INVITE: ringing, then 200 with a description (an offer if the INVITE brought none). keep is given the dialog before the
// 200 leaves: a BYE may overtake everything else.
func (e *Endpoint) Accept(req *sip.Request, tx sip.ServerTransaction, keep func(Dialog)) {
	d, err := Accepted(req, sip.GenerateTagN(12))
	if err != nil {
		e.Answer(req, tx, 400, "Bad Request")
		return
	}
	_ = tx.Respond(e.Open(e.Response(req, 180, "Ringing"), &d, nil)) // the caller is gone or asks again
	keep(d)
	_ = tx.Respond(e.Open(e.Response(req, 200, "OK"), &d, Silence(e.Addr)))
}
