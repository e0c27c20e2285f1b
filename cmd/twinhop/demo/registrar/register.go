package registrar

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// How long a binding may live.
const (
	shortest = 30 * time.Second
	usual    = 10 * time.Minute
	longest  = time.Hour
)

// refusal is an answer to a REGISTER that changes nothing.
type refusal struct {
	code    int
	reason  string
	headers []sip.Header
}

var (
	badRequest = &refusal{400, "Bad Request", nil}
	tooBrief   = &refusal{423, "Interval Too Brief", []sip.Header{sip.NewHeader("Min-Expires", strconv.Itoa(int(shortest/time.Second)))}}
	full       = &refusal{503, "Too Many Users", []sip.Header{sip.NewHeader("Retry-After", "60")}}
)

// Register serves a REGISTER on a node and returns the answer to be sent. Either all of it is done or, when it is refused, nothing.
func (t *Table) Register(req *sip.Request, node string, now time.Time) *sip.Response {
	user, asked, no := read(req, node, now)
	if no == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		no = t.change(user, asked, now)
	}
	if no != nil {
		res := sip.NewResponseFromRequest(req, no.code, no.reason, nil)
		for _, h := range no.headers {
			res.AppendHeader(sip.HeaderClone(h))
		}
		return res
	}
	res := sip.NewResponseFromRequest(req, 200, "OK", nil)
	for _, b := range t.live(user, now) {
		res.AppendHeader(b.header(now))
	}
	for _, h := range req.GetHeaders("Path") { // RFC 3327 section 5.3
		res.AppendHeader(sip.NewHeader("Path", h.Value()))
	}
	res.AppendHeader(sip.NewHeader("Supported", "path, outbound"))
	if slices.ContainsFunc(asked.add, outbound) {
		res.AppendHeader(sip.NewHeader("Require", "outbound"))
	}
	return res
}

func (b *Binding) header(now time.Time) sip.Header {
	h := &sip.ContactHeader{Address: *b.Contact.Clone(), Params: b.params.Clone()}
	h.Params.Add("expires", strconv.Itoa(int(b.Until.Sub(now)/time.Second)))
	return h
}

// wish is what a REGISTER asks for.
type wish struct {
	add    []Binding
	remove []string // contacts
	all    bool     // remove every one
	callID string
	cseq   uint32
}

// change does what is asked, or nothing. The lock is held.
func (t *Table) change(user string, w wish, now time.Time) *refusal {
	all := slices.Clone(t.live(user, now))
	for _, b := range all { // RFC 3261 section 10.3 item 7: what is older comes too late
		if b.callID == w.callID && w.cseq < b.cseq {
			return &refusal{500, "Out Of Order", nil}
		}
	}
	if len(w.add) > 0 && !t.room(user, now) {
		return full
	}
	all = slices.DeleteFunc(all, func(b Binding) bool { return w.all || slices.Contains(w.remove, b.Contact.String()) })
	for _, b := range w.add {
		all = slices.DeleteFunc(all, func(old Binding) bool {
			return b.device != "" && old.device == b.device || old.Contact.String() == b.Contact.String()
		})
		all = slices.Insert(all, 0, b)
	}
	t.put(user, all[:min(len(all), maxPerUser)])
	return nil
}

// read finds out what a REGISTER asks for, and for whom.
func read(req *sip.Request, node string, now time.Time) (user string, w wish, no *refusal) {
	to, id, cseq := req.To(), req.CallID(), req.CSeq()
	if to == nil || id == nil || cseq == nil || to.Address.User == "" || len(to.Address.User) > maxUser {
		return "", w, badRequest
	}
	path, ok := pathOf(req)
	if !ok {
		return "", w, badRequest
	}
	w.callID, w.cseq = id.Value(), cseq.SeqNo
	for _, h := range req.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		life, valid := lifetime(req, c)
		switch {
		case !ok || !valid || len(h.Value()) > 2048:
			return "", w, badRequest
		case c.Address.Wildcard:
			if life != 0 {
				return "", w, badRequest
			}
			w.all = true
		case life == 0:
			w.remove = append(w.remove, c.Address.String())
		case life < shortest:
			return "", w, tooBrief
		case len(w.add) >= maxPerUser:
			return "", w, badRequest
		default:
			w.add = append(w.add, Binding{Contact: *c.Address.Clone(), Path: path, Node: node, Until: now.Add(min(life, longest)),
				params: c.Params.Clone(), device: device(c), callID: w.callID, cseq: w.cseq})
		}
	}
	if w.all && len(w.add)+len(w.remove) > 0 {
		return "", w, badRequest
	}
	return to.Address.User, w, nil
}

// device names the instance and the flow that a binding is for, "" unless both are told (RFC 5626 section 4.2).
func device(c *sip.ContactHeader) string {
	instance, flow := c.Params.GetOr("+sip.instance", ""), c.Params.GetOr("reg-id", "")
	if instance == "" || flow == "" {
		return ""
	}
	return instance + " " + flow
}

// lifetime is how long a contact wants to be kept; ok is false for what is no number.
func lifetime(req *sip.Request, c *sip.ContactHeader) (life time.Duration, ok bool) {
	text := ""
	if c != nil {
		text = c.Params.GetOr("expires", "")
	}
	if h := req.GetHeader("Expires"); text == "" && h != nil {
		text = strings.TrimSpace(h.Value())
	}
	if text == "" {
		return usual, true
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return time.Duration(n) * time.Second, err == nil
}

const maxPath = 8

// pathOf reads the proxies between the registrar and who registers, the nearest first.
func pathOf(req *sip.Request) (path []sip.Uri, ok bool) {
	for _, h := range req.GetHeaders("Path") {
		_, rest, more := strings.Cut(h.Value(), "<") // RFC 3327: always in brackets
		for more {
			var text string
			var uri sip.Uri
			if text, rest, ok = strings.Cut(rest, ">"); !ok || sip.ParseUri(text, &uri) != nil || uri.Host == "" || len(path) >= maxPath {
				return nil, false
			}
			path = append(path, uri)
			_, rest, more = strings.Cut(rest, "<")
		}
	}
	return path, true
}

// outbound tells whether flows are kept on the whole way (RFC 5626 section 6): the proxy that the device speaks to said so, or there is none.
func outbound(b Binding) bool {
	if b.device == "" {
		return false
	}
	return len(b.Path) == 0 || b.Path[len(b.Path)-1].UriParams.Has("ob")
}
