package peek

import (
	"bytes"
	"iter"
)

// Name is a header name a forwarder treats differently from all others.
type Name uint8

// The header names.
const (
	OtherName Name = iota
	NameVia
	NameRoute
	NameRecordRoute
	NameCallID
	NameFrom
	NameTo
	NameCSeq
	NameMaxForwards
	NameContact
	NameContentLength
	NameProxyRequire
	NameExpires
	NamePrivate
)

// Bits of Message.seen.
const (
	hasFrom uint32 = 1 << iota
	hasTo
	hasCSeq
	hasCallID
	hasForwards
	hasLength
	hasPrivate
	hasExpires
)

// nameOf recognises a header name, compact or long, in any case. Length and first letter decide which one it can be.
func nameOf(b []byte) Name {
	switch len(b) {
	case 1:
		return compactName(b[0])
	case 2:
		return either(b, "to", NameTo)
	case 3:
		return either(b, "via", NameVia)
	case 4:
		if b[0]|0x20 == 'c' {
			return either(b, "cseq", NameCSeq)
		}
		return either(b, "from", NameFrom)
	case 5:
		return either(b, "route", NameRoute)
	case 7:
		switch b[0] | 0x20 {
		case 'c':
			if b[1]|0x20 == 'a' {
				return either(b, "call-id", NameCallID)
			}
			return either(b, "contact", NameContact)
		case 'e':
			return either(b, "expires", NameExpires)
		}
	case 12:
		if b[0]|0x20 == 'm' {
			return either(b, "max-forwards", NameMaxForwards)
		}
		return either(b, "record-route", NameRecordRoute)
	case 13:
		return either(b, "proxy-require", NameProxyRequire)
	case 14:
		return either(b, "content-length", NameContentLength)
	case 17:
		return either(b, "x-twinhop-session", NamePrivate)
	}
	return OtherName
}

func either(b []byte, lower string, n Name) Name {
	if equalFold(b, lower) {
		return n
	}
	return OtherName
}

func compactName(c byte) Name {
	switch c | 0x20 {
	case 'v':
		return NameVia
	case 'f':
		return NameFrom
	case 't':
		return NameTo
	case 'i':
		return NameCallID
	case 'm':
		return NameContact
	case 'l':
		return NameContentLength
	}
	return OtherName
}

// splitHeader cuts "name : value"; the value comes without surrounding blanks.
func splitHeader(b []byte, from, end int) (name, value Span, ok bool) {
	colon := bytes.IndexByte(b[from:end], ':')
	if colon < 0 {
		return name, value, false
	}
	name = Span{from, from + colon}
	for name.To > name.From && (b[name.To-1] == ' ' || b[name.To-1] == '\t') {
		name.To--
	}
	return name, trim(b, Span{from + colon + 1, end}), isToken(b[name.From:name.To])
}

// header looks at one line, folds included; end is without, next with its CRLF.
func (m *Message) header(from, end, next int) {
	name, value, ok := splitHeader(m.Buf, from, end)
	if !ok {
		m.fail(BadHeader)
		return
	}
	v := Value{Span: value, Line: from, LineEnd: next}
	switch n := nameOf(m.Text(name)); n {
	case NameVia:
		first := m.Vias.Count == 0
		m.list(&m.Vias, v)
		if first && m.Vias.Count > 0 {
			if m.Via, ok = ParseVia(m.Buf, m.Vias.At(0).Span); !ok {
				m.fail(BadVia)
			}
		}
	case NameRoute:
		m.list(&m.Routes, v)
	case NameRecordRoute:
		m.list(&m.RecordRoutes, v)
	case NameContact:
		m.list(&m.Contacts, v)
	case NameFrom:
		m.address(hasFrom, &m.From, value)
	case NameTo:
		m.address(hasTo, &m.To, value)
	case NameProxyRequire:
		if m.ProxyRequire.LineEnd == 0 {
			m.ProxyRequire = v
		}
	case NamePrivate:
		if m.once(hasPrivate) {
			m.Private = v
		}
	default:
		m.scalar(n, value)
	}
}

