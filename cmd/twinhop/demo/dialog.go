package demo

import (
	"errors"

	"github.com/emiago/sipgo/sip"
)

// dialog is one side's state of a SIP dialog (RFC 3261 section 12) as plain data, so that another node can go on with it.
type dialog struct {
	callID        string
	local, remote party
	target        sip.Uri   // where requests are addressed: the other side's Contact
	routes        []sip.Uri // the route set, in the order of Route
	cseq          uint32    // of the last request sent
}

// party is one side of a dialog.
type party struct {
	uri sip.Uri
	tag string
}

var errNoDialog = errors.New("this message makes no dialog: Call-ID, tags or Contact are missing")

// answered is the dialog of the side that sent the INVITE.
func answered(req *sip.Request, res *sip.Response) (dialog, error) {
	from, to, contact := req.From(), res.To(), res.Contact()
	if req.CallID() == nil || req.CSeq() == nil || from == nil || to == nil || contact == nil {
		return dialog{}, errNoDialog
	}
	d := dialog{
		callID: req.CallID().Value(),
		local:  party{*from.Address.Clone(), from.Params.GetOr("tag", "")},
		remote: party{*to.Address.Clone(), to.Params.GetOr("tag", "")},
		target: *contact.Address.Clone(),
		cseq:   req.CSeq().SeqNo,
	}
	for _, h := range res.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append([]sip.Uri{*rr.Address.Clone()}, d.routes...)
		}
	}
	return d, d.whole()
}

// accepted is the dialog of the side that answers an INVITE with this tag.
func accepted(req *sip.Request, tag string) (dialog, error) {
	from, to, contact := req.From(), req.To(), req.Contact()
	if req.CallID() == nil || from == nil || to == nil || contact == nil {
		return dialog{}, errNoDialog
	}
	d := dialog{
		callID: req.CallID().Value(),
		local:  party{*to.Address.Clone(), tag},
		remote: party{*from.Address.Clone(), from.Params.GetOr("tag", "")},
		target: *contact.Address.Clone(),
	}
	for _, h := range req.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append(d.routes, *rr.Address.Clone())
		}
	}
	return d, d.whole()
}

func (d *dialog) whole() error {
	if d.callID == "" || d.local.tag == "" || d.remote.tag == "" {
		return errNoDialog
	}
	return nil
}

// is tells whether a request from the other side belongs to this dialog.
func (d *dialog) is(req *sip.Request) bool {
	from, to := req.From(), req.To()
	return from != nil && to != nil && from.Params.GetOr("tag", "") == d.remote.tag && to.Params.GetOr("tag", "") == d.local.tag
}

// request builds a request within the dialog. An ACK carries the number of its INVITE, every other request the next one.
func (d *dialog) request(method sip.RequestMethod, body []byte) *sip.Request {
	if method != sip.ACK {
		d.cseq++
	}
	req := sip.NewRequest(method, *d.target.Clone())
	for _, r := range d.routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	from := &sip.FromHeader{Address: *d.local.uri.Clone(), Params: sip.NewParams()}
	from.Params.Add("tag", d.local.tag)
	to := &sip.ToHeader{Address: *d.remote.uri.Clone(), Params: sip.NewParams()}
	to.Params.Add("tag", d.remote.tag)
	id := sip.CallIDHeader(d.callID)
	req.AppendHeader(from)
	req.AppendHeader(to)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: d.cseq, MethodName: method})
	if body != nil {
		req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		req.SetBody(body)
	}
	return req
}
