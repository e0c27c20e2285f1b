package ua

import (
	"errors"

	"github.com/emiago/sipgo/sip"
)

// Dialog is one side's state of a SIP dialog (RFC 3261 section 12) as plain data, so that another node can go on with it.
type Dialog struct {
	CallID        string
	Local, Remote Party
	Target        sip.Uri   // where requests are addressed: the other side's Contact
	Routes        []sip.Uri // the route set, in the order of Route
	CSeq          uint32    // of the last request sent
}

// Party is one side of a dialog.
type Party struct {
	URI sip.Uri
	Tag string
}

var errNoDialog = errors.New("this message makes no dialog: Call-ID, tags or Contact are missing")

// Answered is the dialog of the side that sent the INVITE.
func Answered(req *sip.Request, res *sip.Response) (Dialog, error) {
	from, to, contact := req.From(), res.To(), res.Contact()
	if req.CallID() == nil || req.CSeq() == nil || from == nil || to == nil || contact == nil {
		return Dialog{}, errNoDialog
	}
	d := Dialog{
		CallID: req.CallID().Value(),
		Local:  Party{*from.Address.Clone(), from.Params.GetOr("tag", "")},
		Remote: Party{*to.Address.Clone(), to.Params.GetOr("tag", "")},
		Target: *contact.Address.Clone(),
		CSeq:   req.CSeq().SeqNo,
	}
	for _, h := range res.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.Routes = append([]sip.Uri{*rr.Address.Clone()}, d.Routes...)
		}
	}
	return d, d.whole()
}

// Accepted is the dialog of the side that answers an INVITE with this tag.
func Accepted(req *sip.Request, tag string) (Dialog, error) {
	from, to, contact := req.From(), req.To(), req.Contact()
	if req.CallID() == nil || from == nil || to == nil || contact == nil {
		return Dialog{}, errNoDialog
	}
	d := Dialog{
		CallID: req.CallID().Value(),
		Local:  Party{*to.Address.Clone(), tag},
		Remote: Party{*from.Address.Clone(), from.Params.GetOr("tag", "")},
		Target: *contact.Address.Clone(),
	}
	for _, h := range req.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.Routes = append(d.Routes, *rr.Address.Clone())
		}
	}
	return d, d.whole()
}

func (d *Dialog) whole() error {
	if d.CallID == "" || d.Local.Tag == "" || d.Remote.Tag == "" {
		return errNoDialog
	}
	return nil
}

// Is tells whether a request from the other side belongs to this dialog.
func (d *Dialog) Is(req *sip.Request) bool {
	from, to := req.From(), req.To()
	return from != nil && to != nil && from.Params.GetOr("tag", "") == d.Remote.Tag && to.Params.GetOr("tag", "") == d.Local.Tag
}

// Request builds a request within the dialog. An ACK carries the number of its INVITE, every other request the next one. A body is a
// session description.
func (d *Dialog) Request(method sip.RequestMethod, body []byte) *sip.Request {
	if method != sip.ACK {
		d.CSeq++
	}
	req := sip.NewRequest(method, *d.Target.Clone())
	for _, r := range d.Routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	from := &sip.FromHeader{Address: *d.Local.URI.Clone(), Params: sip.NewParams()}
	from.Params.Add("tag", d.Local.Tag)
	to := &sip.ToHeader{Address: *d.Remote.URI.Clone(), Params: sip.NewParams()}
	to.Params.Add("tag", d.Remote.Tag)
	id := sip.CallIDHeader(d.CallID)
	req.AppendHeader(from)
	req.AppendHeader(to)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: d.CSeq, MethodName: method})
	if body != nil {
		describe(req, body)
	}
	return req
}

// describe gives a message a session description as its body.
func describe(m sip.Message, body []byte) {
	m.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	m.SetBody(body)
}