// scalar reads the single-valued headers that are one word or number.
func (m *Message) scalar(n Name, value Span) {
	var ok bool
	switch n {
	case NameCallID:
		if !m.once(hasCallID) {
			return
		}
		m.CallID = value
		for _, c := range m.Text(value) {
			if c <= ' ' || c == 0x7f {
				m.fail(BadCallID)
			}
		}
		if value.Empty() {
			m.fail(BadCallID)
		}
	case NameCSeq:
		m.cseq(value)
	case NameMaxForwards:
		if !m.once(hasForwards) {
			return
		}
		if m.MaxForwards, ok = number(m.Text(value), 255); !ok {
			m.MaxForwards = -1
			m.fail(BadForwards)
		}
		m.MaxForwardsAt = value
	case NameContentLength:
		if !m.once(hasLength) {
			return
		}
		if m.ContentLength, ok = number(m.Text(value), 1<<31-1); !ok {
			m.ContentLength = -1
			m.fail(BadLength)
		}
	case NameExpires:
		if m.seen&hasExpires == 0 {
			m.seen |= hasExpires
			m.Expires = value
		}
	}
}

// once tells whether a single-valued header is met for the first time; the second time condemns the message.
func (m *Message) once(bit uint32) bool {
	if m.seen&bit != 0 {
		m.fail(Duplicate)
		return false
	}
	m.seen |= bit
	return true
}

func (m *Message) address(bit uint32, a *Addr, value Span) {
	if !m.once(bit) {
		return
	}
	var ok bool
	if *a, ok = ParseAddr(m.Buf, value); !ok {
		m.fail(BadAddress)
	}
}

func (m *Message) cseq(value Span) {
	if !m.once(hasCSeq) {
		return
	}
	b, i := m.Buf, value.From
	for i < value.To && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	n, ok := number(b[value.From:i], 1<<31-1)
	m.CSeqName = Span{skipBlanks(b, i, value.To), value.To}
	if !ok || m.CSeqName.From == i || !isToken(m.Text(m.CSeqName)) {
		m.fail(BadCSeq)
		return
	}
	m.CSeq, m.CSeqMethod = uint32(n), methodOf(m.Text(m.CSeqName))
}

// list adds the values of one line. An empty element (", ,") is skipped, as RFC 3261 section 7.3.1 lets lists be read.
func (m *Message) list(l *List, v Value) {
	b, i, end := m.Buf, v.From, v.To
	shares := false
	for i < end {
		comma := end
		if bytes.IndexByte(b[i:end], ',') >= 0 {
			comma = valueEnd(b, i, end)
		}
		one := v
		one.Span, one.shares = trim(b, Span{i, comma}), shares
		i = skipBlanks(b, min(comma+1, end), end)
		for i < end && b[i] == ',' {
			i = skipBlanks(b, i+1, end)
		}
		if i < end {
			one.Next = i
		}
		if !one.Empty() {
			l.add(one)
			shares = true
		}
	}
}

// Lines walks over the header lines as far as they are well formed, for the rare uses Scan does not serve: building an answer, finding a
// header by its name. The span covers name, value, folds and CRLF.
func (m *Message) Lines() iter.Seq2[Name, Span] {
	return func(yield func(Name, Span) bool) {
		b := m.Buf
		_, i, r := line(b, m.Start)
		for r == OK {
			var end, next int
			if end, next, r = line(b, i); r != OK || end == i {
				return
			}
			for next < len(b) && (b[next] == ' ' || b[next] == '\t') {
				if end, next, r = line(b, next); r != OK {
					return
				}
			}
			n := OtherName
			if name, _, ok := splitHeader(b, i, end); ok {
				n = nameOf(b[name.From:name.To])
			}
			if bytes.Count(b[i:next], cr) != bytes.Count(b[i:next], lf) || !yield(n, Span{i, next}) {
				return
			}
			i = next
		}
	}
}

// Find gives the value of the first header with this lower-case name, without surrounding blanks. Compact names are not expanded.
func (m *Message) Find(lower string) (Span, bool) {
	for _, s := range m.Lines() {
		if name, value, ok := splitHeader(m.Buf, s.From, s.To); ok && equalFold(m.Text(name), lower) {
			return value, true
		}
	}
	return Span{}, false
}
