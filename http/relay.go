package http

import (
	"io"
	"sync"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/http/head"
	"twinhop/http/hop"
)

// relaySize is how much of an answer is in memory at a time, wholeSize what is
// taken in before the client gets any of it.
const (
	relaySize = 32 << 10
	wholeSize = 8 << 10
)

var relayBuffers = sync.Pool{New: func() any { return new([relaySize]byte) }}

// relay gives a node's answer to the client and tells whether it had to be
// cut.
func (x *visit) relay(resp *head.Response) (aborted bool) {
	defer resp.Body.Close()
	x.status = resp.Status
	x.learn(resp)
	x.clientFields(resp)
	outcome, aborted := x.pass(resp)
	x.d.Done(outcome, x.usage(resp))
	return aborted
}

// pass gives the client an answer whose fields are in x.fields.
func (x *visit) pass(resp *head.Response) (outcome gateway.Outcome, aborted bool) {
	length := resp.ContentLength
	if head.Bodyless(x.req.Method, resp.Status) && x.req.Method != "HEAD" {
		length = -1
	}
	x.lane.Answer(resp.Status, &x.fields, length)
	if outcome, aborted = x.copyBody(resp); outcome != gateway.OK {
		return outcome, aborted
	}
	resp.Trailer.DelFunc(func(f head.Field) bool { return !mayTrail(f.Name) })
	if resp.Trailer.Len() > 0 {
		x.lane.Trailer(&resp.Trailer)
	}
	return answered(resp.Status), aborted
}

// mayTrail tells whether a field may follow a body (RFC 9110 section 6.5.1):
// none that is about the connection, the framing, the session or what the body
// is, for whoever puts trailers among the fields of the head would believe it.
func mayTrail(name string) bool {
	for _, no := range [...]string{"Age", "Authentication-Info", "Cache-Control", "Content-Encoding", "Content-Length", "Content-Location",
		"Content-Range", "Content-Type", "Date", "Expires", "Host", "Location", "Pragma", "Retry-After", "Set-Cookie", "Vary", "WWW-Authenticate"} {
		if head.EqualFold(name, no) {
			return false
		}
	}
	return !hop.ByHop(name) && !hop.Own(name)
}

// usage is what an answer cost on its node's connections so far.
func (x *visit) usage(resp *head.Response) gateway.Usage {
	read, sent := resp.Wire.Counts()
	return gateway.Usage{Read: x.spent.Read + read, Sent: x.spent.Sent + sent, Status: resp.Status, Spared: x.spared(resp.Status)}
}

// spared tells whether an answer like this to this request says nothing about
// the node.
func (x *visit) spared(status int) bool {
	if x.s.Errors == nil || status < statusBadRequest {
		return false
	}
	match := x.s.Errors[x.d.Member.Addr(cluster.HTTP).Scheme]
	return match != nil && !match.MatchString(x.target)
}

// inform passes on early hints (RFC 8297). Other informational answers are
// about the exchange with the node.
func (x *visit) inform(status int, fields *head.Fields) {
	if status != statusHints {
		return
	}
	x.informed = true
	x.fields.Reset()
	for v := range fields.Values("Link") {
		x.fields.Add("Link", v)
	}
	x.lane.Answer(status, &x.fields, -1)
}

// clientFields fills x.fields with what of the answer is for the client.
func (x *visit) clientFields(resp *head.Response) {
	x.passFields(resp)
	x.correctFields()
	x.nameNode()
}

// passFields fills x.fields with the fields that concern the client.
func (x *visit) passFields(resp *head.Response) {
	x.fields.Reset()
	own := resp.Fields.Has("Connection")
	for f := range resp.Fields.All() {
		if hop.ByHop(f.Name) || hop.Own(f.Name) || head.EqualFold(f.Name, "Content-Length") ||
			own && resp.Fields.Token("Connection", f.Name) {
			continue
		}
		x.fields.Add(f.Name, f.Value)
	}
}

// page answers with a text of ours instead of the node's (use_server_errors).
// Of what the node said only that passes without which the status is of no use.
func (x *visit) page(resp *head.Response) {
	x.fields.Reset()
	x.fields.Add("Cache-Control", "no-store")
	for _, name := range [...]string{"WWW-Authenticate", "Allow", "Retry-After"} {
		for v := range resp.Fields.Values(name) {
			x.fields.Add(name, v)
		}
	}
	drop(resp)
	x.answer(resp.Status, or(reason(resp.Status), "Error")+"\n")
	x.d.Done(answered(resp.Status), x.usage(resp))
}

// await takes in the begin of an answer's body. Till then nothing has gone to
// the client, so that a node that breaks off can still be replaced; a short
// body of known length is taken in whole.
func (x *visit) await(resp *head.Response) error {
	if resp.Status == statusSwitched {
		return nil
	}
	if x.buf == nil {
		x.buf = relayBuffers.Get().(*[relaySize]byte)
	}
	x.had, x.ended = 0, nil
	for whole := resp.ContentLength <= wholeSize; x.ended == nil && (x.had == 0 || whole && int64(x.had) < resp.ContentLength); {
		var n int
		n, x.ended = resp.Body.Read(x.buf[x.had:])
		x.had += n
	}
	if x.ended == nil || x.ended == io.EOF {
		return nil
	}
	resp.Body.Close()
	return x.ended
}

// copyBody streams the body, of which the begin is here. What the node pauses
// after is sent on at once, so that a slow stream reaches the client as it
// comes.
func (x *visit) copyBody(resp *head.Response) (outcome gateway.Outcome, aborted bool) {
	for n, err := x.had, x.ended; ; n, err = resp.Body.Read(x.buf[:]) {
		if n > 0 {
			if _, werr := x.lane.Write(x.buf[:n]); werr != nil {
				return gateway.ClientGone, true
			}
		}
		switch {
		case err == io.EOF:
			x.net.extend() // what is still to be written may come long after the rest
			return gateway.OK, false
		case err != nil:
			return x.outcome(err), true
		case n < len(x.buf):
			if x.lane.Flush() != nil {
				return gateway.ClientGone, true
			}
		}
	}
}
