package peek

import (
	"bytes"
	"iter"
)

// splitHeader cuts "name : value"; the value comes without surrounding blanks.
func splitHeader(b []byte, from, end int) (n Name, value Span, ok bool) {
	n, skip := usual(b[from:end])
	if skip == 0 {
		n, skip = unusual(b[from:end])
	}
	return n, trimmed(b, from+skip, end), skip > 0
}

// unusual recognises the header lines that usual leaves, and gives the length of the name with its colon; 0 for what is no header.
func unusual(b []byte) (Name, int) {
	i := run(b, 0, len(b), isTokenByte)
	if i == 0 {
		return OtherName, 0
	}
	n := nameOf(b[:i])
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	if i == len(b) || b[i] != ':' {
		return OtherName, 0
	}
	return n, i + 1
}

// trimmed is what lies between i and end without blanks at both ends. Usually there is one, after the colon.
func trimmed(b []byte, i, end int) Span {
	if i < end && b[i] == ' ' {
		i++
	}
	for i < end && classes[b[i]]&isBlank != 0 {
		i++
	}
	for end > i && classes[b[end-1]]&isBlank != 0 {
		end--
	}
	return Span{i, end}
}

// header reads what stands after the colon of one line, folds included; the line is with its CRLF.
func (m *Message) header(n Name, value, line Span) {
	value = trimmed(m.Buf, value.From, value.To)
	switch n {
	case NameVia:
		m.via(value, line)
	case NameRoute:
		m.list(&m.Routes, value, line)
	case NameRecordRoute:
		m.list(&m.RecordRoutes, value, line)
	case NameContact:
		m.list(&m.Contacts, value, line)
	case NameFrom:
		m.address(hasFrom, &m.From, value)
	case NameTo:
		m.address(hasTo, &m.To, value)
	case NameProxyRequire:
		if m.ProxyRequire.LineEnd == 0 {
			m.ProxyRequire = Value{Span: value, Line: line.From, LineEnd: line.To}
		}
	case NamePrivate:
		if m.once(hasPrivate) {
			m.Private = Value{Span: value, Line: line.From, LineEnd: line.To}
		}
	default:
		m.scalar(n, value)
	}
}

// via adds the Vias of one line, and takes the topmost apart.
func (m *Message) via(value, line Span) {
	first := m.Vias.Count
	m.list(&m.Vias, value, line)
	if first == 0 && m.Vias.Count > 0 && !m.Via.parse(m.Buf, m.Vias.stored[0].Span, m.limits()) {
		m.fail(BadVia)
	}
	for i := first; i < m.Vias.Stored(); i++ {
		if classes[m.Buf[m.Vias.stored[i].From]]&isTokenByte == 0 { // "Via: a;;,;,,"
			m.fail(BadVia)
		}
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
		if value.Empty() || over(value.Len(), m.limits().CallID) || !solid(m.Text(value)) {
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
		if m.first(hasExpires) {
			m.Expires = value
		}
	case NameUserAgent:
		if m.first(hasAgent) {
			m.UserAgent = value
		}
	case NameRemote:
		m.Remote = true
	case NameRetryAfter:
		if m.first(hasRetry) {
			m.RetryAfter = seconds(m.Text(value))
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

// first tells whether a header is met for the first time whose repetitions are of no interest.
func (m *Message) first(bit uint32) bool {
	was := m.seen&bit != 0
	m.seen |= bit
	return !was
}

// seconds reads a Retry-After: a number, then perhaps a comment or parameters (RFC 3261 section 20.33). -1: there is no number.
func seconds(b []byte) int {
	i, n := 0, 0
	for i < len(b) && classes[b[i]]&isDigit != 0 {
		n = min(n*10+int(b[i]-'0'), 1<<31-1)
		i++
	}
	if i == 0 || i < len(b) && b[i] != ';' && b[i] != '(' && !blank(b[i]) {
		return -1
	}
	return n
}

func (m *Message) address(bit uint32, a *Addr, value Span) {
	if !m.once(bit) {
		return
	}
	if !a.parse(m.Buf, value, m.limits()) {
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
	m.CSeqMethod = methodOf(m.Text(m.CSeqName))
	if !ok || m.CSeqName.From == i || m.CSeqMethod == OtherMethod && !isToken(m.Text(m.CSeqName)) {
		m.CSeqMethod = OtherMethod
		m.fail(BadCSeq)
		return
	}
	m.CSeq = uint32(n)
}

// list adds the values of one line. An empty element (", ,") is skipped, as RFC 3261 section 7.3.1 lets lists be read.
func (m *Message) list(l *List, value, line Span) {
	b, i, end := m.Buf, value.From, value.To
	if i < end && bytes.IndexByte(b[i:end], ',') < 0 { // as most are
		*l.next() = Value{Span: value, Line: line.From, LineEnd: line.To}
		return
	}
	shares := false
	for i < end {
		comma := valueEnd(b, i, end)
		one := Value{Span: trim(b, Span{i, comma}), Line: line.From, LineEnd: line.To, shares: shares}
		i = skipBlanks(b, min(comma+1, end), end)
		for i < end && b[i] == ',' {
			i = skipBlanks(b, i+1, end)
		}
		if i < end {
			one.Next = i
		}
		if !one.Empty() {
			*l.next() = one
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
			n, _, _ := splitHeader(b, i, end)
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
		name := m.Buf[s.From:s.To]
		if len(name) <= len(lower) || !equalFold(name[:len(lower)], lower) || classes[name[len(lower)]]&isTokenByte != 0 {
			continue
		}
		if _, value, ok := splitHeader(m.Buf, s.From, s.To); ok {
			return value, true
		}
	}
	return Span{}, false
}
