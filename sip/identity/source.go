package identity

import (
	"bytes"
	"net/netip"
	"regexp"
	"slices"

	"twinhop/gateway"
	"twinhop/sip/peek"
)

// Source is one place a SIP request may carry an identity in.
type Source struct {
	From     gateway.Source // SourceFromUser, SourceToUser, SourceFromAOR, SourceToAOR or SourceHeader
	Header   string         // with SourceHeader: the header's name
	Users    []string       // these are no identity: trunks, switchboards
	Pattern  *regexp.Regexp // nor is what it matches; nil: nothing
	Networks []netip.Prefix // nor is anybody who calls from here
}

// excludes tells whether an identity is none.
func (s *Source) excludes(v []byte) bool {
	return slices.ContainsFunc(s.Users, func(u string) bool { return string(v) == u }) || s.Pattern != nil && s.Pattern.Match(v)
}

// Reader reads one message. What it gives is a stretch of that, or of the room, where it puts what it had to decode.
type Reader struct {
	Message *peek.Message
	Room    []byte
}

// Find gives the identity that the message carries in this place, empty for none.
func (r *Reader) Find(s *Source) []byte {
	v := r.place(s)
	if len(v) == 0 || s.excludes(v) {
		return nil
	}
	return v
}

func (r *Reader) place(s *Source) []byte {
	m := r.Message
	switch s.From {
	case gateway.SourceFromUser:
		return r.user(peek.ParseURI(m.Buf, m.From.Bare))
	case gateway.SourceToUser:
		return r.user(peek.ParseURI(m.Buf, m.To.Bare))
	case gateway.SourceFromAOR:
		return r.record(peek.ParseURI(m.Buf, m.From.Bare), s)
	case gateway.SourceToAOR:
		return r.record(peek.ParseURI(m.Buf, m.To.Bare), s)
	case gateway.SourceHeader:
		if v, ok := m.Find(s.Header); ok {
			return m.Text(v)
		}
	}
	return nil
}

// maxUser is the longest user part that is a key, in bytes.
const maxUser = 256

// user is the decoded user part of a URI, empty for who does not want to be known.
func (r *Reader) user(u peek.URI) []byte {
	if !u.OK || u.User.Len() > maxUser {
		return nil
	}
	v := r.decoded(u.User)
	if peek.FoldEqual(v, "anonymous") || peek.FoldEqual(r.Message.Text(u.Host), "anonymous.invalid") {
		return nil
	}
	return v
}

// record is user@host, the address of record, the host in lower case. A user that the source excludes is none with a host, either.
func (r *Reader) record(u peek.URI, s *Source) []byte {
	v := r.user(u)
	if len(v) == 0 || u.Host.Len() > maxUser || s.excludes(v) {
		return nil
	}
	from := len(r.Room)
	r.Room = append(append(r.Room, v...), '@')
	for _, c := range r.Message.Text(u.Host) {
		r.Room = append(r.Room, peek.Lower(c))
	}
	return r.Room[from:]
}

// Param is the decoded value of a URI's parameter, by its lower-case name.
func (r *Reader) Param(u peek.URI, name string) []byte {
	if !u.OK || u.Params.Empty() {
		return nil
	}
	v, _ := peek.Param(r.Message.Buf, u.Params, name)
	return r.decoded(v)
}

// decoded undoes percent encoding once (RFC 3261 section 19.1.4).
func (r *Reader) decoded(s peek.Span) []byte {
	b := r.Message.Text(s)
	if bytes.IndexByte(b, '%') < 0 {
		return b
	}
	from := len(r.Room)
	r.Room = peek.Unescape(r.Room, b)
	return r.Room[from:]
}
